package command

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"tintype/internal/community"
	"tintype/internal/demo"
)

type demoCommand struct {
	Accounts int      `default:"60" help:"How many members to make up."`
	Posts    int      `default:"400" help:"How many posts they wrote in the past year."`
	Photos   string   `type:"existingdir" placeholder:"DIR" help:"Post the pictures in this folder, instead of painted ones."`
	Pictures int      `default:"24" help:"How many pictures to paint."`
	Likes    *float64 `help:"Likes of a post, on average: 4, or 0.5 where there are over 50,000 posts."`
	Comments *float64 `help:"Comments on a post, on average: 0.8, or 0.1 where there are over 50,000 posts."`
	Seed     uint64   `default:"1" help:"Another number makes another demo."`
	Force    bool     `help:"Also on a site that has real members."`
	Quiet    bool     `help:"Show no progress."`
	JSON     bool     `name:"json" help:"Print the result as JSON."`
}

// manyPosts is where a demo is for measurements more than for looking at.
const manyPosts = 50_000

func (d demoCommand) Run(c *call) error {
	return c.with(func(site *community.Community) error {
		ctx, stop := signal.NotifyContext(c, syscall.SIGTERM, syscall.SIGINT)
		defer stop()
		password := strings.ToLower(rand.Text()[:14])
		o := demo.Options{Community: site, Accounts: d.Accounts, Posts: d.Posts, PhotosDir: d.Photos, Pictures: d.Pictures, Likes: 4, Comments: 0.8,
			Seed: d.Seed, Force: d.Force, Password: password}
		if d.Posts > manyPosts {
			o.Likes, o.Comments = 0.5, 0.1
		}
		if d.Likes != nil {
			o.Likes = *d.Likes
		}
		if d.Comments != nil {
			o.Comments = *d.Comments
		}
		o.Skipped = func(reason string) { fmt.Fprintf(c.env.Stderr, "left out: %s\n", reason) }
		if !d.Quiet {
			file, ok := c.env.Stderr.(*os.File)
			p := &progress{w: c.env.Stderr, live: ok && isTerminal(file)}
			o.Progress = p.show
		}
		start := time.Now()
		made, err := demo.Fill(ctx, o)
		switch {
		case errors.Is(err, demo.ErrReal):
			return fmt.Errorf("%w; with --force the demo moves in beside them", err)
		case errors.Is(err, context.Canceled):
			return errors.New("stopped; what was written by then stays")
		case err != nil:
			return err
		}
		if d.JSON {
			return json.NewEncoder(c.env.Stdout).Encode(struct {
				*demo.Summary
				Password string  `json:"password"`
				Seconds  float64 `json:"seconds"`
			}{made, password, time.Since(start).Seconds()})
		}
		_, err = fmt.Fprintf(c.env.Stdout, "%d members, %d follows, %d posts with %d photos of %d pictures, %d comments, %d likes and %d boosts in %v.\n"+
			"Log in as %s, or as any of them, with the password %s\n",
			made.Accounts, made.Follows, made.Posts, made.Photos, made.Pictures, made.Comments, made.Likes, made.Boosts, time.Since(start).Round(100*time.Millisecond),
			made.Login, password)
		return err
	})
}

// progress shows how far each stage is: on a terminal in one line that changes, elsewhere once a stage is done.
type progress struct {
	w    io.Writer
	live bool
	last time.Time
}

func (p *progress) show(stage string, done, total int) {
	end := done == total
	if !end && (!p.live || time.Since(p.last) < 100*time.Millisecond) {
		return
	}
	p.last = time.Now()
	line := fmt.Sprintf("%-9s %d of %d", stage, done, total)
	if p.live {
		line = "\r\x1b[K" + line
	}
	if end || !p.live {
		line += "\n"
	}
	fmt.Fprint(p.w, line)
}
