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
	"tintype/internal/store"
)

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

// FollowAnnouncements keeps the current announcements in memory until ctx ends. Without it they are read each time.
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
	AnnouncementScheduled: lang.Key("To be published"), AnnouncementStands: lang.Key("Active"), AnnouncementOver: lang.Key("Over"),
}

// AnnouncementWords says a state of an announcement; the words are a key of package lang.
func AnnouncementWords(state string) string { return announcementWords[state] }
