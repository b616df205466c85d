package main

import (
	"context"
	"fmt"
	"net/http"
	"sync"
	"time"
)

const (
	// crawlerTimes is how many times the visitors' cap it asks for at once.
	crawlerTimes = 20
	// crawlerPause is how often. More often would measure how fast one machine can refuse, and ask.
	crawlerPause = 2 * time.Second
)

// crawl asks for pages that nobody keeps, from as many networks as requests, all at once and again every
// crawlerPause, until ctx ends.
func crawl(ctx context.Context, site string, visitorsCap int) *crawlerCount {
	c := &crawlerCount{Cap: visitorsCap, AtOnce: crawlerTimes * visitorsCap, Answered: map[string]int{}}
	client := &http.Client{
		Timeout: 20 * time.Second, Transport: &http.Transport{MaxIdleConnsPerHost: c.AtOnce},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	defer client.CloseIdleConnections()
	var mu sync.Mutex
	for round := 0; ctx.Err() == nil; round++ {
		next := time.After(crawlerPause)
		var wg sync.WaitGroup
		for n := range c.AtOnce {
			wg.Go(func() {
				what := crawlOnce(ctx, client, fmt.Sprintf("%s/explore?crawled=%d-%d", site, round, n), fmt.Sprintf("203.%d.%d.7", n/250, n%250))
				if what == "" {
					return
				}
				mu.Lock()
				c.Answered[what]++
				mu.Unlock()
			})
		}
		wg.Wait()
		select {
		case <-ctx.Done():
		case <-next:
		}
	}
	return c
}

func crawlOnce(ctx context.Context, client *http.Client, address, network string) string {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return err.Error()
	}
	req.Header.Set("X-Forwarded-For", network)
	res, err := client.Do(req)
	switch {
	case ctx.Err() != nil:
		return ""
	case err != nil:
		return "not at all"
	}
	res.Body.Close()
	return fmt.Sprint(res.StatusCode)
}
