package command

import (
	"fmt"
	"strconv"

	"tintype/internal/community"
)

type postGroup struct {
	Remove postRemove `cmd:"" help:"Remove a post or comment. Its author is told, and may answer once; open reports about it are closed."`
}

type postRemove struct {
	ID     int64  `arg:"" help:"Its number: its address ends with it, that of a comment after #c-."`
	Words  string `help:"Words to the member."`
	Alike  bool   `help:"Keep out photographs that look like its own."`
	Yes    bool   `help:"Do it: this cannot be undone."`
	Reason string `help:"Why, for the log."`
}

func (p postRemove) Run(c *call) error {
	if !p.Yes {
		return fmt.Errorf("this removes what was posted, with its photographs and comments; say --yes")
	}
	return c.with(func(site *community.Community) error {
		post, err := site.RemovePost(c, community.ByCommand(p.Reason), p.ID, community.Sanction{Words: p.Words, Alike: p.Alike})
		if err != nil {
			return named("post or comment", strconv.FormatInt(p.ID, 10), err)
		}
		_, err = fmt.Fprintf(c.env.Stdout, "The %s by %s is removed.\n", post.Kind, nameOf(post.Author))
		return err
	})
}
