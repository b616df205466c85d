package app

import (
	"bytes"
	"mime/multipart"
	"regexp"
	"slices"
	"strings"
	"testing"

	"tintype/internal/community"
	"tintype/internal/phototest"
	"tintype/internal/servertest"
)

// The page of a report about an account shows the pictures that it had then, to those who read reports: also once they are
// replaced, or the account is suspended.
func TestAReportShowsThePicturesOfThen(t *testing.T) {
	r := newRoleSite(t)
	seed := int64(0)
	picture := func(field string) {
		t.Helper()
		seed++
		var body bytes.Buffer
		m := multipart.NewWriter(&body)
		f, err := m.CreateFormFile(field, "a.jpg")
		r.must(err)
		_, err = f.Write(phototest.JPEG(phototest.Options{Width: 600, Height: 400, Seed: seed}))
		r.must(err)
		r.must(m.Close())
		if w := r.asks("anna", "PATCH", "/api/v1/accounts/update_credentials", body.String(), m.FormDataContentType()); w.Code != 200 {
			t.Fatal(w.Code, w.Body)
		}
	}
	picture("avatar")
	picture("header")
	anna, err := r.c.Store.AccountByID(r.ctx, r.accounts["anna"].ID)
	r.must(err)
	filed, err := r.c.Report(r.ctx, r.accounts["other"], community.Report{TargetID: anna.ID, Comment: "Look at that."})
	r.must(err)
	path := "/admin/reports/" + idOf(filed.ID)
	address := regexp.MustCompile(`<img[^>]* src="(/media/[^"]+)"`)
	// shown are the addresses of the pictures, each of which the moderator gets.
	shown := func() (addresses []string, changed bool) {
		t.Helper()
		page := r.browsers["moderator"].send("GET", path).Body.String()
		_, part, found := strings.Cut(page, "Their pictures when they were reported")
		if !found {
			return nil, false
		}
		part, _, _ = strings.Cut(part, "</ul>")
		for _, m := range address.FindAllStringSubmatch(part, -1) {
			to := strings.ReplaceAll(m[1], "&amp;", "&")
			addresses = append(addresses, to)
			if w := r.browsers["moderator"].send("GET", to); w.Code != 200 {
				t.Errorf("the moderator gets %d for %s", w.Code, to)
			}
		}
		return addresses, strings.Contains(part, "They were changed since.")
	}
	before, changed := shown()
	if len(before) != 2 || changed {
		t.Fatalf("%v, changed %v", before, changed)
	}
	picture("avatar")
	if now, changed := shown(); !slices.Equal(now, before) || !changed {
		t.Errorf("replaced: %v, changed %v, want %v", now, changed, before)
	}
	for _, remove := range []community.ProfileChange{{RemoveAvatar: true}, {RemoveHeader: true}} {
		_, err = r.c.UpdateProfile(r.ctx, anna, remove)
		r.must(err)
	}
	var kept []string
	servertest.Eventually(t, "both pictures under names that nobody knows", func() bool {
		kept, changed = shown()
		return len(kept) == 2 && changed && !slices.ContainsFunc(kept, func(to string) bool { return !strings.Contains(to, "/priv/") })
	})
	for _, to := range append(before, kept...) {
		for _, role := range []string{"anna", "other", "visitor"} {
			if w := r.asks(role, "GET", to, "", ""); w.Code == 200 {
				t.Errorf("%s gets %s", role, to)
			}
		}
	}
	picture("avatar")
	again, err := r.c.Report(r.ctx, r.accounts["other"], community.Report{TargetID: anna.ID, Comment: "And at that."})
	r.must(err)
	_, err = r.c.SuspendMember(r.ctx, community.ByCommand(""), anna.Username, community.Sanction{})
	r.must(err)
	if now, _ := shown(); len(now) != 2 {
		t.Errorf("of a suspended member: %v", now)
	}
	path = "/admin/reports/" + idOf(again.ID)
	if now, changed := shown(); len(now) != 1 || changed {
		t.Errorf("the picture that a suspended member has: %v, changed %v", now, changed)
	}
}
