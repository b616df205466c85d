package store_test

import (
	"errors"
	"net/url"
	"slices"
	"strings"
	"testing"

	"tintype/internal/servertest"
	"tintype/internal/store"
)

// TestALostDefiner drops the user who has made a move's triggers. Each write is refused as one that the site cannot do for
// the moment, and who may see it is told the user's name.
func TestALostDefiner(t *testing.T) {
	for _, f := range servertest.Flavours {
		t.Run(f.String(), func(t *testing.T) {
			ctx := testContext(t)
			s := newSite(t, f.String())
			setUp(t, f, s.url) // which lets the test's user see the server's users
			if err := errors.Join(s.place.MakeGate(ctx), s.place.MakeTriggers(ctx)); err != nil {
				t.Fatal(err)
			}
			if lost, err := s.LostDefiners(ctx); len(lost) != 0 || err != nil {
				t.Errorf("lost: %v, %v", lost, err)
			}
			server := f.Server(t)
			as, err := url.Parse(s.url)
			if err != nil {
				t.Fatal(err)
			}
			if err := server.Exec("CREATE USER 'gone'@'127.0.0.1' IDENTIFIED BY 'secret'", "GRANT ALL ON "+strings.Trim(as.Path, "/")+".* TO 'gone'@'127.0.0.1'"); err != nil {
				t.Fatal(err)
			}
			as.User = url.UserPassword("gone", "secret")
			gone := openPlace(t, as.String())
			if err := errors.Join(s.place.Strip(ctx), gone.MakeGate(ctx), gone.MakeTriggers(ctx), server.Exec("DROP USER 'gone'@'127.0.0.1'")); err != nil {
				t.Fatal(err)
			}
			err = s.SetSiteInfo(ctx, "a", "b")
			if !errors.Is(err, store.ErrDefiner) || !errors.Is(err, store.ErrBusy) {
				t.Errorf("a write: %v", err)
			}
			for name, list := range map[string]func() ([]string, error){"the site": func() ([]string, error) { return s.LostDefiners(ctx) }, "the place": func() ([]string, error) { return s.place.LostDefiners(ctx) }} {
				if lost, err := list(); !slices.Equal(lost, []string{"gone@127.0.0.1"}) || err != nil {
					t.Errorf("%s: lost are %v, %v", name, lost, err)
				}
			}
			if err := s.place.Strip(ctx); err != nil {
				t.Fatal(err)
			}
			if err := s.SetSiteInfo(ctx, "a", "b"); err != nil {
				t.Error(err)
			}
		})
	}
}
