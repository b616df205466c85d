package command

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"strings"
	"testing"

	"tintype/internal/config"
	"tintype/internal/move"
)

// awayTable ends a command once its mover is made.
type awayTable struct{ move.MoverTable }

var errTableAway = errors.New("the table is away")

func (awayTable) Moves(context.Context) ([]move.Row, error) { return nil, errTableAway }

// --workers and --rate reach the mover of sessions and of photos, by each command that works on one.
func TestFlagsOfAMoveReachItsMover(t *testing.T) {
	for args, want := range map[string]struct{ workers, rate int }{
		"move sessions --workers 3 --rate 7":            {3, 7},
		"move media --workers 3 --rate 7":               {3, 7},
		"move media":                                    {8, 0},
		"move back sessions --workers 2 --rate 1":       {2, 1},
		"move back media --rate 5":                      {8, 5},
		"move finish media --workers 1 --delete-source": {1, 0},
		"move finish sessions --rate 9":                 {8, 9},
		"move abort media --workers 4 --rate 6":         {4, 6},
	} {
		var given MoveOptions
		plans := map[string]*move.Plan{}
		for _, part := range []string{"sessions", move.PartMedia} {
			plans[part] = &move.Plan{What: part, Own: "a", Next: "b", Mover: &move.PartMover{Table: awayTable{}, Part: part}}
		}
		program := Program{LogHandler: func(h slog.Handler) slog.Handler { return h }, Moves: func(_ context.Context, _ *config.Config, _ *slog.Logger, o MoveOptions) (map[string]*move.Plan, func() error, error) {
			given = o
			return plans, func() error { return nil }, nil
		}}
		var said strings.Builder
		data := t.TempDir()
		code := Main(t.Context(), Environment{
			Args: strings.Fields(args),
			Lookup: func(name string) (string, bool) {
				value, ok := map[string]string{"DATA_DIR": data}[name]
				return value, ok
			},
			Environ: []string{"DATA_DIR=" + data}, Stdout: io.Discard, Stderr: &said,
		}, program)
		if code != StatusFailure || !strings.Contains(said.String(), errTableAway.Error()) {
			t.Errorf("%s: %d %s", args, code, said.String())
		}
		part := strings.Fields(args)[1]
		if plans[part] == nil {
			part = strings.Fields(args)[2]
		}
		if rate := plans[part].Mover.Rate; given.Workers != want.workers || rate != want.rate {
			t.Errorf("%s: %d workers, a rate of %d; want %+v", args, given.Workers, rate, want)
		}
	}
}
