package trust

import (
	"fmt"

	"github.com/conclave-tuf/conclave/ceremony/text"
)

// Unrotatable is the danger of a root whose every key is needed (TUF 5.3.4).
const Unrotatable = "Every root key is needed to change the root: with one token lost it can never be changed again."

// NoSpare speaks of a role whose every key is needed.
func NoSpare(role, parent string) string {
	return fmt.Sprintf("Every key of %s is needed to sign it: with one token lost, nobody can before %s names another key.", text.Safe(role), text.Safe(parent))
}
