package community

import (
	"context"
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"tintype/internal/live"
	"tintype/internal/store"
)

// tellPatience bounds the reading for one batch of events.
const tellPatience = 20 * time.Second

// tellAll tells the open streams of events.
func (s *Streams) tellAll(ctx context.Context, events []live.Event) error {
	ctx, cancel := context.WithTimeout(ctx, tellPatience)
	defer cancel()
	counted, told := idSet{}, idSet{}
	for i, e := range events {
		var err error
		switch e.Kind {
		case EventPostCreated:
			err = s.tellPost(ctx, e, MessagePost, &counted)
		case EventPostUpdated:
			counted.add(e.RefID) // who may comment
			if later(events[i+1:], e) {
				continue // what it tells is how the post is now
			}
			err = s.tellPost(ctx, e, MessageEdited, &counted)
		case EventPostDeleted:
			err = s.tellDeleted(ctx, e, &counted)
		case EventPostLiked, EventPostUnliked:
			counted.add(e.RefID)
		case EventPostBoosted:
			counted.add(e.RefID)
			err = s.tellBoost(ctx, e)
		case EventPostUnboosted:
			counted.add(e.RefID)
			err = s.tellUnboost(ctx, e)
		case EventNotification:
			told.add(e.AccountID)
			err = s.tellNotification(ctx, e)
		case EventFiltersChanged:
			s.tellFilters(e.AccountID)
		case EventAnnouncement:
			err = s.tellAnnouncement(ctx, e.RefID)
		case EventAnnouncementGone:
			s.tellMembers(Message{Kind: MessageAnnouncementGone, ID: e.RefID})
		}
		if err != nil {
			return err
		}
	}
	for _, id := range counted.ids {
		if err := s.tellCounts(ctx, id); err != nil {
			return err
		}
	}
	for _, id := range told.ids {
		if err := s.tellUnread(ctx, id); err != nil {
			return err
		}
	}
	return nil
}

func later(events []live.Event, e live.Event) bool {
	return slices.ContainsFunc(events, func(l live.Event) bool {
		return l.Kind == e.Kind && l.RefID == e.RefID && string(l.Payload) == string(e.Payload)
	})
}

// endBy ends the streams that an event concerns.
func (s *Streams) endBy(e live.Event) {
	var match func(*Stream) bool
	switch e.Kind {
	case EventAccountHidden, EventAccountGone:
		match = func(st *Stream) bool { return st.AccountID == e.RefID }
	case EventTokenRevoked:
		match = func(st *Stream) bool { return st.TokenID == e.RefID }
	case EventAppRevoked:
		match = func(st *Stream) bool {
			return st.AccountID == e.AccountID && st.TokenID != 0 && (e.RefID == 0 || st.AppID == e.RefID)
		}
	case EventSessionsEnded:
		match = func(st *Stream) bool { return st.AccountID == e.RefID && st.TokenID == 0 }
	default:
		return
	}
	s.endAll(ErrStreamOver, match)
}

// An openStream is one open stream with its channels, copied under the lock.
type openStream struct {
	stream   *Stream
	channels map[Channel]string
}

// openStreams returns the open streams for which want is true, by account; visitors are account 0.
func (s *Streams) openStreams(want func(*Stream) bool) (byAccount map[int64][]openStream, accounts []int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	byAccount = map[int64][]openStream{}
	for st := range s.open {
		if st.err != nil || !want(st) {
			continue
		}
		if _, known := byAccount[st.AccountID]; !known && st.AccountID != 0 {
			accounts = append(accounts, st.AccountID)
		}
		channels := make(map[Channel]string, len(st.channels))
		for ch, key := range st.channels {
			channels[ch] = key
		}
		byAccount[st.AccountID] = append(byAccount[st.AccountID], openStream{st, channels})
	}
	return byAccount, accounts
}

// send puts a message into a stream. A stream whose client does not keep up ends.
func (s *Streams) send(st *Stream, m Message) {
	select {
	case st.c <- m:
	default:
		s.end(st, ErrStreamSlow)
	}
}

// A reach says which feeds have a post.
type reach struct {
	home, listed bool
	tags         func(key string) bool // nil: perhaps those of every tag
	lists        map[int64]int64       // each with whose it is
}

// matching says which of the stream's channels a post belongs to.
func (o openStream) matching(r reach) []Channel {
	var out []Channel
	for ch, key := range o.channels {
		ok := false
		switch ch.Name {
		case ChannelUser:
			ok = r.home
		case ChannelPublic, ChannelLocal, ChannelMedia, ChannelLocalMedia:
			ok = r.listed
		case ChannelTag, ChannelLocalTag:
			ok = r.listed && (r.tags == nil || r.tags(key))
		case ChannelList:
			owner, has := r.lists[listOf(ch)]
			ok = has && owner == o.stream.AccountID
		}
		if ok {
			out = append(out, ch)
		}
	}
	return out
}

func listens(st *Stream) bool { return len(st.channels) > 0 }

// listOf is the list of a channel, 0 for a channel of another kind.
func listOf(ch Channel) int64 {
	if ch.Name != ChannelList {
		return 0
	}
	id, err := strconv.ParseInt(ch.Of, 10, 64)
	if err != nil {
		return 0
	}
	return id
}

// listsIn are the lists that somebody of these listens to.
func listsIn(byAccount map[int64][]openStream) []int64 {
	var lists idSet
	for _, list := range byAccount {
		for _, o := range list {
			for ch := range o.channels {
				if id := listOf(ch); id != 0 {
					lists.add(id)
				}
			}
		}
	}
	return lists.ids
}

// tellPost sends a new or changed post to the streams whose feeds have it.
func (s *Streams) tellPost(ctx context.Context, e live.Event, kind MessageKind, counted *idSet) error {
	byAccount, accounts := s.openStreams(listens)
	row, err := s.c.Store.RawPost(ctx, e.RefID)
	if errors.Is(err, store.ErrNotFound) || err == nil && row.DeletedAt != nil {
		return nil
	}
	if err != nil {
		return err
	}
	if row.RootID != nil {
		counted.add(*row.RootID)
		return nil // comments are in no feed; whom they concern is notified
	}
	if len(byAccount) == 0 {
		return nil
	}
	seers, err := s.c.Store.ListenersTo(ctx, row.ID, accounts)
	if err != nil {
		return err
	}
	lists, err := s.c.Store.ListsAmong(ctx, row.AuthorID, listsIn(byAccount))
	if err != nil {
		return err
	}
	wasListed := false
	if kind == MessageEdited {
		was := postEvent{Visibility: row.Visibility}
		if err := readEvent(e, &was); err != nil {
			return err
		}
		wasListed = was.Visibility == store.Public && !row.Listed
	}
	posts := viewedPosts{c: s.c, row: row}
	for account, list := range byAccount {
		seer, sees := seers[account]
		filters := s.c.matcherOf(ctx, account, seer.Filters)
		if account == 0 {
			if sees, err = s.c.Store.CanSee(ctx, nil, row.ID); err != nil {
				return err
			}
			sees = sees && !s.c.MembersOnly(ctx)
		}
		for _, o := range list {
			if wasListed { // it left the public feeds
				if gone := o.matching(reach{listed: true}); len(gone) > 0 {
					s.send(o.stream, Message{Kind: MessageDeleted, Channels: gone, ID: row.ID})
				}
			}
			if !sees || seer.Hides {
				continue
			}
			feeds := reach{home: row.Home && (seer.Follows || account == row.AuthorID), listed: row.Listed && !seer.Limited, lists: lists}
			if len(o.matching(feeds)) == 0 {
				continue
			}
			p, err := posts.as(ctx, account, seer)
			if errors.Is(err, ErrNotFound) || errors.Is(err, ErrUnauthenticated) {
				break // between two statements
			}
			if err != nil {
				return err
			}
			feeds.tags = func(key string) bool {
				return slices.ContainsFunc(p.Tags, func(t store.Tag) bool { return t.NameKey == key })
			}
			channels := o.matching(feeds)
			if len(channels) > 0 {
				sent := *p
				sent.Filtered = filters.results(p, contextsOf(channels)...)
				s.send(o.stream, Message{Kind: kind, Channels: channels, ID: p.ID, Post: &sent})
			}
		}
	}
	return nil
}

// contextsOf are the contexts of filters in which a client shows what comes by the channels.
func contextsOf(channels []Channel) []FilterContext {
	var all []FilterContext
	for _, ch := range channels {
		switch ch.Name {
		case ChannelUser, ChannelList:
			all = append(all, FilterHome)
		default:
			all = append(all, FilterPublic)
		}
	}
	return all
}

// viewedPosts is one post as several accounts see it. Where it mentions nobody, all who may see it see the same but for
// their own marks: then it is loaded once.
type viewedPosts struct {
	c   *Community
	row *store.Post

	plain *Post
	mine  map[int64]*Post
}

func (v *viewedPosts) as(ctx context.Context, account int64, l store.Listener) (*Post, error) {
	if v.plain != nil {
		p := *v.plain
		p.Marks = l.Marks
		return &p, nil
	}
	if p := v.mine[account]; p != nil {
		return p, nil
	}
	var viewer *store.Account
	if account != 0 {
		acc, ok, err := v.c.SessionAccount(ctx, account)
		if err != nil {
			return nil, err
		}
		if !ok {
			return nil, ErrNotFound
		}
		viewer = acc
	}
	p, err := v.c.PostByID(ctx, viewer, v.row.ID)
	if err != nil {
		return nil, err
	}
	if p.InReplyToID == nil && !strings.ContainsRune(p.Caption, '@') {
		v.plain = p
	}
	if v.mine == nil {
		v.mine = map[int64]*Post{}
	}
	v.mine[account] = p
	return p, nil
}

// tellDeleted sends a deletion to the streams that may have the post in their feeds. The post itself is gone, so it
// relies on the event.
func (s *Streams) tellDeleted(ctx context.Context, e live.Event, counted *idSet) error {
	var was postEvent
	if err := readEvent(e, &was); err != nil {
		return err
	}
	if was.RootID != 0 {
		counted.add(was.RootID)
		return nil
	}
	byAccount, accounts := s.openStreams(listens)
	if len(byAccount) == 0 {
		return nil
	}
	follows, err := s.c.Store.FollowersAmong(ctx, e.AccountID, accounts)
	if err != nil {
		return err
	}
	lists, err := s.c.Store.ListsAmong(ctx, e.AccountID, listsIn(byAccount))
	if err != nil {
		return err
	}
	for account, list := range byAccount {
		home := account != 0 && (follows[account] || account == e.AccountID)
		for _, o := range list {
			if channels := o.matching(reach{home: home, listed: was.Visibility == store.Public, lists: lists}); len(channels) > 0 {
				s.send(o.stream, Message{Kind: MessageDeleted, Channels: channels, ID: e.RefID})
			}
		}
	}
	return nil
}

// tellNotification sends a notification to the clients of its account.
func (s *Streams) tellNotification(ctx context.Context, e live.Event) error {
	byAccount, _ := s.openStreams(func(st *Stream) bool { return st.AccountID == e.AccountID && st.Notifications && listens(st) })
	list := byAccount[e.AccountID]
	if len(list) == 0 || e.AccountID == 0 {
		return nil
	}
	acc, ok, err := s.c.SessionAccount(ctx, e.AccountID)
	if err != nil || !ok {
		return err
	}
	n, err := s.c.Notification(ctx, acc, e.RefID)
	if errors.Is(err, ErrNotFound) {
		return nil // taken back, or not for these eyes
	}
	if err != nil || n.OnlyOnPages() {
		return err
	}
	for _, o := range list {
		var channels []Channel
		for ch := range o.channels {
			if ch.Name == ChannelUser || ch.Name == ChannelNotifications {
				channels = append(channels, ch)
			}
		}
		if len(channels) > 0 {
			s.send(o.stream, Message{Kind: MessageNotification, Channels: channels, ID: n.ID, Notification: n})
		}
	}
	return nil
}

// tellCounts sends counts to the pages that show the post.
func (s *Streams) tellCounts(ctx context.Context, id int64) error {
	byAccount, accounts := s.openStreams(func(st *Stream) bool { return slices.Contains(st.Posts, id) })
	if len(accounts) == 0 {
		return nil
	}
	row, err := s.c.Store.RawPost(ctx, id)
	if errors.Is(err, store.ErrNotFound) || err == nil && row.DeletedAt != nil {
		return nil
	}
	if err != nil {
		return err
	}
	seers, err := s.c.Store.ListenersTo(ctx, id, accounts)
	if err != nil {
		return err
	}
	refused, err := refusedAmong(ctx, s.c.Store, row, slices.Collect(maps.Keys(seers)))
	if err != nil {
		return err
	}
	for account := range seers {
		for _, o := range byAccount[account] {
			s.send(o.stream, Message{Kind: MessageCounts, ID: id, Likes: row.LikesCount, Boosts: row.BoostsCount, Comments: row.CommentsCount, NoComment: refused[account]})
		}
	}
	return nil
}

// tellFilters tells the apps of the account that they have to read its filters again.
func (s *Streams) tellFilters(accountID int64) {
	byAccount, _ := s.openStreams(func(st *Stream) bool { return st.AccountID == accountID && listens(st) })
	for _, o := range byAccount[accountID] {
		for ch := range o.channels {
			if ch.Name == ChannelUser {
				s.send(o.stream, Message{Kind: MessageFilters, Channels: []Channel{ch}})
			}
		}
	}
}

// tellUnread sends the number of unread notifications to the pages of the account.
func (s *Streams) tellUnread(ctx context.Context, id int64) error {
	byAccount, _ := s.openStreams(func(st *Stream) bool { return st.AccountID == id && st.TokenID == 0 })
	if len(byAccount[id]) == 0 || id == 0 {
		return nil
	}
	acc, ok, err := s.c.SessionAccount(ctx, id)
	if err != nil || !ok {
		return err
	}
	n, err := s.c.UnreadNotifications(ctx, acc, NotificationFilter{OnPage: true})
	if err != nil {
		return err
	}
	for _, o := range byAccount[id] {
		s.send(o.stream, Message{Kind: MessageUnread, Unread: n})
	}
	return nil
}

// readEvent reads an event's payload into into, which stays as it is where there is none.
func readEvent(e live.Event, into any) error {
	if len(e.Payload) == 0 {
		return nil
	}
	return json.Unmarshal(e.Payload, into)
}
