package community

import (
	"context"
	"fmt"
	"slices"
	"time"
	"unicode"

	"tintype/internal/store"
)

const (
	// maxAnnouncementComments is how many comments one announcement has.
	maxAnnouncementComments = 2000
	// maxReactions is how many emojis members may react with to one announcement.
	maxReactions = 8
)

// answerAnnouncement runs f in a transaction that has locked an announcement which was published, and found the member active.
// Whatever f writes then goes when the announcement does.
func (c *Community) answerAnnouncement(ctx context.Context, acc *store.Account, id int64, f func(ctx context.Context, tx *store.Store, now *store.Announcement) error) error {
	if acc == nil || !acc.Active() {
		return ErrUnauthenticated
	}
	return fromStore(c.Store.Tx(store.Primary(ctx), func(ctx context.Context, tx *store.Store) error {
		now, err := lockPublished(ctx, tx, acc, id)
		if err != nil {
			return err
		}
		return f(ctx, tx, now)
	}))
}

func lockPublished(ctx context.Context, tx *store.Store, acc *store.Account, id int64) (*store.Announcement, error) {
	locked, err := tx.LockAccounts(ctx, acc.ID)
	if err != nil {
		return nil, err
	}
	if me := locked[acc.ID]; me == nil || !me.Active() {
		return nil, ErrUnauthenticated
	}
	now, err := tx.LockAnnouncement(ctx, id)
	if err != nil {
		return nil, err
	}
	if now.DeletedAt != nil || time.Now().Before(now.PublishAt.Time()) {
		return nil, ErrNotFound
	}
	return now, nil
}

// DismissAnnouncement takes an announcement off the head of the member's home, in every browser and application. Doing so again
// changes nothing.
func (c *Community) DismissAnnouncement(ctx context.Context, acc *store.Account, id int64) error {
	return c.answerAnnouncement(ctx, acc, id, func(ctx context.Context, tx *store.Store, _ *store.Announcement) error {
		_, err := tx.MarkAnnouncement(ctx, store.AnnouncementMark{AnnouncementID: id, AccountID: acc.ID})
		return err
	})
}

// ReactToAnnouncement adds a member's reaction with an emoji, or takes it back. Doing so again changes nothing. *Invalid for what is no
// emoji, and where the announcement has maxReactions others.
func (c *Community) ReactToAnnouncement(ctx context.Context, acc *store.Account, id int64, name string, react bool) error {
	if !isEmoji(name) {
		return invalid("name", "invalid", "This is not a recognized emoji.")
	}
	return c.answerAnnouncement(ctx, acc, id, func(ctx context.Context, tx *store.Store, _ *store.Announcement) error {
		mark := store.AnnouncementMark{AnnouncementID: id, AccountID: acc.ID, Name: name}
		if !react {
			_, err := tx.UnmarkAnnouncement(ctx, mark)
			return err
		}
		names, err := tx.AnnouncementEmojis(ctx, id)
		if err != nil {
			return err
		}
		if len(names) >= maxReactions && !slices.Contains(names, name) {
			return invalid("name", "too_many", "An announcement may have at most %d different reactions.", maxReactions)
		}
		_, err = tx.MarkAnnouncement(ctx, mark)
		return err
	})
}

// isEmoji reports whether the text can be one emoji: a symbol, perhaps with what joins, colours and chooses its form, a flag or a
// keycap. It knows no list, so that the emojis of next year are some.
func isEmoji(text string) bool {
	if len(text) == 0 || len(text) > 40 {
		return false
	}
	symbols, keys, cap := 0, 0, false
	joined := true // nothing stands before the first
	flags := 0
	for _, r := range text {
		switch {
		case r == '\u200D': // joins two
			joined = true
			continue
		case r == '\u20E3':
			cap = true
		case r == '\uFE0F', r >= 0x1F3FB && r <= 0x1F3FF, r >= 0xE0020 && r <= 0xE007F:
		case r >= 0x1F1E6 && r <= 0x1F1FF:
			flags++
		case unicode.Is(unicode.So, r), r == '\u203C', r == '\u2049', r >= 0x2190 && r <= 0x21FF, r >= 0x2900 && r <= 0x297F, r >= 0x25FB && r <= 0x25FE:
			if !joined {
				return false
			}
			symbols++
		case r == '#', r == '*', r >= '0' && r <= '9':
			keys++
		default:
			return false
		}
		joined = false
	}
	switch {
	case keys > 0 || cap:
		return keys == 1 && cap && symbols == 0 && flags == 0
	case flags > 0:
		return flags == 2 && symbols == 0
	}
	return symbols > 0
}

// AnnouncementComment is a comment as a member reads it.
type AnnouncementComment struct {
	store.AnnouncementComment
	Author   *store.Account
	Mentions []*store.Account
	Tags     []store.Tag
}

// CommentsOnAnnouncement lists comments whose authors the member may see, oldest first. The zero Cursor returns the first ones, MinID
// those after it, MaxID those just before it.
func (c *Community) CommentsOnAnnouncement(ctx context.Context, acc *store.Account, id int64, p Cursor) ([]*AnnouncementComment, error) {
	if acc == nil || !acc.Active() {
		return nil, ErrUnauthenticated
	}
	r := p.span(defaultPosts, 80)
	r.Up = p.MaxID == 0
	rows, err := c.Store.AnnouncementComments(ctx, acc, id, r)
	if err != nil {
		return nil, fromStore(err)
	}
	slices.Reverse(rows)
	return c.loadAnnouncementComments(ctx, acc, rows)
}

func (c *Community) loadAnnouncementComments(ctx context.Context, acc *store.Account, rows []store.AnnouncementComment) ([]*AnnouncementComment, error) {
	var people idSet
	texts := make([]string, len(rows))
	for i, row := range rows {
		people.add(row.AccountID)
		texts[i] = row.Text
	}
	authors, err := c.accountsWithPhotos(ctx, people.ids)
	if err != nil {
		return nil, err
	}
	mentioned, err := c.mentionedIn(ctx, acc, texts)
	if err != nil {
		return nil, err
	}
	list := []*AnnouncementComment{}
	for i, row := range rows {
		if author := authors[row.AccountID]; author != nil && author.Active() {
			list = append(list, &AnnouncementComment{AnnouncementComment: row, Author: author, Mentions: mentioned[i], Tags: c.tagsOf(row.Text)})
		}
	}
	return list, nil
}

// CommentOnAnnouncement adds a member's comment. It counts against the limit of posts and comments, and follows their rules. Those who
// announce are told, and those who commented before. The same form sent twice makes one. A new member's first ones, which would have to wait for a moderator, are refused.
func (c *Community) CommentOnAnnouncement(ctx context.Context, acc *store.Account, id int64, text, formID string) (int64, error) {
	if acc == nil || !acc.Active() {
		return 0, ErrUnauthenticated
	}
	ctx = store.Primary(ctx)
	text = tidy(text)
	bad := &Invalid{}
	if text == "" {
		bad.add("text", "blank", "Write something.")
	}
	if n := c.Characters(text); n > MaxComment || len(text) > maxRenderSize {
		bad.add("text", "too_long", "The text has %d characters; the limit is %d.", max(n, MaxComment+1), MaxComment)
	}
	tags, names := c.Extract(text)
	if len(tags) > MaxTags {
		bad.add("text", "too_many_tags", "A text may have at most %d tags.", MaxTags)
	}
	if len(names) > MaxMentions {
		bad.add("text", "too_many_mentions", "A text may mention at most %d people.", MaxMentions)
	}
	if err := bad.err(); err != nil {
		return 0, err
	}
	key, err := formKey(acc, "announcement comment", formID, []any{id, text})
	if err != nil {
		return 0, err
	}
	made := int64(0)
	first, err := c.once(ctx, key, func() error {
		if first, err := c.FirstOnesWait(ctx, acc); err != nil {
			return err
		} else if first {
			return invalid("text", "held", "Your first posts and comments wait for a moderator, and a comment on an announcement cannot wait. Comment here once they are published.")
		}
		words, err := c.wordsFor(ctx, acc)
		if err != nil {
			return err
		}
		var blocked Invalid
		blocked.checkWords(words, "text", nil, []string{text})
		if err := blocked.err(); err != nil {
			return err
		}
		if err := c.Allow(ctx, fmt.Sprintf("post:%d", acc.ID), c.Site(ctx).PostLimit); err != nil {
			return err
		}
		_, err = c.Store.TxOnce(ctx, "announcement_comments", func(ctx context.Context, tx *store.Store, drawn int64) error {
			made = drawn
			if err := takeKey(ctx, tx, key, drawn); err != nil {
				return err
			}
			if _, err := lockPublished(ctx, tx, acc, id); err != nil {
				return err
			}
			n, err := tx.CountAnnouncementComments(ctx, nil, id, maxAnnouncementComments)
			if err != nil {
				return err
			}
			if n >= maxAnnouncementComments {
				return invalid("text", "too_many", "An announcement may have at most %d comments.", maxAnnouncementComments)
			}
			at := store.ToMillis(store.IDTime(drawn))
			before, err := tx.AnnouncementCommenters(ctx, id, maxAnnouncementTold)
			if err != nil {
				return err
			}
			if err := tx.AddAnnouncementComment(ctx, store.AnnouncementComment{ID: drawn, AnnouncementID: id, AccountID: acc.ID, Text: text, CreatedAt: at}); err != nil {
				return err
			}
			return tellOfAnnouncement(ctx, tx, store.Notification{Kind: store.NotifyAnnouncement, FromID: acc.ID, RefID: &drawn, CreatedAt: at}, before)
		})
		return err
	})
	if err != nil {
		return 0, fromStore(err)
	}
	if first != 0 {
		made = first
	}
	return made, nil
}

// maxAnnouncementTold is how many of those who commented before hear of a comment, the last ones.
const maxAnnouncementTold = 50

// tellOfAnnouncement tells those who announce, and those who commented before, of a comment: who asks where to meet is to be answered,
// and to learn of it.
func tellOfAnnouncement(ctx context.Context, tx *store.Store, n store.Notification, before []int64) error {
	whom, err := tx.AccountsWithRole(ctx, rolesThat(Announce), maxReportAdmins)
	if err != nil {
		return err
	}
	for _, id := range before {
		if !slices.Contains(whom, id) {
			whom = append(whom, id)
		}
	}
	for _, id := range whom {
		n.AccountID = id
		if err := notify(ctx, tx, n); err != nil {
			return err
		}
	}
	return nil
}

// AnnouncementCommentByID is one comment that the member may see, else ErrNotFound.
func (c *Community) AnnouncementCommentByID(ctx context.Context, acc *store.Account, id int64) (*AnnouncementComment, error) {
	if acc == nil || !acc.Active() {
		return nil, ErrUnauthenticated
	}
	row, err := c.Store.AnnouncementCommentByID(ctx, acc, id)
	if err != nil {
		return nil, fromStore(err)
	}
	list, err := c.loadAnnouncementComments(ctx, acc, []store.AnnouncementComment{*row})
	if err == nil && len(list) == 0 {
		err = ErrNotFound
	}
	if err != nil {
		return nil, err
	}
	if _, err := c.AnnouncementByID(ctx, acc, row.AnnouncementID); err != nil {
		return nil, err
	}
	return list[0], nil
}

// RemoveAnnouncementComment deletes a comment: its author's own, or as an act of a moderator who stands above its author. That is
// logged, the author is told of the decision with the words of s and may answer it, and open reports about the comment are closed
// by it. Doing so again is ErrNotFound.
func (c *Community) RemoveAnnouncementComment(ctx context.Context, by By, id int64, s Sanction) error {
	ctx = store.Primary(ctx)
	acts := by.may(RemoveAnnouncementComment)
	viewer := by.Account
	if acts == nil {
		viewer = nil // moderators remove what somebody wrote who blocks them, too
	} else if viewer == nil || !viewer.Active() {
		return acts
	}
	if done, err := c.done(ctx, by, RemoveAnnouncementComment); done || err != nil {
		return err
	}
	comment, err := c.Store.AnnouncementCommentByID(ctx, viewer, id)
	if err != nil {
		return fromStore(err)
	}
	if by.Account != nil && comment.AccountID == by.Account.ID {
		return fromStore(c.Store.Tx(ctx, func(ctx context.Context, tx *store.Store) error {
			_, err := tx.DropAnnouncementComment(ctx, id)
			return err
		}))
	}
	if acts != nil {
		return acts
	}
	if err := s.clean(); err != nil {
		return err
	}
	author, err := c.Store.AccountByID(ctx, comment.AccountID)
	if err != nil {
		return fromStore(err)
	}
	s.excerpt = excerpt(comment.Text)
	_, err = c.onMember(ctx, by, RemoveAnnouncementComment, author.Username, func(ctx context.Context, tx *store.Store, now *store.Account, e *store.AdminEntry) (bool, error) {
		e.RefID, e.Detail = &comment.AnnouncementID, cutText(oneLine(comment.Text), maxDetail)
		dropped, err := tx.DropAnnouncementComment(ctx, id)
		if err == nil && !dropped {
			err = ErrNotFound // somebody was faster
		}
		if err != nil {
			return false, err
		}
		decision, err := c.decide(ctx, tx, by, now.ID, store.DecideRemove, s)
		if err != nil {
			return false, err
		}
		open, err := tx.OpenReportsOnComment(ctx, id, maxReportsClosed)
		if err != nil {
			return false, err
		}
		return true, c.closeReports(ctx, tx, by, open, store.DecideRemove, &decision)
	})
	return err
}

// MayRemoveComment returns nil if the account may remove the comment on an announcement, else the error of
// RemoveAnnouncementComment. removal is set where that is an act of moderation.
func MayRemoveComment(acc *store.Account, comment *AnnouncementComment) (removal bool, err error) {
	switch {
	case acc == nil:
		return false, ErrUnauthenticated
	case acc.ID == comment.AccountID:
		return false, nil
	case May(acc, RemoveAnnouncementComment) && mayActOn(acc, comment.Author):
		return true, nil
	}
	return false, ErrForbidden
}
