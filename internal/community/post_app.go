package community

import (
	"context"
	"time"
	"unsafe"

	"tintype/internal/recent"
)

// PostApp is the application that a post was made with. What is registered stays as it is.
type PostApp struct {
	Name    string
	Website string // "" for none
}

// The applications of posts that a process keeps: a site has few, and each post of a feed names one.
const (
	appsKept    = 256 << 10 // bytes
	appsKeptFor = time.Hour
)

func newPostApps() *recent.Map[int64, *PostApp] {
	return recent.New[int64, *PostApp](appsKept, appsKeptFor)
}

// loadApps fills in the posts' applications, in one statement at most.
func (c *Community) loadApps(ctx context.Context, posts []Post) error {
	var unknown idSet
	for i := range posts {
		p := &posts[i]
		if p.AppID == nil {
			continue
		}
		var known bool
		if p.App, known = c.apps.Get(*p.AppID); !known {
			unknown.add(*p.AppID)
		}
	}
	if len(unknown.ids) == 0 {
		return nil
	}
	found, err := c.AppsByID(ctx, unknown.ids)
	if err != nil {
		return err
	}
	read := make(map[int64]*PostApp, len(found))
	for _, a := range found {
		read[a.ID] = &PostApp{Name: a.Name, Website: a.Website}
		c.apps.Put(a.ID, read[a.ID], len(a.Name)+len(a.Website)+int(unsafe.Sizeof(PostApp{})))
	}
	for i := range posts {
		if p := &posts[i]; p.AppID != nil && p.App == nil {
			p.App = read[*p.AppID]
		}
	}
	return nil
}
