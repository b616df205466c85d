package main

import (
	"errors"
	"fmt"
	"net/http"
	"time"

	"tintype/bench/rig"
	"tintype/internal/phototest"
	"tintype/internal/servertest"
)

// measureUploads has photos uploaded one after the other on the whole fleet, by web instances that make the variants
// themselves, and with workers of their own: with what tells processes of each other, and without. It ends with
// judgeUploads.
func measureUploads(t *rig.T, photos int) error {
	whole := servertest.Whole()
	together := whole
	together.Worker = false
	s := newSite(t, together)
	app := rig.NewClient(s.URL, 2*patience)
	if err := app.TrySignUpByToken("lens"); err != nil {
		return err
	}
	file := phototest.JPEG(phototest.Options{Width: 2400, Height: 1600, Seed: 7, Detail: true})
	q := servertest.File("/api/v1/media", "file", file) // which answers when the photo is ready
	measure := func() (web, worker, took time.Duration, err error) {
		if _, err := app.Must(http.StatusOK, q); err != nil { // warm
			return 0, 0, 0, err
		}
		rest, err := overRest(t, s)
		if err != nil {
			return 0, 0, 0, err
		}
		before, err := spent(t, s)
		if err != nil {
			return 0, 0, 0, err
		}
		start := time.Now()
		for range photos {
			if _, err := app.Must(http.StatusOK, q); err != nil {
				return 0, 0, 0, err
			}
		}
		took = time.Since(start)
		after, err := spent(t, s)
		used := after.minus(before)
		n := time.Duration(photos)
		atRest := func(perSecond time.Duration) time.Duration { return time.Duration(float64(perSecond) * took.Seconds()) }
		return (used.web - atRest(rest.web)) / n, (used.worker - atRest(rest.worker)) / n, took / n, err
	}
	webAlone, _, tookAlone, err := measure()
	if err != nil {
		return err
	}
	t.Logf("-- with a worker")
	s.Move(whole)
	web, worker, took, err := measure()
	if err != nil {
		return err
	}
	t.Logf("-- without Redis and SQS")
	silent := whole
	silent.Redis, silent.SQS = false, false
	s.Move(silent)
	webSilent, workerSilent, tookSilent, err := measure()
	if err != nil {
		return err
	}
	fmt.Printf("CPU for one upload, a JPEG of 2400 by 1600 (%s), of %d, beyond what runs at rest\n", rig.MB(int64(len(file))), photos)
	rig.Table(
		[]string{"", "web tier", "worker", "until it is ready"},
		[]string{"web instances do the jobs", rig.Millis(webAlone), "", rig.Millis(tookAlone)},
		[]string{"a worker does", rig.Millis(web), rig.Millis(worker), rig.Millis(took)},
		[]string{"without Redis and SQS", rig.Millis(webSilent), rig.Millis(workerSilent), rig.Millis(tookSilent)},
	)
	fmt.Println()
	s.Stop()
	return judgeUploads(t, photos)
}

// judgeUploads has photos uploaded in turn to a site that is one process and to one with a worker of its own, neither with
// Redis or SQS, and fails where the second makes people wait for longer than the goal allows.
func judgeUploads(t *rig.T, photos int) error {
	sites := []*servertest.Site{newSite(t, mysql, "STATELESS=false"), newSite(t, servertest.Rung{MySQL: true, Worker: true}, "STATELESS=false")}
	var each []func() error
	var households []*household
	for _, s := range sites {
		h, err := newHousehold(s)
		if err != nil {
			return err
		}
		households, each = append(households, h), append(each, func() error { return h.ask("upload") })
	}
	trip, err := tripMySQL(t, sites[1])
	if err != nil {
		return err
	}
	tidy := func() error { return errors.Join(households[0].tidy(), households[1].tidy()) }
	took, err := inTurn(photos, tidy, each[0], each[1], trip)
	if err != nil {
		return err
	}
	g := uploadGoal(took[0], took[1], took[2])
	fmt.Printf("Until an upload is ready, without Redis and SQS, the median of %d\n", photos)
	rig.Table(
		[]string{"one process", "a worker apart", "added", "round trip", "at most"},
		[]string{rig.Millis(took[0]), rig.Millis(took[1]), rig.Millis(took[1] - took[0]), rig.Millis(took[2]), fmt.Sprintf("%.1f ms", g.Bound)},
	)
	return rig.Judge(g)
}

// uploadGoal is that a worker apart adds at most 50 ms and two round trips to an upload, until it is ready.
func uploadGoal(together, apart, round time.Duration) rig.Goal {
	const most = 50 * time.Millisecond
	ms := func(d time.Duration) float64 { return float64(d.Microseconds()) / 1e3 }
	return rig.Goal{What: "what a worker apart adds to an upload, in ms,", Measured: ms(apart - together), Bound: ms(most + 2*round)}
}

// overRest is what a site spends in a second with nobody there.
func overRest(t *rig.T, s *servertest.Site) (cost, error) {
	const seconds = 5
	before, err := spent(t, s)
	if err != nil {
		return cost{}, err
	}
	time.Sleep(seconds * time.Second)
	after, err := spent(t, s)
	c := after.minus(before)
	return cost{c.web / seconds, c.worker / seconds, c.statements / seconds}, err
}
