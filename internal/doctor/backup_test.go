package doctor

import (
	"strings"
	"testing"
	"time"

	"tintype/internal/backup"
)

// The age of the newest backup counts, and where there is none that of the site.
func TestJudgingBackups(t *testing.T) {
	now := time.Now()
	name := func(age time.Duration) string { return backup.Name(now.Add(-age), nil) }
	for _, tt := range []struct {
		names  []string
		site   time.Duration // its age
		status string
		text   string
	}{
		{nil, 0, Warning, "no backup in /b yet"},
		{nil, 35 * time.Hour, Warning, "no backup in /b yet"},
		{nil, 37 * time.Hour, Failure, "no backup in /b"},
		{[]string{name(90 * time.Hour), name(35 * time.Hour)}, 900 * time.Hour, OK, "the newest of 2 backups in /b is 35h old"},
		{[]string{name(-time.Hour)}, time.Hour, OK, "is 0s old"},
		{[]string{name(90 * time.Hour), name(37 * time.Hour)}, 900 * time.Hour, Warning, "the newest of 2 backups in /b is 37h old"},
	} {
		c := judgeBackups("/b", tt.names, now.Add(-tt.site), now)
		if c.Status != tt.status || !strings.Contains(c.Text, tt.text) || (c.Status == OK) != (c.Advice == "") {
			t.Errorf("%v, %s: %+v", tt.names, tt.site, c)
		}
	}
}
