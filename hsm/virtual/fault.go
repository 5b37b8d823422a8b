package virtual

// Fault is something that goes wrong once, on script.
type Fault int

const (
	None            Fault = iota // this signature goes well
	WrongSignature               // a valid signature comes back, over something else
	NoTouch                      // nobody touches the token in time (where its key asks for it)
	RemovedAtVerify              // the token is pulled while it compares the PIN
	RemovedAtSign                // the token is pulled between PIN and signature
	RemovedSigned                // the token is pulled when it has signed, and can't say so
)

// Script sets what happens to the next signatures, one fault each. A fault at
// VERIFY strikes there and takes the signature's place.
func (c *Card) Script(faults ...Fault) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.faults = append([]Fault(nil), faults...)
}

// nextFault takes the next fault off the script.
func (c *Card) nextFault() Fault {
	if len(c.faults) == 0 {
		return None
	}
	f := c.faults[0]
	c.faults = c.faults[1:]
	return f
}

// scripted takes the next fault off the script if it is f.
func (c *Card) scripted(f Fault) bool {
	if len(c.faults) == 0 || c.faults[0] != f {
		return false
	}
	c.faults = c.faults[1:]
	return true
}
