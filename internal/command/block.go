package command

import (
	"fmt"
	"slices"
	"strconv"
	"text/tabwriter"
	"time"

	"tintype/internal/community"
	"tintype/internal/store"
)

type blockGroup struct {
	Add    blockAdd    `cmd:"" help:"Keep something out."`
	Remove blockRemove `cmd:"" help:"Keep it out no more."`
	List   blockList   `cmd:"" help:"List what is kept out, the newest first."`
}

type blockAdd struct {
	Kind   string `arg:"" enum:"domain,range,word,photo" help:"domain (of e-mail addresses, with its subdomains), range (of IP addresses), or what makes posts wait for a moderator: word, photo (photographs that look like it)."`
	Value  string `arg:"" help:"Such as example.com, 192.0.2.0/24, 2001:db8::/32, 'free money', or the address of a post with the photographs."`
	Note   string `help:"Why, for those who run the site."`
	Reason string `help:"Why, for the log."`
}

func (b blockAdd) Run(c *call) error {
	return c.with(func(site *community.Community) error {
		list, err := site.KeepOut(c, community.ByCommand(b.Reason), community.NewBlock{Kind: b.Kind, Value: b.Value, Note: b.Note})
		for _, made := range list {
			if _, err := fmt.Fprintf(c.env.Stdout, "%s is kept out.\n", oneLine(made.Value)); err != nil {
				return err
			}
		}
		return err
	})
}

type blockRemove struct {
	Kind   string `arg:"" enum:"domain,range,word,photo"`
	Value  string `arg:""`
	Reason string `help:"Why, for the log."`
}

func (b blockRemove) Run(c *call) error {
	return c.with(func(site *community.Community) error {
		if err := site.RemoveBlockOf(c, community.ByCommand(b.Reason), b.Kind, b.Value); err != nil {
			return named("blocked "+b.Kind, b.Value, err)
		}
		_, err := fmt.Fprintf(c.env.Stdout, "%s is kept out no more.\n", oneLine(b.Value))
		return err
	})
}

type blockList struct {
	Kind string `enum:",domain,range,word,photo" default:"" help:"Only this kind."`
	JSON bool   `name:"json" help:"As JSON: a list of objects with id, kind, value, note, by and at."`
}

// A blockLine is a block for programs. The id is a text: it has more digits than many programs keep of a number.
type blockLine struct {
	ID    string    `json:"id"`
	Kind  string    `json:"kind"`
	Value string    `json:"value"`
	Note  string    `json:"note"`
	By    string    `json:"by"` // "" for the command line
	At    time.Time `json:"at"`
}

func (b blockList) Run(c *call) error {
	return c.with(func(site *community.Community) error {
		lines := []blockLine{}
		for _, kind := range community.BlockKinds {
			if b.Kind != "" && b.Kind != kind {
				continue
			}
			list, err := allBlocks(c, site, kind)
			if err != nil {
				return err
			}
			for _, one := range list {
				lines = append(lines, blockLine{ID: strconv.FormatInt(one.ID, 10), Kind: one.Kind, Value: one.Value, Note: one.Note, By: one.Creator, At: one.CreatedAt.Time()})
			}
		}
		if b.JSON {
			return writeJSON(c.env.Stdout, lines)
		}
		w := tabwriter.NewWriter(c.env.Stdout, 0, 0, 2, ' ', 0)
		fmt.Fprintln(w, "KIND\tVALUE\tWHEN\tBY\tNOTE")
		for _, l := range lines {
			fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\n", l.Kind, oneLine(l.Value), l.At.Format(time.DateOnly), orDash(l.By), oneLine(l.Note))
		}
		return w.Flush()
	})
}

// allBlocks reads all pages of a kind, which the site bounds.
func allBlocks(c *call, site *community.Community, kind string) ([]*store.SiteBlock, error) {
	var all []*store.SiteBlock
	page := community.Cursor{Limit: 500}
	for {
		list, err := site.SiteBlocks(c, community.ByCommand(""), kind, page)
		if err != nil {
			return nil, err
		}
		all = slices.Concat(all, list)
		if len(list) < page.Limit {
			return all, nil
		}
		page.MaxID = list[len(list)-1].ID
	}
}
