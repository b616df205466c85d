package command

import "testing"

func TestErrorsOfJobsAreOneLineOfText(t *testing.T) {
	if got, want := oneLine("it broke:\x1b[2J\r\n\tat é 日\u009b0m\u202e"), "it broke: [2J at é 日 0m"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}
