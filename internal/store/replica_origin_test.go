package store_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"tintype/internal/servertest"
	"tintype/internal/store"
	"tintype/internal/store/storetest"
)

// A replica of another database looks well: its clock goes with the time as well. Who holds the clock tells.
func TestForeignReplicas(t *testing.T) {
	f := servertest.AnyFlavour(t)
	own, other := storetest.OnReplicas(t, f, 1), storetest.OnReplicas(t, f, 1)
	other.Open(t) // the other site, which raises its clock
	server := f.Server(t)
	bare := server.NewDatabase(t)
	address := func(url string) string {
		_, host, _ := strings.Cut(url, "@")
		host, _, _ = strings.Cut(host, "/")
		return host
	}
	for name, c := range map[string]struct {
		primary string
		replica string
		foreign bool
	}{
		"its own":                       {own.PrimaryURL, own.ReplicaURLs[0], false},
		"the primary itself":            {own.PrimaryURL, own.PrimaryURL, false},
		"another database's":            {own.PrimaryURL, other.ReplicaURLs[0], true},
		"another primary":               {own.PrimaryURL, other.PrimaryURL, true},
		"of an empty one, another's":    {bare, other.ReplicaURLs[0], true},
		"of an empty one, itself":       {bare, bare, false},
		"nobody answers at its address": {own.PrimaryURL, "mysql://u:p@127.0.0.1:1/x", false},
	} {
		t.Run(name, func(t *testing.T) {
			o := storetest.Options(c.primary)
			o.Replicas = func(context.Context) ([]string, error) { return []string{c.replica}, nil }
			s, err := store.Open(t.Context(), o)
			if err != nil {
				t.Fatal(err)
			}
			defer s.Close()
			foreign := func() bool {
				list, err := s.ForeignReplicas(t.Context())
				if err != nil {
					t.Fatal(err)
				}
				return slices.Equal(list, []string{address(c.replica)})
			}
			if c.foreign {
				storetest.Eventually(t, time.Minute, foreign) // while it is behind nobody can tell
				return
			}
			for range 3 {
				if foreign() {
					t.Error("it follows another database")
				}
			}
		})
	}
}
