package app

import (
	"strings"
	"testing"

	"tintype/internal/community"
	"tintype/internal/servertest"
	"tintype/internal/store"
)

// A moderator finds the way to remove somebody's post or comment on its page, says why there, and its author reads the words. Who
// is not above the author finds none.
func TestModeratorsRemoveByPage(t *testing.T) {
	r := newRoleSite(t)
	post := r.postObject("public", "Shoes for sale")
	comment := r.answers("POST", "/api/v1/statuses", "status", "And bags", "in_reply_to_id", post["id"])["id"].(string)
	for _, c := range []struct {
		role string
		sees bool
	}{{"other", false}, {"moderator", true}, {"admin", true}} {
		page := r.browsers[c.role].send("GET", "/@anna_1/"+post["id"]).Body.String()
		for _, id := range []string{post["id"], comment} {
			if got := strings.Contains(page, "/posts/"+id+"/delete"); got != c.sees {
				t.Errorf("%s is shown the way to remove %s: %v", c.role, id, got)
			}
		}
	}
	mod, anna := r.browsers["moderator"], r.browsers["anna"]
	if page := mod.send("GET", "/posts/"+comment+"/delete").Body.String(); !strings.Contains(page, `name="reason"`) || strings.Contains(page, `name="alike"`) {
		t.Error("the form about a comment", page)
	}
	if page := anna.send("GET", "/posts/"+post["id"]+"/delete").Body.String(); strings.Contains(page, `name="reason"`) {
		t.Error("the author is asked why")
	}
	path := "/posts/" + post["id"] + "/delete"
	if page := mod.send("GET", path).Body.String(); !strings.Contains(page, "@anna_1 wrote") || !strings.Contains(page, `name="alike" value="on">`) {
		t.Error("the form", page)
	}
	if w := mod.send("POST", path, "words", "No adverts.", "alike", "on"); w.Code != 422 || !strings.Contains(w.Body.String(), "No adverts.</textarea>") || !strings.Contains(w.Body.String(), `value="on" checked`) {
		t.Errorf("without a reason: %d %s", w.Code, w.Body)
	}
	if w := mod.send("POST", path, "words", "No adverts.", "reason", "an advert"); w.Code != 303 {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	if blocks, err := r.c.SiteBlocks(r.ctx, community.ByCommand(""), store.BlockPhoto, community.Cursor{}); err != nil || len(blocks) != 0 {
		t.Errorf("unasked, %d photographs are kept out: %v", len(blocks), err)
	}
	if page := anna.send("GET", "/notifications").Body.String(); !strings.Contains(page, "No adverts.") || strings.Contains(page, "moderator_1") {
		t.Error("the author is told", page)
	}
	if page := anna.send("GET", "/settings/decisions").Body.String(); !strings.Contains(page, "No adverts.") {
		t.Error("the author finds the decision", page)
	}

	// Who decides about the answer sees the photographs.
	decisions, err := r.c.OwnDecisions(r.ctx, r.accounts["anna"])
	r.must(err)
	r.must(r.c.AppealDecision(r.ctx, r.accounts["anna"], decisions[0].ID, "They are a friend's."))
	servertest.Eventually(t, "the photographs that are kept", func() bool {
		page := mod.send("GET", "/admin/appeals/"+idOf(decisions[0].ID)).Body.String()
		return strings.Contains(page, "Photographs of the deleted post") && strings.Contains(page, "/media/")
	})

	// Not of somebody of the same role.
	r.must(r.c.Store.SetRole(r.ctx, r.accounts["anna"].ID, store.RoleModerator))
	post = r.postObject("public", "Words of a moderator")
	if page := mod.send("GET", "/@anna_1/"+post["id"]); page.Code != 200 || strings.Contains(page.Body.String(), "/posts/"+post["id"]+"/delete") {
		t.Errorf("of a moderator: %d, or the way is shown", page.Code)
	}
	for _, method := range []string{"GET", "POST"} {
		if w := mod.send(method, "/posts/"+post["id"]+"/delete", "reason", "no"); w.Code != 403 {
			t.Errorf("%s of a moderator's: %d", method, w.Code)
		}
	}
	if code, _, stderr := r.command(t, "post", "remove", post["id"]); code == 0 || !strings.Contains(stderr, "--yes") {
		t.Error(code, stderr)
	}
	if code, out, stderr := r.command(t, "post", "remove", post["id"], "--yes", "--words", "So we agreed."); code != 0 || !strings.Contains(out, "by @anna_1 is removed") {
		t.Error(code, out, stderr)
	}
}

// A report about a comment on an announcement leads to the comment, and removes it. Moderators also remove it where they meet it.
func TestCommentsOnAnnouncementsAreRemoved(t *testing.T) {
	r := newRoleSite(t)
	mod, anna := r.browsers["moderator"], r.browsers["anna"]
	walk, err := r.c.Announce(r.ctx, community.ByCommand(""), community.NewAnnouncement{Text: "We walk."})
	r.must(err)
	say := func(text string) (path string, id int64) {
		t.Helper()
		id, err := r.c.CommentOnAnnouncement(r.ctx, r.accounts["anna"], walk.ID, text, "")
		r.must(err)
		return "/announcements/" + idOf(walk.ID) + "/comments/" + idOf(id), id
	}
	path, _ := say("Shoes for sale")
	page := "/announcements/" + idOf(walk.ID)
	if body := mod.send("GET", page).Body.String(); !strings.Contains(body, `href="`+path+`/remove"`) {
		t.Error("the moderator is shown no way", body)
	}
	if body := r.browsers["other"].send("GET", page).Body.String(); strings.Contains(body, path+"/remove") {
		t.Error("another member is shown the way")
	}
	if body := mod.send("GET", path+"/remove").Body.String(); !strings.Contains(body, `name="reason"`) || !strings.Contains(body, "Shoes for sale") {
		t.Error("the form", body)
	}
	if w := mod.send("POST", path+"/remove", "words", "No adverts."); w.Code != 422 || !strings.Contains(w.Body.String(), "No adverts.</textarea>") {
		t.Errorf("without a reason: %d", w.Code)
	}
	if w := mod.send("POST", path+"/remove", "words", "No adverts.", "reason", "spam"); w.Code != 303 {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	if body := anna.send("GET", "/notifications").Body.String(); !strings.Contains(body, "No adverts.") {
		t.Error("anna is told", body)
	}

	path, id := say("Bags for sale")
	if w := r.browsers["other"].send("POST", path+"/report", "reason", "spam"); w.Code != 303 {
		t.Fatalf("report: %d %s", w.Code, w.Body)
	}
	_, rest, _ := strings.Cut(mod.send("GET", "/admin/reports").Body.String(), `href="/admin/reports/`)
	report, _, _ := strings.Cut(rest, `"`)
	body := mod.send("GET", "/admin/reports/"+report).Body.String()
	for _, want := range []string{"Bags for sale", page + "?after=" + idOf(id-1) + "#c-" + idOf(id), "Remove the comment"} {
		if !strings.Contains(body, want) {
			t.Errorf("no %q on the report's page: %s", want, body)
		}
	}
	if w := mod.send("POST", "/admin/reports/"+report+"/decide", "decision", "remove", "words", "Nor bags."); w.Code != 303 {
		t.Errorf("decide: %d %s", w.Code, w.Body)
	}
	if body := anna.send("GET", page).Body.String(); strings.Contains(body, "Bags for sale") {
		t.Error("it is still there")
	}
	if body := mod.send("GET", "/admin/reports/"+report).Body.String(); !strings.Contains(body, "Bags for sale") {
		t.Error("the report forgot the words")
	}
}

func (r *roleSite) command(t *testing.T, args ...string) (code int, out, stderr string) {
	t.Helper()
	return runCommand([]string{"DATA_DIR=" + r.cfg.DataDir}, args...)
}
