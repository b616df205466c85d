package store_test

import (
	"context"
	"strings"
	"sync"
	"testing"
	"time"

	"tintype/internal/servertest"
	"tintype/internal/store"
	"tintype/internal/store/storetest"
)

// told keeps what a Store tells of its statements.
type told struct {
	mu   sync.Mutex
	list []store.TracedStatement
	ends []string
}

func (o *told) tracing() *store.Tracing {
	return &store.Tracing{
		Statement: func(_ context.Context, s store.TracedStatement) func(string) {
			o.mu.Lock()
			defer o.mu.Unlock()
			o.list, o.ends = append(o.list, s), append(o.ends, "open")
			i := len(o.list) - 1
			return func(kind string) {
				o.mu.Lock()
				defer o.mu.Unlock()
				o.ends[i] = kind
			}
		},
		Origin: func(context.Context) string { return "00-origin-01" },
	}
}

// Every statement is told of once, with its outcome, and no value is.
func TestStatementsAreToldOf(t *testing.T) {
	storetest.EachURL(t, func(t *testing.T, url func(testing.TB) string) {
		var seen told
		o := storetest.Options(url(t))
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		if err := store.NewMigrator(o).Up(ctx); err != nil {
			t.Fatal(err)
		}
		o.Tracing = seen.tracing()
		s, err := store.Open(ctx, o)
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		// The first transaction of a process asks for the newest ids before it begins.
		if err := s.Tx(ctx, func(context.Context, *store.Store) error { return nil }); err != nil {
			t.Fatal(err)
		}
		seen.forget()
		id := s.NewID()
		insert := func() error {
			return s.Tx(ctx, func(ctx context.Context, tx *store.Store) error {
				return tx.AddJobID(ctx, id, "probe", map[string]string{"word": "payloadword"})
			})
		}
		if err := insert(); err != nil {
			t.Fatal(err)
		}
		if err := insert(); err == nil {
			t.Fatal("the same id twice")
		}
		jobs, err := s.Jobs(ctx, "", 0, 1)
		if err != nil || len(jobs) != 1 || !strings.Contains(string(jobs[0].Payload), store.JobOrigin) || !strings.Contains(string(jobs[0].Payload), "payloadword") {
			t.Fatalf("%v %v", jobs, err)
		}
		if _, err := s.FeedPhotos(ctx, []*store.Post{{ID: 1}}, nil, false); err != nil { // a page, which SQLite reads past database/sql
			t.Fatal(err)
		}
		seen.mu.Lock()
		defer seen.mu.Unlock()
		var texts []string
		var outcomes []string
		for i, st := range seen.list {
			if strings.Contains(st.Text, "payloadword") || st.Node != "primary" || st.Reason != "" || seen.ends[i] == "open" || (st.Server == "") != (st.System == "sqlite") {
				t.Errorf("%+v: %q", st, seen.ends[i])
			}
			verb, _, _ := strings.Cut(st.Text, " ")
			texts = append(texts, verb)
			if seen.ends[i] != "" {
				outcomes = append(outcomes, seen.ends[i])
			}
		}
		want := "BEGIN INSERT COMMIT BEGIN INSERT ROLLBACK SELECT SELECT"
		if got := strings.Join(texts, " "); !strings.HasPrefix(got, want) {
			t.Errorf("got  %s\nwant %s", got, want)
		}
		if kind := strings.Join(outcomes, ","); kind != "sqlite 1555" && kind != "mysql 1062" {
			t.Errorf("the refusal is told as %q", kind)
		}
	})
}

func (s *told) forget() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.list, s.ends = nil, nil
}

// A read on the primary is told with its reason, one on a replica with the server.
func TestWhyThePrimaryIsTold(t *testing.T) { servertest.OnEachFlavour(t, testWhyThePrimaryIsTold) }

func testWhyThePrimaryIsTold(t *testing.T, f servertest.Flavour) {
	r := storetest.OnReplicas(t, f, 1)
	var seen told
	s := r.Open(t, func(o *store.Options) { o.Tracing = seen.tracing() })
	ctx, reads := s.StartReads(t.Context(), 0)
	defer reads.End()
	if _, err := s.FeedPhotos(ctx, []*store.Post{{ID: 1}}, nil, false); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Jobs(ctx, "", 0, 1); err != nil { // marked
		t.Fatal(err)
	}
	if err := s.Tx(ctx, func(ctx context.Context, tx *store.Store) error { return tx.SetSiteInfo(ctx, "a", "b") }); err != nil {
		t.Fatal(err)
	}
	if _, err := s.FeedPhotos(ctx, []*store.Post{{ID: 1}}, nil, false); err != nil {
		t.Fatal(err)
	}
	seen.mu.Lock()
	defer seen.mu.Unlock()
	var got []string
	for _, st := range seen.list {
		got = append(got, st.Node+":"+st.Reason)
		if (st.Node == "replica") != strings.Contains(st.Server, " ") {
			t.Errorf("%+v", st)
		}
	}
	all := strings.Join(got, " ")
	if !strings.HasPrefix(all, "replica: ") || !strings.Contains(all, "primary:marked") || !strings.HasSuffix(all, "primary:wrote") {
		t.Errorf("%s", all)
	}
}
