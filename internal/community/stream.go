package community

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"sync"
	"time"

	"tintype/internal/live"
	"tintype/internal/store"
)

// Names of channels, as clients know them. Direct messages do not exist here: their channel never delivers anything.
const (
	ChannelUser          = "user" // the home feed and notifications
	ChannelNotifications = "user:notification"
	ChannelPublic        = "public"
	ChannelLocal         = "public:local"
	ChannelMedia         = "public:media" // as public: every post has photos
	ChannelLocalMedia    = "public:local:media"
	ChannelTag           = "hashtag"
	ChannelLocalTag      = "hashtag:local"
	ChannelList          = "list" // a list of the account's own: whoever listens has asked List
	ChannelDirect        = "direct"
)

// A Channel is one thing to listen to. Of is the tag as the client wrote it, or the list.
type Channel struct{ Name, Of string }

// NeedsMember reports whether the channel belongs to one account.
func (ch Channel) NeedsMember() bool {
	switch ch.Name {
	case ChannelPublic, ChannelLocal, ChannelMedia, ChannelLocalMedia, ChannelTag, ChannelLocalTag:
		return false
	}
	return true
}

// MessageKind is the kind of a message.
type MessageKind int

// Kinds of messages.
const (
	MessagePost             MessageKind = iota + 1 // Post is new
	MessageEdited                                  // Post has changed
	MessageDeleted                                 // the post ID is gone, or no longer for these eyes
	MessageNotification                            // Notification is new
	MessageCounts                                  // the post ID has so many Likes, Boosts and Comments
	MessageUnread                                  // so many notifications are Unread
	MessageFilters                                 // the account's filters have changed
	MessageAnnouncement                            // Announcement is published, or has changed
	MessageAnnouncementGone                        // the announcement ID has ended, or is deleted
)

// A Message is sent to one stream, on the channels that it matches.
type Message struct {
	Kind          MessageKind
	Channels      []Channel
	ID            int64
	Post          *Post
	Notification  *Notification
	Announcement  *Announcement // without what is the reader's own
	Likes, Boosts int
	Comments      int
	NoComment     string // why the account may not comment on the post ID, "" where it may
	Unread        int
}

// Reasons for which a stream ends.
var (
	ErrStreamSlow  = errors.New("the client does not keep up")
	ErrStreamOver  = errors.New("the token or session is over")
	ErrStreamAgain = errors.New("something was missed: connect again, and look")
	ErrStreamDrain = errors.New("this instance is going away: connect again")
)

// Subscriber is the account, token or visitor that opens a stream.
type Subscriber struct {
	AccountID     int64  // 0 is a visitor
	Address       string // of a visitor: its network's streams are counted together
	TokenID       int64  // 0: a page of the site, by its session
	AppID         int64
	Notifications bool    // wants to hear of its own
	Posts         []int64 // whose counts are wanted, of a page
}

// behind is how many messages a client may be behind.
const behind = 64

// A Stream is one client that listens. Done is closed when it has to end; Err is the reason.
type Stream struct {
	Subscriber
	owners  []string // whom it counts for
	streams *Streams
	c       chan Message
	done    chan struct{}

	// Under the lock of streams.
	channels map[Channel]string // → the tag's key
	err      error
}

// C delivers the messages.
func (st *Stream) C() <-chan Message { return st.c }

// Done is closed when the stream has to end.
func (st *Stream) Done() <-chan struct{} { return st.done }

// Err is why, once Done is closed.
func (st *Stream) Err() error {
	st.streams.mu.Lock()
	defer st.streams.mu.Unlock()
	return st.err
}

// maxChannels bounds what one client listens to.
const maxChannels = 32

// Listen adds a channel. It returns *Invalid past maxChannels.
func (st *Stream) Listen(ch Channel) error {
	st.streams.mu.Lock()
	defer st.streams.mu.Unlock()
	if len(st.channels) >= maxChannels {
		return invalid("stream", "too_many", "That is more than one connection may listen to.")
	}
	st.channels[ch] = store.Fold(ch.Of)
	return nil
}

// Unlisten takes a channel away.
func (st *Stream) Unlisten(ch Channel) {
	st.streams.mu.Lock()
	defer st.streams.mu.Unlock()
	delete(st.channels, ch)
}

// Close ends the stream from the client's side.
func (st *Stream) Close() { st.streams.end(st, nil) }

// StreamOptions bound the streams of one process. Zero values are defaults.
type StreamOptions struct {
	Max      int // in all, of which visitors get half; default 2,000
	PerOwner int // of one account, or of one network of visitors (each wider one twice as many); default 20
	// WaitForReplicas returns once every replica in use has what the primary had at the call, so that a client that
	// hears of something finds it, wherever it reads. It is nil where there are no replicas.
	WaitForReplicas func(context.Context) error
	// Visible counts changes for those who keep pages. It is nil where nobody does.
	Visible *Visible
	Log     *slog.Logger
}

// Streams are the open streams of this process. Events bring what happens anywhere in the fleet; each stream gets what
// its own account may see at that moment.
type Streams struct {
	o    StreamOptions
	c    *Community
	wake chan struct{}

	mu       sync.Mutex
	open     map[*Stream]struct{}
	visitors int // of those open
	owners   map[string]int
	draining bool
	idle     chan struct{} // closed while nothing is open
	// events is subscribed to before the first stream is open, so that no stream misses what happens after Open.
	events *live.Subscription // nil while nothing is open
}

// NewStreams makes Streams. Nothing is delivered before Run.
func NewStreams(c *Community, o StreamOptions) *Streams {
	if o.Max <= 0 {
		o.Max = 2000
	}
	if o.PerOwner <= 0 {
		o.PerOwner = 20
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	s := &Streams{o: o, c: c, wake: make(chan struct{}, 1), open: map[*Stream]struct{}{}, owners: map[string]int{}, idle: make(chan struct{})}
	close(s.idle)
	return s
}

// Open begins a stream. It returns *Unavailable where too many are open or the process is about to end, and *TooMany
// where the account or network has enough. The caller closes the stream, and checks once more after opening it whether
// the token is valid: an earlier revocation does not reach the stream.
func (s *Streams) Open(h Subscriber) (*Stream, error) {
	visitor := h.AccountID == 0
	owners, most, each := []string{fmt.Sprintf("account %d", h.AccountID)}, s.o.Max, s.o.PerOwner
	if visitor {
		// A member always finds a stream, and a visitor one that other networks left.
		owners, most = networksOf(h.Address), max(s.o.Max/2, 1)
		each = min(each, max(most/4, 1))
	}
	st := &Stream{Subscriber: h, owners: owners, streams: s, c: make(chan Message, behind), done: make(chan struct{}), channels: map[Channel]string{}}
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.draining:
		return nil, &Unavailable{RetryAfter: time.Second, Err: ErrStreamDrain}
	case len(s.open) >= s.o.Max || visitor && s.visitors >= most:
		return nil, &Unavailable{RetryAfter: 30 * time.Second, Err: errors.New("too many streams are open here")}
	}
	for level, owner := range owners {
		if s.owners[owner] >= each<<level {
			return nil, &TooMany{RetryAfter: 30 * time.Second}
		}
	}
	if len(s.open) == 0 {
		s.idle = make(chan struct{})
	}
	if s.events == nil && s.c != nil {
		s.events = s.subscribe()
	}
	s.open[st] = struct{}{}
	if visitor {
		s.visitors++
	}
	for _, owner := range owners {
		s.owners[owner]++
	}
	s.nudge()
	return st, nil
}

// Count is how many streams are open.
func (s *Streams) Count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.open)
}

func (s *Streams) subscribe() *live.Subscription {
	return s.c.Live.SubscribeDeep(eventsAhead, live.Any, streamed...)
}

// rest ends the subscription if nothing is open.
func (s *Streams) rest() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.open) > 0 {
		return false
	}
	s.unsubscribe()
	return true
}

// unsubscribe is called with the lock held.
func (s *Streams) unsubscribe() {
	if s.events != nil {
		s.events.Close()
		s.events = nil
	}
}

func (s *Streams) nudge() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

func (s *Streams) end(st *Stream, why error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.endLocked(st, why)
}

func (s *Streams) endLocked(st *Stream, why error) {
	if st.err == nil && why != nil {
		st.err = why
		close(st.done)
	}
	if why != nil {
		return // it leaves when its handler has let go of the client
	}
	if _, there := s.open[st]; !there {
		return
	}
	delete(s.open, st)
	if st.AccountID == 0 {
		s.visitors--
	}
	for _, owner := range st.owners {
		if s.owners[owner]--; s.owners[owner] <= 0 {
			delete(s.owners, owner)
		}
	}
	if len(s.open) == 0 {
		close(s.idle)
		s.nudge()
	}
}

// endAll ends those that match.
func (s *Streams) endAll(why error, match func(*Stream) bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for st := range s.open {
		if match(st) {
			s.endLocked(st, why)
		}
	}
}

// Refuse opens no more streams.
func (s *Streams) Refuse() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.draining = true
}

// Drain refuses new streams and ends the open ones at random moments within the given time, so that their clients do
// not all reach the other instances at once. It returns when all have gone, or ctx ends.
func (s *Streams) Drain(ctx context.Context, within time.Duration) {
	s.mu.Lock()
	s.draining = true
	for st := range s.open {
		if within <= 0 {
			s.endLocked(st, ErrStreamDrain)
			continue
		}
		t := time.AfterFunc(rand.N(within), func() { s.end(st, ErrStreamDrain) })
		context.AfterFunc(ctx, func() { t.Stop(); s.end(st, ErrStreamDrain) })
	}
	idle := s.idle
	s.mu.Unlock()
	select {
	case <-idle:
	case <-ctx.Done():
	}
}

// streamed are the kinds of events that streams follow.
var streamed = []string{
	EventPostCreated, EventPostUpdated, EventPostDeleted, EventPostLiked, EventPostUnliked, EventPostBoosted, EventPostUnboosted, EventNotification, EventFiltersChanged, EventAnnouncement, EventAnnouncementGone,
	EventAccountHidden, EventAccountGone, EventTokenRevoked, EventAppRevoked, EventSessionsEnded,
}

// eventsAhead is how many events may wait while others are told.
const eventsAhead = 4096

// Run follows events for as long as somebody listens, until ctx ends.
func (s *Streams) Run(ctx context.Context) {
	for {
		if !s.rest() {
			s.follow(ctx)
			continue
		}
		select {
		case <-s.wake:
		case <-ctx.Done():
			return
		}
		if ctx.Err() != nil {
			return
		}
	}
}

// waitForReplicas waits until what was written up to now can be read anywhere.
func (s *Streams) waitForReplicas(ctx context.Context) error {
	if s.o.WaitForReplicas == nil {
		return nil
	}
	return s.o.WaitForReplicas(ctx)
}

// forget drops what this process cached before the events. Its caches read the same events, but perhaps later: a client
// that looks because of a stream must find what the stream announced.
func (s *Streams) forget(events []live.Event) {
	for _, e := range events {
		if !isVisible(e.Kind) {
			continue
		}
		if s.c.Cached != nil {
			s.c.Cached.Invalidate(e.Kind)
		}
		if s.o.Visible != nil {
			s.o.Visible.changes.Add(1)
		}
		return // once is enough
	}
}

func (s *Streams) follow(ctx context.Context) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	s.mu.Lock()
	sub := s.events
	s.mu.Unlock()
	if sub == nil { // what was open has just ended
		return
	}
	again := func(err error) {
		s.o.Log.WarnContext(ctx, "streams could not be told, and were ended", "error", err)
		s.endAll(ErrStreamAgain, func(*Stream) bool { return true })
	}
	// anew is again where events are missing: streams that open from now on miss none.
	anew := func(err error) {
		s.mu.Lock()
		s.unsubscribe()
		s.events = s.subscribe()
		s.mu.Unlock()
		again(err)
	}
	// Events wait here until every replica has what they tell of. Events that end streams do not wait.
	var next, waiting []live.Event
	waited := make(chan error, 1)
	for {
		if len(waiting) == 0 && len(next) > 0 {
			waiting, next = next, nil
			go func() { waited <- s.waitForReplicas(ctx) }()
		}
		select {
		case e := <-sub.C():
			s.endBy(e)
			if next = append(next, e); len(next) > eventsAhead {
				anew(errors.New("too many events wait for the replicas"))
				return
			}
		case err := <-waited:
			if err == nil {
				s.forget(waiting)
				err = s.tellAll(ctx, waiting)
			}
			if waiting = nil; err != nil && ctx.Err() == nil {
				again(err)
			}
		case <-sub.Lost():
			anew(errors.New("events were missed"))
			return
		case <-s.wake:
		case <-ctx.Done():
			s.endAll(ErrStreamDrain, func(*Stream) bool { return true })
			return
		}
		if s.rest() {
			return
		}
	}
}
