package app

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"tintype/internal/doctor"
	"tintype/internal/ladder"
	"tintype/internal/servertest"
)

// inBucket are the settings of a site with its photos in a bucket whose every answer comes so much later.
func inBucket(t *testing.T, late time.Duration) []string {
	t.Helper()
	bucket := servertest.S3(t)
	bucket.NewBucket(t, "photos")
	way := servertest.NewProxy(t, bucket.Port)
	way.Delay(late)
	bucket.URL = fmt.Sprintf("http://127.0.0.1:%d", way.Port)
	return append(bucket.Env(), "MEDIA_STORE=s3", "MEDIA_S3_BUCKET=photos", "UPLOAD_LIMIT=100000/1h", "SIGNUP_LIMIT=1000/1h")
}

// moreJobWorkers has photos wait for their bucket: the one worker is busy and no processor is, so that a second worker
// is advised, and takes half of the wait.
func moreJobWorkers(t *testing.T) {
	// With so many processors none is busy, whatever else this machine does.
	processors := runtime.GOMAXPROCS(64)
	defer runtime.GOMAXPROCS(processors)
	env := inBucket(t, 400*time.Millisecond)
	for _, e := range env { // credentials come from the process's environment
		if name, value, _ := strings.Cut(e, "="); strings.HasPrefix(name, "AWS_") {
			t.Setenv(name, value)
		}
	}
	load := uploads(t, 5, 700, 500) // more would reach the 20 s for which an upload waits
	before := measured(t, append(env, "JOB_WORKERS=1")...)
	stop := load(before)
	advice := before.advised("jobs")
	if len(advice.Step.Settings) != 1 || advice.Step.Settings[0] != "JOB_WORKERS=2" {
		t.Fatalf("%+v", advice.Step)
	}
	day := before.over(before.report().Minutes + 100) // until the last of all who upload waits for all others
	was := signal(day, ladder.JobAge).Peak
	stop()
	before.close()
	servertest.Within(t, time.Minute, "nobody is there", func() bool { return before.report().Processes == 0 })

	after := measured(t, with(before.env, advice)...)
	stop = load(after)
	now := signal(after.over(day.Minutes), ladder.JobAge).Peak
	stop()
	t.Logf("the oldest job waited for %.1f s, and for %.1f s with %s", was, now, advice.Step.Settings)
	if !(now < 0.8*was) {
		t.Errorf("with %s job_age reaches %.1f s, and reached %.1f s", advice.Step.Settings, now, was)
	}
}

// Where a limit that is set low brings a bound near, a load crosses it, for as long as its rule asks for.
func TestTheLadderReachesItsBounds(t *testing.T) {
	if testing.Short() {
		t.Skip("it loads the machine, which is to be its own")
	}
	servertest.OneOf(t, 1, 2)
	t.Run("machine", func(t *testing.T) {
		one := runtime.GOMAXPROCS(1)
		defer runtime.GOMAXPROCS(one)
		s := measured(t)
		random, err := os.Open("/dev/urandom")
		if err != nil {
			t.Skip("no device gives the kernel work")
		}
		t.Cleanup(func() { random.Close() })
		// The kernel works for this process on as many threads as there are readers, so that it has a processor's worth of
		// time even while others work on this machine.
		stop := busy(t, 64, func(int, int) {
			if _, err := random.Read(make([]byte, 1<<18)); err != nil {
				t.Error(err)
			}
		})
		var advice *ladder.Advice
		var last ladder.Report
		for end := time.Now().Add(time.Minute); advice == nil && time.Now().Before(end); {
			last = s.report()
			if i := slices.IndexFunc(last.Advice, func(a ladder.Advice) bool { return a.Rule == "machine" }); i >= 0 {
				advice = &last.Advice[i]
			}
		}
		stop()
		if got := signal(last, ladder.CPU); advice == nil && got.Median < 0.7 {
			t.Skipf("others have this machine: 64 threads were given %.2f of a processor", got.Median)
		}
		if advice == nil || advice.Level < advice.Bound || advice.Reached < advice.Minutes || advice.Step.Text == "" || len(advice.Bill.Items) == 0 {
			t.Errorf("%+v", advice)
		}
	})
	t.Run("workers", func(t *testing.T) {
		one := runtime.GOMAXPROCS(1)
		defer runtime.GOMAXPROCS(one)
		env := inBucket(t, 0)
		for _, e := range env {
			if name, value, _ := strings.Cut(e, "="); strings.HasPrefix(name, "AWS_") {
				t.Setenv(name, value)
			}
		}
		s := measured(t, slices.Concat(onServer(t), env, []string{"JOB_WORKERS=4"})...)
		stop := uploads(t, 6, 300, 200)(s)
		advice := s.advised("workers")
		stop()
		if advice.Rung != 7 || advice.Level < advice.Bound || !slices.Contains(advice.Step.Settings, "ROLES=web") {
			t.Errorf("%+v", advice)
		}
	})
	t.Run("disk", func(t *testing.T) {
		dir := t.TempDir()
		if out, err := exec.Command("mount", "-t", "tmpfs", "-o", "size=32m", "tintype-test", dir).CombinedOutput(); err != nil {
			servertest.Without(t, "mount", "cannot mount a small disk (run as root): "+strings.TrimSpace(string(out)))
		}
		t.Cleanup(func() { _ = exec.Command("umount", "-l", dir).Run() })
		s := measured(t, "DATA_DIR="+dir)
		if free := signal(s.over(2), ladder.DiskFree).Now; free < 0.3 {
			t.Fatalf("%.2f of an empty disk is free", free)
		}
		free, total, err := doctor.DiskSpace(dir)
		if err != nil {
			t.Fatal(err)
		}
		full := filepath.Join(dir, "photos of a day")
		if err := os.WriteFile(full, make([]byte, int64(free)-int64(total)/10), 0o600); err != nil {
			t.Fatal(err)
		}
		if advice := s.advised("disk"); advice.Rung != 3 || advice.Level > advice.Bound || !strings.Contains(advice.Step.Text, "or add a disk") {
			t.Errorf("%+v", advice)
		}
		if err := os.Remove(full); err != nil { // as if it were a larger one
			t.Fatal(err)
		}
		servertest.Within(t, time.Minute, "the disk has room again", func() bool { return signal(s.report(), ladder.DiskFree).Now > 0.3 })
	})
}
