package fleettest

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"

	"tintype/internal/phototest"
	"tintype/internal/servertest"
)

// upload sends a photo as a client does, or with a browser as the page's script does.
func upload(c *servertest.Client, at *servertest.Instance, file []byte) servertest.Answer {
	path, field := "/api/v2/media", "file"
	if c.Token == "" {
		path, field = "/compose/photos", "photos"
	}
	return c.At(at).Try(servertest.File(path, field, file).With("Accept", "application/json"))
}

// R30: a web instance dies between the commit of a job and telling SQS of it. A worker finds the job.
func TestAJobOfWhichNobodyWasTold(t *testing.T) {
	server, fake := servertest.Database(t), servertest.SQS(t)
	address := server.NewDatabase(t)
	name := address[strings.LastIndex(address, "/")+1:]
	site := prepare(t, 2, append(fake.Env(), "DATABASE_URL="+address, "AWS_REGION=eu-central-1", "AWS_ACCESS_KEY_ID=a", "AWS_SECRET_ACCESS_KEY=b")...)
	web, hand := site[0], site[1]
	web.Set("ROLES=web")
	hand.Set("ROLES=worker")
	web.Start()
	ada := browser(t, web).SignUp("ada")
	fake.Hang()
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		upload(ada, web, photo) // its answer gets lost
	}()
	// What hangs first may be about a mail, which is told of in the background.
	var job string
	servertest.Eventually(t, "the photo's job is committed, and SQS hangs over a message", func() bool {
		var err error
		job, err = server.Value("SELECT id FROM " + name + ".jobs WHERE kind = 'photo.process' AND state = 'ready'")
		return err == nil && fake.Hung() > 0
	})
	web.Kill()
	<-ended
	servertest.Eventually(t, "what the dead one sent is gone", func() bool { return fake.Waiting() == 0 }) // what the dead one sent is gone with it
	fake.Resume()
	hand.Start()
	web.Start()
	servertest.Eventually(t, "the photo is ready", func() bool { return strings.Contains(ada.At(web).Get("/compose").Body, `data-state="ready"`) })
	if slices.Contains(fake.Sent(), job) {
		t.Errorf("SQS was told of job %s", job)
	}
}

// R30: a worker reads what was just committed, though the replica that it has is late: had it not found the photo, it
// would have taken it for removed, and nobody would ever make it.
func TestWorkersReadFreshData(t *testing.T) { servertest.OnAnyFlavour(t, testWorkersReadFreshData) }

func testWorkersReadFreshData(t *testing.T, f servertest.Flavour) {
	db := f.Replicas(t, 1)
	primary, replicas := db.NewDatabase(t)
	site := prepare(t, 2, "DATABASE_URL="+primary, "DATABASE_REPLICA_URLS="+strings.Join(replicas, ","))
	web, hand := site[0], site[1]
	web.Set("ROLES=web")
	hand.Set("ROLES=worker")
	web.Start()
	ann := browser(t, web).SignUpByToken("ann")
	db.CatchUp(t)
	hand.Start()
	db.DelayBy(t, 2, db.Replicas[0])
	for try := 1; ; try++ {
		servertest.Eventually(t, "the worker reads the replica", func() bool { return came(hand)-left(hand) == 1 })
		was := left(hand)
		for n := range 5 {
			if made := ann.At(web).PostPhoto(photo, fmt.Sprintf("photo %d", n)); len(made.Media) != 1 {
				t.Errorf("a post with %d photos", len(made.Media))
			}
		}
		if left(hand) == was {
			return
		}
		if try == 5 {
			t.Fatalf("the worker left its late replica again and again: %d times", left(hand))
		}
		t.Log("the worker left its late replica meanwhile, which proves nothing: again")
	}
}

// R31: the worker that makes photos is killed over them; another one finishes them, and who uploads them hears of it,
// on the page and through the API.
func TestPhotosOfAKilledWorker(t *testing.T) {
	server := servertest.Database(t)
	address := server.NewDatabase(t)
	name := address[strings.LastIndex(address, "/")+1:]
	site := prepare(t, 3, "DATABASE_URL="+address, "ROLES=worker")
	web := site[0]
	web.Set("ROLES=web")
	web.Start()
	ada, cat := browser(t, web).SignUp("ada"), browser(t, web).SignUpByToken("cat")
	large := phototest.JPEG(phototest.Options{Width: 4000, Height: 3000, Detail: true})
	count := func(where string) int {
		t.Helper()
		v, err := server.Value("SELECT COUNT(*) FROM " + name + ".jobs WHERE kind = 'photo.process' AND " + where)
		if err != nil {
			t.Fatal(err)
		}
		n, err := strconv.Atoi(v)
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	// killed has somebody upload while the one worker is killed over it, and returns the answer and whether it was.
	killed := func(who *servertest.Client) (got servertest.Answer, atWork bool) {
		t.Helper()
		site[2].Kill()
		site[1].Start()
		done := count("state = 'done'")
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			if got = upload(who, web, large); got.Err != nil {
				t.Errorf("%s: %v", who.Name, got.Err)
			}
		}()
		servertest.Eventually(t, "the worker has the photo in hand", func() bool {
			return count("state = 'ready' AND attempts = 1") == 1 || count("state = 'done'") > done
		})
		site[1].Kill()
		atWork = count("state = 'ready' AND attempts = 1") == 1
		if servertest.All() {
			<-ended // the answer comes before the lease has run out
		} else if err := server.Exec("UPDATE " + name + ".jobs SET lease_until = 1 WHERE kind = 'photo.process' AND state = 'ready'"); err != nil {
			t.Fatal(err) // as if its time had passed
		}
		site[2].Start()
		<-ended
		return got, atWork
	}
	for try := 1; ; try++ {
		got, atWork := killed(cat)
		if got.Status != http.StatusOK && got.Status != http.StatusAccepted {
			t.Fatalf("the client heard %d: %s", got.Status, got.Body)
		}
		servertest.Eventually(t, "the client hears that it is ready", func() bool {
			now := cat.At(web).Get("/api/v1/media/" + got.ID())
			if now.Status != http.StatusOK && now.Status != http.StatusPartialContent {
				t.Fatalf("the client hears %d: %s", now.Status, now.Body)
			}
			return now.Status == http.StatusOK
		})
		if atWork {
			t.Logf("the client heard %d first", got.Status)
			break
		}
		if try == 10 {
			t.Fatal("no worker was killed at its work")
		}
	}
	for try := 1; ; try++ {
		got, atWork := killed(ada)
		if got.Status != http.StatusOK {
			t.Fatalf("the page heard %d: %s", got.Status, got.Body)
		}
		servertest.Eventually(t, "the page shows that it is ready", func() bool {
			return strings.Count(ada.At(web).Get("/compose").Body, `data-state="ready"`) == try
		})
		if atWork {
			t.Logf("the page heard %s first", got.Body)
			break
		}
		if try == 10 {
			t.Fatal("no worker was killed at its work")
		}
	}
	if n := count("state = 'done' AND attempts = 2"); n != 2 {
		t.Errorf("%d photos were finished by a second worker", n)
	}
}
