package community

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"tintype/internal/store"
)

const (
	maxReportComment = 1000 // characters
	maxExcerpt       = 1000
	maxReportAdmins  = 100    // how many moderators and administrators are told
	maxReportsClosed = 10_000 // about one post, at once
	maxRule          = 500
)

// Report is a complaint about an account, or about one of its posts or comments.
type Report struct {
	TargetID int64 // 0: the post's author
	PostID   int64 // 0: the account itself
	// CommentID is a comment on an announcement.
	CommentID int64    `json:",omitempty"`
	Category  string   // one of ReportCategories, or "" where the comment begins with the reason
	Rules     []string // the site's rules that it breaks, in their words
	Comment   string
	// IdempotencyKey is the key of the form: sent twice, it makes one report.
	IdempotencyKey string `json:"-"`
}

// ReportCategories are what a report may say of itself in one word.
var ReportCategories = []string{"spam", "legal", "violation", "other"}

// FiledReport is a report as a moderator reads it. Deleted accounts are nil, and so is a post that is gone. Its Excerpt is
// kept.
type FiledReport struct {
	store.Report
	Reporter, Target, ClosedBy, AssignedTo *store.Account
	Post                                   *Post
	// OtherPhotos is of a Post into which photos came after the report, or out of which they were taken.
	OtherPhotos bool
	// Hidden is of a Post that the moderator would not find: it is shown because it was reported.
	Hidden bool
	// AnnouncementComment is what the report is about where that is one, nil where it is gone.
	AnnouncementComment *store.AnnouncementComment
}

// OtherWords reports whether the post has other words now than were reported.
func (r *FiledReport) OtherWords() bool {
	return r.Post != nil && r.Excerpt != "" && r.Excerpt != excerpt(r.Post.Warning, r.Post.Caption)
}

// MaxReported is how many posts one complaint names at most.
const MaxReported = 20

// Report files a complaint and notifies those who read reports. It stores the reported words, which may be edited or
// deleted later. It returns ErrNotFound where acc cannot see what it reports, except for accounts that acc blocked
// itself, and *TooMany past the limit.
func (c *Community) Report(ctx context.Context, acc *store.Account, r Report) (*store.Report, error) {
	filed, err := c.readReport(ctx, acc, r)
	if err != nil {
		return nil, err
	}
	key, err := formKey(acc, "report", r.IdempotencyKey, r)
	if err != nil {
		return nil, err
	}
	first, err := c.once(ctx, key, func() error { return c.fileReports(ctx, acc, []*store.Report{filed}, key) })
	if err != nil {
		return nil, fromStore(err)
	}
	if first != 0 {
		filed.ID = first
	}
	return filed, nil
}

// ReportPosts is Report about several posts or comments of one account, of which the caller takes MaxReported at most. Each is a report of its own, so that
// moderators decide about each; they are told once. All are filed or none.
func (c *Community) ReportPosts(ctx context.Context, acc *store.Account, r Report, postIDs []int64) ([]*store.Report, error) {
	filed := make([]*store.Report, len(postIDs))
	for i, id := range postIDs {
		r.PostID = id
		var err error
		if filed[i], err = c.readReport(ctx, acc, r); err != nil {
			return nil, err
		}
	}
	return filed, fromStore(c.fileReports(ctx, acc, filed, nil))
}

// readReport checks a complaint, and returns what is to be filed.
func (c *Community) readReport(ctx context.Context, acc *store.Account, r Report) (*store.Report, error) {
	if acc == nil {
		return nil, ErrUnauthenticated
	}
	ctx = store.Primary(ctx)
	filed := store.Report{ReporterID: &acc.ID, TargetID: r.TargetID, Category: r.Category, Comment: tidy(r.Comment), State: store.ReportOpen}
	var more []string
	filed.Rule, more = joinRules(r.Rules)
	filed.Comment = strings.TrimSpace(filed.Comment + "\n" + strings.Join(more, "\n"))
	if r.PostID != 0 {
		post, err := c.Store.PostByID(ctx, acc, r.PostID)
		if err != nil {
			return nil, fromStore(err)
		}
		if r.TargetID != 0 && post.AuthorID != r.TargetID {
			return nil, ErrNotFound
		}
		filed.TargetID, filed.PostID = post.AuthorID, &post.ID
		filed.Excerpt = excerpt(post.Warning, post.Caption)
	}
	if r.CommentID != 0 {
		comment, err := c.AnnouncementCommentByID(ctx, acc, r.CommentID)
		if err != nil {
			return nil, err
		}
		filed.TargetID, filed.Excerpt = comment.AccountID, excerpt(comment.Text)
		filed.AnnouncementID, filed.CommentID = &comment.AnnouncementID, &comment.ID
	}
	target, err := c.reportable(ctx, acc, filed.TargetID)
	if err != nil {
		return nil, err
	}
	var wrong Invalid
	if target.ID == acc.ID {
		wrong.add("", "self", "You cannot report yourself.")
	}
	if r.Category != "" && !slices.Contains(ReportCategories, r.Category) {
		wrong.add("category", "invalid", "The category must be one of %s.", strings.Join(ReportCategories, ", "))
	}
	if n := utf8.RuneCountInString(filed.Comment); n > maxReportComment {
		wrong.add("comment", "too_long", "The report has %d characters; the limit is %d.", n, maxReportComment)
	}
	if err := wrong.err(); err != nil {
		return nil, err
	}
	return &filed, nil
}

// joinRules puts rules one on a line, as many as there is room for, and returns the others.
func joinRules(rules []string) (joined string, others []string) {
	for _, r := range rules {
		r = clipRunes(oneLine(r), maxRule)
		if more := strings.TrimPrefix(joined+"\n"+r, "\n"); utf8.RuneCountInString(more) <= maxRule {
			joined = more
		} else {
			others = append(others, r)
		}
	}
	return joined, others
}

// RulesOf are the rules that a report says were broken, in the words that they had then.
func RulesOf(r *store.Report) []string {
	if r.Rule == "" {
		return nil
	}
	return strings.Split(r.Rule, "\n")
}

func (c *Community) fileReports(ctx context.Context, acc *store.Account, filed []*store.Report, key *store.IdempotencyKey) error {
	ctx = store.Primary(ctx)
	// One about many posts counts as one: else it might use the limit up, and be refused for that.
	if err := c.Allow(ctx, fmt.Sprintf("report:%d", acc.ID), c.Site(ctx).ReportLimit); err != nil {
		return err
	}
	_, err := c.Store.TxOnce(ctx, "reports", func(ctx context.Context, tx *store.Store, id int64) error {
		for _, r := range filed {
			if err := readProfileNow(ctx, tx, r); err != nil {
				return err
			}
		}
		if err := takeKey(ctx, tx, key, id); err != nil {
			return err
		}
		var about []int64
		for _, r := range filed {
			if r.PostID != nil {
				about = append(about, *r.PostID)
			}
		}
		slices.Sort(about)
		for _, id := range about { // so that an edit is before the report, or keeps what it takes out
			if _, err := tx.LockPost(ctx, id); err != nil {
				return err
			}
		}
		for i, r := range filed {
			r.ID, r.CreatedAt = 0, store.ToMillis(store.IDTime(id))
			if i == 0 {
				r.ID = id
			}
			var err error
			if r.ID, err = tx.AddReport(ctx, *r); err != nil {
				return err
			}
		}
		// Who is reported does not hear by whom.
		n := store.Notification{Kind: store.NotifyReport, FromID: acc.ID, RefID: &id, CreatedAt: filed[0].CreatedAt}
		return c.tellModerators(ctx, tx, ReadReports, n, acc.ID, filed[0].TargetID)
	})
	return err
}

// readProfileNow has a report about an account keep its profile as it is under the account's lock: a picture that its member replaces
// or removes at that moment is in the report before, or not at all.
// It comes first in its transaction, as LockAccounts does.
func readProfileNow(ctx context.Context, tx *store.Store, r *store.Report) error {
	if r.PostID != nil || r.CommentID != nil {
		return nil
	}
	locked, err := tx.LockAccounts(ctx, *r.ReporterID, r.TargetID)
	if err != nil {
		return err
	}
	target := locked[r.TargetID]
	if target == nil || !target.Active() {
		return ErrNotFound
	}
	r.Excerpt = excerpt(target.DisplayName, target.Note)
	r.AvatarPhotoID, r.HeaderPhotoID = target.AvatarPhotoID, target.HeaderPhotoID
	return nil
}

// reportable finds an account that acc may report: one it sees, or one it has blocked itself.
func (c *Community) reportable(ctx context.Context, acc *store.Account, id int64) (*store.Account, error) {
	target, err := c.Store.AccountByID(ctx, id)
	if err != nil {
		return nil, fromStore(err)
	}
	if !target.Active() {
		return nil, ErrNotFound
	}
	rels, err := c.Store.Relationships(ctx, acc.ID, []int64{id})
	if err != nil {
		return nil, fromStore(err)
	}
	if rels[0].BlockedBy {
		return nil, ErrNotFound
	}
	return target, nil
}

// excerpt joins what is not empty and keeps its beginning.
func excerpt(parts ...string) string {
	var kept []string
	for _, p := range parts {
		if p = strings.TrimSpace(p); p != "" {
			kept = append(kept, p)
		}
	}
	runes := []rune(strings.Join(kept, "\n\n"))
	if len(runes) > maxExcerpt {
		return string(runes[:maxExcerpt-1]) + "…"
	}
	return string(runes)
}

// hiddenFrom is the account whose reports others decide about: nobody reads by whom they were reported, but for an owner,
// whom nobody stands above.
func hiddenFrom(admin *store.Account) int64 {
	if admin.Role == store.RoleOwner {
		return 0
	}
	return admin.ID
}

// Reports lists reports, newest first: store.ReportOpen, store.ReportClosed or "" for all. For those who may
// read reports, else ErrForbidden.
func (c *Community) Reports(ctx context.Context, admin *store.Account, state string, p Cursor) ([]*FiledReport, error) {
	if err := authorize(admin, ReadReports); err != nil {
		return nil, err
	}
	rows, err := c.Store.Reports(ctx, state, hiddenFrom(admin), p.span(defaultAccounts, maxAccounts))
	if err != nil {
		return nil, fromStore(err)
	}
	return c.loadReports(ctx, admin, rows)
}

// ReportByID is one report. For those who may read reports, else ErrForbidden.
func (c *Community) ReportByID(ctx context.Context, admin *store.Account, id int64) (*FiledReport, error) {
	if err := authorize(admin, ReadReports); err != nil {
		return nil, err
	}
	row, err := c.Store.ReportByID(ctx, id)
	if err != nil {
		return nil, fromStore(err)
	}
	if row.TargetID == hiddenFrom(admin) {
		return nil, ErrForbidden
	}
	list, err := c.loadReports(ctx, admin, []store.Report{*row})
	if err != nil {
		return nil, err
	}
	return list[0], nil
}

// OpenReports counts the reports that wait about those below the reader, up to MaxUnread. For those who may read reports, else ErrForbidden.
func (c *Community) OpenReports(ctx context.Context, admin *store.Account) (int, error) {
	if err := authorize(admin, ReadReports); err != nil {
		return 0, err
	}
	n, err := c.Store.OpenReports(ctx, decidesAbout(admin), MaxUnread)
	return n, fromStore(err)
}

// Waiting is what waits for the decision of one who reads reports, up to MaxUnread of each, and what it finds and others decide.
type Waiting struct {
	Reports, Appeals             int
	OthersReports, OthersAppeals int
}

// WaitingFor counts it. For those who may read reports, else ErrForbidden.
func (c *Community) WaitingFor(ctx context.Context, admin *store.Account) (w Waiting, err error) {
	if err := authorize(admin, ReadReports); err != nil {
		return w, err
	}
	others := othersDecideAbout(admin)
	for _, n := range []struct {
		count        func(context.Context, store.Above, int) (int, error)
		mine, others *int
	}{{c.Store.OpenReports, &w.Reports, &w.OthersReports}, {c.Store.CountAppeals, &w.Appeals, &w.OthersAppeals}} {
		if *n.mine, err = n.count(ctx, decidesAbout(admin), MaxUnread); err != nil {
			return w, fromStore(err)
		}
		if *n.others, err = n.count(ctx, others, MaxUnread); err != nil {
			return w, fromStore(err)
		}
	}
	return w, nil
}

func (c *Community) loadReports(ctx context.Context, admin *store.Account, rows []store.Report) ([]*FiledReport, error) {
	var people, about, comments idSet
	for _, r := range rows {
		people.add(r.TargetID)
		for _, id := range []*int64{r.ReporterID, r.ClosedByID, r.AssignedToID} {
			if id != nil {
				people.add(*id)
			}
		}
		if r.PostID != nil {
			about.add(*r.PostID)
		}
		if r.CommentID != nil {
			comments.add(*r.CommentID)
		}
	}
	accounts, err := c.accountsWithPhotos(ctx, people.ids)
	if err != nil {
		return nil, err
	}
	for id, a := range accounts {
		if a.DeletedAt != nil {
			delete(accounts, id)
		}
	}
	posts, err := c.postsOf(ctx, admin, filterNowhere, about.ids)
	if err != nil {
		return nil, err
	}
	hidden, err := c.hiddenPosts(ctx, admin, rows, posts)
	if err != nil {
		return nil, err
	}
	var commented []store.AnnouncementComment
	if admin == nil || May(admin, ReadReports) {
		if commented, err = c.Store.AnnouncementCommentsByID(ctx, comments.ids); err != nil {
			return nil, fromStore(err)
		}
	}
	var edited []int64
	for _, r := range rows {
		if r.PostID != nil {
			if p := cmp.Or(posts[*r.PostID], hidden[r.ID]); p != nil && p.EditedAt != nil {
				edited = append(edited, r.ID)
			}
		}
	}
	other, err := c.Store.ReportsBeforePhotos(ctx, edited)
	if err != nil {
		return nil, fromStore(err)
	}
	of := func(id *int64) *store.Account {
		if id == nil {
			return nil
		}
		return accounts[*id]
	}
	list := make([]*FiledReport, len(rows))
	for i, r := range rows {
		list[i] = &FiledReport{Report: r, Reporter: of(r.ReporterID), Target: of(&r.TargetID), ClosedBy: of(r.ClosedByID), AssignedTo: of(r.AssignedToID)}
		if r.PostID != nil {
			if list[i].Post = posts[*r.PostID]; list[i].Post == nil {
				list[i].Post = hidden[r.ID]
				list[i].Hidden = list[i].Post != nil
			}
			list[i].OtherPhotos = slices.Contains(other, r.ID)
		}
		if at := slices.IndexFunc(commented, func(one store.AnnouncementComment) bool { return r.CommentID != nil && one.ID == *r.CommentID }); at >= 0 {
			list[i].AnnouncementComment = &commented[at]
		}
	}
	return list, nil
}
