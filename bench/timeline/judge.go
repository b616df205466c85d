package main

import (
	"errors"
	"fmt"
)

// leastRatio is how many of a bare handler's requests the site answers at least.
const leastRatio = 0.5

// A goal is a bound of something that was measured.
type goal struct {
	what            string
	measured, bound float64
	least           bool // the bound is the least, else the most
}

func (g goal) missed() bool {
	if g.least {
		return !(g.measured >= g.bound)
	}
	return !(g.measured <= g.bound)
}

// judge returns an error that names the goals that are missed.
func judge(goals []goal) error {
	var errs []error
	for _, g := range goals {
		if g.missed() {
			errs = append(errs, fmt.Errorf("a goal is missed: %s is at %.3f, and %.3f is the goal", g.what, g.measured, g.bound))
		}
	}
	return errors.Join(errs...)
}
