package hsm

import (
	"crypto/x509"
	_ "embed"

	"github.com/conclave-tuf/conclave/hsm/virtual"
)

// Embedded files can't be constants; these two are never written.
var (
	//go:embed yubico/roots.pem
	yubicoRoots []byte
	//go:embed yubico/intermediates.pem
	yubicoIntermediates []byte
)

// anchors are what the certificate of a token may chain to.
func anchors(rehearsal bool) (roots, intermediates *x509.CertPool, err error) {
	roots, intermediates = x509.NewCertPool(), x509.NewCertPool()
	if rehearsal {
		ca, err := virtual.RehearsalCA()
		if err != nil {
			return nil, nil, err
		}
		roots.AddCert(ca)
		return roots, intermediates, nil
	}
	roots.AppendCertsFromPEM(yubicoRoots)
	intermediates.AppendCertsFromPEM(yubicoIntermediates)
	return roots, intermediates, nil
}
