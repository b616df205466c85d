package fleettest

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"

	"tintype/internal/community"
	"tintype/internal/queue"
	"tintype/internal/servertest"
	"tintype/internal/store"
	"tintype/internal/store/storetest"
)

// The site's own jobs take a moment and its ticks come every ten minutes. Workers with jobs that are long, fail, or end
// their process, and with short leases, are this test's binary itself, run again: the site's queue on the site's
// database, in processes that can be killed.
func TestMain(m *testing.M) {
	if address := os.Getenv("FLEETTEST_WORKER"); address != "" {
		if err := work(address); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

const (
	jobLease = 3 * time.Second
	tickEach = 6 * time.Second

	jobTick  = "test.tick"  // periodic; hangs in its first try while the file "hang" is there
	jobLong  = "test.long"  // lasts as many milliseconds as its payload says
	jobKills = "test.kills" // ends its process, unless the file "mended" is there
	jobFails = "test.fails" // fails, unless the file "mended" is there

	jobTries = 3
	// jobEffect is the kind of the events that these jobs have as effects, in the transaction that ends the job.
	jobEffect = "test.effect"
)

// work does jobs until the process is told to stop. It says what it does on its standard output, a line each.
func work(address string) error {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	s, err := store.Open(ctx, storetest.Options(address))
	if err != nil {
		return err
	}
	defer s.Close()
	log := slog.New(slog.NewTextHandler(os.Stderr, nil))
	dir := os.Getenv("FLEETTEST_DIR")
	there := func(name string) bool { _, err := os.Stat(filepath.Join(dir, name)); return err == nil }

	o := queue.Options{Backend: community.JobBackend(s), Log: log, Poll: 200 * time.Millisecond, Lease: jobLease}
	if text := os.Getenv("FLEETTEST_LEASE"); text != "" {
		if o.Lease, err = time.ParseDuration(text); err != nil {
			return err
		}
	}
	if url := os.Getenv("FLEETTEST_SQS"); url != "" {
		w := newSQS(url, os.Getenv("FLEETTEST_QUEUE"), log)
		go func() { _ = w.Receive(ctx) }()
		go func() { _ = w.Send(ctx) }()
		o.Waker = w
		s.OnJob(w.Notify)
	}
	if os.Getenv("FLEETTEST_ABANDON") != "" {
		return s.Tx(ctx, func(ctx context.Context, tx *store.Store) error {
			if err := tx.AddJob(ctx, jobLong, 0, 0); err != nil {
				return err
			}
			fmt.Println("written")
			<-ctx.Done() // until it is killed
			return ctx.Err()
		})
	}
	effect := func(ctx context.Context, j *queue.Job) error {
		err := s.Tx(ctx, func(ctx context.Context, tx *store.Store) error {
			already, err := tx.FinishJob(ctx, j.ID, j.Token)
			if err != nil || already {
				return err
			}
			return tx.AddEvent(ctx, jobEffect, 0, j.ID, nil)
		})
		if errors.Is(err, store.ErrLeaseLost) {
			err = fmt.Errorf("%w: %w", queue.ErrLeaseLost, err)
		}
		return err
	}
	q := queue.New(o)
	register := func(kind string, every time.Duration, run func(ctx context.Context, j *queue.Job) error) {
		q.Register(kind, queue.Handler{Every: every, MaxAttempts: jobTries, Backoff: 50 * time.Millisecond, Run: func(ctx context.Context, j *queue.Job) error {
			fmt.Println("begins", kind, j.ID)
			if err := run(ctx, j); err != nil {
				return err
			}
			return effect(ctx, j)
		}})
	}
	register(jobTick, tickEach, func(ctx context.Context, j *queue.Job) error {
		if j.Attempts == 1 && there("hang") {
			fmt.Println("hangs", j.ID)
			<-ctx.Done()
			return ctx.Err()
		}
		return nil
	})
	register(jobLong, 0, func(ctx context.Context, j *queue.Job) error {
		var ms int
		if err := json.Unmarshal(j.Payload, &ms); err != nil {
			return err
		}
		select {
		case <-time.After(time.Duration(ms) * time.Millisecond):
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	})
	register(jobKills, 0, func(context.Context, *queue.Job) error {
		if there("mended") {
			return nil
		}
		return syscall.Kill(os.Getpid(), syscall.SIGKILL)
	})
	register(jobFails, 0, func(context.Context, *queue.Job) error {
		if there("mended") {
			return nil
		}
		return errors.New("the lens is scratched")
	})
	q.Start(context.Background())
	fmt.Println("works")
	<-ctx.Done()
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	return q.Stop(ctx)
}

func newSQS(url, queueURL string, log *slog.Logger) *queue.SQS {
	return queue.NewSQS(aws.Config{
		Region: "eu-central-1", BaseEndpoint: aws.String(url), RetryMaxAttempts: 1, Credentials: credentials.NewStaticCredentialsProvider("a", "b", ""),
	}, queueURL, log)
}

// A worker is a running work.
type worker struct {
	process *exec.Cmd
	lines   chan string // what it says; closed at its end
	log     string
}

// workers are the processes of one database.
type workers struct {
	t        *testing.T
	server   *servertest.DatabaseServer
	address  string
	database string
	dir      string
	sqs      *servertest.SQSServer // nil: none
	store    *store.Store
}

func newWorkers(t *testing.T, sqs *servertest.SQSServer) *workers {
	t.Helper()
	server := servertest.Database(t)
	address := server.NewDatabase(t)
	return &workers{t: t, server: server, address: address, database: address[strings.LastIndex(address, "/")+1:], dir: t.TempDir(), sqs: sqs, store: storetest.MySQL(t, address)}
}

func (ws *workers) start(env ...string) *worker {
	ws.t.Helper()
	self, err := os.Executable()
	if err != nil {
		ws.t.Fatal(err)
	}
	w := &worker{process: exec.Command(self), lines: make(chan string, 1000)}
	w.process.Env = append(append(os.Environ(), "FLEETTEST_WORKER="+ws.address, "FLEETTEST_DIR="+ws.dir), env...)
	if ws.sqs != nil {
		w.process.Env = append(w.process.Env, "FLEETTEST_SQS="+ws.sqs.URL, "FLEETTEST_QUEUE="+ws.sqs.QueueURL)
	}
	log, err := os.CreateTemp(ws.dir, "log-*")
	if err != nil {
		ws.t.Fatal(err)
	}
	defer log.Close()
	w.log = log.Name()
	w.process.Stderr = log
	out, err := w.process.StdoutPipe()
	if err != nil {
		ws.t.Fatal(err)
	}
	if err := w.process.Start(); err != nil {
		ws.t.Fatal(err)
	}
	ws.t.Cleanup(func() {
		w.kill()
		if ws.t.Failed() {
			text, _ := os.ReadFile(w.log)
			ws.t.Logf("worker %d said:\n%s", w.process.Process.Pid, text[max(0, len(text)-4000):])
		}
	})
	go func() {
		defer close(w.lines)
		for s := bufio.NewScanner(out); s.Scan(); {
			w.lines <- s.Text()
		}
		_, _ = io.Copy(io.Discard, out)
		_ = w.process.Wait()
	}()
	return w
}

// hear waits until one of the workers says a line that begins so, and returns that worker and the line.
func (ws *workers) hear(start string, of ...*worker) (*worker, string) {
	ws.t.Helper()
	var speaker *worker
	var said string
	servertest.Within(ws.t, time.Minute, "somebody says "+start, func() bool {
		for _, w := range of {
			for heard := true; heard; {
				select {
				case line, open := <-w.lines:
					heard = open
					if open && strings.HasPrefix(line, start) {
						speaker, said = w, line
						return true
					}
				default:
					heard = false
				}
			}
		}
		return false
	})
	return speaker, said
}

// kill ends the process at once and waits for its end.
func (w *worker) kill() {
	_ = w.process.Process.Kill()
	w.end()
}

// end waits for the process's end.
func (w *worker) end() {
	for range w.lines {
	}
}

// add commits a job as any process would, and tells nobody but the database.
func (ws *workers) add(kind string, payload any) int64 {
	ws.t.Helper()
	ctx, cancel := context.WithTimeout(ws.t.Context(), time.Minute)
	defer cancel()
	id, err := ws.store.TxOnce(ctx, "jobs", func(ctx context.Context, tx *store.Store, id int64) error {
		return tx.AddJobID(ctx, id, kind, payload)
	})
	if err != nil {
		ws.t.Fatal(err)
	}
	return id
}

// value asks the database, in which a table is named by %s and its name.
func (ws *workers) value(query string, args ...any) string {
	ws.t.Helper()
	v, err := ws.server.Value(strings.ReplaceAll(fmt.Sprintf(query, args...), "FROM ", "FROM "+ws.database+"."))
	if err != nil {
		ws.t.Fatal(err)
	}
	return v
}

func (ws *workers) job(id int64) (state string, attempts int) {
	ws.t.Helper()
	state, n, _ := strings.Cut(ws.value("SELECT CONCAT(state, ' ', attempts) FROM jobs WHERE id = %d", id), " ")
	attempts, _ = strconv.Atoi(n)
	return state, attempts
}

// becomes waits for the job's state and returns its attempts.
func (ws *workers) becomes(id int64, want string) (attempts int) {
	ws.t.Helper()
	storetest.Eventually(ws.t, time.Minute, func() bool {
		state, n := ws.job(id)
		attempts = n
		return state == want
	})
	return attempts
}

func (ws *workers) effects(id int64) string {
	ws.t.Helper()
	return ws.value("SELECT COUNT(*) FROM events WHERE kind = '%s' AND ref_id = %d", jobEffect, id)
}

func (ws *workers) put(name string) {
	ws.t.Helper()
	if err := os.WriteFile(filepath.Join(ws.dir, name), nil, 0o600); err != nil {
		ws.t.Fatal(err)
	}
}

func (ws *workers) remove(name string) {
	ws.t.Helper()
	if err := os.Remove(filepath.Join(ws.dir, name)); err != nil {
		ws.t.Fatal(err)
	}
}

// command runs the program's command on the database.
func (ws *workers) command(args ...string) string {
	ws.t.Helper()
	out, stderr, err := servertest.Run(ws.t, []string{"DATABASE_URL=" + ws.address, "DATA_DIR=" + ws.t.TempDir()}, args...)
	if err != nil {
		ws.t.Fatalf("%v: %v\n%s%s", args, err, out, stderr)
	}
	return out
}
