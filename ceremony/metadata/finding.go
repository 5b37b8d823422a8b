package metadata

// Finding is an oddity of adopted metadata: clients accept it, a signer should
// know of it. It is reported, not dropped, and is safe to print. Of more than
// a thousand with one code the rest is counted in a last one, without a path.
type Finding struct {
	Code string `json:"code"` // one of the Code constants
	Path string `json:"path"` // as in FieldError
	Text string `json:"text"` // one sentence for people
}

// The codes of findings. In Strict mode each of them is an error.
const (
	CodeHexKey               = "hex-key"                // an ECDSA key as a hex point instead of PEM
	CodeOldKeyType           = "old-keytype"            // ecdsa-sha2-nistp256 as key type
	CodeRSAKey               = "rsa-key"                // signers here use none
	CodeSchemeMismatch       = "scheme-mismatch"        // the scheme names another curve than the key's
	CodeUnusualKey           = "unusual-key"            // a PEM or hex form other than the usual one
	CodeUnusableKey          = "unusable-key"           // not readable: it can't count towards a threshold
	CodeKeyIDMismatch        = "keyid-mismatch"         // the keyid is not the hash of the key object
	CodeSharedKey            = "shared-key"             // one public key under two keyids
	CodeUnknownKeyID         = "unknown-keyid"          // a role names a keyid without a key
	CodeDuplicateKeyID       = "duplicate-keyid"        // a role names a keyid twice
	CodeUnreachableThreshold = "unreachable-threshold"  // more signatures needed than there are keys
	CodeEmptySignature       = "empty-signature"        //
	CodeDuplicateSignature   = "duplicate-signature"    // two signatures by one keyid
	CodeUpperCaseHex         = "upper-case-hex"         //
	CodeFractionalTime       = "fractional-time"        //
	CodeOffsetTime           = "offset-time"            // not UTC
	CodeSpecVersion          = "spec-version"           // not of the form 1.x.y
	CodeNoConsistentSnapshot = "no-consistent-snapshot" //
	CodeUnknownRole          = "unknown-role"           // a role that root or snapshot does not name in TUF
	CodeDubiousRoleName      = "dubious-role-name"      // a role's name that is no safe file name
	CodeDubiousPath          = "dubious-path"           // a target's path that is no safe relative path
	CodeOtherHash            = "other-hash"             // hashes other than one sha256
	CodeNoLength             = "no-length"              //
	CodeNoHashes             = "no-hashes"              //
	CodeNoTerminating        = "no-terminating"         // clients take it for false
	CodeNoPaths              = "no-paths"               // a delegation without paths
	CodeUnknownField         = "unknown-field"          // neither TUF's nor x-conclave's
)
