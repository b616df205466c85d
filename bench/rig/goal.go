package rig

import (
	"errors"
	"fmt"
)

// A Goal is a bound of something that was measured.
type Goal struct {
	What            string
	Measured, Bound float64
	Least           bool // the bound is the least, else the most
}

func (g Goal) missed() bool {
	if g.Least {
		return !(g.Measured >= g.Bound)
	}
	return !(g.Measured <= g.Bound)
}

// Judge returns an error that names the goals that are missed.
func Judge(goals ...Goal) error {
	var errs []error
	for _, g := range goals {
		if g.missed() {
			errs = append(errs, fmt.Errorf("a goal is missed: %s is at %.3f, and %.3f is the goal", g.What, g.Measured, g.Bound))
		}
	}
	return errors.Join(errs...)
}
