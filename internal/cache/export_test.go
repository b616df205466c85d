package cache

import "time"

// Patience gives Redis longer to answer, so that one that is there is not taken for one that is away by a machine
// that is busy. It is called before any test runs.
func Patience(d time.Duration) { answerPatience = d }
