package command

import (
	"fmt"
	"strconv"
	"text/tabwriter"
	"time"

	"tintype/internal/community"
)

type heldGroup struct {
	List    heldList    `cmd:"" help:"List the posts that wait, the newest first."`
	Approve heldApprove `cmd:"" help:"Publish one, as if its author had posted it now."`
	Reject  heldReject  `cmd:"" help:"Do not publish one. Its photographs are removed, and its author is told."`
}

type heldList struct {
	Limit int  `default:"100" help:"How many at most."`
	JSON  bool `name:"json" help:"As JSON: a list of objects with id, author, kind, why, caption, photos and at."`
}

// A heldLine is a held post for programs. Ids are texts: they have more digits than many programs keep of a number.
type heldLine struct {
	ID      string    `json:"id"`
	Author  string    `json:"author"`
	Kind    string    `json:"kind"` // post or comment
	Why     []string  `json:"why"`
	Caption string    `json:"caption"`
	Photos  int       `json:"photos"`
	At      time.Time `json:"at"`
}

func (h heldList) Run(c *call) error {
	return c.with(func(site *community.Community) error {
		lines := []heldLine{}
		for page := (community.Cursor{Limit: 20}); len(lines) < h.Limit; {
			list, err := site.HeldPosts(c, community.ByCommand(""), page)
			if err != nil {
				return err
			}
			for _, one := range list {
				line := heldLine{ID: strconv.FormatInt(one.ID, 10), Author: one.Post.Author.Username, Kind: one.Post.Kind, Caption: one.Post.Caption, Photos: one.Post.PhotosCount, At: one.CreatedAt.Time()}
				for _, why := range one.Why {
					line.Why = append(line.Why, oneLine(why.Kind+" "+why.Text))
				}
				if lines = append(lines, line); len(lines) == h.Limit {
					break
				}
			}
			if len(list) == 0 {
				break
			}
			page.MaxID = list[len(list)-1].ID
		}
		if h.JSON {
			return writeJSON(c.env.Stdout, lines)
		}
		w := tabwriter.NewWriter(c.env.Stdout, 0, 0, 2, ' ', 0)
		fmt.Fprintln(w, "ID\tWHEN\tBY\tKIND\tPHOTOS\tWHY\tWORDS")
		for _, l := range lines {
			fmt.Fprintf(w, "%s\t%s\t@%s\t%s\t%d\t%s\t%s\n", l.ID, l.At.Format(time.DateOnly), l.Author, l.Kind, l.Photos, oneLine(fmt.Sprint(l.Why)), oneLine(l.Caption))
		}
		return w.Flush()
	})
}

type heldApprove struct {
	ID     int64  `arg:"" help:"The first column of the list."`
	Reason string `help:"Why, for the log."`
}

func (h heldApprove) Run(c *call) error {
	return c.with(func(site *community.Community) error {
		post, err := site.ApproveHeld(c, community.ByCommand(h.Reason), h.ID)
		if err != nil {
			return named("held post", strconv.FormatInt(h.ID, 10), err)
		}
		_, err = fmt.Fprintf(c.env.Stdout, "It is published: %s/posts/%d\n", site.BaseURL, post.ID)
		return err
	})
}

type heldReject struct {
	ID     int64  `arg:"" help:"The first column of the list."`
	Words  string `help:"Words to the member."`
	Reason string `help:"Why, for the log."`
}

func (h heldReject) Run(c *call) error {
	return c.with(func(site *community.Community) error {
		if err := site.RejectHeld(c, community.ByCommand(h.Reason), h.ID, h.Words); err != nil {
			return named("held post", strconv.FormatInt(h.ID, 10), err)
		}
		_, err := fmt.Fprintln(c.env.Stdout, "It is not published, and its author is told.")
		return err
	})
}
