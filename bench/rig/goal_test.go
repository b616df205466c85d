package rig

import (
	"math"
	"strings"
	"testing"
)

// Each goal that is missed is an error, and nothing else is.
func TestJudge(t *testing.T) {
	met := []Goal{{What: "most", Measured: 0.1, Bound: 0.1}, {What: "least", Measured: 0.5, Bound: 0.5, Least: true}}
	if err := Judge(met...); err != nil {
		t.Error(err)
	}
	for _, g := range []Goal{{What: "most", Measured: 0.101, Bound: 0.1}, {What: "least", Measured: 0.49, Bound: 0.5, Least: true}, {What: "nothing", Measured: math.NaN(), Bound: 1}} {
		if err := Judge(append(met, g)...); err == nil || !strings.Contains(err.Error(), g.What+" is at") {
			t.Errorf("%+v: %v", g, err)
		}
	}
}
