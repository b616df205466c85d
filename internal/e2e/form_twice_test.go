package e2e

import (
	"net/http"
	"regexp"
	"slices"
	"sync"
	"testing"

	"tintype/internal/servertest"
)

// Whoever presses a button twice makes one thing, also where both forms arrive at the same time. The same form with other words,
// which Back brings to the screen again, makes another thing.
func TestFormsSentTwiceMakeOneThing(t *testing.T) {
	site := start(t)
	ada := servertest.NewClient(t, site.URL).SignUp("ada")
	for _, c := range []struct {
		page, action, count string
		made                *regexp.Regexp
		form                []string
		other               []string
	}{
		{"/albums/new", "/albums", "/albums/yours", regexp.MustCompile(`href="(/albums/[0-9]+)"`),
			[]string{"title", "An outing", "visibility", "public", "adders", "owner", "ordering", "hand"}, []string{"title", "Another outing"}},
		{"/lists", "/lists", "/lists", regexp.MustCompile(`href="(/lists/[0-9]+)"`), []string{"title", "Friends"}, []string{"title", "Family"}},
		{"/settings/filters", "/settings/filters", "/settings/filters", regexp.MustCompile(`href="(/settings/filters/[0-9]+)"`),
			[]string{"title", "No fog", "words", "fog", "in_home", "on", "act", "hide", "ends", "0"}, []string{"title", "No rain"}},
	} {
		things := func() int {
			t.Helper()
			var list []string
			for _, m := range c.made.FindAllStringSubmatch(ada.Get(c.count).Want(http.StatusOK).Body, -1) {
				list = append(list, m[1])
			}
			slices.Sort(list)
			return len(slices.Compact(list))
		}
		form := append([]string{"idempotency_key", ada.Get(c.page).Want(http.StatusOK).Key()}, c.form...)
		var both sync.WaitGroup
		for range 2 {
			both.Go(func() { ada.Try(servertest.Form(c.action, form...)) })
		}
		both.Wait()
		ada.Post(c.action, form...).Want(http.StatusOK)
		if n := things(); n != 1 {
			t.Errorf("%s sent three times makes %d", c.action, n)
		}
		again := slices.Clone(form)
		again[3] = c.other[1]
		ada.Post(c.action, again...).Want(http.StatusOK)
		if n := things(); n != 2 {
			t.Errorf("%s with other words: there are %d", c.action, n)
		}
	}
}
