package metadata

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// FieldError says which field of a document was refused, and why. It is safe
// to print: a path never holds control, bidi or zero-width characters.
type FieldError struct {
	Path string // dotted: "signed.roles.root.threshold"; "" for the document
	Why  string // follows the path: "must be a whole number"
}

func (e *FieldError) Error() string {
	if e.Path == "" {
		return "the document " + e.Why
	}
	return e.Path + " " + e.Why
}

// ExpiredError says that metadata is no longer valid (TUF 5.3.10, 5.4.4,
// 5.5.6, 5.6.5). All else about it was found right before it was returned.
type ExpiredError struct {
	Role    string
	Version int64
	Expires time.Time
	At      time.Time // the time it was held against
}

func (e *ExpiredError) Error() string {
	return fmt.Sprintf("%s %d expired at %s (checked at %s)", printable(e.Role), e.Version,
		e.Expires.Format(time.RFC3339), e.At.UTC().Format(time.RFC3339))
}

// ThresholdError says that too few keys signed.
type ThresholdError struct {
	Role  string // whose file it is
	By    string // who had to sign: "root 6", "targets 3"
	Count Count
}

func (e *ThresholdError) Error() string {
	s := fmt.Sprintf("%s is not signed by enough keys of %s: %d of %d", printable(e.Role), e.By, len(e.Count.Valid), e.Count.Threshold)
	if e.Count.Threshold < 1 {
		s = fmt.Sprintf("%s can't be verified: %s states a threshold of %d", printable(e.Role), e.By, e.Count.Threshold)
	}
	return s
}

// VersionError says that metadata has another version than it must have.
type VersionError struct {
	Role string
	Want int64
	Got  int64
	Why  string // what asks for Want: "follows root 6", "snapshot 10 lists it"
}

func (e *VersionError) Error() string {
	return fmt.Sprintf("%s has version %d instead of %d: %s", printable(e.Role), e.Got, e.Want, e.Why)
}

// OtherTrustError says that metadata belongs to another trust, or names none
// where it must name one.
type OtherTrustError struct {
	Role string
	Want string
	Got  string // "" where it names none
}

func (e *OtherTrustError) Error() string {
	if e.Got == "" {
		return fmt.Sprintf("%s names no trust: it must be of the trust %s", printable(e.Role), printable(e.Want))
	}
	return fmt.Sprintf("%s is of another trust: %s instead of %s", printable(e.Role), printable(e.Got), printable(e.Want))
}

// MismatchError says that a file is not the one that the snapshot or the
// timestamp speaks of, or that two files claim one version.
type MismatchError struct {
	Role string
	Why  string
}

func (e *MismatchError) Error() string { return printable(e.Role) + " " + e.Why }

// maxShown is how many bytes of a foreign name an error repeats.
const maxShown = 80

// printable makes a foreign string fit for one line of a terminal: as it is
// where it is short printable ASCII without blanks and quotes, else quoted.
func printable(s string) string {
	cut := ""
	if len(s) > maxShown {
		s, cut = strings.ToValidUTF8(s[:maxShown], ""), "..."
	}
	for i := range len(s) {
		if s[i] <= ' ' || s[i] >= 0x7f || s[i] == '"' {
			return strconv.QuoteToASCII(s) + cut
		}
	}
	if s == "" {
		return `""`
	}
	return s + cut
}
