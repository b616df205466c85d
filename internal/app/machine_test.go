package app

import (
	"os"
	"path/filepath"
	"testing"
)

func TestMemoryLimit(t *testing.T) {
	const meminfo = "MemTotal:       8000000 kB\nMemFree: 1 kB\n"
	for _, c := range []struct {
		name  string
		files map[string]string
		want  int64
	}{
		{"nothing known", nil, 0},
		{"a machine", map[string]string{"proc/meminfo": meminfo}, 8000000 << 10},
		{"v2", map[string]string{"proc/meminfo": meminfo, "proc/self/cgroup": "0::/system.slice/x.service\n", "sys/fs/cgroup/system.slice/x.service/memory.max": "1073741824\n"}, 1 << 30},
		{"v2 without a limit", map[string]string{"proc/meminfo": meminfo, "proc/self/cgroup": "0::/x\n", "sys/fs/cgroup/x/memory.max": "max\n"}, 8000000 << 10},
		{"v2, the limit above", map[string]string{"proc/meminfo": meminfo, "proc/self/cgroup": "0::/a/b\n", "sys/fs/cgroup/a/b/memory.max": "max\n", "sys/fs/cgroup/a/memory.max": "536870912\n"}, 512 << 20},
		{"v2 in a container", map[string]string{"proc/meminfo": meminfo, "proc/self/cgroup": "0::/docker/abc\n", "sys/fs/cgroup/memory.max": "268435456\n"}, 256 << 20},
		{"v1", map[string]string{"proc/meminfo": meminfo, "proc/self/cgroup": "5:cpu:/x\n4:memory:/x\n0::/\n", "sys/fs/cgroup/memory/x/memory.limit_in_bytes": "2147483648\n"}, 2 << 30},
		{"v1 without a limit", map[string]string{"proc/meminfo": meminfo, "proc/self/cgroup": "4:memory:/x\n", "sys/fs/cgroup/memory/x/memory.limit_in_bytes": "9223372036854771712\n"}, 8000000 << 10},
	} {
		t.Run(c.name, func(t *testing.T) {
			root := t.TempDir()
			for name, text := range c.files {
				path := filepath.Join(root, name)
				if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			if got := memoryLimitUnder(root); got != c.want {
				t.Errorf("%d, want %d", got, c.want)
			}
		})
	}
}

func TestPhotoBudget(t *testing.T) {
	for limit, want := range map[int64]int64{0: 512_000_000, 1 << 30: 256 << 20, 32 << 30: 512_000_000, 16 << 20: 16 << 20} {
		if got := photoBudget(limit); got != want {
			t.Errorf("of %d: %d, want %d", limit, got, want)
		}
	}
}
