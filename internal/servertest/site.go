package servertest

import (
	"crypto/rand"
	"errors"
	"fmt"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// A Rung says which parts of a site are on servers of their own. The zero value
// is a laptop's: one process, SQLite and files.
type Rung struct {
	MySQL    bool    // the database
	Flavour  Flavour // of that
	Replicas int     // of the database, which then is MySQL
	DynamoDB bool    // sessions
	S3       bool    // photos
	CDN      bool    // in front of photos and static files
	Redis    bool    // the cache
	SQS      bool    // news of jobs
	Worker   bool    // a process of its own does the jobs; the database then is MySQL
	Web      int     // instances behind a balancer, which share MySQL; 0: one, without a balancer
}

// Whole is everything: the scaled-out site.
func Whole() Rung {
	return Rung{MySQL: true, Replicas: 2, DynamoDB: true, S3: true, CDN: true, Redis: true, SQS: true, Worker: true, Web: 3}
}

// Ladder is the way from a laptop to the whole, a step each: the rungs 0, 2, 3,
// 4, 5, 6 and 7 (1 is a bigger machine).
func Ladder() []Rung {
	two := Rung{MySQL: true}
	three := two
	three.DynamoDB, three.S3, three.Web = true, true, 3
	four := three
	four.CDN = true
	five := four
	five.Replicas = 2
	six := five
	six.Redis = true
	return []Rung{{}, two, three, four, five, six, Whole()}
}

// Valid reports whether the parts go together.
func (r Rung) Valid() bool {
	return r.MySQL || r.Replicas == 0 && !r.Worker && r.Web <= 1
}

// String names what differs from a laptop's site, such as "mariadb+s3+3web".
func (r Rung) String() string {
	var parts []string
	add := func(on bool, name string) {
		if on {
			parts = append(parts, name)
		}
	}
	add(r.MySQL, r.Flavour.String())
	add(r.Replicas > 0, strconv.Itoa(r.Replicas)+"replicas")
	add(r.DynamoDB, "dynamodb")
	add(r.S3, "s3")
	add(r.CDN, "cdn")
	add(r.Redis, "redis")
	add(r.SQS, "sqs")
	add(r.Worker, "worker")
	add(r.Web > 0, strconv.Itoa(r.Web)+"web")
	if len(parts) == 0 {
		return "laptop"
	}
	return strings.Join(parts, "+")
}

// A Site is one site on processes of the real program and the servers of its
// rung. A server that no rung has needed yet is nil. One that the site has left
// keeps running.
type Site struct {
	Rung     Rung
	URL      string // where readers find it
	Web      []*Instance
	Worker   *Instance // nil where web instances do the jobs
	Balancer *Balancer
	Database *Replication
	Sessions *DynamoDBServer
	Media    *S3Server
	CDN      *CDN
	Cache    *RedisServer
	Queue    *SQSServer

	t        testing.TB
	env      []string // of all its processes, from the test
	secret   string
	mediaDir string
	primary  string      // the database's address
	web      []*Instance // also those that other rungs had
	worker   *Instance
}

// NewSite starts a site on that rung and waits until it is ready. Env are
// settings of all its processes, and win over the rung's. Everything ends with
// the test.
func NewSite(t testing.TB, rung Rung, env ...string) *Site {
	t.Helper()
	s := &Site{t: t, env: env, secret: rand.Text() + rand.Text(), mediaDir: filepath.Join(t.TempDir(), "media")}
	s.Move(rung)
	return s
}

// Move stops the site and starts it on another rung with that rung's variables,
// as an operator would. Its servers keep their data. Database and photos cannot
// change their place this way.
func (s *Site) Move(rung Rung) {
	s.t.Helper()
	if !rung.Valid() {
		s.t.Fatalf("the settings of %s contradict each other", rung)
	}
	if s.web != nil && (rung.MySQL != s.Rung.MySQL || rung.Flavour != s.Rung.Flavour || rung.S3 != s.Rung.S3) {
		s.t.Fatalf("from %s to %s: the data stays behind, so start another site", s.Rung, rung)
	}
	s.Stop()
	s.Rung = rung
	if rung.Web > 0 && s.Balancer == nil {
		s.Balancer = NewBalancer(s.t)
	}
	for len(s.web) < max(rung.Web, 1) {
		s.web = append(s.web, NewTintype(s.t))
	}
	s.Web, s.Worker, s.URL = s.web[:max(rung.Web, 1)], nil, s.web[0].URL
	if rung.Worker {
		if s.worker == nil {
			s.worker = NewTintype(s.t)
		}
		s.Worker = s.worker
	}
	if rung.Web > 0 {
		s.URL = s.Balancer.URL
	}
	s.configure()
	s.setUp()
	s.Start()
}

// MediaDir is the folder where photos are, "" where they are in a bucket.
func (s *Site) MediaDir() string {
	switch {
	case s.Rung.S3:
		return ""
	case s.Rung.MySQL:
		return s.mediaDir
	default:
		return filepath.Join(s.Web[0].DataDir, "media")
	}
}

// Processes are the web instances and the worker.
func (s *Site) Processes() []*Instance {
	all := append([]*Instance{}, s.Web...)
	if s.Worker != nil {
		all = append(all, s.Worker)
	}
	return all
}

// Start starts what does not run, and waits until all is ready and the balancer
// knows.
func (s *Site) Start() {
	s.t.Helper()
	var wg sync.WaitGroup
	all := s.Processes()
	errs := make([]error, len(all))
	for n, i := range all {
		if !i.running() {
			i.StartOnly()
		}
		wg.Go(func() {
			if err := i.WaitReady(2 * startPatience); err != nil {
				errs[n] = fmt.Errorf("%s: %w", i.URL, err)
			}
		})
	}
	wg.Wait()
	must(s.t, errors.Join(errs...))
	if s.Rung.Web == 0 {
		return
	}
	if s.Balancer.process == nil {
		s.Balancer.Start(s.t, s.Web...)
	}
	s.Settle()
}

// Settle waits until the balancer sends requests to every web instance.
func (s *Site) Settle() {
	s.t.Helper()
	must(s.t, until(startPatience, nil, func() error {
		up, err := s.Balancer.Up()
		if err == nil && up != len(s.Web) {
			err = fmt.Errorf("the balancer knows %d of %d instances", up, len(s.Web))
		}
		return err
	}))
}

// Stop asks every process to stop and waits until they have; the servers stay.
func (s *Site) Stop() {
	s.t.Helper()
	for _, i := range s.Processes() {
		if i.running() {
			i.Signal(syscall.SIGTERM)
		}
	}
	for _, i := range s.Processes() {
		if i.ended == nil {
			continue
		}
		if err := i.Wait(time.Minute); err != nil {
			s.t.Errorf("%s ended with %v", i.URL, err)
		}
	}
	if s.Balancer != nil {
		s.Balancer.Stop()
	}
}

// Command runs the program with the settings of the site's first web instance.
func (s *Site) Command(args ...string) (stdout, stderr string, err error) {
	s.t.Helper()
	return s.Web[0].Command(args...)
}

// configure starts the servers that the rung needs, and tells every process.
func (s *Site) configure() {
	s.t.Helper()
	var env []string
	add := func(more ...string) { env = append(env, more...) }
	r := s.Rung
	if r.DynamoDB || r.S3 || r.CDN || r.SQS {
		// One identity for all, from the environment: the AWS SDK's default chain.
		add("AWS_REGION="+region, "AWS_ACCESS_KEY_ID=tintype", "AWS_SECRET_ACCESS_KEY=not a secret")
	}
	if r.MySQL {
		if s.Database == nil {
			s.Database = r.Flavour.Replicas(s.t, r.Replicas)
			s.primary, _ = s.Database.NewDatabase(s.t)
		}
		add("DATABASE_URL="+s.primary, "SECRET_KEY="+s.secret)
	}
	if r.Replicas > 0 {
		for len(s.Database.Replicas) < r.Replicas {
			s.Database.Add(s.t)
		}
		add("DATABASE_REPLICA_URLS=" + strings.Join(s.Database.readers(s.primary)[:r.Replicas], ","))
	}
	if r.DynamoDB {
		if s.Sessions == nil {
			s.Sessions = DynamoDB(s.t)
		}
		add(s.Sessions.Env()...)
	}
	if r.S3 {
		if s.Media == nil {
			server := S3(s.t)
			server.NewBucket(s.t, "photos")
			s.Media = &server
		}
		add(s.Media.Env()...)
		add("MEDIA_STORE=s3", "MEDIA_S3_BUCKET=photos")
	} else if r.MySQL {
		add("MEDIA_DIR=" + s.mediaDir) // which the processes share
	}
	if r.MySQL && r.S3 {
		add("STATELESS=true")
	}
	if r.CDN {
		if s.CDN == nil {
			s.CDN = NewCDN(s.t)
		}
		must(s.t, s.CDN.Origin(s.URL))
		add(s.CDN.Env()...)
	}
	if r.Redis {
		if s.Cache == nil {
			s.Cache = Redis(s.t)
		}
		add("CACHE_URL=" + s.Cache.URL())
	}
	if r.SQS {
		if s.Queue == nil {
			s.Queue = SQS(s.t)
		}
		add(s.Queue.Env()...)
	}
	if r.MySQL || r.Web > 0 {
		add("BASE_URL=" + s.URL)
	}
	if r.Web > 0 {
		add("TRUSTED_PROXIES=1", "DRAIN_DELAY=3s")
	}
	for _, i := range s.Processes() {
		own := []string{"METRICS_ADDR=127.0.0.1:" + strconv.Itoa(FreePort(s.t))}
		switch {
		case i == s.Worker:
			own = append(own, "ROLES=worker")
		case r.Worker:
			own = append(own, "ROLES=web")
		}
		i.reset(append(append(own, env...), s.env...)...)
	}
}

// setUp does what an operator does between new variables and the start.
func (s *Site) setUp() {
	s.t.Helper()
	run := func(args ...string) {
		s.t.Helper()
		if stdout, stderr, err := s.Command(args...); err != nil {
			s.t.Fatalf("tintype %s: %v\n%s%s", strings.Join(args, " "), err, stdout, stderr)
		}
	}
	if s.Rung.MySQL {
		run("migrate", "up")
	}
	if s.Rung.DynamoDB {
		run("setup", "dynamodb")
	}
}
