package community

import (
	"context"
	"errors"
	"time"

	"tintype/internal/queue"
	"tintype/internal/store"
)

const (
	// MaxAnnouncements is how many announcements may stand at once, those to be published later included.
	MaxAnnouncements = 20
	// maxAnnouncementsListed is how many one page has.
	maxAnnouncementsListed = 40
	// maxAhead is how far ahead an announcement is published.
	maxAhead = 366 * 24 * time.Hour
)

// Events of announcements. The reference is the announcement.
const (
	EventAnnouncement        = "announcement"         // is published, or one that is has changed
	EventAnnouncementChanged = "announcement.changed" // one that members do not see yet, or no more
	EventAnnouncementGone    = "announcement.deleted" // has ended, or is deleted
)

var announcementKinds = []string{EventAnnouncement, EventAnnouncementChanged, EventAnnouncementGone}

// Announcement is an announcement as a member reads it.
type Announcement struct {
	store.Announcement
	Mentions  []*store.Account
	Tags      []store.Tag
	Dismissed bool // by the viewer
	Reactions []Reaction
	Comments  int // as many as the viewer sees
}

// Reaction counts those who reacted with an emoji.
type Reaction struct {
	Name  string
	Count int
	Mine  bool
}

// AnnouncementStates are what an announcement may be.
const (
	AnnouncementScheduled = "scheduled"
	AnnouncementStands    = "stands"
	AnnouncementOver      = "over"
)

// State is one of them at the moment.
func (a *Announcement) State(now time.Time) string { return announcementState(&a.Announcement, now) }

func announcementState(a *store.Announcement, now time.Time) string {
	switch {
	case a.EndedAt != nil, a.EndsAt != nil && !now.Before(a.EndsAt.Time()):
		return AnnouncementOver
	case now.Before(a.PublishAt.Time()):
		return AnnouncementScheduled
	}
	return AnnouncementStands
}

// NewAnnouncement is the form of an announcement.
type NewAnnouncement struct {
	Text     string
	StartsAt *time.Time // of the event
	EndsAt   *time.Time
	AllDay   bool
	// PublishAt is when members see it; nil: at once. One that is published stays so.
	PublishAt *time.Time
	// IdempotencyKey is the key of the form: sent twice, it makes one announcement.
	IdempotencyKey string `json:"-"`
}

// clean checks the form, before what is there, nil for a new one.
func (c *Community) cleanAnnouncement(n *NewAnnouncement, before *store.Announcement, now time.Time) error {
	bad := &Invalid{}
	n.Text = tidy(n.Text)
	if n.Text == "" {
		bad.add("text", "blank", "Write what members should know.")
	}
	if chars := c.Characters(n.Text); chars > MaxCaption || len(n.Text) > maxRenderSize {
		bad.add("text", "too_long", "The text has %d characters; the limit is %d.", max(chars, MaxCaption+1), MaxCaption)
	}
	tags, names := c.Extract(n.Text)
	if len(tags) > MaxTags {
		bad.add("text", "too_many_tags", "A text may have at most %d tags.", MaxTags)
	}
	if len(names) > MaxMentions {
		bad.add("text", "too_many_mentions", "A text may mention at most %d people.", MaxMentions)
	}
	if n.EndsAt != nil && n.StartsAt == nil {
		bad.add("starts", "blank", "Say when it begins as well.")
	}
	if n.StartsAt != nil && n.EndsAt != nil && n.EndsAt.Before(*n.StartsAt) {
		bad.add("ends", "before", "The end is before the beginning.")
	}
	if n.EndsAt != nil && !n.EndsAt.After(now) && (before == nil || before.EndsAt == nil || *before.EndsAt != store.ToMillis(*n.EndsAt)) {
		bad.add("ends", "past", "The end is in the past.")
	}
	if n.PublishAt != nil && n.PublishAt.After(now.Add(maxAhead)) {
		bad.add("publish", "far", "That is more than a year ahead.")
	}
	if n.EndsAt != nil && n.PublishAt != nil && !n.EndsAt.After(*n.PublishAt) && (before == nil || before.PublishAt.Time().After(now)) {
		bad.add("publish", "after_end", "It would be published after its end.")
	}
	return bad.err()
}

func millisOf(t *time.Time) *store.Millis {
	if t == nil {
		return nil
	}
	m := store.ToMillis(*t)
	return &m
}

// Announce tells every member something, at once or from a moment on. *Invalid for what cannot be, and where MaxAnnouncements
// stand.
func (c *Community) Announce(ctx context.Context, by By, n NewAnnouncement) (*store.Announcement, error) {
	ctx = store.Primary(ctx)
	if err := by.may(Announce); err != nil {
		return nil, err
	}
	now := time.Now()
	if err := c.cleanAnnouncement(&n, nil, now); err != nil {
		return nil, err
	}
	by.Key = "" // there is that of the announcement
	key, err := formKey(by.Account, "announcement", n.IdempotencyKey, n)
	if err != nil {
		return nil, err
	}
	at := store.ToMillis(now)
	row := store.Announcement{ID: c.Store.NewID(), Text: n.Text, StartsAt: millisOf(n.StartsAt), EndsAt: millisOf(n.EndsAt), AllDay: n.AllDay, PublishAt: at, CreatedAt: at, UpdatedAt: at}
	if n.PublishAt != nil && n.PublishAt.After(now) {
		row.PublishAt = store.ToMillis(*n.PublishAt)
	}
	first, err := c.once(ctx, key, func() error {
		return c.administration(ctx, by, Announce, func(ctx context.Context, tx *store.Store, e *store.AdminEntry) (bool, error) {
			// The lock has those that come at once count each other.
			if _, err := tx.LockSiteInfos(ctx, "announcements."); err != nil {
				return false, err
			}
			if err := takeKey(ctx, tx, key, row.ID); err != nil {
				return false, err
			}
			standing, err := tx.StandingAnnouncements(ctx, at, MaxAnnouncements)
			if err != nil {
				return false, err
			}
			if len(standing) >= MaxAnnouncements {
				return false, invalid("", "too_many", "There are already %d announcements. End one first.", MaxAnnouncements)
			}
			e.RefID, e.Detail = &row.ID, cutText(oneLine(row.Text), maxDetail)
			if err := tx.AddAnnouncement(ctx, row); err != nil {
				return false, err
			}
			return true, c.tellAnnouncement(ctx, tx, row, at)
		})
	})
	if err != nil {
		return nil, err
	}
	if first != 0 {
		row.ID = first
	}
	made, err := c.Store.AnnouncementByID(ctx, row.ID)
	return made, fromStore(err)
}

// tellAnnouncement tells of an announcement that is new or has changed, and has a job tell of its publication.
func (c *Community) tellAnnouncement(ctx context.Context, tx *store.Store, row store.Announcement, now store.Millis) error {
	tx.AfterCommit(c.announced.drop)
	kind := EventAnnouncement
	if announcementState(&row, now.Time()) != AnnouncementStands {
		kind = EventAnnouncementChanged
	}
	if row.PublishAt > now {
		if err := tx.AddJob(ctx, jobAnnounce, announcePayload{row.ID, row.PublishAt}, row.PublishAt); err != nil {
			return err
		}
	}
	return tx.AddEvent(ctx, kind, 0, row.ID, nil)
}

// jobAnnounce tells streams of an announcement whose moment has come. Pages and the API need no job: they compare the time.
const jobAnnounce = "announcement.publish"

type announcePayload struct {
	ID int64        `json:"id"`
	At store.Millis `json:"at"`
}

func (c *Community) runAnnounce(ctx context.Context, job *queue.Job) error {
	var payload announcePayload
	if err := readPayload(job, &payload); err != nil {
		return err
	}
	return c.finishJob(store.Primary(ctx), job, func(ctx context.Context, tx *store.Store) error {
		row, err := tx.LockAnnouncement(ctx, payload.ID)
		if errors.Is(err, store.ErrNotFound) {
			return nil
		}
		if err != nil {
			return err
		}
		if row.DeletedAt != nil || row.EndedAt != nil || row.PublishAt != payload.At { // it was moved, and has another job
			return nil
		}
		tx.AfterCommit(c.announced.drop)
		return tx.AddEvent(ctx, EventAnnouncement, 0, row.ID, nil)
	})
}

// onAnnouncement runs an act on one announcement, which f finds locked and changes.
func (c *Community) onAnnouncement(ctx context.Context, by By, act Act, id int64, f func(ctx context.Context, tx *store.Store, now *store.Announcement) (changed bool, err error)) error {
	return c.administration(store.Primary(ctx), by, act, func(ctx context.Context, tx *store.Store, e *store.AdminEntry) (bool, error) {
		now, err := tx.LockAnnouncement(ctx, id)
		if err != nil {
			return false, err
		}
		if now.DeletedAt != nil {
			return false, ErrNotFound
		}
		e.RefID, e.Detail = &now.ID, cutText(oneLine(now.Text), maxDetail)
		changed, err := f(ctx, tx, now)
		if err != nil || !changed {
			return false, err
		}
		return true, tx.SetAnnouncement(ctx, *now)
	})
}

// EditAnnouncement replaces what an announcement says. Members who dismissed it do not see it again. One that has not been
// published yet can be moved; one that has ended is only put right.
func (c *Community) EditAnnouncement(ctx context.Context, by By, id int64, n NewAnnouncement) error {
	if err := by.may(EditAnnouncement); err != nil {
		return err
	}
	return c.onAnnouncement(ctx, by, EditAnnouncement, id, func(ctx context.Context, tx *store.Store, now *store.Announcement) (bool, error) {
		at := time.Now()
		if err := c.cleanAnnouncement(&n, now, at); err != nil {
			return false, err
		}
		was := *now
		now.Text, now.StartsAt, now.EndsAt, now.AllDay = n.Text, millisOf(n.StartsAt), millisOf(n.EndsAt), n.AllDay
		if at.Before(was.PublishAt.Time()) {
			now.PublishAt = store.ToMillis(at)
			if n.PublishAt != nil && n.PublishAt.After(at) {
				now.PublishAt = store.ToMillis(*n.PublishAt)
			}
		}
		if was.Text == now.Text && sameMillis(was.StartsAt, now.StartsAt) && sameMillis(was.EndsAt, now.EndsAt) && was.AllDay == now.AllDay && was.PublishAt == now.PublishAt {
			return false, nil
		}
		now.UpdatedAt = store.ToMillis(at)
		return true, c.tellAnnouncement(ctx, tx, *now, now.UpdatedAt)
	})
}

func sameMillis(a, b *store.Millis) bool {
	if a == nil || b == nil {
		return a == b
	}
	return *a == *b
}

// FinishAnnouncement takes an announcement off the head of home and out of the API. It can still be read among the earlier ones, with
// its comments. Doing so again changes nothing. *Invalid for one that is not published yet: nobody is to read it.
func (c *Community) FinishAnnouncement(ctx context.Context, by By, id int64) error {
	if err := by.may(EndAnnouncement); err != nil {
		return err
	}
	return c.onAnnouncement(ctx, by, EndAnnouncement, id, func(ctx context.Context, tx *store.Store, now *store.Announcement) (bool, error) {
		at := store.ToMillis(time.Now())
		switch announcementState(now, at.Time()) {
		case AnnouncementOver:
			return false, nil
		case AnnouncementScheduled:
			return false, invalid("", "scheduled", "It is not published yet. Delete it instead.")
		}
		now.EndedAt = &at
		tx.AfterCommit(c.announced.drop)
		return true, tx.AddEvent(ctx, EventAnnouncementGone, 0, now.ID, nil)
	})
}

// jobAnnouncementDelete removes the rows of a deleted announcement, in batches.
const jobAnnouncementDelete = "announcement.delete"

// DeleteAnnouncement removes an announcement with its comments: nobody sees it from then on, and a job removes the rows.
func (c *Community) DeleteAnnouncement(ctx context.Context, by By, id int64) error {
	if err := by.may(DeleteAnnouncement); err != nil {
		return err
	}
	return c.onAnnouncement(ctx, by, DeleteAnnouncement, id, func(ctx context.Context, tx *store.Store, now *store.Announcement) (bool, error) {
		at := store.ToMillis(time.Now())
		now.DeletedAt = &at
		if err := tx.AddJob(ctx, jobAnnouncementDelete, announcePayload{ID: id}, 0); err != nil {
			return false, err
		}
		tx.AfterCommit(c.announced.drop)
		return true, tx.AddEvent(ctx, EventAnnouncementGone, 0, now.ID, nil)
	})
}

// runAnnouncementDelete can be repeated at any point.
func (c *Community) runAnnouncementDelete(ctx context.Context, job *queue.Job) error {
	var payload announcePayload
	if err := readPayload(job, &payload); err != nil {
		return err
	}
	ctx = store.Primary(ctx)
	for pace := newPacer(accountBatch); ; {
		n := 0
		err := pace.batch(ctx, func(limit int) (int, error) {
			err := c.Store.Tx(ctx, func(ctx context.Context, tx *store.Store) (err error) {
				n, err = tx.EraseAnnouncementRows(ctx, payload.ID, limit)
				return err
			})
			return n, err
		})
		if err != nil {
			return err
		}
		if n == 0 {
			return c.finishJob(ctx, job, func(ctx context.Context, tx *store.Store) error { return tx.DropAnnouncement(ctx, payload.ID) })
		}
	}
}
