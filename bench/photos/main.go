// Command photos measures what a photograph costs: CPU and peak memory from a 24-megapixel JPEG to all variants against
// vipsthumbnail making the same sizes, the quality of both at equal bytes, and the peak memory of eight uploads at once.
//
//	go run ./bench/photos [-photo FILE.jpg] [-runs 3] [-budget 256]
//
// Without -photo it draws a photograph. Everything is measured on this machine in one run; ratios are what to compare.
// It needs vips and vipsthumbnail (Debian: libvips-tools).
package main

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"image"
	"image/jpeg"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"sync"
	"syscall"
	"time"

	"tintype/internal/media"
	"tintype/internal/phototest"
)

func main() {
	photo := flag.String("photo", "", "a JPEG to use instead of one that is drawn; it is scaled to 6000 pixels of width")
	runs := flag.Int("runs", 3, "how often each is run; the least CPU counts")
	budget := flag.Int64("budget", 256, "budget of eight at once, in MB")
	quality := flag.Int("quality", media.DefaultQuality, "quality of our variants")
	child := flag.String("child", "", "internal: what a child process does")
	flag.Parse()
	var err error
	if *child != "" {
		err = work(*child, flag.Args(), *budget<<20, *quality)
	} else {
		err = measure(*photo, *runs, *budget, *quality)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// work is a child process, whose memory and CPU the parent reads from the kernel.
func work(mode string, files []string, budget int64, quality int) error {
	if mode == "draw" {
		var b bytes.Buffer
		if err := jpeg.Encode(&b, phototest.Picture(phototest.Options{Width: 6000, Height: 4000, Detail: true}), &jpeg.Options{Quality: 92}); err != nil {
			return err
		}
		return os.WriteFile(files[0], b.Bytes(), 0o600)
	}
	o := media.Options{Quality: quality}
	out := ""
	if mode == "eight" {
		o.Budget = media.NewBudget(budget)
	} else {
		out, files = files[0], files[1:]
	}
	p := media.NewProcessor(o)
	errs := make([]error, len(files))
	var wg sync.WaitGroup
	for i, name := range files {
		wg.Go(func() {
			f, err := os.Open(name)
			if err != nil {
				errs[i] = err
				return
			}
			defer f.Close()
			_, errs[i] = p.Process(context.Background(), f, media.Focus{}, func(v media.Variant, r io.Reader) error {
				if out == "" {
					_, err := io.Copy(io.Discard, r)
					return err
				}
				b, err := io.ReadAll(r)
				if err != nil {
					return err
				}
				return os.WriteFile(filepath.Join(out, v.Name+".jpg"), b, 0o600)
			})
		})
	}
	wg.Wait()
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// usage is what a process took.
type usage struct {
	cpu time.Duration
	rss int64 // peak, bytes
}

func run(name string, args ...string) (usage, error) {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, name, args...)
	if out, err := cmd.CombinedOutput(); err != nil {
		return usage{}, fmt.Errorf("%s %v: %w: %s", name, args, err, out)
	}
	ru := cmd.ProcessState.SysUsage().(*syscall.Rusage)
	return usage{cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime(), ru.Maxrss << 10}, nil
}

// best runs f several times and returns the least CPU and the highest peak.
func best(runs int, f func() (usage, error)) (usage, error) {
	var b usage
	for i := range runs {
		u, err := f()
		if err != nil {
			return b, err
		}
		if i == 0 || u.cpu < b.cpu {
			b.cpu = u.cpu
		}
		b.rss = max(b.rss, u.rss)
	}
	return b, nil
}

func measure(photo string, runs int, budget int64, quality int) error {
	dir, err := os.MkdirTemp("", "bench-photos-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	self, err := os.Executable()
	if err != nil {
		return err
	}
	baseline, progressive := filepath.Join(dir, "baseline.jpg"), filepath.Join(dir, "progressive.jpg")
	// This process stays small: the kernel counts a parent's memory to its child's peak.
	if photo != "" {
		_, err = run("vipsthumbnail", photo, "-s", "6000x", "-o", baseline+"[Q=92,strip,subsample_mode=on]")
	} else {
		_, err = run(self, "-child", "draw", baseline)
	}
	if err != nil {
		return err
	}
	if _, err := run("vips", "jpegsave", baseline, progressive, "--Q", "92", "--interlace", "--subsample-mode", "on"); err != nil {
		return err
	}
	for _, file := range []string{baseline, progressive} {
		if err := compareCPU(self, file, dir, runs, quality); err != nil {
			return err
		}
	}
	var eight []string
	for range 4 {
		eight = append(eight, baseline, progressive)
	}
	u, err := best(runs, func() (usage, error) {
		return run(self, append([]string{"-child", "eight", "-budget", strconv.FormatInt(budget, 10)}, eight...)...)
	})
	if err != nil {
		return err
	}
	fmt.Printf("eight at once (four of each), budget %d MB: peak %d MB, CPU %d ms\n", budget, u.rss>>20, u.cpu.Milliseconds())
	return compareQuality(baseline, dir, quality)
}

// sizes are all variants of the photo, by name.
func sizes(file string) ([]string, image.Point, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, image.Point{}, err
	}
	defer f.Close()
	h, err := media.Inspect(context.Background(), f)
	if err != nil {
		return nil, image.Point{}, err
	}
	var names []string
	for _, w := range media.Widths {
		if w <= h.Width {
			names = append(names, strconv.Itoa(w))
		}
	}
	slices.Reverse(names)
	return append(names, media.SquareName), image.Pt(h.Width, h.Height), nil
}

func compareCPU(self, file, dir string, runs, quality int) error {
	names, size, err := sizes(file)
	if err != nil {
		return err
	}
	st, err := os.Stat(file)
	if err != nil {
		return err
	}
	ours, err := best(runs, func() (usage, error) {
		return run(self, "-child", "one", "-quality", strconv.Itoa(quality), dir, file)
	})
	if err != nil {
		return err
	}
	theirs, err := best(runs, func() (usage, error) {
		var sum usage
		for _, n := range names {
			u, err := thumbnail(file, n, filepath.Join(dir, "vips-"+n+".jpg"), "Q=80,strip,optimize_coding")
			if err != nil {
				return sum, err
			}
			sum.cpu += u.cpu
			sum.rss = max(sum.rss, u.rss)
		}
		return sum, nil
	})
	if err != nil {
		return err
	}
	fmt.Printf("%s, %d×%d, %.1f MB, to %d variants\n", filepath.Base(file), size.X, size.Y, float64(st.Size())/1e6, len(names))
	fmt.Printf("  tintype        CPU %5d ms  peak %4d MB\n", ours.cpu.Milliseconds(), ours.rss>>20)
	fmt.Printf("  vipsthumbnail  CPU %5d ms  peak %4d MB\n", theirs.cpu.Milliseconds(), theirs.rss>>20)
	fmt.Printf("  CPU ratio %.2f\n", float64(ours.cpu)/float64(theirs.cpu))
	return nil
}

// thumbnail has vips make one variant.
func thumbnail(file, name, out, options string) (usage, error) {
	args := []string{file, "-s", name + "x", "-o", out + "[" + options + "]"}
	if name == media.SquareName {
		args = []string{file, "-s", "400x400", "--smartcrop", "centre", "-o", out + "[" + options + "]"}
	}
	return run("vipsthumbnail", args...)
}
