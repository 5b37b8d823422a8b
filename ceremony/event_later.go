package ceremony

import (
	"fmt"
	"strings"

	"github.com/conclave-tuf/conclave/ceremony/metadata"
)

// recordSigned is a HeadSignature over this journal as it was before.
type recordSigned struct {
	Events int             `json:"events"`
	Head   metadata.Digest `json:"head"`
	Holder string          `json:"holder"`
	Serial string          `json:"serial,omitempty"`
	Key    metadata.Key    `json:"key"`
	Sig    string          `json:"sig"`
}

func (recordSigned) name() string { return "record-signed" }

// noted is what people wrote down, in their own words.
type noted struct {
	Text string `json:"text"`
	Who  string `json:"who"` // says it
}

func (noted) name() string { return "note" }

// exportChecked is the check before an export, as it stands in the journal.
type exportChecked struct {
	Open     []string `json:"open,omitempty"`
	Verified []string `json:"verified,omitempty"`
	From     int64    `json:"from,omitempty"` // the oldest root for go-tuf's client
	Notes    []string `json:"notes,omitempty"`
	Refused  string   `json:"refused,omitempty"` // why it was not let out
}

func (exportChecked) name() string { return "export-checked" }

// words is what a record says of it.
func (e exportChecked) words() string {
	switch {
	case e.Refused != "":
		return "What is finished was held against the rules of clients, and refused: " + Safe(e.Refused) + "."
	case len(e.Open) > 0:
		return "Not finished yet: " + strings.Join(SafeAll(e.Open), "; ") + "."
	case len(e.Verified) == 0:
		return "Everything that is finished is published already."
	}
	return fmt.Sprintf("%s: verified as strict clients do, and as go-tuf's does from root %d.", strings.Join(SafeAll(e.Verified), ", "), e.From)
}
