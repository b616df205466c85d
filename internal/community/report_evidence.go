package community

import (
	"context"
	"slices"
	"time"

	"tintype/internal/queue"
	"tintype/internal/store"
)

// Evidence is what was reported. Those who read reports see it, and nobody else because of a report: also where its author
// blocks them, is suspended or has left, or shows it to followers alone, and where it is deleted. It ends KeepReported after
// the report is closed. What a moderator removed without a report is kept in the same way, from the decision, and from the answer
// to its author's. So are photos that an edit takes out of a reported post, and the avatar and the header of a reported account that its
// member replaces: those have their addresses for a day, as others have.

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
	if viewer == nil || !May(viewer, ReadReports) || hiddenFrom(viewer) == p.AccountID {
		return false, nil
	}
	since := store.ToMillis(time.Now().Add(-KeepReported))
	if p.PostID == nil {
		ids, err := c.Store.ReportedProfilePhotos(ctx, []int64{p.ID}, since)
		return len(ids) == 1, fromStore(err)
	}
	ok, err := c.Store.KeepsPost(ctx, *p.PostID, since)
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

// KeptPhotos are the photos of a reported post that is deleted, and those that an edit took out of one that stands, for those who
// read reports.
func (c *Community) KeptPhotos(ctx context.Context, by By, r *FiledReport) ([]*store.Photo, error) {
	return c.keptPhotos(ctx, by, r.PostID, r.TargetID, true)
}

// PhotosDecidedAbout are the photos of the post that the decision removed, for those who answer its author.
func (c *Community) PhotosDecidedAbout(ctx context.Context, by By, d *Decision) ([]*store.Photo, error) {
	return c.keptPhotos(ctx, by, d.PostID, d.AccountID, false)
}

// ProfilePhotosThen are the avatar and the header that the account had when it was reported, as far as they are there, for those who
// read reports.
func (c *Community) ProfilePhotosThen(ctx context.Context, by By, r *FiledReport) ([]*store.Photo, error) {
	if err := by.may(ReadReports); err != nil {
		return nil, err
	}
	if by.Account != nil && r.TargetID == hiddenFrom(by.Account) {
		return nil, nil
	}
	var ids []int64
	for _, id := range []*int64{r.AvatarPhotoID, r.HeaderPhotoID} {
		if id != nil {
			ids = append(ids, *id)
		}
	}
	ids, err := c.Store.ReportedProfilePhotos(store.Primary(ctx), ids, store.ToMillis(time.Now().Add(-KeepReported)))
	if err != nil || len(ids) == 0 {
		return nil, fromStore(err)
	}
	list, err := c.Store.PhotosByID(store.Primary(ctx), ids)
	return slices.DeleteFunc(list, func(p *store.Photo) bool {
		return p.State != store.PhotoReady && (p.State != store.PhotoKept || p.SetKind != store.SetPrivate)
	}), fromStore(err)
}

func (c *Community) keptPhotos(ctx context.Context, by By, postID *int64, author int64, standing bool) ([]*store.Photo, error) {
	if err := by.may(ReadReports); err != nil {
		return nil, err
	}
	if postID == nil || by.Account != nil && author == hiddenFrom(by.Account) {
		return nil, nil
	}
	row, err := c.Store.RawPost(store.Primary(ctx), *postID)
	if err != nil || row.DeletedAt == nil && !standing {
		return nil, ignoreNotFound(fromStore(err))
	}
	ids, err := c.Store.AllPhotoIDsOfPost(store.Primary(ctx), row.ID)
	if err != nil || len(ids) == 0 {
		return nil, fromStore(err)
	}
	list, err := c.Store.PhotosByID(store.Primary(ctx), ids)
	if err != nil {
		return nil, fromStore(err)
	}
	list = slices.DeleteFunc(list, func(p *store.Photo) bool {
		return p.SetKind != store.SetPrivate || p.State != store.PhotoKept && (p.State != store.PhotoReady || row.DeletedAt == nil)
	})
	slices.SortFunc(list, func(a, b *store.Photo) int { return a.Position - b.Position })
	return list, nil
}

// jobKeepPhotos gives photos that were taken out of a reported post, or of a reported account's profile, names that nobody knows.
const jobKeepPhotos = "photo.keep"

type keepPhotosJob struct {
	Post   int64        `json:"post,omitempty"` // 0 for those of a profile
	Photos []int64      `json:"photos"`
	At     store.Millis `json:"at,omitempty"` // when they were taken out
}

// takeOut removes photos that an edit leaves out of a post. Those of a reported one are kept. The post is locked.
func (c *Community) takeOut(ctx context.Context, tx *store.Store, postID int64, ids []int64) error {
	if len(ids) == 0 {
		return nil
	}
	kept, err := tx.KeepsPost(ctx, postID, store.ToMillis(time.Now().Add(-KeepReported)))
	if err != nil {
		return err
	}
	if !kept {
		return c.markPhotosGone(ctx, tx, ids)
	}
	if err := tx.KeepPhotos(ctx, ids); err != nil {
		return err
	}
	return tx.AddJob(ctx, jobKeepPhotos, keepPhotosJob{Post: postID, Photos: ids, At: store.ToMillis(time.Now())}, 0)
}

// dropProfilePhotos removes former avatars and headers, but those with which their account was reported: they are kept, without their
// originals. It returns the ids of these.
func (c *Community) dropProfilePhotos(ctx context.Context, tx *store.Store, ids []int64) ([]int64, error) {
	kept, err := tx.ReportedProfilePhotos(ctx, ids, store.ToMillis(time.Now().Add(-KeepReported)))
	if err != nil {
		return nil, err
	}
	ids = slices.DeleteFunc(slices.Clone(ids), func(id int64) bool { return slices.Contains(kept, id) })
	if err := c.markPhotosGone(ctx, tx, ids); err != nil || len(kept) == 0 {
		return nil, err
	}
	if _, err := c.retireProfilePhotos(ctx, tx, kept); err != nil {
		return nil, err
	}
	if err := tx.KeepProfilePhotos(ctx, kept); err != nil {
		return nil, err
	}
	return kept, tx.AddJob(ctx, jobKeepPhotos, keepPhotosJob{Photos: kept, At: store.ToMillis(time.Now())}, 0)
}

// runKeepPhotos can be repeated at any point: what has its name already is left alone, and so is what is gone.
func (c *Community) runKeepPhotos(ctx context.Context, job *queue.Job) error {
	var arg keepPhotosJob
	if err := readPayload(job, &arg); err != nil {
		return err
	}
	return c.withSecretSets(ctx, arg.Photos, arg.At, func(sets []replacedSet) error {
		return c.finishJob(ctx, job, func(ctx context.Context, tx *store.Store) error {
			if arg.Post != 0 {
				if _, err := tx.LockPost(ctx, arg.Post); err != nil {
					return ignoreNotFound(fromStore(err))
				}
			}
			return c.switchSets(ctx, tx, sets)
		})
	})
}

// forgetTakenOut removes photos that were taken out of posts that stand, and of profiles, once the time after their reports is over.
func (c *Community) forgetTakenOut(ctx context.Context, before store.Millis) error {
	return inBatches(ctx, func(limit int) (int, error) {
		ids, err := c.Store.PhotosKeptTooLong(ctx, before, limit)
		if err != nil || len(ids) == 0 {
			return 0, err
		}
		return len(ids), c.Store.Tx(ctx, func(ctx context.Context, tx *store.Store) error { return c.markPhotosGone(ctx, tx, ids) })
	})
}
