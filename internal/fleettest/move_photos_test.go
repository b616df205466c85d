package fleettest

import (
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"math/rand/v2"
	"net/http"
	"net/url"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"tintype/internal/servertest"
)

// photoPeople post photos and delete some, and ask again and again for every address that they ever saw.
type photoPeople struct {
	t     *testing.T
	f     fleet
	turns []sync.RWMutex // of each instance; whoever restarts it holds it
	ann   *servertest.Client

	mu      sync.Mutex
	posts   []servertest.Status
	content map[string]string // SHA-256 of what each address has given
	leaving map[string]bool   // deleted; may still answer
	gone    map[string]bool   // deleted, and has answered 404
	failed  int
	asked   *servertest.Load
	ends    chan struct{}
	group   sync.WaitGroup
}

func (p *photoPeople) fail(format string, args ...any) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.failed++; p.failed <= 10 {
		p.t.Errorf(format, args...)
	}
}

// at runs f with an instance that is not being restarted.
func (p *photoPeople) at(f func(*servertest.Instance)) {
	for {
		n := rand.IntN(len(p.f))
		if p.turns[n].TryRLock() {
			f(p.f[n])
			p.turns[n].RUnlock()
			return
		}
	}
}

var mediaPath = regexp.MustCompile(`/media/pub/[0-9a-f]{32}/[0-9a-z]+\.jpg`)

// post posts a photo, and notes all addresses on its page.
func (p *photoPeople) post() {
	p.at(func(i *servertest.Instance) {
		s, err := p.ann.At(i).TryPostPhoto(photo, "A photo of many")
		p.asked.CountError(err)
		if errors.Is(err, servertest.ErrBusy) { // another one follows
			return
		}
		if err != nil {
			p.fail("post: %v", err)
			return
		}
		u, err := url.Parse(s.URL)
		if err != nil || len(s.Media) != 1 {
			p.fail("%+v, %v", s, err)
			return
		}
		a := p.read(i, u.Path)
		paths := mediaPath.FindAllString(a.Body, -1)
		if m, err := url.Parse(s.Media[0].URL); err == nil {
			paths = append(paths, m.Path)
		}
		if len(paths) < 2 {
			p.fail("the page of a post names %q: %d %v", paths, a.Status, a.Err)
		}
		p.mu.Lock()
		defer p.mu.Unlock()
		p.posts = append(p.posts, s)
		for _, path := range paths {
			if _, known := p.content[path]; !known && strings.Contains(path, setOf(pathOf(s.Media[0].URL))) {
				p.content[path] = ""
			}
		}
	})
}

func pathOf(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return ""
	}
	return u.Path
}

// setOf is the part of a photo's path that its set has for itself.
func setOf(path string) string {
	parts := strings.Split(path, "/")
	if len(parts) != 5 {
		return "no set"
	}
	return parts[3]
}

// remove deletes one of the older posts, with its photo.
func (p *photoPeople) remove() {
	p.mu.Lock()
	if len(p.posts) < 10 {
		p.mu.Unlock()
		return
	}
	n := rand.IntN(len(p.posts))
	s := p.posts[n]
	p.posts = slices.Delete(p.posts, n, n+1)
	for path := range p.content {
		if setOf(path) == setOf(pathOf(s.Media[0].URL)) {
			p.leaving[path] = true
		}
	}
	p.mu.Unlock()
	p.at(func(i *servertest.Instance) {
		busy := false // once: it may have been deleted all the same
		a := servertest.Again(50, func() servertest.Answer {
			a := p.asked.Count(p.ann.At(i).Try(servertest.Read("/api/v1/statuses/" + s.ID + "?delete_media=true").As(http.MethodDelete)))
			busy = busy || a.Busy()
			return a
		})
		if a.Err != nil || a.Status != http.StatusOK && !(busy && a.Status == http.StatusNotFound) {
			p.fail("delete: %d %v: %.300s", a.Status, a.Err, a.Body)
		}
	})
}

func (p *photoPeople) size() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.posts)
}

// read asks an instance as a visitor, and once more where the machine is too busy for it.
func (p *photoPeople) read(i *servertest.Instance, path string) servertest.Answer {
	return servertest.Again(20, func() servertest.Answer { return p.asked.Count(browser(p.t, i).Try(servertest.Read(path))) })
}

// look asks an instance for an address, and compares the answer with what has to be.
func (p *photoPeople) look(i *servertest.Instance, path string) {
	p.mu.Lock()
	wasGone := p.gone[path]
	p.mu.Unlock()
	a := p.read(i, path)
	sum := fmt.Sprintf("%x", sha256.Sum256([]byte(a.Body)))
	p.mu.Lock()
	leaving, want := p.leaving[path], p.content[path]
	if a.Status == http.StatusOK && want == "" {
		p.content[path], want = sum, sum
	}
	if a.Status == http.StatusNotFound && leaving {
		p.gone[path] = true
	}
	p.mu.Unlock()
	switch {
	case a.Err == nil && a.Status == http.StatusNotFound && leaving:
	case a.Err != nil || a.Status != http.StatusOK:
		p.fail("%s: %d %v, deleted %v", path, a.Status, a.Err, leaving)
	case wasGone:
		p.fail("%s has come back", path)
	case sum != want:
		p.fail("%s gives other bytes than before", path)
	}
}

// somewhere is one of all addresses.
func (p *photoPeople) somewhere() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	n := rand.IntN(len(p.content))
	for path := range p.content {
		if n == 0 {
			return path
		}
		n--
	}
	return ""
}

func (p *photoPeople) loop(pause time.Duration, do func()) {
	p.group.Go(func() {
		for {
			do()
			select {
			case <-p.ends:
				return
			case <-time.After(pause/2 + rand.N(pause)):
			}
		}
	})
}

func (p *photoPeople) start() {
	for range 3 {
		p.loop(20*time.Millisecond, func() { p.at(func(i *servertest.Instance) { p.look(i, p.somewhere()) }) })
	}
	p.loop(400*time.Millisecond, func() {
		p.post()
		if p.size() > 60 { // a slow machine has no more to move than a fast one
			p.remove()
		}
	})
	p.loop(time.Second, p.remove)
}

// all asks each instance for every address.
func (p *photoPeople) all() {
	p.mu.Lock()
	paths := slices.Collect(maps.Keys(p.content))
	p.mu.Unlock()
	for n := range p.f {
		p.turns[n].RLock()
		for _, path := range paths {
			p.look(p.f[n], path)
		}
		p.turns[n].RUnlock()
	}
}

// restart has the instances take settings, one after the other.
func (p *photoPeople) restart(env ...string) {
	p.t.Helper()
	for n, i := range p.f {
		p.turns[n].Lock()
		if err := i.Stop(); err != nil {
			p.t.Error(err)
		}
		i.Set(env...)
		i.Start()
		p.turns[n].Unlock()
	}
}

// partStatus is what the program says of the move of a part.
func partStatus(t *testing.T, i *servertest.Instance, part string) (phase, inCharge string) {
	t.Helper()
	out, stderr, err := i.Command("move", "status", "--json")
	var answer struct {
		Moves []struct {
			Part, Phase string
			InCharge    string `json:"in_charge"`
		}
	}
	if err == nil {
		err = json.Unmarshal([]byte(out), &answer)
	}
	if err != nil {
		t.Fatal(err, out, stderr)
	}
	for _, m := range answer.Moves {
		if m.Part == part {
			return m.Phase, m.InCharge
		}
	}
	return "", ""
}

// run moves photos to a place by a command. With trouble, movers are killed in the middle, wherever that is, and one
// hangs, so that another goes on with its work until the first one wakes.
func (p *photoPeople) run(trouble bool, to string, args ...string) {
	t := p.t
	t.Helper()
	var hung *servertest.RunningCommand
	if trouble {
		for range 2 {
			m := p.f[0].StartCommand(args...)
			select {
			case <-m.Ended():
			case <-time.After(time.Duration(1000+rand.IntN(6000)) * time.Millisecond):
			}
			m.Kill()
		}
		if _, charge := partStatus(t, p.f[0], "media"); charge != to {
			hung = p.f[len(p.f)-1].StartCommand(args...)
			servertest.Within(t, time.Minute, "the mover is at work", func() bool {
				out, _, err := p.f[0].Command("move", "status", "--json")
				return err == nil && strings.Contains(out, fmt.Sprintf("process %d", hung.PID()))
			})
			hung.Signal(syscall.SIGSTOP)
		}
	}
	out, stderr, err := p.f[0].Command(args...)
	if err != nil || !strings.Contains(out, "The photos are in "+to) {
		t.Fatalf("%v: %v\n%s%s", args, err, out, stderr)
	}
	t.Logf("%v:\n%s", args, out)
	if hung != nil {
		hung.Signal(syscall.SIGCONT)
		hung.Wait()
	}
	if phase, charge := partStatus(t, p.f[0], "media"); charge != to || phase != "moved" {
		t.Errorf("%s, in charge is %s", phase, charge)
	}
	p.all()
}

func (p *photoPeople) finish(flags ...string) {
	p.t.Helper()
	out, stderr, err := p.f[0].Command(append([]string{"move", "finish", "media"}, flags...)...)
	if err != nil || !strings.Contains(out, "is finished") && !strings.Contains(out, "is empty") {
		p.t.Fatalf("finish: %v\n%s%s", err, out, stderr)
	}
	p.all()
}

// R20, R40, R41: photos move from a folder to a bucket, to another bucket and to another folder, with people who post
// and delete, movers that are killed and hang, and a crawler that asks for every address it ever saw: each answers all
// the time with the same bytes, but those of deleted photos, which do not come back.
func TestPhotosMoveUnderPeople(t *testing.T) {
	servertest.OneOf(t, 1, 6)
	server := servertest.S3(t)
	for _, name := range []string{"one", "two"} {
		server.NewBucket(t, name)
	}
	first, last := filepath.Join(t.TempDir(), "first"), filepath.Join(t.TempDir(), "last")
	f := prepare(t, 2, append(server.Env(), "MEDIA_DIR="+first, "MEDIA_NEXT=s3://one", "LOG_LEVEL=warn")...)
	f.start(t)
	p := &photoPeople{
		t: t, f: f, turns: make([]sync.RWMutex, len(f)), ends: make(chan struct{}), asked: servertest.NewLoad(t),
		content: map[string]string{}, leaving: map[string]bool{}, gone: map[string]bool{},
	}
	p.ann = browser(t, f[0]).SignUpByToken("ann")
	for range 25 {
		p.post()
	}
	p.start()
	troubled := rand.IntN(3)
	trouble := func(leg int) bool { return servertest.All() || leg == troubled }

	// From the folder to a bucket, and back, and there for good.
	p.run(trouble(0), "s3://one", "move", "media", "--rate=15")
	late := servertest.NewTintype(t)
	late.Set(f[0].Settings()...)
	late.Set("MEDIA_NEXT=")
	late.StartOnly()
	if err := late.Wait(time.Minute); err == nil || !strings.Contains(late.Logs(), "s3://one") {
		t.Errorf("an instance with the old setting alone: %v\n%s", err, late.Logs())
	}
	p.run(false, "disk:"+first, "move", "back", "media")
	p.run(false, "s3://one", "move", "media")
	p.finish()
	late.Set("MEDIA_NEXT=s3://one")
	late.Start()
	if !strings.Contains(late.Logs(), "make it the setting") {
		t.Errorf("it does not say what to write:\n%s", late.Logs())
	}
	p.look(late, p.somewhere())
	if err := late.Stop(); err != nil {
		t.Error(err)
	}

	// To another bucket.
	p.restart("MEDIA_STORE=s3", "MEDIA_S3_BUCKET=one", "MEDIA_NEXT=s3://two/some/where")
	p.run(trouble(1), "s3://two/some/where", "move", "media", "--rate=15")
	p.finish("--delete-source")

	// To another folder.
	p.restart("MEDIA_S3_BUCKET=two", "MEDIA_S3_PREFIX=some/where", "MEDIA_NEXT=disk:"+last)
	p.run(trouble(2), "disk:"+last, "move", "media", "--rate=15")
	p.finish("--delete-source")
	p.restart("MEDIA_STORE=disk", "MEDIA_S3_BUCKET=", "MEDIA_S3_PREFIX=", "MEDIA_DIR="+last, "MEDIA_NEXT=")

	close(p.ends)
	p.group.Wait()
	servertest.Within(t, time.Minute, "deleted photos are gone", func() bool {
		p.all()
		p.mu.Lock()
		defer p.mu.Unlock()
		return len(p.gone) == len(p.leaving)
	})
	t.Logf("%d requests for %d addresses, %d of them deleted on the way", p.asked.Asked(), len(p.content), len(p.leaving))
	p.asked.Check(t)
	if len(p.leaving) == 0 {
		t.Error("nothing was deleted on the way")
	}
	out, stderr, err := f[0].Command("media", "check", "--read")
	if err != nil || !strings.Contains(out, "0 missing, 0 wrong.") || strings.Contains(out, "no row") {
		t.Errorf("%v: %s%s", err, out, stderr)
	}
	for _, name := range []string{"one", "two"} {
		left := 0
		err := filepath.WalkDir(filepath.Join(server.Dir, name), func(_ string, e fs.DirEntry, err error) error {
			if err == nil && e.Type().IsRegular() {
				left++
			}
			return err
		})
		if err != nil || left > 0 {
			t.Errorf("%d files are left in bucket %s, which was emptied: %v", left, name, err)
		}
	}
}
