package move

import (
	"strings"
	"testing"
)

// A part whose mover was killed is not at work: nobody goes on at its pace, waits or tries again, and the sentence says what does.
func TestDescribeOfAMoverThatIsGone(t *testing.T) {
	progress := `{"pass":1,"done":30,"total":400,"since_ms":2000,"waits":["web-2, process 9"],"note":"the bucket is away"}`
	for _, c := range []struct {
		phase Phase
		mover string
		age   int64
		says  string
		not   string
	}{
		{PhaseReading, "web-1", 1000, "15 a second, about 25s left; waits for web-2, process 9; tries again: the bucket is away. web-1 is at work, heard of 1 s ago.", "was at work"},
		{PhaseReading, "web-1", 90_000, "30 of about 400 photos. web-1 was at work, and has not been heard of for 1m30s: `tintype move media` goes on. What went wrong last: the bucket is away.", "left"},
		{PhaseWriting, "", 0, "30 of about 400 photos. Nobody is at work: `tintype move media` goes on.", "waits"},
		{PhaseAborting, "web-1", 90_000, "web-1 was at work, and has not been heard of for 1m30s: `tintype move abort media` goes on.", "is at work"},
		{PhaseMoved, "web-1", 90_000, "until `tintype move finish media`.", "at work"},
	} {
		text := Describe(Row{Part: PartMedia, Phase: string(c.phase), Source: "disk:/a", Target: "disk:/b", Mover: c.mover, AgeMs: c.age, Progress: progress})
		if !strings.Contains(text, c.says) || strings.Contains(text, c.not) {
			t.Errorf("%s, %q, %d: %s", c.phase, c.mover, c.age, text)
		}
	}
}
