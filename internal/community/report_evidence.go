package community

import (
	"context"
	"slices"
	"time"

	"tintype/internal/store"
)

// Evidence is what was reported. Those who read reports see it, and nobody else because of a report: also where its author
// blocks them, is suspended or has left, or shows it to followers alone, and where it is deleted. It ends KeepReported after
// the report is closed. What a moderator removed without a report is kept in the same way, from the decision, and from the answer
// to its author's.

// hiddenPosts are the posts and comments of reports that the reader of reports would not find, by the ids of the reports. seen
// has those that it finds. A nil admin is the command line. Whoever does not read reports is given none.
func (c *Community) hiddenPosts(ctx context.Context, admin *store.Account, rows []store.Report, seen map[int64]*Post) (map[int64]*Post, error) {
	if admin != nil && !May(admin, ReadReports) {
		return nil, nil
	}
	ended := store.ToMillis(time.Now().Add(-KeepReported))
	var ids idSet
	of := map[int64]int64{} // reports and their posts
	for _, r := range rows {
		if r.PostID != nil && seen[*r.PostID] == nil && (r.ClosedAt == nil || *r.ClosedAt >= ended) {
			ids.add(*r.PostID)
			of[r.ID] = *r.PostID
		}
	}
	found, err := c.Store.ReportedPosts(ctx, admin, ids.ids)
	if err != nil || len(found) == 0 {
		return nil, fromStore(err)
	}
	var people idSet
	posts := make([]*Post, len(found))
	for i, row := range found {
		people.add(row.AuthorID)
		posts[i] = &Post{Post: row, Tags: c.tagsOf(row.Caption)}
	}
	authors, err := c.accountsWithPhotos(ctx, people.ids)
	if err != nil {
		return nil, err
	}
	if err := c.loadPhotos(ctx, posts, nil, false); err != nil {
		return nil, err
	}
	byID := map[int64]*Post{}
	for _, p := range posts {
		if p.Author = authors[p.AuthorID]; p.Author != nil {
			byID[p.ID] = p
		}
	}
	out := make(map[int64]*Post, len(of))
	for report, post := range of {
		if p := byID[post]; p != nil {
			out[report] = p
		}
	}
	return out, nil
}

// isEvidence reports whether the viewer may have a photo because its post was reported, or removed by a moderator.
func (c *Community) isEvidence(ctx context.Context, viewer *store.Account, p *store.Photo) (bool, error) {
	if viewer == nil || p.PostID == nil || !May(viewer, ReadReports) || hiddenFrom(viewer) == p.AccountID {
		return false, nil
	}
	ok, err := c.Store.KeepsPost(ctx, *p.PostID, store.ToMillis(time.Now().Add(-KeepReported)))
	return ok, fromStore(err)
}

// WithheldPhotoAllowed reports whether the viewer may have the files of a public set that PublicPhotoAllowed refuses to
// everybody, as those of a suspended member are: a reported post has them.
func (c *Community) WithheldPhotoAllowed(ctx context.Context, random string, viewerID int64) (bool, error) {
	viewer, err := c.Store.AccountByID(ctx, viewerID)
	if err != nil {
		return false, ignoreNotFound(fromStore(err))
	}
	o, err := c.Store.MediaObjectByRandom(ctx, random)
	if err != nil {
		return false, ignoreNotFound(fromStore(err))
	}
	p, err := c.Store.PhotoByID(ctx, o.PhotoID)
	if err != nil {
		return false, ignoreNotFound(fromStore(err))
	}
	owner, err := c.Store.AccountByID(ctx, p.AccountID)
	if err != nil || owner.DeletedAt != nil { // who leaves takes everything along
		return false, ignoreNotFound(fromStore(err))
	}
	if p.State != store.PhotoReady || o.Kind != store.SetPublic || o.State == store.ObjectGone || p.SetRandom != random && o.State != store.ObjectRetired {
		return false, nil
	}
	return c.isEvidence(ctx, viewer, p)
}

// KeptPhotos are the photos of a reported post that is deleted, for those who read reports.
func (c *Community) KeptPhotos(ctx context.Context, by By, r *FiledReport) ([]*store.Photo, error) {
	return c.keptPhotos(ctx, by, r.PostID, r.TargetID)
}

// PhotosDecidedAbout are the photos of the post that the decision removed, for those who answer its author.
func (c *Community) PhotosDecidedAbout(ctx context.Context, by By, d *Decision) ([]*store.Photo, error) {
	return c.keptPhotos(ctx, by, d.PostID, d.AccountID)
}

func (c *Community) keptPhotos(ctx context.Context, by By, postID *int64, author int64) ([]*store.Photo, error) {
	if err := by.may(ReadReports); err != nil {
		return nil, err
	}
	if postID == nil || by.Account != nil && author == hiddenFrom(by.Account) {
		return nil, nil
	}
	row, err := c.Store.RawPost(store.Primary(ctx), *postID)
	if err != nil || row.DeletedAt == nil {
		return nil, ignoreNotFound(fromStore(err))
	}
	ids, err := c.Store.PhotoIDsOfPost(store.Primary(ctx), row.ID)
	if err != nil || len(ids) == 0 {
		return nil, fromStore(err)
	}
	list, err := c.Store.PhotosByID(store.Primary(ctx), ids)
	if err != nil {
		return nil, fromStore(err)
	}
	list = slices.DeleteFunc(list, func(p *store.Photo) bool { return p.State != store.PhotoReady || p.SetKind != store.SetPrivate })
	slices.SortFunc(list, func(a, b *store.Photo) int { return a.Position - b.Position })
	return list, nil
}
