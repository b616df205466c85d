package fleettest

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"tintype/internal/servertest"
	"tintype/internal/store"
)

// R29: of three processes one adds a tick and one does it; whichever dies over it, another does that tick, and none is
// missed.
func TestTicksComeOnce(t *testing.T) {
	t.Parallel() // with those that, like it, mostly wait
	ws := newWorkers(t, nil)
	left := []*worker{ws.start(), ws.start(), ws.start()}
	for range 2 {
		ws.put("hang")
		dying, line := ws.hear("hangs", left...)
		ws.remove("hang")
		dying.kill()
		left = slices.DeleteFunc(left, func(w *worker) bool { return w == dying })
		id, err := strconv.ParseInt(strings.TrimPrefix(line, "hangs "), 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		if n := ws.becomes(id, "done"); n != 2 {
			t.Errorf("the tick whose worker died took %d tries", n)
		}
		// Both times are the database's. The first stretch had begun before there was a worker.
		late, err := strconv.Atoi(ws.value("SELECT finished_at - created_at FROM jobs WHERE id = %d", id))
		if err != nil {
			t.Fatal(err)
		}
		t.Logf("it was done %d ms after it was due; ticks come every %s", late, tickEach)
	}
	last, err := strconv.Atoi(ws.value("SELECT COUNT(*) FROM jobs WHERE kind = '%s'", jobTick))
	if err != nil {
		t.Fatal(err)
	}
	servertest.Eventually(t, "the survivor does the next tick", func() bool { // the survivor goes on
		return ws.value("SELECT COUNT(*) > %d FROM jobs WHERE kind = '%s' AND state = 'done'", last, jobTick) == "1"
	})
	left[0].kill()
	for what, query := range map[string]string{
		"ticks without their one effect": "SELECT COUNT(*) FROM jobs j WHERE j.kind = '%s' AND j.state = 'done' AND (SELECT COUNT(*) FROM events e WHERE e.kind = 'test.effect' AND e.ref_id = j.id) <> 1",
		"ticks for one stretch of time":  "SELECT COUNT(*) - COUNT(DISTINCT id >> 16) FROM jobs WHERE kind = '%s'",
		"ticks beside their time":        "SELECT COUNT(*) FROM jobs WHERE kind = '%s' AND (id >> 16) %% 6000 <> 0",
		"ticks missing":                  "SELECT ((MAX(id >> 16) - MIN(id >> 16)) DIV 6000) + 1 - COUNT(*) FROM jobs WHERE kind = '%s'",
	} {
		if n := ws.value(query, jobTick); n != "0" {
			t.Errorf("%s %s", n, what)
		}
	}
}

// R29 in the program itself: three processes that start at once have one job for each periodic kind.
func TestThreeProcessesTickOnce(t *testing.T) {
	ws := newWorkers(t, nil)
	site := prepare(t, 3, "DATABASE_URL="+ws.address, "ROLES=worker")
	site.start(t)
	for kind, every := range map[string]time.Duration{"media.sweep": 10 * time.Minute, "retention": time.Hour} {
		servertest.Eventually(t, "the periodic jobs are done", func() bool {
			return ws.value("SELECT COUNT(*) > 0 AND COUNT(*) = SUM(state = 'done') FROM jobs WHERE kind = '%s'", kind) == "1"
		})
		// The stretch may have turned meanwhile.
		if v := ws.value("SELECT COUNT(*) <= 2 AND COUNT(*) = COUNT(DISTINCT (id >> 16) DIV %d) AND MAX(attempts) = 1 FROM jobs WHERE kind = '%s'", every.Milliseconds(), kind); v != "1" {
			t.Errorf("%s: not one job, done at the first try, for a stretch of time", kind)
		}
	}
}

// R31: a message that comes again and again, because the job that it tells of lasts longer than messages stay hidden
// and deletions get lost, has the job done once.
func TestALongJobIsDoneOnce(t *testing.T) {
	t.Parallel() // with those that, like it, mostly wait
	fake := servertest.SQS(t)
	fake.ForgetDeletions(2 * time.Second)
	ws := newWorkers(t, fake)
	ws.notifyBySQS()
	const lease = "FLEETTEST_LEASE=8s" // shorter than the job; a busy machine may be late for a shorter one
	a, b := ws.start(lease), ws.start(lease)
	ws.hear("works", a)
	ws.hear("works", b)
	id := ws.add(jobLong, 10_000)
	if n := ws.becomes(id, "done"); n != 1 {
		t.Errorf("%d workers took it, one after the other", n)
	}
	given := fake.Given()
	servertest.Eventually(t, "the message comes again", func() bool { return fake.Given() >= given+3 }) // and when it is done, again
	if n, tries := ws.effects(id), ws.becomes(id, "done"); n != "1" || tries != 1 {
		t.Errorf("it had %s effects in %d tries", n, tries)
	}
	if sent := fake.Sent(); len(sent) != 1 || sent[0] != fmt.Sprint(id) || given < 4 {
		t.Errorf("SQS was told %v and told it %d times", sent, given)
	}
	a.kill()
	b.kill()
}

// notifyBySQS has this process tell SQS of its jobs, as a web instance does.
func (ws *workers) notifyBySQS() {
	w := newSQS(ws.sqs.URL, ws.sqs.QueueURL, slog.New(slog.DiscardHandler))
	ws.store.OnJob(w.Notify)
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() { defer close(ended); _ = w.Send(ctx) }()
	ws.t.Cleanup(func() { cancel(); <-ended })
}

// R31: a job whose worker is killed, or stops breathing for longer than its lease, is another's; the first one's effects
// do not count.
func TestTheJobOfAKilledWorker(t *testing.T) {
	t.Parallel() // with those that, like it, mostly wait
	ws := newWorkers(t, nil)
	a := ws.start()
	ws.hear("works", a)
	id := ws.add(jobLong, 2000)
	ws.hear(fmt.Sprint("begins ", jobLong, " ", id), a)
	a.kill()
	const longer = "FLEETTEST_LEASE=10s" // of those who are to keep it: a busy machine may be late for a shorter one
	b := ws.start(longer)
	if n := ws.becomes(id, "done"); n != 2 {
		t.Errorf("done in %d tries", n)
	}
	if n := ws.effects(id); n != "1" {
		t.Errorf("%s effects", n)
	}

	// A worker that hangs in the middle, and comes back when another has done its job.
	id = ws.add(jobLong, 2000)
	ws.hear(fmt.Sprint("begins ", jobLong, " ", id), b)
	stop(t, b)
	c := ws.start(longer)
	if n := ws.becomes(id, "done"); n != 2 {
		t.Errorf("done in %d tries", n)
	}
	resume(t, b)
	servertest.Eventually(t, "the lease is lost", func() bool {
		text, err := os.ReadFile(b.log)
		return err == nil && strings.Contains(string(text), "the lease was lost while the job ran")
	})
	if n := ws.effects(id); n != "1" {
		t.Errorf("%s effects", n)
	}
	b.kill()
	c.kill()
}

// R31: a job that fails every time, and one that ends its process every time, end as dead, listed with their errors, and
// can be tried again.
func TestDeadJobs(t *testing.T) {
	t.Parallel() // with those that, like it, mostly wait
	ws := newWorkers(t, nil)
	fails := ws.add(jobFails, nil)
	a := ws.start()
	if n := ws.becomes(fails, "dead"); n != jobTries {
		t.Errorf("dead after %d tries", n)
	}
	a.kill()
	poison := ws.add(jobKills, nil)
	for range jobTries {
		ws.start().end() // it dies of it
	}
	a = ws.start()
	ws.becomes(poison, "dead")

	other := ws.add(jobLong, 0) // who buried it lives on
	ws.becomes(other, "done")
	list := ws.command("jobs", "list", "--state", "dead")
	for id, reason := range map[int64]string{fails: "the lens is scratched", poison: "ended before it was done, again and again"} {
		i := strings.Index(list, fmt.Sprint(id))
		line, _, _ := strings.Cut(list[max(i, 0):], "\n")
		if i < 0 || !strings.Contains(line, "dead") || !strings.Contains(line, reason) {
			t.Errorf("%d is not listed with %q:\n%s", id, reason, list)
		}
	}
	ws.put("mended")
	ws.command("jobs", "retry", fmt.Sprint(fails), fmt.Sprint(poison))
	for _, id := range []int64{fails, poison} {
		if n := ws.becomes(id, "done"); n != 1 || ws.effects(id) != "1" {
			t.Errorf("tried again, it is done in %d tries with %s effects", n, ws.effects(id))
		}
	}
	// Others may be listed: whatever the processes had in hand that died of the one job.
	list = ws.command("jobs", "list", "--state", "dead")
	for _, id := range []int64{fails, poison} {
		if strings.Contains(list, fmt.Sprint(id)) {
			t.Errorf("%d is still listed:\n%s", id, list)
		}
	}
	a.kill()
}

// R30: a transaction that is rolled back, or whose process dies in it, leaves no job, and SQS hears of none.
func TestNoJobWithoutItsTransaction(t *testing.T) {
	t.Parallel() // with those that, like it, mostly wait
	fake := servertest.SQS(t)
	ws := newWorkers(t, fake)
	ws.notifyBySQS()
	dying := ws.start("FLEETTEST_ABANDON=1")
	ws.hear("written", dying)
	dying.kill()
	undone := errors.New("undone")
	if err := ws.store.Tx(t.Context(), func(ctx context.Context, tx *store.Store) error {
		if err := tx.AddJob(ctx, jobLong, 0, 0); err != nil {
			return err
		}
		return undone
	}); !errors.Is(err, undone) {
		t.Fatal(err)
	}
	w := ws.start()
	id := ws.add(jobLong, 0)
	ws.becomes(id, "done")
	servertest.Eventually(t, "SQS is told", func() bool { return len(fake.Sent()) > 0 })
	if sent := fake.Sent(); len(sent) != 1 || sent[0] != fmt.Sprint(id) {
		t.Errorf("SQS was told of %v, want %d alone", sent, id)
	}
	if n := ws.value("SELECT COUNT(*) FROM jobs WHERE kind = '%s'", jobLong); n != "1" {
		t.Errorf("%s jobs are there", n)
	}
	w.kill()
}
