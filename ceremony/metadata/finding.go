package metadata

// Finding is an oddity of adopted metadata: clients accept it, a signer should
// know of it. It is reported, not dropped, and is safe to print. Of more than
// a thousand with one code the rest is counted in a last one, without a path.
type Finding struct {
	Code string `json:"code"` // one of the Code constants
	Path string `json:"path"` // as in FieldError
	Text string `json:"text"` // one sentence for people
}

// The codes of findings. In Strict mode each of them is an error, but for what new
// versions may have (P-384 keys, RSA keys, a sha512 alone, fields that TUF lets
// others add), and for codeUnlistedRole, which is about a whole set.
const (
	codeHexKey               = "hex-key"                // an ECDSA key as a hex point instead of PEM
	codeOldKeyType           = "old-keytype"            // ecdsa-sha2-nistp256 as key type
	codeRSAKey               = "rsa-key"                // signers here use none
	codePKCS1Key             = "pkcs1-key"              // an RSA key in PEM of its own, which tuf-js refuses
	codeP384Key              = "p384-key"               // tuf-js refuses it
	codeSchemeMismatch       = "scheme-mismatch"        // the scheme names another curve than the key's
	codeUnusualKey           = "unusual-key"            // a PEM or hex form other than the usual one
	codeUnusableKey          = "unusable-key"           // not readable: it can't count towards a threshold
	codeKeyIDMismatch        = "keyid-mismatch"         // the keyid is not the hash of the key object
	codeSharedKey            = "shared-key"             // one public key under two keyids
	codeUnknownKeyID         = "unknown-keyid"          // a role names a keyid without a key
	codeDuplicateKeyID       = "duplicate-keyid"        // a role names a keyid twice
	codeUnreachableThreshold = "unreachable-threshold"  // more signatures needed than there are keys
	codeEmptySignature       = "empty-signature"        //
	codeUnreadableSignature  = "unreadable-signature"   // not hex: it can't count towards a threshold
	codeDuplicateSignature   = "duplicate-signature"    // two signatures by one keyid
	codeUpperCaseHex         = "upper-case-hex"         //
	codeFractionalTime       = "fractional-time"        //
	codeOffsetTime           = "offset-time"            // not UTC
	codeSpecVersion          = "spec-version"           // not of the form 1.x.y
	codeNoConsistentSnapshot = "no-consistent-snapshot" //
	codeUnknownRole          = "unknown-role"           // a role that root or snapshot does not name in TUF
	codeUnlistedRole         = "unlisted-role"          // delegated, and the snapshot does not list it
	codeDubiousRoleName      = "dubious-role-name"      // a role's name that is no safe file name
	codeDubiousPath          = "dubious-path"           // a target's path that is no safe relative path
	codeOtherHash            = "other-hash"             // hashes other than sha256 and sha512
	codeNoLength             = "no-length"              //
	codeNoHashes             = "no-hashes"              //
	codeNoTerminating        = "no-terminating"         // clients take it for false
	codeNoPaths              = "no-paths"               // a delegation without paths
	codeUnknownField         = "unknown-field"          // neither TUF's nor x-conclave's
)
