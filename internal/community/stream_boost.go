package community

import (
	"context"
	"errors"
	"maps"

	"tintype/internal/live"
)

// tellBoost sends a boost to the streams whose home feed or list it brings the post into.
func (s *Streams) tellBoost(ctx context.Context, e live.Event) error {
	var boost boostEvent
	if err := readEvent(e, &boost); err != nil {
		return err
	}
	byAccount, accounts := s.homeStreams()
	if len(accounts) == 0 {
		return nil
	}
	listeners, err := s.c.Store.BoostListeners(ctx, boost.BoostID, accounts)
	if err != nil {
		return err
	}
	lists, err := s.c.Store.ListBoosts(ctx, boost.BoostID, listsIn(byAccount))
	if err != nil {
		return err
	}
	told := maps.Clone(listeners)
	for _, owner := range lists {
		told[owner] = true
	}
	for account := range told {
		viewer, ok, err := s.c.SessionAccount(ctx, account)
		if err != nil {
			return err
		}
		if !ok {
			continue
		}
		p, err := s.c.BoostByID(ctx, viewer, boost.BoostID)
		if errors.Is(err, ErrNotFound) {
			continue // between two statements
		}
		if err != nil {
			return err
		}
		for _, o := range byAccount[account] {
			if channels := o.matching(reach{home: listeners[account], lists: lists}); len(channels) > 0 {
				sent := *p
				sent.Filtered = s.c.matcherOf(ctx, account, viewer.Filters).results(p, contextsOf(channels)...)
				s.send(o.stream, Message{Kind: MessagePost, Channels: channels, ID: p.FeedID(), Post: &sent})
			}
		}
	}
	return nil
}

// tellUnboost sends the end of a boost to the streams that may have it in their feeds.
func (s *Streams) tellUnboost(ctx context.Context, e live.Event) error {
	var boost boostEvent
	if err := readEvent(e, &boost); err != nil {
		return err
	}
	byAccount, accounts := s.homeStreams()
	if len(accounts) == 0 {
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
		for _, o := range list {
			if channels := o.matching(reach{home: follows[account] || account == e.AccountID, lists: lists}); len(channels) > 0 {
				s.send(o.stream, Message{Kind: MessageDeleted, Channels: channels, ID: boost.BoostID})
			}
		}
	}
	return nil
}

// homeStreams are the members' streams that listen to their home feed or a list.
func (s *Streams) homeStreams() (byAccount map[int64][]openStream, accounts []int64) {
	return s.openStreams(func(st *Stream) bool {
		for ch := range st.channels {
			if (ch.Name == ChannelUser || ch.Name == ChannelList) && st.AccountID != 0 {
				return true
			}
		}
		return false
	})
}
