package community

import (
	"cmp"
	"context"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"tintype/internal/lang"
	"tintype/internal/media"
	"tintype/internal/store"
)

// NewPost is a post to publish. Zero values take the account's defaults.
type NewPost struct {
	Caption        string
	PhotoIDs       []int64               // in order
	Descriptions   map[int64]string      // alternative texts by photo, where they are not what they were
	Focus          map[int64]media.Focus `json:",omitempty"` // focal points by photo, where they move
	Warning        string
	Sensitive      *bool
	Visibility     store.Visibility // of a comment: its post's, whatever is asked for
	Licence        string
	ShowExif       *bool
	CommentsFrom   store.CommentsFrom `json:",omitempty"` // who may comment on the post
	AlbumID        int64              `json:",omitempty"` // an album that gets the photos as well
	AlbumPhotoIDs  []int64            `json:",omitempty"` // what it gets, in order, where that is more than PhotoIDs; those that wait for a moderator come later
	AlbumIfHeld    bool               `json:"-"`          // a later post adds the photos to the album, unless this one is held
	Language       string
	InReplyTo      int64 // makes it a comment
	IdempotencyKey string
	AppID          *int64
	ClearDraft     bool // what was typed into the web's form goes with the post
}

// Publish writes a post, or with InReplyTo a comment. It waits up to 20 s for photos that are still being prepared.
// A post that must wait for a moderator is Held: it is kept outside of everything that is read until it is approved.
// Under one idempotency key one post is made: a repeated request gets it, also while it is being made, and *Invalid if
// it asks for something else.
//
// Other errors: *Invalid, *TooMany, and ErrNotFound where the parent, or the post of the key, does not exist any more.
func (c *Community) Publish(ctx context.Context, acc *store.Account, in NewPost) (*Post, error) {
	if acc == nil || !acc.Active() {
		return nil, ErrUnauthenticated
	}
	ctx = store.Primary(ctx)
	key, err := idempotencyKey(acc, in)
	if err != nil {
		return nil, err
	}
	if p, err := c.firstAnswer(ctx, acc, key); p != nil || err != nil {
		return p, err
	}
	p, err := c.publish(ctx, acc, in, key)
	if err != nil && key != nil {
		// Another try under the key may have been quicker, and may be why this one failed: its photos are taken.
		if first, ferr := c.firstAnswer(ctx, acc, key); first != nil || ferr != nil {
			return first, ferr
		}
	}
	return p, err
}

func (c *Community) publish(ctx context.Context, acc *store.Account, in NewPost, key *store.IdempotencyKey) (*Post, error) {
	p, err := c.newPostRow(acc, in)
	if err != nil {
		return nil, err
	}
	if err := c.Allow(ctx, fmt.Sprintf("post:%d", acc.ID), c.Site(ctx).PostLimit); err != nil {
		return nil, err
	}
	return c.publishRow(ctx, acc, p, in, nil, key, nil)
}

// publishRow publishes the row of a post: of one that a moderator approves with run, which gives f a transaction and the
// post's id. Without run it is a post that its author sends, and may have to be held. Its photos in have wait for it.
func (c *Community) publishRow(ctx context.Context, acc *store.Account, p *store.Post, in NewPost, have []int64, key *store.IdempotencyKey,
	run func(ctx context.Context, f func(ctx context.Context, tx *store.Store, id int64) error) error) (*Post, error) {
	var parent, root *store.Post
	var err error
	if in.InReplyTo != 0 {
		if parent, err = c.Store.PostByID(ctx, acc, in.InReplyTo); err != nil {
			return nil, fromStore(err)
		}
		if root, err = c.threadOf(ctx, parent); err != nil {
			return nil, err
		}
		if err := mayComment(ctx, c.Store, acc, root); err != nil { // again under the lock, where nothing is waited for any more
			return nil, err
		}
		answer(p, parent)
	}
	words, err := c.readCaption(ctx, acc, p, root)
	if err != nil {
		return nil, err
	}
	if err := c.readyPhotos(ctx, acc, in.PhotoIDs, have); err != nil {
		return nil, err
	}
	if run == nil {
		if why, err := c.whyHold(ctx, acc, in); err != nil {
			return nil, err
		} else if len(why) > 0 {
			return c.hold(ctx, acc, p, in, key, why)
		}
		run = func(ctx context.Context, f func(context.Context, *store.Store, int64) error) error {
			_, err := c.Store.TxOnce(ctx, "posts", f)
			return err
		}
	}
	var made store.Post // as the try that was committed left it
	err = c.withSetsFor(ctx, p.Visibility, in.PhotoIDs, func(sets []replacedSet) error {
		return run(ctx, func(ctx context.Context, tx *store.Store, id int64) error {
			row := *p // a try that is run again starts anew
			row.ID, row.CreatedAt = id, store.ToMillis(store.IDTime(id))
			err := c.publishTx(ctx, tx, acc, &row, in, key, parent, words, sets)
			if err == nil { // a rerun that fails says that the try before it was done
				made = row
			}
			return err
		})
	})
	if err != nil {
		return nil, fromStore(err)
	}
	return c.loadPost(ctx, acc, &made)
}

func (c *Community) publishTx(ctx context.Context, tx *store.Store, acc *store.Account, row *store.Post, in NewPost,
	key *store.IdempotencyKey, parent *store.Post, words captionWords, sets []replacedSet) error {
	if key != nil { // first: whoever comes second under the key waits here
		k := *key
		k.PostID, k.CreatedAt = row.ID, store.ToMillis(time.Now())
		if err := tx.TakeIdempotencyKey(ctx, &k); err != nil {
			return err
		}
	}
	var album *store.Album
	if in.AlbumID != 0 && !in.AlbumIfHeld && parent == nil { // before what the photos lock, as AddToAlbum does
		var err error
		if album, err = openAlbum(ctx, tx, acc, in.AlbumID); err != nil {
			return err
		}
	}
	told := words.mentions
	if parent != nil {
		root, now, err := lockThread(ctx, tx, acc, parent)
		if err != nil {
			return err
		}
		if now.Visibility != row.Visibility { // the photos' files and the mentions were chosen for another audience
			return invalid("in_reply_to", "changed", "The author changed who may see this post a moment ago. Send the comment again.")
		}
		if err := mayComment(ctx, tx, acc, root); err != nil {
			return err
		}
		answer(row, now)
		told = append([]int64{now.AuthorID, root.AuthorID}, told...)
	}
	if err := writePost(ctx, tx, row, words, told); err != nil {
		return err
	}
	if err := c.placePhotos(ctx, tx, row, nil, newPhotos(in)); err != nil {
		return err
	}
	if album != nil {
		ids := in.AlbumPhotoIDs
		if len(ids) == 0 {
			ids = in.PhotoIDs
		}
		if err := addPosted(ctx, tx, acc, album, ids); err != nil {
			return err
		}
	}
	if _, err := tx.IndexPosts(ctx, row.ID); err != nil {
		return err
	}
	if err := c.switchSets(ctx, tx, sets); err != nil {
		return err
	}
	if in.ClearDraft {
		if err := c.clearDraft(ctx, tx, acc); err != nil {
			return err
		}
	}
	if err := tellFollowers(ctx, tx, row); err != nil {
		return err
	}
	if err := tx.AddEvent(ctx, EventPostCreated, acc.ID, row.ID, nil); err != nil {
		return err
	}
	return countPost(ctx, tx, row, 1)
}

// clearDraft forgets what was typed into the web's form, once it is a post.
func (c *Community) clearDraft(ctx context.Context, tx *store.Store, acc *store.Account) error {
	if err := tx.ClearDraftText(ctx, acc.ID); err != nil {
		return err
	}
	left, err := tx.PhotosOfDraft(ctx, acc.ID)
	if err != nil {
		return err
	}
	var refused []int64 // their author has read why, and posted without them
	for _, ph := range left {
		if ph.State == store.PhotoRefused {
			refused = append(refused, ph.ID)
		}
	}
	if len(refused) == 0 {
		return nil
	}
	return c.markPhotosGone(ctx, tx, refused)
}

// newPostRow checks the input and makes the row of a post. It reports every mistake at once.
func (c *Community) newPostRow(acc *store.Account, in NewPost) (*store.Post, error) {
	bad := &Invalid{}
	p := &store.Post{
		AuthorID: acc.ID, Kind: store.KindPost, Caption: tidy(in.Caption), Warning: oneLine(in.Warning),
		Sensitive: acc.DefaultSensitive, Visibility: acc.DefaultVisibility, Licence: acc.DefaultLicence, ShowExif: acc.DefaultShowExif,
		CommentsFrom: acc.DefaultCommentsFrom,
		Language:     language(in.Language, acc.Language), PhotosCount: len(in.PhotoIDs), AppID: in.AppID,
	}
	if in.Sensitive != nil {
		p.Sensitive = *in.Sensitive
	}
	if in.ShowExif != nil {
		p.ShowExif = *in.ShowExif
	}
	if in.Visibility != "" {
		p.Visibility = in.Visibility
	}
	if in.Licence != "" {
		p.Licence = in.Licence
	}
	p.CommentsFrom = cmp.Or(in.CommentsFrom, p.CommentsFrom, store.CommentsFromEveryone)
	if in.InReplyTo != 0 {
		p.Kind, p.CommentsFrom = store.KindComment, store.CommentsFromEveryone
	}
	switch {
	case p.Kind == store.KindPost && len(in.PhotoIDs) == 0:
		bad.add("photos", "blank", "A post needs a photo.")
	case p.Kind == store.KindComment && p.Caption == "" && len(in.PhotoIDs) == 0:
		bad.add("caption", "blank", "Write something first.")
	case len(in.PhotoIDs) > MaxPhotos:
		bad.add("photos", "too_many", "A post may have at most %d photos.", MaxPhotos)
	}
	seen := idSet{}
	for _, id := range in.PhotoIDs {
		if !seen.add(id) {
			bad.add("photos", "invalid", "The same photo is there twice.")
			break
		}
	}
	for _, d := range in.Descriptions {
		checkDescription(bad, d)
	}
	for _, f := range in.Focus {
		checkFocus(bad, f.X, f.Y)
	}
	c.checkPost(bad, p)
	return p, bad.err()
}

// checkPost notes what is wrong with a post's own columns.
func (c *Community) checkPost(bad *Invalid, p *store.Post) {
	most := MaxCaption
	if p.Kind == store.KindComment {
		most = MaxComment
	}
	if n := c.Characters(p.Caption); n > most || len(p.Caption) > maxRenderSize {
		bad.add("caption", "too_long", "The text has %d characters; the limit is %d.", max(n, most+1), most)
	}
	checkLength(bad, "warning", lang.Key("The content warning"), p.Warning, MaxWarning)
	switch p.Visibility {
	case store.Public, store.Unlisted, store.Followers:
	default:
		bad.add("visibility", "invalid", "Choose who may see this: everybody, everybody with the address, or your followers.")
	}
	bad.checkCommentsFrom(p.CommentsFrom)
	if _, ok := LicenceByID(p.Licence); !ok {
		bad.add("licence", "invalid", "Choose a licence from the list.")
	}
}

func checkDescription(bad *Invalid, description string) {
	checkLength(bad, "description", lang.Key("An alternative text"), tidy(description), MaxDescription)
}

func checkFocus(bad *Invalid, point ...float64) {
	for _, f := range point {
		if !(f >= -1 && f <= 1) {
			bad.add("focus", "invalid", "A focal point lies between -1 and 1.")
		}
	}
}

func checkLength(bad *Invalid, field, what, text string, most int) {
	if n := utf8.RuneCountInString(text); n > most {
		bad.add(field, "too_long", "%s has %d characters; the limit is %d.", lang.Text{Key: what}, n, most)
	}
}

// language returns the text if it looks like a language's code.
func language(asked, usual string) string {
	for _, l := range []string{strings.ToLower(strings.TrimSpace(asked)), usual} {
		l, _, _ = strings.Cut(l, "-")
		if len(l) >= 2 && len(l) <= 3 && strings.Trim(l, "abcdefghijklmnopqrstuvwxyz") == "" {
			return l
		}
	}
	return ""
}

// answer makes the row a comment on the parent.
func answer(p, parent *store.Post) {
	root := parent.ID
	if parent.RootID != nil {
		root = *parent.RootID
	}
	parentID, author := parent.ID, parent.AuthorID
	p.RootID, p.InReplyToID, p.InReplyToAuthorID = &root, &parentID, &author
	p.Visibility = parent.Visibility
}

// lockThread locks the rows whose counters a comment on the parent changes, the post of the thread first, and makes
// sure that the account may still see it. It returns both as they are now. They are the same row where a post is
// answered.
func lockThread(ctx context.Context, tx *store.Store, acc *store.Account, parent *store.Post) (root, now *store.Post, err error) {
	if parent.RootID != nil {
		if root, err = tx.LockPost(ctx, *parent.RootID); err != nil {
			return nil, nil, err
		}
	}
	if now, err = tx.LockSeenPost(ctx, acc, parent.ID); err != nil {
		return nil, nil, err
	}
	if root == nil {
		root = now
	}
	return root, now, nil
}

// captionWords are the tags and mentions of a caption.
type captionWords struct {
	tags     []int64
	mentions []int64 // accounts that may see the post
}

// readCaption finds the rows of the tags and mentions in the caption of p, which stands in the thread of root, if that is
// not nil. It creates missing tags, before the transaction.
func (c *Community) readCaption(ctx context.Context, acc *store.Account, p, root *store.Post) (captionWords, error) {
	var w captionWords
	tags, names := c.Extract(p.Caption)
	bad := &Invalid{}
	if len(tags) > MaxTags {
		bad.add("caption", "too_many_tags", "A text may have at most %d tags.", MaxTags)
	}
	if len(names) > MaxMentions {
		bad.add("caption", "too_many_mentions", "A text may mention at most %d people.", MaxMentions)
	}
	if err := bad.err(); err != nil {
		return w, err
	}
	byKey := make(map[string]string, len(tags))
	for _, t := range tags {
		byKey[store.Fold(t)] = t
	}
	for i, n := range names {
		names[i] = store.Fold(n)
	}
	var err error
	if w.tags, err = c.Store.EnsureTags(ctx, byKey); err != nil {
		return w, fromStore(err)
	}
	audience, thread := p.AuthorID, p.AuthorID
	if root != nil {
		audience, thread = root.AuthorID, root.AuthorID
	}
	if p.Visibility != store.Followers {
		audience = 0
	}
	w.mentions, err = c.Store.Mentionable(ctx, acc, names, audience, thread)
	return w, fromStore(err)
}

// writePost inserts the row with its tags and mentions and notifies the accounts that it concerns.
func writePost(ctx context.Context, tx *store.Store, p *store.Post, words captionWords, told []int64) error {
	p.Home = p.Kind == store.KindPost
	p.Listed = p.Home && p.Visibility == store.Public
	// The accounts are locked in the order of their ids: foreign keys would share the locks that counters need.
	people, err := tx.LockAccounts(ctx, append([]int64{p.AuthorID}, told...)...)
	if err != nil {
		return err
	}
	if me := people[p.AuthorID]; me == nil || !me.Active() {
		return ErrUnauthenticated
	}
	if err := tx.CreatePost(ctx, p); err != nil {
		return err
	}
	if len(words.tags) > 0 {
		if err := tx.SetPostTags(ctx, p.ID, words.tags); err != nil {
			return err
		}
	}
	if len(words.mentions) > 0 {
		if err := tx.SetMentions(ctx, p.ID, words.mentions); err != nil {
			return err
		}
	}
	return tellOf(ctx, tx, p, told)
}

// tellOf notifies each of the accounts once of the post.
func tellOf(ctx context.Context, tx *store.Store, p *store.Post, accounts []int64) error {
	told := idSet{}
	for _, id := range accounts {
		if !told.add(id) {
			continue
		}
		if err := notify(ctx, tx, store.Notification{AccountID: id, Kind: store.NotifyMention, FromID: p.AuthorID, PostID: &p.ID, CreatedAt: store.ToMillis(time.Now())}); err != nil {
			return err
		}
	}
	return nil
}

// countPost adds a post or comment to the counters (by 1) or takes it out (by -1), in ascending order of the rows' ids:
// the post of the thread, then the comment, then the author.
func countPost(ctx context.Context, tx *store.Store, p *store.Post, by int) error {
	if p.Kind == store.KindPost {
		open := by
		if p.Visibility == store.Followers {
			open = 0
		}
		return tx.AddToPostsOf(ctx, p.AuthorID, by, open)
	}
	if err := tx.AddToPost(ctx, *p.RootID, 0, by); err != nil {
		return err
	}
	if *p.InReplyToID != *p.RootID {
		if err := tx.AddToPost(ctx, *p.InReplyToID, 0, by); err != nil {
			return err
		}
	}
	return countComment(ctx, tx, p, by)
}

// countComment is countPost for the counters of the comment's author alone.
func countComment(ctx context.Context, tx *store.Store, p *store.Post, by int) error {
	delta := store.CommentDelta{All: by, Open: by}
	if p.Visibility == store.Followers {
		delta.Open = 0
	}
	return tx.CountComments(ctx, map[int64]store.CommentDelta{p.AuthorID: delta})
}
