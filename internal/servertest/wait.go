package servertest

import (
	"errors"
	"fmt"
	"testing"
	"time"
)

// patience is how long what comes by itself may take on a busy machine.
const patience = 2 * time.Minute

var (
	errEnded  = errors.New("it ended before it was ready")
	errNotYet = errors.New("not yet")
)

// Eventually waits until ok is true, and fails the test if it is not within two
// minutes. What describes the condition in the failure.
func Eventually(t testing.TB, what string, ok func() bool) {
	t.Helper()
	Within(t, patience, what, ok)
}

// Within is Eventually with another limit. The limit is patience, not a measure of speed.
func Within(t testing.TB, limit time.Duration, what string, ok func() bool) {
	t.Helper()
	Succeeds(t, limit, what, func() error {
		if !ok() {
			return errNotYet
		}
		return nil
	})
}

// Succeeds is Within for a condition that can say why it does not hold yet.
func Succeeds(t testing.TB, limit time.Duration, what string, try func() error) {
	t.Helper()
	if err := until(limit, nil, try); err != nil {
		t.Fatalf("%s: %v", what, err)
	}
}

// until calls ready every few milliseconds until it is nil, or fails with what
// it last said. Ended tells early that waiting is no use.
func until(limit time.Duration, ended <-chan struct{}, ready func() error) error {
	deadline := time.Now().Add(limit)
	pause := 5 * time.Millisecond
	for {
		err := ready()
		if err == nil {
			return nil
		}
		if errors.Is(err, errEnded) {
			return err
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("not within %s: %w", limit, err)
		}
		select {
		case <-ended:
			return fmt.Errorf("%w: %w", errEnded, err)
		case <-time.After(pause):
			pause = min(2*pause, 50*time.Millisecond) // what takes long is not asked for all the time
		}
	}
}
