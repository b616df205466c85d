// Command build measures what a first build costs: the CPU time of go build with an empty build cache, the size of the
// program that it makes, and which modules and packages the time goes to. PocketBase is built in the same way in the same
// run (bench/pocketbase), because seconds differ between machines and hours, and the ratio of the two hardly does.
//
// The program is built as by go build and go run, with all that debuggers want, for the machine that it runs on and
// without cgo. Modules are downloaded before, so no network is in the figures. CPU time is that of the go command and of
// all that it started, user and system, as the kernel adds it up.
//
//	go run ./bench/build [-runs 1] [-top 30] [-packages 15] [-pocketbase=false]
package main

import (
	"cmp"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"tintype/bench/rig"
)

// A build gets this long: it takes minutes on two cores that others use too.
const longest = 30 * time.Minute

func main() {
	runs := flag.Int("runs", 1, "builds of each, one after the other in turn; the least of each counts")
	top := flag.Int("top", 30, "modules that are listed")
	packages := flag.Int("packages", 15, "packages that are listed")
	pocketbase := flag.Bool("pocketbase", true, "build PocketBase too")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := measure(ctx, max(*runs, 1), *top, *packages, *pocketbase); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func measure(ctx context.Context, runs, top, packages int, pocketbase bool) error {
	root, err := output(ctx, ".", "list", "-m", "-f", "{{.Dir}}")
	if err != nil {
		return err
	}
	peer := filepath.Join(root, "bench", "pocketbase")
	dirs := []string{root}
	if pocketbase {
		dirs = append(dirs, peer)
	}
	best := make(map[string]*built)
	for _, dir := range dirs {
		// Lists what is built, which downloads it.
		if _, err := output(ctx, dir, "list", "-deps", "."); err != nil {
			return err
		}
	}
	for range runs {
		for _, dir := range dirs {
			b, err := build(ctx, dir)
			if err != nil {
				return err
			}
			if best[dir] == nil || b.cpu < best[dir].cpu {
				best[dir] = b
			}
		}
	}
	return report(ctx, root, best[root], best[peer], top, packages)
}

// built is what one build cost.
type built struct {
	cpu, elapsed time.Duration
	size         int64 // of the program, in bytes
	actions      []action
}

// action is one step of a build, as go build -debug-actiongraph writes it.
type action struct {
	Mode    string
	Package string
	CmdUser int64 // CPU time of the commands that it ran, in nanoseconds
	CmdSys  int64
}

func (a action) cpu() time.Duration { return time.Duration(a.CmdUser + a.CmdSys) }

// build builds the program of a module with an empty cache.
func build(ctx context.Context, dir string) (*built, error) {
	temp, err := os.MkdirTemp("", "tintype-build-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(temp)
	ctx, cancel := context.WithTimeout(ctx, longest)
	defer cancel()
	program, graph := filepath.Join(temp, "program"), filepath.Join(temp, "graph.json")
	c := goCommand(ctx, dir, "build", "-o", program, "-debug-actiongraph", graph, ".")
	c.Env = append(c.Env, "GOCACHE="+filepath.Join(temp, "cache"))
	c.Stdout, c.Stderr = os.Stderr, os.Stderr
	begin := time.Now()
	if err := c.Run(); err != nil {
		return nil, fmt.Errorf("go build in %s: %w", dir, err)
	}
	b := &built{cpu: c.ProcessState.UserTime() + c.ProcessState.SystemTime(), elapsed: time.Since(begin)}
	info, err := os.Stat(program)
	if err != nil {
		return nil, err
	}
	b.size = info.Size()
	text, err := os.ReadFile(graph)
	if err != nil {
		return nil, err
	}
	return b, json.Unmarshal(text, &b.actions)
}

// goCommand is the go command as a new clone has it: no settings of this machine's user, no cgo.
func goCommand(ctx context.Context, dir string, args ...string) *exec.Cmd {
	c := exec.CommandContext(ctx, "go", args...)
	c.Dir = dir
	c.Env = append(os.Environ(), "CGO_ENABLED=0", "GOFLAGS=-buildvcs=false", "GOWORK=off")
	return c
}

func output(ctx context.Context, dir string, args ...string) (string, error) {
	c := goCommand(ctx, dir, args...)
	c.Stderr = os.Stderr
	out, err := c.Output()
	if err != nil {
		return "", fmt.Errorf("go %s: %w", strings.Join(args, " "), err)
	}
	return strings.TrimSpace(string(out)), nil
}

// cost is the CPU time of a module or a package, and of how many packages it is.
type cost struct {
	name     string
	cpu      time.Duration
	packages int
}

func report(ctx context.Context, dir string, site, peer *built, top, packages int) error {
	modules, err := modulesOf(ctx, dir)
	if err != nil {
		return err
	}
	rows := [][]string{
		{"", "CPU", "elapsed", "program"},
		{"the site", seconds(site.cpu), seconds(site.elapsed), rig.MB(site.size)},
	}
	if peer != nil {
		rows = append(rows,
			[]string{"PocketBase", seconds(peer.cpu), seconds(peer.elapsed), rig.MB(peer.size)},
			[]string{"ratio", fmt.Sprintf("%.2f", site.cpu.Seconds()/peer.cpu.Seconds()), "", fmt.Sprintf("%.2f", float64(site.size)/float64(peer.size))},
			[]string{"goal", "3.16", "", "75.0 MB"},
		)
	}
	rig.Table(rows...)
	byModule, byPackage := costs(site.actions, modules)
	table("module", byModule, top)
	table("package", byPackage, packages)
	return nil
}

// modulesOf names the module of each package of the program.
func modulesOf(ctx context.Context, dir string) (map[string]string, error) {
	out, err := output(ctx, dir, "list", "-deps", "-f", "{{.ImportPath}} {{if .Standard}}(standard library){{else}}{{.Module.Path}}{{end}}", ".")
	if err != nil {
		return nil, err
	}
	modules := make(map[string]string)
	for line := range strings.Lines(out) {
		name, module, _ := strings.Cut(strings.TrimSpace(line), " ")
		modules[name] = module
	}
	return modules, nil
}

// costs adds up what compiling cost, by module and by package, the dearest first. Linking is a row of its own.
func costs(actions []action, modules map[string]string) (byModule, byPackage []cost) {
	m, p := make(map[string]cost), make(map[string]cost)
	for _, a := range actions {
		name, module := a.Package, modules[a.Package]
		if a.Mode == "link" {
			name, module = "(link)", "(link)"
		}
		add(m, cmp.Or(module, "(other)"), a)
		add(p, cmp.Or(name, "(other)"), a)
	}
	dearest := func(a, b cost) int { return cmp.Or(cmp.Compare(b.cpu, a.cpu), cmp.Compare(a.name, b.name)) }
	return slices.SortedFunc(maps.Values(m), dearest), slices.SortedFunc(maps.Values(p), dearest)
}

func add(to map[string]cost, name string, a action) {
	c := to[name]
	c.name = name
	c.cpu += a.cpu()
	if a.Mode == "build" {
		c.packages++
	}
	to[name] = c
}

func table(what string, of []cost, most int) {
	fmt.Println()
	rows := [][]string{{what, "CPU", "packages"}}
	for i, c := range of {
		if i == most {
			rest := cost{name: fmt.Sprintf("%d more", len(of)-most)}
			for _, c := range of[most:] {
				rest.cpu += c.cpu
				rest.packages += c.packages
			}
			rows = append(rows, []string{rest.name, seconds(rest.cpu), fmt.Sprint(rest.packages)})
			break
		}
		rows = append(rows, []string{c.name, seconds(c.cpu), fmt.Sprint(c.packages)})
	}
	rig.Table(rows...)
}

func seconds(d time.Duration) string { return fmt.Sprintf("%.1f s", d.Seconds()) }
