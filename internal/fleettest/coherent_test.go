package fleettest

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"tintype/internal/servertest"
	"tintype/internal/store/storetest"
)

// counted gives instances that are not running yet an address for their metrics.
func counted(t *testing.T, list []*servertest.Instance) func(i *servertest.Instance, name string) int {
	t.Helper()
	at := map[*servertest.Instance]string{}
	for _, i := range list {
		at[i] = fmt.Sprintf("127.0.0.1:%d", servertest.FreePort(t))
		i.Set("METRICS_ADDR=" + at[i])
	}
	return func(i *servertest.Instance, name string) int {
		t.Helper()
		got, err := visitor(t).try(&servertest.Instance{URL: "http://" + at[i]}, http.MethodGet, "/metrics", "", nil)
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(got.body) {
			if value, ok := strings.CutPrefix(line, "tintype_"+name+" "); ok {
				n, err := strconv.ParseFloat(strings.TrimSpace(value), 64)
				if err != nil {
					t.Fatal(err)
				}
				return int(n)
			}
		}
		t.Fatalf("no metric %s", name)
		return 0
	}
}

// R27: what one process changes, all others show, to visitors and members, in pages and to clients: with Redis, with
// Redis hung, and without.
func TestChangesShowEverywhere(t *testing.T) {
	redis := servertest.Redis(t)
	site := prepare(t, 3, "DATABASE_URL="+servertest.MariaDB(t).NewDatabase(t), "CACHE_URL="+redis.URL(), "SIGNUP_LIMIT=1000/1h")
	metric := counted(t, site)
	a, b, worker := site[0], site[1], site[2]
	a.Set("ROLES=web")
	b.Set("ROLES=web")
	worker.Set("ROLES=worker")
	for _, i := range site {
		i.Start()
	}
	ada, cat := clientOf(t, a, "ada"), clientOf(t, a, "cat")
	bob := browserOf(t, b, "bob")
	root := ada.postPhoto(a, "the first words")
	post, profile := "/@ada/"+root.ID, "/@ada"
	nobody := visitor(t)
	var mine struct {
		ID string `json:"id"`
	}
	ada.into(&mine, ada.get(a, "/api/v1/accounts/verify_credentials"))

	// A view is one way to look at B.
	type view struct {
		who  *person
		path string
	}
	pages := func(path string) []view { return []view{{nobody, path}, {bob, path}} }
	clients := func(path string) []view { return []view{{nobody, path}, {cat, path}} }
	var took []time.Duration
	// shows does something, and waits until B shows what do returns, or where it begins with "no ", no longer shows it.
	shows := func(what string, views []view, do func() []string) {
		t.Helper()
		for try := 1; ; try++ {
			for _, v := range views { // such as are kept are kept now
				v.who.get(b, v.path)
				v.who.get(b, v.path)
			}
			remade := metric(b, `visitor_pages_total{outcome="remade"}`)
			texts := do()
			began := time.Now()
			took = append(took, 0)
			for _, v := range views {
				storetest.Eventually(t, time.Minute, func() bool {
					got := v.who.get(b, v.path)
					return !slices.ContainsFunc(texts, func(text string) bool {
						gone, absent := strings.CutPrefix(text, "no ")
						return absent == strings.Contains(got.body, gone) // there and not to be, or the other way round
					})
				})
				took[len(took)-1] = time.Since(began)
			}
			// B has committed nothing: it was told of the change. On a busy machine the page may have been too old already.
			if strings.HasPrefix(views[0].path, "/api/") || metric(b, `visitor_pages_total{outcome="remade"}`) > remade {
				return
			}
			if try == 3 {
				t.Fatalf("%s: B showed it when its page was too old, and heard nothing", what)
			}
			t.Logf("%s: again", what)
		}
	}
	round, follows := 0, 0
	everything := func(state string) {
		t.Helper()
		took = nil
		rename := func() []string {
			round++
			got, err := ada.try(a, http.MethodPatch, "/api/v1/accounts/update_credentials", "application/x-www-form-urlencoded", strings.NewReader(fmt.Sprintf("display_name=Ada+%d.", round)))
			if err != nil || got.status != http.StatusOK {
				t.Fatalf("rename: %v %d %s", err, got.status, got.body)
			}
			return []string{fmt.Sprintf("Ada %d.", round), fmt.Sprintf("no Ada %d.", round-1)}
		}
		for _, views := range [][]view{pages(profile), pages(post), pages("/explore"), clients("/api/v1/timelines/public"), clients("/api/v1/accounts/" + mine.ID), clients("/api/v1/statuses/" + root.ID)} {
			shows(state+": a name on "+views[0].path, views, rename)
		}
		shows(state+": a new post", pages(profile), func() []string { return []string{ada.postPhoto(a, "news").ID} })
		shows(state+": a comment", pages(post), func() []string {
			round++
			said := fmt.Sprintf("said in round %d.", round)
			cat.into(&status{}, cat.form(a, "/api/v1/statuses", "status", said, "in_reply_to_id", root.ID))
			return []string{said}
		})
		shows(state+": a follower", []view{{nobody, profile}}, func() []string {
			follows++
			act := []string{"unfollow", "follow"}[follows%2]
			cat.into(&struct{}{}, cat.form(a, "/api/v1/accounts/"+mine.ID+"/"+act))
			return []string{fmt.Sprintf(">%d</b> follower", follows%2)}
		})
		shows(state+": a deletion", pages(profile), func() []string {
			made := ada.postPhoto(a, "soon gone")
			storetest.Eventually(t, time.Minute, func() bool { return strings.Contains(nobody.get(b, profile).body, made.ID) })
			if got, err := ada.try(a, http.MethodDelete, "/api/v1/statuses/"+made.ID, "", nil); err != nil || got.status != http.StatusOK {
				t.Fatalf("delete: %v %d %s", err, got.status, got.body)
			}
			return []string{"no " + made.ID}
		})
		slices.Sort(took)
		t.Logf("%s: shown on B within %s in the median, %s at most, of %d", state, took[len(took)/2].Round(time.Millisecond), took[len(took)-1].Round(time.Millisecond), len(took))
	}
	everything("with Redis")
	redis.Hang()
	everything("with Redis hung")
	redis.Resume()
	redis.Kill()
	everything("without Redis")
}
