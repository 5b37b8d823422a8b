package provision

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"math/big"
	"time"
)

// issuer is who signs the certificates that lie in the slot. Nobody trusts it:
// they are there to show the key to other programs and to name its purpose.
const issuer = "Conclave enrolment"

// labelKey puts the certificate into the slot: over its key, or, where there is
// none yet, over a key that is thrown away. It is signed by a key that is thrown
// away as well, for the token's own would cost a PIN and a touch.
func (r *run) labelKey() error {
	signer, err := ecdsa.GenerateKey(elliptic.P256(), r.random)
	if err != nil {
		return fail(err)
	}
	key := r.key
	if key == nil {
		key = signer.Public()
	}
	serial, err := rand.Int(r.random, new(big.Int).Lsh(big.NewInt(1), 127))
	if err != nil {
		return fail(err)
	}
	parent := &x509.Certificate{Subject: pkix.Name{CommonName: issuer}}
	template := &x509.Certificate{
		SerialNumber: serial.Add(serial, big.NewInt(1)),
		Subject:      pkix.Name{CommonName: r.Subject},
		NotBefore:    r.Now.UTC().Truncate(time.Second),
		NotAfter:     time.Date(9999, 12, 31, 23, 59, 59, 0, time.UTC), // RFC 5280, 4.1.2.5: no end
		KeyUsage:     x509.KeyUsageDigitalSignature,
	}
	der, err := x509.CreateCertificate(r.random, template, parent, key, signer)
	if err != nil {
		return fail(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		return fail(err)
	}
	return r.card.PutCertificate(r.management, cert)
}

// ours says whether a certificate was left by this enrolment.
func (r *run) ours(c *x509.Certificate) bool {
	return c.Issuer.CommonName == issuer && c.Subject.CommonName == r.Subject
}
