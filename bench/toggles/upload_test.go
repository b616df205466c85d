package main

import (
	"testing"
	"time"

	"tintype/bench/rig"
)

// A worker apart may add 50 ms and two round trips, and no more.
func TestUploadGoal(t *testing.T) {
	const together, round = 240 * time.Millisecond, 3 * time.Millisecond
	for added, met := range map[time.Duration]bool{-time.Millisecond: true, 56 * time.Millisecond: true, 57 * time.Millisecond: false} {
		if err := rig.Judge(uploadGoal(together, together+added, round)); (err == nil) != met {
			t.Errorf("%s more: %v", added, err)
		}
	}
}
