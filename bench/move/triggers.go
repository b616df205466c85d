package main

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"time"

	"tintype/bench/rig"
	"tintype/internal/servertest"
	"tintype/internal/store"
)

// A triggerReport is how long a transaction of two rows takes in a database, in microseconds, the median of many: as it is
// without a move, with triggers that do nothing yet, and with triggers that log.
type triggerReport struct {
	Database string  `json:"database"`
	Plain    float64 `json:"plain_us"`
	Idle     float64 `json:"idle_triggers_us"`
	Logging  float64 `json:"logging_triggers_us"`
}

// costOfTriggers measures it. The three databases take turns, so that a busy machine slows all of them.
func costOfTriggers(t *rig.T, writes int) ([]triggerReport, error) {
	server := servertest.FlavourMariaDB.Server(t)
	if err := server.Exec("SET GLOBAL log_bin_trust_function_creators = 1"); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Hour)
	defer cancel()
	var reports []triggerReport
	for _, kind := range []string{"SQLite", "MariaDB"} {
		var stores [3]*store.Store
		for i := range stores {
			url := "sqlite:" + filepath.Join(t.TempDir(), "bench.db")
			if kind == "MariaDB" {
				url = server.NewDatabase(t)
			}
			o := store.Options{TxTimeout: time.Minute, URL: func(context.Context) (string, error) { return url, nil }}
			if err := store.NewMigrator(o).Up(ctx); err != nil {
				return nil, err
			}
			s, err := store.Open(ctx, o)
			if err != nil {
				return nil, err
			}
			defer s.Close()
			if stores[i] = s; i == 0 {
				continue
			}
			if err := putTriggers(ctx, o, i == 2); err != nil {
				return nil, err
			}
		}
		var took [3][]time.Duration
		for range max(writes, 1) {
			for i, s := range stores {
				begin := time.Now()
				err := s.Tx(ctx, func(ctx context.Context, tx *store.Store) error {
					if err := tx.AddJob(ctx, "test", "a payload", 0); err != nil {
						return err
					}
					return tx.SetSiteInfo(ctx, "key", "value")
				})
				if err != nil {
					return nil, err
				}
				took[i] = append(took[i], time.Since(begin))
			}
		}
		middle := func(list []time.Duration) float64 {
			slices.Sort(list)
			return float64(list[len(list)/2].Microseconds())
		}
		reports = append(reports, triggerReport{kind, middle(took[0]), middle(took[1]), middle(took[2])})
	}
	return reports, nil
}

// putTriggers makes the triggers of a move in a database, which log or do nothing.
func putTriggers(ctx context.Context, o store.Options, log bool) error {
	place, err := store.OpenPlace(ctx, o)
	if err != nil {
		return err
	}
	defer place.Close()
	if err := place.MakeGate(ctx); err != nil {
		return err
	}
	if ok, err := place.MakeTriggersOf(ctx, ""); err != nil || !ok {
		return fmt.Errorf("make triggers: %t, %w", ok, err)
	}
	if !log {
		return nil
	}
	if ok, err := place.SetMove(ctx, store.PlaceMove{}, store.PlaceMove{ID: "bench", WayBack: true}, store.GateOpen, store.GateOpen); err != nil || !ok {
		return fmt.Errorf("have them log: %t, %w", ok, err)
	}
	return nil
}
