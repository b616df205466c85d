package community_test

import (
	"context"
	"testing"
	"time"

	"tintype/internal/community"
	"tintype/internal/live"
	"tintype/internal/queue/queuetest"
	"tintype/internal/store"
	"tintype/internal/store/storetest"
)

func TestJobBackend(t *testing.T) {
	storetest.EachDialect(t, func(t *testing.T, open func(testing.TB) *store.Store) {
		s := open(t)
		queuetest.Run(t, func(t *testing.T) queuetest.Jobs {
			if _, err := s.SQL().ExecContext(t.Context(), "DELETE FROM jobs"); err != nil {
				t.Fatal(err)
			}
			return queuetest.Jobs{
				Backend: community.JobBackend(s),
				Add: func(t *testing.T, kind, payload string, in time.Duration) int64 {
					t.Helper()
					id, err := s.TxOnce(t.Context(), "jobs", func(ctx context.Context, tx *store.Store, id int64) error {
						return tx.AddJobID(ctx, id, kind, rawJSON(payload))
					})
					if err != nil {
						t.Fatal(err)
					}
					if in > 0 { // as a failure does it
						jobs, err := s.ClaimJobs(t.Context(), []string{kind}, 1, "x", time.Hour)
						if err != nil || len(jobs) != 1 || jobs[0].ID != id {
							t.Fatalf("claimed %v, %v", jobs, err)
						}
						if err := s.FailJob(t.Context(), id, "x", "", in); err != nil {
							t.Fatal(err)
						}
					}
					return id
				},
				State: func(t *testing.T, id int64) (string, int, string) {
					t.Helper()
					jobs, err := s.Jobs(t.Context(), "", 0, 100)
					if err != nil {
						t.Fatal(err)
					}
					for _, j := range jobs {
						if j.ID == id {
							return j.State, j.Attempts, j.Error
						}
					}
					return "", 0, ""
				},
				Pass: time.Sleep, // the clock is the database's
			}
		})
	})
}

type rawJSON string

func (r rawJSON) MarshalJSON() ([]byte, error) { return []byte(r), nil }

func TestJobsByHand(t *testing.T) {
	storetest.EachDialect(t, func(t *testing.T, open func(testing.TB) *store.Store) {
		s := open(t)
		c := community.New(community.Options{Store: s})
		ctx := t.Context()
		err := s.Tx(ctx, func(ctx context.Context, tx *store.Store) error {
			return tx.AddJob(ctx, "a", map[string]int{"n": 1}, 0)
		})
		if err != nil {
			t.Fatal(err)
		}
		jobs, err := s.ClaimJobs(ctx, []string{"a"}, 1, "t1", time.Hour)
		if err != nil || len(jobs) != 1 {
			t.Fatalf("%v, %v", jobs, err)
		}
		id := jobs[0].ID
		if err := c.RetryJob(ctx, community.ByCommand(""), id); err != community.ErrNotFound {
			t.Errorf("retry of a running job: %v", err)
		}
		if _, err := s.BuryJob(ctx, id, "t1", "broken"); err != nil {
			t.Fatal(err)
		}
		dead, err := c.Jobs(ctx, store.JobDead, 0, 10)
		if err != nil || len(dead) != 1 || dead[0].Error != "broken" || dead[0].FinishedAt == nil {
			t.Fatalf("%+v, %v", dead, err)
		}
		if err := c.RetryJob(ctx, community.ByCommand(""), id); err != nil {
			t.Fatal(err)
		}
		jobs, err = s.ClaimJobs(ctx, []string{"a"}, 1, "t2", time.Hour)
		if err != nil || len(jobs) != 1 || jobs[0].Attempts != 1 {
			t.Fatalf("after the retry: %+v, %v", jobs, err)
		}
		if err := c.DropJob(ctx, community.ByCommand(""), id); err != nil {
			t.Fatal(err)
		}
		if _, err := s.FinishJob(ctx, id, "t2"); err != store.ErrLeaseLost {
			t.Errorf("a dropped job was finished: %v", err)
		}
		if err := c.DropJob(ctx, community.ByCommand(""), id); err != community.ErrNotFound {
			t.Errorf("dropped twice: %v", err)
		}
	})
}

// TestJobsAndEventsGoWithTheTransaction: neither without the other, and whoever listens is told after the commit.
func TestJobsAndEventsGoWithTheTransaction(t *testing.T) {
	storetest.EachDialect(t, func(t *testing.T, open func(testing.TB) *store.Store) {
		s := open(t)
		hub := live.NewHub(live.Options{Reader: community.EventReader(s), Poll: time.Hour})
		woken := make(chan int64, 10)
		s.OnJob(func(id int64) { woken <- id })
		s.OnEvent(hub.Wake)
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		go hub.Follow(ctx)
		sub := hub.Subscribe(7, "x")
		defer sub.Close()
		boom := context.Canceled
		err := s.Tx(ctx, func(ctx context.Context, tx *store.Store) error {
			if err := tx.AddEvent(ctx, "x", 1, 7, "rolled back"); err != nil {
				return err
			}
			if err := tx.AddJob(ctx, "a", nil, 0); err != nil {
				return err
			}
			return boom
		})
		if err != boom {
			t.Fatal(err)
		}
		if len(woken) != 0 {
			t.Error("woken for a job that was rolled back")
		}
		err = s.Tx(ctx, func(ctx context.Context, tx *store.Store) error {
			if err := tx.AddEvent(ctx, "x", 1, 7, map[string]string{"a": "b"}); err != nil {
				return err
			}
			return tx.AddJob(ctx, "a", nil, 0)
		})
		if err != nil {
			t.Fatal(err)
		}
		id := <-woken
		jobs, err := s.Jobs(ctx, "", 0, 10)
		if err != nil || len(jobs) != 1 || jobs[0].ID != id {
			t.Errorf("jobs %+v, %v; want %d", jobs, err, id)
		}
		e := <-sub.C()
		if e.Kind != "x" || e.AccountID != 1 || e.RefID != 7 || string(e.Payload) != `{"a":"b"}` {
			t.Errorf("event %+v", e)
		}
	})
}
