package main

import (
	"context"
	"fmt"
	"io"
	"sync"
	"time"

	"tintype/bench/rig"
	"tintype/internal/servertest"
)

// maxInFlight is set low, so that the crawler need not be many to exceed it. Members' part of it on each instance is a
// quarter, which all together leaves room for all members of the load.
const maxInFlight = 32

// visitorsCap is what maxInFlight leaves to visitors, on so many instances.
func visitorsCap(instances int) int { return instances * maxInFlight * 3 / 4 }

// A fleet is everything that can fail.
type fleet struct {
	*servertest.Site
	t        *rig.T
	progress io.Writer
	record   *record
	crawler  *crawlerCount
}

func startFleet(t *rig.T, progress io.Writer) *fleet {
	return &fleet{t: t, progress: progress, record: newRecord(progress), Site: servertest.NewSite(t, servertest.Whole(),
		fmt.Sprintf("MAX_IN_FLIGHT=%d", maxInFlight),
		"TRUSTED_PROXIES=2", // the load tells clients' addresses, as a CDN would
		"REGISTRATION=open", "SIGNUP_LIMIT=1000/1h", "UPLOAD_LIMIT=100000/1h", "POST_LIMIT=100000/1h", "API_LIMIT=10000000/1m",
	)}
}

// A step is one thing that goes wrong. Its phase lasts as long as it runs; it ends when all is well again.
type step struct {
	name string
	flag string // by which it is chosen
	run  func(f *fleet)
}

var steps = []step{
	{"nothing", "calm", func(f *fleet) { f.wait(6) }},
	{"an instance is killed", "kill", func(f *fleet) {
		f.Web[0].Kill()
		f.wait(5)
		f.Web[0].Start()
		f.Settle()
		f.wait(2)
	}},
	{"all are restarted in turn", "restart", func(f *fleet) { f.restart() }},
	{"a replica stops", "replica-stops", func(f *fleet) {
		f.Database.Replicas[0].Stop(f.t)
		f.wait(6)
		f.Database.Replicas[0].Start(f.t)
		f.wait(4)
	}},
	{"a replica hangs", "replica-hangs", func(f *fleet) {
		f.Database.Replicas[1].Hang(f.t)
		f.wait(8)
		f.Database.Replicas[1].Cont(f.t)
		f.wait(4)
	}},
	{"the cache hangs", "cache-hangs", func(f *fleet) {
		f.Cache.Hang()
		f.wait(8)
		f.Cache.Resume()
		f.wait(2)
	}},
	{"the session store is away", "sessions-away", func(f *fleet) {
		f.Sessions.Hang()
		f.wait(10)
		f.Sessions.Resume()
		f.wait(3)
	}},
	{"a replica lags by 10 s", "replica-lags", func(f *fleet) {
		f.Database.Replicas[0].Delay(f.t, 10)
		f.wait(18)
		f.Database.Replicas[0].Delay(f.t, 0)
		f.wait(2)
	}},
	{crawling, "crawler", func(f *fleet) {
		ctx, cancel := context.WithTimeout(context.Background(), 15*time.Second)
		defer cancel()
		f.crawler = crawl(ctx, f.URL, visitorsCap(len(f.Web)))
	}},
}

func (f *fleet) wait(seconds int) { time.Sleep(time.Duration(seconds) * time.Second) }

// restart restarts the web instances one after the other, each when the balancer has the one before back.
func (f *fleet) restart() {
	for _, i := range f.Web {
		if err := i.Stop(); err != nil {
			f.t.Fatalf("stop %s: %v", i.URL, err)
		}
		i.Start()
		f.Settle()
	}
}

// use has everybody use the site while the steps happen, one after the other, and for at least so long; then while
// instances are restarted and nothing else happens, until so many requests were made.
func (f *fleet) use(run func(context.Context), chosen []step, least time.Duration, restartRequests int) {
	ctx, cancel := context.WithCancel(context.Background())
	start := time.Now()
	var everybody sync.WaitGroup
	everybody.Go(func() { run(ctx) })
	for _, s := range chosen {
		f.enter(s.name)
		s.run(f)
	}
	if rest := least - time.Since(start); rest > 0 {
		f.enter("nothing more")
		time.Sleep(rest)
	}
	if restartRequests > 0 {
		p := f.enter(restartAlone)
		for end := time.Now().Add(5 * time.Minute); f.record.asked(p) < restartRequests && time.Now().Before(end); {
			f.restart()
		}
	}
	cancel()
	everybody.Wait()
	f.record.mu.Lock()
	f.record.close()
	f.record.mu.Unlock()
}

func (f *fleet) enter(name string) *phaseCount {
	fmt.Fprintln(f.progress, "--", time.Now().Format("15:04:05"), name)
	return f.record.enter(name)
}
