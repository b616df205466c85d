package command

import (
	"context"
	"errors"
	"strings"
	"testing"
)

// Who interrupts a backup is told what there is of it.
func TestAnInterruptedBackupSaysWhatStays(t *testing.T) {
	for kept, want := range map[string]string{"": "nothing is left of it", "/backups/a.tar.zst": "/backups/a.tar.zst is there"} {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		r := &backupRun{ctx: ctx, stop: func() {}, kept: kept}
		err := errors.New("context canceled")
		if r.end(&err); !strings.Contains(err.Error(), want) || kept != "" && strings.Contains(err.Error(), "nothing is left") {
			t.Errorf("with %q kept: %v", kept, err)
		}
	}
}
