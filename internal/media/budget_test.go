package media

import (
	"os"
	"path/filepath"
	"testing"
)

func TestMemoryLimit(t *testing.T) {
	for name, c := range map[string]struct {
		files map[string]string
		want  int64
	}{
		"nothing": {nil, 0},
		"ram":     {map[string]string{"proc/meminfo": "MemFree: 1 kB\nMemTotal:       2097152 kB\n"}, 2 << 30},
		"v2": {map[string]string{"proc/meminfo": "MemTotal: 8388608 kB\n", "proc/self/cgroup": "0::/a/b\n",
			"sys/fs/cgroup/a/memory.max": "1073741824\n", "sys/fs/cgroup/a/b/memory.max": "max\n"}, 1 << 30},
		"v2 in a container": {map[string]string{"proc/meminfo": "MemTotal: 8388608 kB\n", "proc/self/cgroup": "0::/\n", "sys/fs/cgroup/memory.max": "536870912\n"}, 512 << 20},
		"v1": {map[string]string{"proc/meminfo": "MemTotal: 8388608 kB\n", "proc/self/cgroup": "5:cpu:/\n4:memory:/docker/x\n",
			"sys/fs/cgroup/memory/memory.limit_in_bytes": "268435456\n"}, 256 << 20},
		"v1 without a limit": {map[string]string{"proc/meminfo": "MemTotal: 1048576 kB\n", "proc/self/cgroup": "4:memory:/\n",
			"sys/fs/cgroup/memory/memory.limit_in_bytes": "9223372036854771712\n"}, 1 << 30},
	} {
		root := t.TempDir() + "/"
		for path, text := range c.files {
			p := filepath.Join(root, path)
			if err := os.MkdirAll(filepath.Dir(p), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(p, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		if got := memoryLimit(root); got != c.want {
			t.Errorf("%s: %d, want %d", name, got, c.want)
		}
	}
}

func TestBudgetFor(t *testing.T) {
	for memory, want := range map[int64]int64{0: 512 << 20, 64 << 30: 512 << 20, 1 << 30: 256 << 20, 100 << 20: 48 << 20} {
		if got := budgetFor(memory); got != want {
			t.Errorf("%d MB of memory: a budget of %d MB", memory>>20, got>>20)
		}
	}
}
