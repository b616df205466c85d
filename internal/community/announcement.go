package community

import (
	"context"
	"errors"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"tintype/internal/lang"
	"tintype/internal/live"
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
		bad.add("text", "too_long", "The text has %d characters; %d are the most.", max(chars, MaxCaption+1), MaxCaption)
	}
	tags, names := c.Extract(n.Text)
	if len(tags) > MaxTags {
		bad.add("text", "too_many_tags", "A text has at most %d tags.", MaxTags)
	}
	if len(names) > MaxMentions {
		bad.add("text", "too_many_mentions", "A text mentions at most %d people.", MaxMentions)
	}
	if n.EndsAt != nil && n.StartsAt == nil {
		bad.add("starts", "blank", "Say when it begins as well.")
	}
	if n.StartsAt != nil && n.EndsAt != nil && n.EndsAt.Before(*n.StartsAt) {
		bad.add("ends", "before", "The end is before the beginning.")
	}
	if n.EndsAt != nil && !n.EndsAt.After(now) && (before == nil || before.EndsAt == nil || *before.EndsAt != store.ToMillis(*n.EndsAt)) {
		bad.add("ends", "past", "The end lies in the past.")
	}
	if n.PublishAt != nil && n.PublishAt.After(now.Add(maxAhead)) {
		bad.add("publish", "far", "That is more than a year ahead.")
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
			if err := takeKey(ctx, tx, key, row.ID); err != nil {
				return false, err
			}
			standing, err := tx.StandingAnnouncements(ctx, at, MaxAnnouncements)
			if err != nil {
				return false, err
			}
			if len(standing) >= MaxAnnouncements {
				return false, invalid("", "too_many", "%d announcements stand already. End one first.", MaxAnnouncements)
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
// its comments. Doing so again changes nothing.
func (c *Community) FinishAnnouncement(ctx context.Context, by By, id int64) error {
	if err := by.may(EndAnnouncement); err != nil {
		return err
	}
	return c.onAnnouncement(ctx, by, EndAnnouncement, id, func(ctx context.Context, tx *store.Store, now *store.Announcement) (bool, error) {
		at := store.ToMillis(time.Now())
		if announcementState(now, at.Time()) == AnnouncementOver {
			return false, nil
		}
		now.EndedAt, now.PublishAt = &at, min(now.PublishAt, at)
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

// announcedState keeps the announcements that stand, which every page of home asks for. Events of other processes drop them,
// and so does a change by this one.
type announcedState struct {
	watch      *live.Watch // nil where there are no events
	following  atomic.Bool
	generation atomic.Uint64 // raised by each drop

	mu   sync.Mutex // held to read the rows
	list []*store.Announcement
	of   uint64 // the generation of list
	read bool
}

func (s *announcedState) drop() { s.generation.Add(1) }

func newAnnouncedState(hub *live.Hub) *announcedState {
	s := &announcedState{}
	if hub != nil {
		s.watch = live.NewWatch(live.WatchOptions{
			Hub: hub, Kinds: announcementKinds, Depth: eventsAhead, Idle: siteIdle,
			OnStart: s.drop,
			OnEvent: func(live.Event) { s.drop() },
			OnStop:  func(bool) { s.drop() },
		})
	}
	return s
}

// FollowAnnouncements has the announcements that stand be kept until ctx ends. Without it they are read each time.
func (c *Community) FollowAnnouncements(ctx context.Context) {
	s := c.announced
	if s.watch == nil {
		return
	}
	s.drop()
	s.following.Store(true)
	s.watch.Follow(ctx)
	s.following.Store(false)
}

// standingAnnouncements are those that stand or are to be published, newest first. Whoever has written reads them where they stand.
func (c *Community) standingAnnouncements(ctx context.Context) ([]*store.Announcement, error) {
	s := c.announced
	load := func() ([]*store.Announcement, error) {
		list, err := c.Store.StandingAnnouncements(store.PrimaryWhileThere(ctx), store.ToMillis(time.Now()), MaxAnnouncements)
		return list, fromStore(err)
	}
	if !s.following.Load() || store.Positioned(ctx) {
		return load()
	}
	s.watch.Use()
	s.mu.Lock()
	defer s.mu.Unlock()
	generation := s.generation.Load()
	if s.read && s.of == generation {
		return s.list, nil
	}
	list, err := load()
	if err != nil {
		if s.read { // the database is away: as it was last
			return s.list, nil
		}
		return nil, err
	}
	s.list, s.of, s.read = list, generation, true
	return list, nil
}

// Announcements are those that stand, the newest first, for members alone. Those that the member has dismissed are left out,
// or come with that.
func (c *Community) Announcements(ctx context.Context, acc *store.Account, withDismissed bool) ([]*Announcement, error) {
	if acc == nil || !acc.Active() {
		return nil, ErrUnauthenticated
	}
	all, err := c.standingAnnouncements(ctx)
	if err != nil {
		return nil, err
	}
	now := time.Now()
	var rows []*store.Announcement
	for _, a := range all {
		if announcementState(a, now) == AnnouncementStands {
			rows = append(rows, a)
		}
	}
	list, err := c.loadAnnouncements(ctx, acc, rows)
	if err != nil || withDismissed {
		return list, err
	}
	shown := list[:0]
	for _, a := range list {
		if !a.Dismissed {
			shown = append(shown, a)
		}
	}
	return shown, nil
}

// PublishedAnnouncements are all that were published, also those that are over, the newest first.
func (c *Community) PublishedAnnouncements(ctx context.Context, acc *store.Account, p Cursor) ([]*Announcement, error) {
	if acc == nil || !acc.Active() {
		return nil, ErrUnauthenticated
	}
	now := store.ToMillis(time.Now())
	rows, err := c.Store.Announcements(ctx, &now, p.span(maxAnnouncementsListed, maxAnnouncementsListed))
	if err != nil {
		return nil, fromStore(err)
	}
	return c.loadAnnouncements(ctx, acc, rows)
}

// AnnouncementByID is one that was published, also one that is over; ErrNotFound for others.
func (c *Community) AnnouncementByID(ctx context.Context, acc *store.Account, id int64) (*Announcement, error) {
	if acc == nil || !acc.Active() {
		return nil, ErrUnauthenticated
	}
	row, err := c.Store.AnnouncementByID(ctx, id)
	if errors.Is(err, store.ErrNotFound) {
		row, err = c.Store.AnnouncementByID(store.Primary(ctx), id)
	}
	if err != nil {
		return nil, fromStore(err)
	}
	if time.Now().Before(row.PublishAt.Time()) {
		return nil, ErrNotFound
	}
	list, err := c.loadAnnouncements(ctx, acc, []*store.Announcement{row})
	if err != nil {
		return nil, err
	}
	list[0].Comments, err = c.Store.CountAnnouncementComments(ctx, acc, id, maxAnnouncementComments)
	return list[0], fromStore(err)
}

// AllAnnouncements are all, also those to be published later, for those who run the site.
func (c *Community) AllAnnouncements(ctx context.Context, by By, p Cursor) ([]*store.Announcement, error) {
	if err := by.may(ReadAnnouncements); err != nil {
		return nil, err
	}
	list, err := c.Store.Announcements(store.Primary(ctx), nil, p.span(maxAnnouncementsListed, maxAnnouncementsListed))
	return list, fromStore(err)
}

// AnnouncementToEdit is one for those who run the site.
func (c *Community) AnnouncementToEdit(ctx context.Context, by By, id int64) (*store.Announcement, error) {
	if err := by.may(ReadAnnouncements); err != nil {
		return nil, err
	}
	row, err := c.Store.AnnouncementByID(store.Primary(ctx), id)
	return row, fromStore(err)
}

func (c *Community) loadAnnouncements(ctx context.Context, acc *store.Account, rows []*store.Announcement) ([]*Announcement, error) {
	if len(rows) == 0 {
		return []*Announcement{}, nil
	}
	list, ids, byID := make([]*Announcement, len(rows)), make([]int64, len(rows)), map[int64]*Announcement{}
	texts := make([]string, len(rows))
	for i, row := range rows {
		list[i], ids[i], texts[i] = &Announcement{Announcement: *row, Tags: c.tagsOf(row.Text)}, row.ID, row.Text
		byID[row.ID] = list[i]
	}
	mentioned, err := c.mentionedIn(ctx, acc, texts)
	if err != nil {
		return nil, err
	}
	for i, a := range list {
		a.Mentions = mentioned[i]
	}
	reactions, err := c.Store.AnnouncementReactions(ctx, ids)
	if err != nil {
		return nil, fromStore(err)
	}
	marks, err := c.Store.AnnouncementMarksBy(ctx, acc.ID, ids)
	if err != nil {
		return nil, fromStore(err)
	}
	mine := map[store.AnnouncementMark]bool{}
	for _, m := range marks {
		if m.Name == "" {
			byID[m.AnnouncementID].Dismissed = true
		}
		mine[store.AnnouncementMark{AnnouncementID: m.AnnouncementID, Name: m.Name}] = true
	}
	for _, r := range reactions {
		a := byID[r.AnnouncementID]
		a.Reactions = append(a.Reactions, Reaction{r.Name, r.Count, mine[store.AnnouncementMark{AnnouncementID: r.AnnouncementID, Name: r.Name}]})
	}
	return list, nil
}

// mentionedIn finds for each text the accounts that it mentions and the viewer may see. It asks nothing where no text has a
// mention.
func (c *Community) mentionedIn(ctx context.Context, viewer *store.Account, texts []string) ([][]*store.Account, error) {
	out := make([][]*store.Account, len(texts))
	names, all := make([][]string, len(texts)), []string(nil)
	for i, text := range texts {
		if strings.ContainsRune(text, '@') {
			_, names[i] = c.Extract(text)
			for j, n := range names[i] {
				names[i][j] = store.Fold(n)
			}
			all = append(all, names[i]...)
		}
	}
	if len(all) == 0 {
		return out, nil
	}
	ids, err := c.Store.Mentionable(ctx, viewer, all, 0, viewer.ID)
	if err != nil {
		return nil, fromStore(err)
	}
	found, err := c.Store.AccountsByID(ctx, ids)
	if err != nil {
		return nil, fromStore(err)
	}
	for i := range texts {
		for _, n := range names[i] {
			for _, a := range found {
				if store.Fold(a.Username) == n {
					out[i] = append(out[i], a)
				}
			}
		}
	}
	return out, nil
}

// tellAnnouncement sends an announcement to every member who listens, unless it has ended meanwhile.
func (s *Streams) tellAnnouncement(ctx context.Context, id int64) error {
	s.c.announced.drop() // whoever hears of it finds it
	row, err := s.c.Store.AnnouncementByID(store.Primary(ctx), id)
	if errors.Is(err, store.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	if announcementState(row, time.Now()) == AnnouncementStands {
		s.tellMembers(Message{Kind: MessageAnnouncement, Announcement: &Announcement{Announcement: *row, Tags: s.c.tagsOf(row.Text)}})
	}
	return nil
}

// tellMembers sends a message to whoever listens to a home feed.
func (s *Streams) tellMembers(m Message) {
	byAccount, accounts := s.openStreams(listens)
	for _, account := range accounts {
		for _, o := range byAccount[account] {
			for ch := range o.channels {
				if ch.Name == ChannelUser {
					m.Channels = []Channel{ch}
					s.send(o.stream, m)
				}
			}
		}
	}
}

// AnnouncementURL is the address of an announcement's page.
func (c *Community) AnnouncementURL(id int64) string {
	return c.BaseURL + "/announcements/" + strconv.FormatInt(id, 10)
}

// announcementWords are what its state is called.
var announcementWords = map[string]string{
	AnnouncementScheduled: lang.Key("To be published"), AnnouncementStands: lang.Key("Stands"), AnnouncementOver: lang.Key("Over"),
}

// AnnouncementWords says a state of an announcement; the words are a key of package lang.
func AnnouncementWords(state string) string { return announcementWords[state] }
