// Command demo measures what `tintype demo` spends on an empty site of SQLite and files, with 400 posts and the number of
// members and pictures that it takes by itself: CPU of the command, the schema's migration included. It fails past the goal.
//
//	go run ./bench/demo [-posts 400] [-most 20s]
package main

import (
	"flag"
	"fmt"
	"strconv"
	"syscall"
	"time"

	"tintype/bench/rig"
	"tintype/internal/servertest"
)

func main() {
	posts := flag.Int("posts", 400, "posts to fill the site with")
	most := flag.Duration("most", 20*time.Second, "the CPU that this may take")
	flag.Parse()
	rig.Main(func(t *rig.T) error {
		site := servertest.NewTintype(t)
		servertest.Binary(t) // built before it counts
		before, err := ofChildren()
		if err != nil {
			return err
		}
		begin := time.Now()
		if _, stderr, err := site.Command("demo", "--quiet", "--posts", strconv.Itoa(*posts)); err != nil {
			return fmt.Errorf("tintype demo: %w: %s", err, stderr)
		}
		took := time.Since(begin)
		after, err := ofChildren()
		if err != nil {
			return err
		}
		spent := after - before
		rig.Table(
			[]string{"posts", "CPU", "at most", "elapsed"},
			[]string{strconv.Itoa(*posts), fmt.Sprintf("%.1f s", spent.Seconds()), most.String(), fmt.Sprintf("%.1f s", took.Seconds())},
		)
		return rig.Judge(rig.Goal{What: "CPU of tintype demo, in seconds,", Measured: spent.Seconds(), Bound: most.Seconds()})
	})
}

// ofChildren is the CPU of all processes that this one has started and that have ended.
func ofChildren() (time.Duration, error) {
	var u syscall.Rusage
	err := syscall.Getrusage(syscall.RUSAGE_CHILDREN, &u)
	return time.Duration(u.Utime.Nano() + u.Stime.Nano()), err
}
