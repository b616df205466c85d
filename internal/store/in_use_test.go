package store_test

import (
	"context"
	"errors"
	"net/url"
	"strings"
	"testing"
	"time"

	"tintype/internal/servertest"
	"tintype/internal/store"
	"tintype/internal/store/storetest"
)

// Nobody takes back the schema under a site that runs, unless told to.
func TestDownAsksWhoIsThere(t *testing.T) {
	storetest.EachURL(t, func(t *testing.T, newURL func(testing.TB) string) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		o := storetest.Options(newURL(t))
		m := store.NewMigrator(o)
		if err := m.Up(ctx); err != nil {
			t.Fatal(err)
		}
		version := func() uint {
			t.Helper()
			st, err := m.State(ctx)
			if err != nil {
				t.Fatal(err)
			}
			return st.Version
		}
		full := version()
		site, err := store.Open(ctx, o)
		if err != nil {
			t.Fatal(err)
		}
		if err := site.Ping(ctx); err != nil {
			t.Fatal(err)
		}
		var inUse *store.InUseError
		if err := m.Down(ctx, 1, false); !errors.As(err, &inUse) || len(inUse.Who) != 1 || !strings.Contains(err.Error(), "stop the site") {
			t.Errorf("under a site that runs: %v", err)
		}
		if v := version(); v != full {
			t.Errorf("it is at version %d of %d", v, full)
		}
		if err := m.Down(ctx, 1, true); err != nil {
			t.Fatal(err)
		}
		if err := site.Close(); err != nil {
			t.Fatal(err)
		}
		if err := m.Down(ctx, 1, false); err != nil {
			t.Errorf("with nobody there: %v", err)
		}
		if v := version(); migrationsAfter(t, int(v)) != 2 {
			t.Errorf("it is at version %d of %d, want two below", v, full)
		}
	})
}

// The schema's owner sees none of the connections of the site's user. The site's processes say themselves that they are
// there, until they stop or have been silent for a while.
func TestDownAsTheSchemasOwner(t *testing.T) {
	for _, f := range servertest.Flavours {
		t.Run(f.String(), func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			raw := placeURL(t, f.String())
			storetest.MySQL(t, raw)
			users := setUp(t, f, raw)
			m := store.NewMigrator(storetest.Options(users[0].URL))
			app, err := store.Open(ctx, storetest.Options(users[1].URL))
			if err != nil {
				t.Fatal(err)
			}
			defer app.Close()
			row := store.InstanceRow{ID: 1, Host: "web-1, process 17", Program: "1.0", Roles: "web", EveryMs: time.Hour.Milliseconds(), Facts: "{}", Parts: "{}"}
			save := func() {
				t.Helper()
				if err := app.SaveInstance(ctx, row); err != nil {
					t.Fatal(err)
				}
			}
			save()
			var inUse *store.InUseError
			if err := m.Down(ctx, 1, false); !errors.As(err, &inUse) || !strings.Contains(err.Error(), "in use by web-1, process 17 (web): stop") {
				t.Errorf("under a site that runs: %v", err)
			}
			row.EveryMs = 1 // as one that was killed and wrote no more
			save()
			if err := m.Down(ctx, 1, false); err != nil {
				t.Errorf("after a process that is silent: %v", err)
			}
		})
	}
}

// setUp makes the users that a site on the database has: the schema's owner, the site's and the reader.
func setUp(t *testing.T, f servertest.Flavour, raw string) []store.SetupUser {
	t.Helper()
	as, err := url.Parse(raw)
	if err != nil {
		t.Fatal(err)
	}
	name, server := strings.Trim(as.Path, "/"), f.Server(t)
	grantee := "'" + as.User.Username() + "'@'127.0.0.1'"
	if err := server.Exec("GRANT CREATE USER ON *.* TO "+grantee, "GRANT SELECT ON mysql.* TO "+grantee, "GRANT ALL ON "+name+".* TO "+grantee+" WITH GRANT OPTION"); err != nil {
		t.Fatal(err)
	}
	users, err := store.SetupDatabase(t.Context(), store.SetupOptions{URL: func(context.Context) (string, error) { return raw, nil }, From: "127.0.0.1"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		for _, u := range users {
			if err := server.Exec("DROP USER '" + u.Name + "'@'127.0.0.1'"); err != nil {
				t.Error(err)
			}
		}
	})
	return users
}
