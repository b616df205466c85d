package pages

import (
	"context"
	"encoding/json"
	"errors"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"tintype/internal/community"
	"tintype/internal/lang"
	"tintype/internal/store"
	"tintype/internal/web/sse"
)

const (
	// livePosts is how many posts of a page are listened to.
	livePosts = 60
	// liveLife is about how long a page listens before it has to present its session again.
	liveLife = 10 * time.Minute
)

// live streams likes, boosts and comments of the posts on a page, and notifications. It first sends the present counts, which
// may have changed since the page was made or last listened.
func (p *Pages) live(c *gin.Context, acc *store.Account) error {
	var ids []int64
	for text := range strings.SplitSeq(c.Query("posts"), ",") {
		if id := formID(text); id > 0 && len(ids) < livePosts {
			ids = append(ids, id)
		}
	}
	st, err := p.Streams.Open(community.Subscriber{AccountID: acc.ID, Posts: ids})
	if err != nil {
		return err
	}
	defer st.Close()
	// The session may have ended before the stream was open to be ended with it.
	if err := p.Sessions.Begin(c); err != nil {
		return err
	}
	if acc = viewer(c); acc == nil {
		return community.ErrUnauthenticated
	}
	first, err := p.liveNow(c.Request.Context(), acc, ids)
	if err != nil {
		return err
	}
	if p.Streaming != nil {
		p.Streaming(c.Request)
	}
	ctx, cancel := context.WithTimeout(c.Request.Context(), liveLife+rand.N(liveLife))
	defer cancel()
	out, err := sse.Start(c.Writer)
	for _, m := range first {
		for _, e := range liveEvents(p.lang(c), m) {
			if err == nil {
				err = out.Send(e)
			}
		}
	}
	if err == nil {
		err = sse.Pump(ctx, out, st.C(), st.Done(), func(m community.Message) ([]sse.Event, error) { return liveEvents(p.lang(c), m), nil })
	}
	if err != nil {
		p.Log.DebugContext(ctx, "a page stopped listening", "error", err)
	}
	return nil // the header is out
}

func (p *Pages) liveNow(ctx context.Context, acc *store.Account, ids []int64) ([]community.Message, error) {
	unread, err := p.Community.UnreadNotifications(ctx, acc, community.NotificationFilter{OnPage: true})
	if err != nil {
		return nil, err
	}
	now := []community.Message{{Kind: community.MessageUnread, Unread: unread}}
	posts, err := p.Community.PostsByID(ctx, acc, ids)
	for _, post := range posts {
		m := community.Message{Kind: community.MessageCounts, ID: post.ID, Likes: post.LikesCount, Boosts: post.BoostsCount, Comments: post.CommentsCount}
		if len(ids) == 1 { // the page of a post: only there is a form, which may have been closed since it was rendered
			var refused *community.Invalid
			if err := p.Community.MayComment(ctx, acc, &post.Post); errors.As(err, &refused) {
				m.NoComment = refused.Fields[0].Sentence().Key // which liveEvents says in the reader's language
			} else if err != nil {
				return nil, err
			}
		}
		now = append(now, m)
	}
	return now, err
}

func liveEvents(l *lang.Language, m community.Message) []sse.Event {
	var name string
	var data any
	switch m.Kind {
	case community.MessageUnread:
		name, data = "unread", struct {
			Unread int `json:"unread"`
		}{m.Unread}
	case community.MessageCounts:
		closed := m.NoComment
		if closed != "" {
			closed = l.T(closed)
		}
		name, data = "counts", struct {
			ID       string `json:"id"`
			Likes    int    `json:"likes"`
			Comments int    `json:"comments"`
			Boosts   int    `json:"boosts,omitempty"`
			Closed   string `json:"closed,omitempty"`
		}{idText(m.ID), m.Likes, m.Comments, m.Boosts, closed}
	default:
		return nil
	}
	b, _ := json.Marshal(data) // cannot fail: numbers and a text
	return []sse.Event{{Name: name, Data: string(b)}}
}
