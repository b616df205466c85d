// Command load measures the memory of a site that many visitors read at once: the public page, and for each of its
// newest posts the page, its author's profile, the API's answers (post, thread, the author's posts) and the photos. The
// visitors' pages that the site keeps in memory are part of it. Nobody is logged in, and nobody uploads: the memory of
// photos in work is bench/photos' to tell.
//
// Memory is what the process holds in RAM (VmRSS, and VmHWM at most): the pages of the program's own file that have been
// touched, some 30 MB that the kernel can drop, and what it has allocated (RssAnon).
//
//	go run ./bench/load [-for 20s] [-connections 64] [-accounts 200] [-posts 5000]
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"tintype/bench/rig"
)

func main() {
	duration := flag.Duration("for", 20*time.Second, "how long")
	connections := flag.Int("connections", 64, "how many ask at once")
	accounts := flag.Int("accounts", 200, "members of the site")
	posts := flag.Int("posts", 5000, "posts of the site")
	flag.Parse()
	rig.Main(func(t *rig.T) error {
		site := rig.Site(t, *accounts, *posts, 8)
		site.Start()
		time.Sleep(2 * time.Second)
		rest, _ := rig.Memory(t, site.PID())
		restOwn := rig.Allocated(t, site.PID())
		paths, err := addresses(site.URL)
		if err != nil {
			return err
		}
		load, err := rig.Get(site.Port, *connections, *duration, paths...)
		if err != nil {
			return err
		}
		loaded, peak := rig.Memory(t, site.PID())
		loadedOwn := rig.Allocated(t, site.PID())
		time.Sleep(10 * time.Second)
		after, _ := rig.Memory(t, site.PID())
		if err := site.Stop(); err != nil {
			return err
		}
		fmt.Printf("%d connections read %d addresses for %v: %.0f requests a second\n", *connections, len(paths), *duration, load.PerSecond())
		rig.Table(
			[]string{"memory", "figure", "goal"},
			[]string{"at rest", rig.MB(rest), "40 MB"},
			[]string{"  of it allocated", rig.MB(restOwn), ""},
			[]string{"at the end of the load", rig.MB(loaded), ""},
			[]string{"  of it allocated", rig.MB(loadedOwn), ""},
			[]string{"at most", rig.MB(peak), "100 MB"},
			[]string{"ten seconds later", rig.MB(after), ""},
		)
		return nil
	})
}

// addresses are what visitors open: the public feed, posts, profiles and photos.
func addresses(site string) ([]string, error) {
	var posts []struct {
		ID      string
		Account struct{ ID, Username string }
		Media   []struct {
			URL     string
			Preview string `json:"preview_url"`
		} `json:"media_attachments"`
	}
	if err := get(site+"/api/v1/timelines/public?limit=40", &posts); err != nil {
		return nil, err
	}
	paths := []string{"/", "/api/v1/timelines/public?limit=40", "/api/v2/instance"}
	for _, p := range posts {
		paths = append(paths, "/api/v1/statuses/"+p.ID, "/api/v1/statuses/"+p.ID+"/context", "/api/v1/accounts/"+p.Account.ID+"/statuses",
			"/@"+p.Account.Username, "/@"+p.Account.Username+"/"+p.ID)
		for _, m := range p.Media {
			for _, address := range []string{m.URL, m.Preview} {
				if path, ok := strings.CutPrefix(address, site); ok {
					paths = append(paths, path)
				}
			}
		}
	}
	return paths, nil
}

func get(address string, into any) error {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return err
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err == nil && res.StatusCode != http.StatusOK {
		err = errors.New(res.Status)
	}
	if err != nil {
		return err
	}
	return json.Unmarshal(body, into)
}
