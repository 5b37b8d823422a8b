package trust

import (
	"fmt"

	"github.com/conclave-tuf/conclave/ceremony/metadata"
	"github.com/conclave-tuf/conclave/ceremony/text"
)

// Payload is a frozen payload with what it says.
type Payload struct {
	Proposal
	Body *metadata.Signed
	ID   metadata.Digest // of the payload
}

// ReadPayload reads a frozen signed and checks that it is what it is said to be.
func ReadPayload(p Proposal) (*Payload, error) {
	body, err := metadata.ParseSigned(p.Signed, metadata.Strict)
	if err != nil {
		return nil, fmt.Errorf("proposal %s %d: %w", text.Safe(p.Role), p.Version, err)
	}
	what := fmt.Sprintf("proposal %s %d", text.Safe(p.Role), p.Version)
	top := p.Role == "root" || p.Role == "targets"
	switch {
	case top && body.Type != p.Role, !top && body.Type != "targets", p.Role == "snapshot", p.Role == "timestamp":
		return nil, fmt.Errorf("%s: it holds a %s", what, text.Safe(body.Type))
	case body.Version != p.Version:
		return nil, fmt.Errorf("%s: it holds version %d", what, body.Version)
	case body.Conclave == nil:
		return nil, fmt.Errorf("%s: it names no trust", what)
	case body.Conclave.Role != "" && body.Conclave.Role != p.Role:
		return nil, fmt.Errorf("%s: it says that it is a version of %s", what, text.Safe(body.Conclave.Role))
	case p.Trust != "" && body.Conclave.Trust != p.Trust:
		return nil, &metadata.OtherTrustError{Want: p.Trust, Got: body.Conclave.Trust}
	}
	p.Trust = body.Conclave.Trust
	return &Payload{Proposal: p, Body: body, ID: body.Digest()}, nil
}
