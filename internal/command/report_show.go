package command

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"tintype/internal/community"
	"tintype/internal/store"
)

type reportShow struct {
	Report int64 `arg:"" help:"The first column of the list."`
}

func (r reportShow) Run(c *call) error {
	return c.with(func(site *community.Community) error {
		filed, err := site.ReportByCommand(c, r.Report)
		if err != nil {
			return named("report", fmt.Sprint(r.Report), err)
		}
		sides, err := site.HistoriesOf(c, nil, filed)
		if err != nil {
			return err
		}
		w := tabwriter.NewWriter(c.env.Stdout, 0, 0, 2, ' ', 0)
		writeReport(w, site.BaseURL, filed, sides)
		return w.Flush()
	})
}

// writeReport writes what a moderator decides by, a line each. Photographs are looked at on the page.
func writeReport(w io.Writer, base string, r *community.FiledReport, sides community.Histories) {
	line := func(name, value string) {
		if value != "" {
			fmt.Fprintf(w, "%s\t%s\n", name, value)
		}
	}
	line("report", fmt.Sprint(r.ID))
	line("page", fmt.Sprintf("%s/admin/reports/%d", base, r.ID))
	line("filed", r.CreatedAt.Time().Format(time.RFC3339))
	state := r.State
	if r.ClosedAt != nil {
		by := "the command line"
		if r.ClosedBy != nil {
			by = nameOf(r.ClosedBy)
		}
		state = strings.TrimSpace(fmt.Sprintf("%s %s by %s, %s", r.State, r.Decision, by, r.ClosedAt.Time().Format(time.DateOnly)))
	}
	line("state", state)
	if r.AssignedTo != nil {
		line("looked at by", nameOf(r.AssignedTo))
	}
	line("category", r.Category)
	line("rules", strings.Join(community.RulesOf(&r.Report), " | "))
	line("the report says", oneLine(r.Comment))
	line("about", sideOf(r.Target, sides.Target))
	line("from", sideOf(r.Reporter, sides.Reporter))
	switch {
	case r.CommentID != nil && r.AnnouncementComment == nil:
		line("what", "a comment on an announcement, which is gone")
	case r.CommentID != nil:
		line("what", fmt.Sprintf("a comment on an announcement, %s/announcements/%d#c-%d", base, *r.AnnouncementID, *r.CommentID))
	case r.PostID != nil:
		line("what", whatPost(base, r))
	default:
		line("what", "the account")
	}
	line("reported words", oneLine(r.Excerpt))
	if r.OtherWords() {
		line("words now", oneLine(r.Post.Warning+" "+r.Post.Caption))
	}
}

// whatPost says where a reported post or comment is, and what of it is there.
func whatPost(base string, r *community.FiledReport) string {
	if r.Post == nil {
		return fmt.Sprintf("post %d, which is deleted", *r.PostID)
	}
	what := fmt.Sprintf("a %s, %s/posts/%d", r.Post.Kind, base, r.Post.ID)
	if n := len(r.Post.Photos); n > 0 {
		what += fmt.Sprintf(", photographs: %d", n)
	}
	if r.OtherPhotos {
		what += ", photographs changed since the report"
	}
	return what + ", " + string(r.Post.Visibility)
}

func sideOf(a *store.Account, f *store.MemberFacts) string {
	if a == nil || f == nil {
		return "somebody who is gone"
	}
	return fmt.Sprintf("%s (%s, since %s): reports about it %d, made %d, posts removed %d, warnings and more %d",
		nameOf(a), strings.Replace(memberState(a), "-", "active", 1), a.CreatedAt.Time().Format(time.DateOnly), f.ReportsAbout, f.ReportsMade, f.RemovedPosts, f.Warnings)
}
