// Command fleet starts the scaled-out site on this machine, from what is
// installed: MariaDB with two replicas, servers that speak DynamoDB, S3 and SQS,
// a CDN, Redis, three web instances and a worker as processes of their own, and
// HAProxy in front. It prints the address, follows the logs, and stops everything
// at Ctrl-C.
//
// It stands on the servers that the tests stand on (internal/servertest), so
// what people try is what the tests test.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"strconv"
	"strings"
	"syscall"
	"time"

	"tintype/internal/servertest"
)

func main() {
	web := flag.Int("web", 3, "web instances")
	replicas := flag.Int("replicas", 2, "replicas of the database")
	lag := flag.Int("lag", 0, "seconds that the first replica is held behind")
	run := flag.Duration("for", 0, "stop after so long of running; 0: at Ctrl-C")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	err := lookAround()
	if err == nil {
		err = servertest.Act(ctx, func(s *servertest.Stage) error { return fleet(ctx, s, os.Stdout, *web, *replicas, *lag, *run) })
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "fleet:", err)
		os.Exit(1)
	}
}

// needs are the programs that a fleet is made of, and how to get them.
var needs = []struct{ program, how string }{
	{"mariadbd", "apt-get install mariadb-server"},
	{"mariadb-install-db", "apt-get install mariadb-server"},
	{"haproxy", "apt-get install haproxy"},
	{"redis-server", "apt-get install redis-server"},
	{"dynalite", "npm install --global dynalite@4.0.0"},
	{"versitygw", "go build -C tools -mod=mod -o /usr/local/bin/versitygw github.com/versity/versitygw/cmd/versitygw"},
}

// lookAround says what is missing.
func lookAround() error {
	if err := servertest.FindInstalled(); err != nil {
		return err
	}
	var missing []string
	for _, n := range needs {
		if _, err := exec.LookPath(n.program); err != nil {
			missing = append(missing, fmt.Sprintf("  %-19s %s", n.program, n.how))
		}
	}
	if len(missing) > 0 {
		return fmt.Errorf("not all of it is installed here:\n%s", strings.Join(missing, "\n"))
	}
	return nil
}

func fleet(ctx context.Context, s *servertest.Stage, out io.Writer, web, replicas, lag int, run time.Duration) error {
	rung := servertest.Whole()
	rung.Web, rung.Replicas = web, replicas
	fmt.Fprintln(out, "Building tintype, which takes a minute or two the first time …")
	servertest.Binary(s)
	fmt.Fprintf(out, "Starting MariaDB with %d replicas, DynamoDB, S3, SQS, Redis, %d web instances, a worker and a balancer …\n", replicas, web)
	site := servertest.NewSite(s, rung)
	if lag > 0 && replicas > 0 {
		site.Database.Replicas[0].Delay(s, lag)
	}
	claim, stderr, err := site.Command("account", "create", "--admin")
	if err != nil {
		return fmt.Errorf("the first administrator: %w\n%s", err, stderr)
	}
	fmt.Fprintf(out, "\nThe site is at %s\nFor its administrator: %s\n", site.URL, strings.TrimSpace(claim))
	for i, instance := range site.Web {
		fmt.Fprintf(out, "web %d is process %d at %s, with metrics at %s\n", i+1, instance.PID(), instance.URL, instance.Metrics)
	}
	fmt.Fprintf(out, "the worker is process %d, with metrics at %s\n", site.Worker.PID(), site.Worker.Metrics)
	fmt.Fprintf(out, "the primary is at port %d, as root by its socket %s\n", site.Database.Primary.Port, site.Database.Primary.Socket())
	for i, r := range site.Database.Replicas {
		fmt.Fprintf(out, "replica %d is at port %d\n", i+1, r.Port)
	}
	fmt.Fprintf(out, "sessions (DynamoDB) %s, photos (S3) %s, their CDN %s, cache (Redis) %s, queue (SQS) %s\n",
		site.Sessions.URL, site.Media.URL, site.CDN.URL, site.Cache.URL(), site.Queue.QueueURL)
	fmt.Fprint(out, "Ctrl-C stops everything.\n\n")
	if run > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, run)
		defer cancel()
	}
	follow(ctx, out, site)
	return nil
}

// follow copies what the processes log, a name before each line, until ctx ends.
func follow(ctx context.Context, out io.Writer, site *servertest.Site) {
	names := map[*servertest.Instance]string{site.Worker: "worker"}
	for i, instance := range site.Web {
		names[instance] = "web " + strconv.Itoa(i+1)
	}
	seen := make(map[*servertest.Instance]int)
	for ctx.Err() == nil {
		for instance, name := range names {
			text := instance.Logs()
			fresh := text[min(seen[instance], len(text)):]
			whole := fresh[:strings.LastIndexByte(fresh, '\n')+1]
			seen[instance] += len(whole)
			for line := range strings.Lines(whole) {
				fmt.Fprintf(out, "%-6s | %s", name, line)
			}
		}
		select {
		case <-ctx.Done():
		case <-time.After(300 * time.Millisecond):
		}
	}
}
