package people

import "fmt"

// Holder is somebody with a token of the drawer.
type Holder struct{ Name, Serial, PIN string }

// Holders are the five people of a rehearsal, with the first five tokens of a
// new drawer.
func Holders() []Holder {
	var holders []Holder
	for i, name := range []string{"Ada", "Bo", "Cy", "Dee", "Ed"} {
		holders = append(holders, Holder{name, fmt.Sprint(5417501 + i), fmt.Sprintf("%d70%d13", i+4, i+2)})
	}
	return holders
}

// PINs returns the holders' PINs by serial.
func PINs(holders []Holder) map[string]string {
	pins := map[string]string{}
	for _, h := range holders {
		pins[h.Serial] = h.PIN
	}
	return pins
}
