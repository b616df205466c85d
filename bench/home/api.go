package main

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"

	"tintype/bench/rig"
	"tintype/internal/servertest"
)

// byAPI measures page 1 as a client gets it: the program as a process of its own on the database at url, and one request
// after the other on a connection that stays. What the client itself takes is in the figure.
func byAPI(t *rig.T, url string) error {
	program := servertest.NewTintype(t, "DATABASE_URL="+url, "API_LIMIT=1000000000/1m")
	program.Start()
	clients := make([]*servertest.Client, 0, readersOfAKind)
	for i := range readersOfAKind {
		browser := servertest.NewClient(t, program.URL)
		browser.LogIn(readerName(0, i), readerPassword).Want(http.StatusOK)
		clients = append(clients, servertest.NewClient(t, program.URL).WithToken(browser.NewToken()))
	}
	if err := atRest(t, program); err != nil {
		return err
	}
	const warm = 30
	times := make([]time.Duration, 0, *samples)
	for n := range warm + *samples {
		begin := time.Now()
		answer := clients[n%readersOfAKind].Get(fmt.Sprintf("/api/v1/timelines/home?limit=%d", pageSize))
		took := time.Since(begin)
		answer.Want(http.StatusOK)
		var posts []struct{ ID string }
		if answer.Into(&posts); len(posts) != pageSize {
			return fmt.Errorf("by the API a page has %d posts", len(posts))
		}
		if n >= warm {
			times = append(times, took)
		}
	}
	slices.Sort(times)
	rig.Table(
		[]string{"by the API", "page", "p50 large (goal 6 ms)", "p99 large"},
		[]string{kinds[0], "1", rig.Millis(rig.Percentile(times, 0.5)), rig.Millis(rig.Percentile(times, 0.99))},
	)
	fmt.Println()
	return program.Stop()
}

// atRest waits until the jobs of a database that was just filled are over: less than a tenth of a processor for three
// seconds.
func atRest(t *rig.T, program *servertest.Instance) error {
	calm := 0
	for range 300 {
		before := rig.CPU(t, program.PID())
		time.Sleep(time.Second)
		if calm++; rig.CPU(t, program.PID())-before >= 100*time.Millisecond {
			calm = 0
		}
		if calm == 3 {
			return nil
		}
	}
	return errors.New("the program was not at rest within five minutes")
}
