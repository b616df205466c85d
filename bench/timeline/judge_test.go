package main

import (
	"math"
	"strings"
	"testing"
)

// Each goal that is missed is an error, and nothing else is.
func TestJudge(t *testing.T) {
	met := []goal{{what: "most", measured: 0.1, bound: 0.1}, {what: "least", measured: 0.5, bound: 0.5, least: true}}
	if err := judge(met); err != nil {
		t.Error(err)
	}
	for _, g := range []goal{{what: "most", measured: 0.101, bound: 0.1}, {what: "least", measured: 0.49, bound: 0.5, least: true}, {what: "nothing", measured: math.NaN(), bound: 1}} {
		if err := judge(append(met, g)); err == nil || !strings.Contains(err.Error(), g.what+" is at") {
			t.Errorf("%+v: %v", g, err)
		}
	}
}
