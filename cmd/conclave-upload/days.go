package main

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

const day = 24 * time.Hour

// days is a duration that may be given in days.
type days time.Duration

func (d *days) Type() string { return "duration" }

func (d *days) String() string {
	v := time.Duration(*d)
	if v%day == 0 {
		return fmt.Sprintf("%dd", v/day)
	}
	return v.String()
}

func (d *days) Set(s string) error {
	v, err := time.ParseDuration(s)
	if number, ok := strings.CutSuffix(s, "d"); ok {
		var n uint64
		n, err = strconv.ParseUint(number, 10, 16)
		v = time.Duration(n) * day
	}
	if err != nil {
		return fmt.Errorf("%q is no duration: 7d, 36h", s)
	}
	if v < time.Minute || v > 3650*day {
		return fmt.Errorf("%s: at least a minute and at most ten years are allowed", s)
	}
	*d = days(v)
	return nil
}
