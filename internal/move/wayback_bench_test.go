package move_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"tintype/internal/servertest"
	"tintype/internal/store"
	"tintype/internal/store/storetest"
)

// BenchmarkWayBack tells how much longer a transaction of two rows takes in a database that logs for a way back than in
// one that no move has touched. Both take turns, so that a busy machine slows both.
func BenchmarkWayBack(b *testing.B) {
	for _, kind := range []string{"sqlite", "mariadb", "mysql"} {
		b.Run(kind, func(b *testing.B) {
			ctx, cancel := context.WithTimeout(b.Context(), 10*time.Minute)
			defer cancel()
			var stores [2]*store.Store
			for i := range stores {
				url := storetest.SQLiteURL(b)
				for _, f := range servertest.Flavours {
					if f.String() == kind {
						server := f.Server(b)
						if err := server.Exec("SET GLOBAL log_bin_trust_function_creators = 1"); err != nil {
							b.Fatal(err)
						}
						url = server.NewDatabase(b)
						if err := store.NewMigrator(storetest.Options(url)).Up(ctx); err != nil {
							b.Fatal(err)
						}
					}
				}
				s, err := store.Open(ctx, storetest.Options(url))
				if err != nil {
					b.Fatal(err)
				}
				defer s.Close()
				stores[i] = s
				if i == 0 {
					continue
				}
				p := openPlaceOf(b, url)
				if err := p.MakeGate(ctx); err != nil {
					b.Fatal(err)
				}
				if ok, err := p.MakeTriggersOf(ctx, ""); err != nil || !ok {
					b.Fatal(ok, err)
				}
				if ok, err := p.SetMove(ctx, store.PlaceMove{}, store.PlaceMove{ID: "bench", WayBack: true}, store.GateOpen, store.GateOpen); err != nil || !ok {
					b.Fatal(ok, err)
				}
			}
			var took [2][]time.Duration
			for b.Loop() {
				for i, s := range stores {
					begin := time.Now()
					err := s.Tx(ctx, func(ctx context.Context, tx *store.Store) error {
						if err := tx.AddJob(ctx, "test", "a payload", 0); err != nil {
							return err
						}
						return tx.SetSiteInfo(ctx, "key", "value")
					})
					if err != nil {
						b.Fatal(err)
					}
					took[i] = append(took[i], time.Since(begin))
				}
			}
			median := func(list []time.Duration) float64 {
				slices.Sort(list)
				return float64(list[len(list)/2].Microseconds())
			}
			plain, logged := median(took[0]), median(took[1])
			b.ReportMetric(plain, "µs-plain")
			b.ReportMetric(logged, "µs-logged")
			b.ReportMetric(logged/max(plain, 1), "ratio")
		})
	}
}
