package deploytest

import (
	"context"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"tintype/internal/servertest"
)

const (
	program  = "/usr/local/bin/tintype"
	previous = "/usr/local/lib/tintype/tintype.previous"
)

// An upgrade that fails, is interrupted anywhere or was meant to be another one
// leaves a site that runs, and a way on and back.
func TestAnUpgradeThatFails(t *testing.T) {
	servertest.OneOf(t, 0, 2)
	m := servertest.Debian(t)
	port := servertest.FreePort(t)
	site := fmt.Sprintf("http://127.0.0.1:%d", port)
	bring(t, m, "/opt/tintype")
	const old, fresh, broken = "/opt/tintype/tintype", "/opt/tintype/fresh", "/opt/tintype/broken"
	next(t, m, fresh)
	// It says its version, as a program that is built for this machine does, and does not start.
	m.Write(broken, "#!/bin/sh\n[ \"$1\" = version ] && echo 66.6.6 && exit\necho it cannot >&2\nexit 1\n", 0o755)
	m.Write("/etc/systemd/system/tintype.socket.d/port.conf", fmt.Sprintf("[Socket]\nListenStream=\nListenStream=127.0.0.1:%d\n", port), 0o644)
	provision := func(args ...string) (string, error) {
		return m.Run(append([]string{"/opt/tintype/provision.sh", "--no-packages"}, args...)...)
	}
	must := func(args ...string) string {
		t.Helper()
		out, err := provision(args...)
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	fails := func(want string, args ...string) {
		t.Helper()
		if out, err := provision(args...); err == nil || !strings.Contains(out, want) {
			t.Errorf("provision.sh %v: %v, %q, which does not say %q", args, err, out, want)
		}
	}
	// runs wants the site to answer, its process to be that program, and the one before to be this one.
	runs := func(now, before string) {
		t.Helper()
		if err := answers(site + "/about"); err != nil {
			t.Errorf("the site: %v", err)
		}
		if out, err := m.Run("cmp", program, now); err != nil {
			t.Errorf("the program is not %s: %s", now, out)
		}
		if out, err := m.Run("cmp", "/proc/"+mainPID(m)+"/exe", now); err != nil {
			t.Errorf("what runs is not %s: %s", now, out)
		}
		if out, err := m.Run("cmp", previous, before); err != nil {
			t.Errorf("the program before is not %s: %s", before, out)
		}
	}

	for _, domain := range []string{"*.photos.example", "192.0.2.1", "photos..example", "photos.example\nPORT=1", "photos"} {
		fails("--domain", "--binary", old, "--domain", domain)
	}
	if out, err := m.Run("test", "-e", "/etc/tintype/tintype.env"); err == nil {
		t.Errorf("a domain that cannot be one got to the settings: %s", out)
	}
	must("--binary", old)
	add(t, m, "BASE_URL="+site, "REGISTRATION=open", "SIGNUP_LIMIT=1000/1h", "BACKUP_TO=/var/lib/tintype/backups")
	t.Cleanup(func() {
		if t.Failed() {
			out, _ := m.Run("sh", "-c", `journalctl --no-pager -u tintype.service -u tintype.socket | grep -v '"msg":"request"' | tail -n 60`)
			t.Logf("%s", out)
		}
	})
	must("--binary", old)
	ada := join(t, site, "ada")
	first := ada.postPhoto("Before all of it")
	must("--binary", fresh)
	runs(fresh, old)

	t.Run("a release that does not start", func(t *testing.T) {
		fails("runs again", "--binary", broken)
		runs(fresh, fresh)
		must("--binary", old)
		runs(old, fresh)
		// The same on the way back.
		m.MustRun("cp", broken, previous)
		fails("runs again", "--roll-back")
		runs(old, broken)
		must("--binary", fresh)
		runs(fresh, old)
		// Neither: the newer one stays, to which the schema may belong.
		m.Write("/etc/systemd/system/tintype.service.d/never.conf", "[Service]\nExecStartPre=/bin/false\n", 0o644)
		fails("neither 66.6.6 nor", "--binary", broken)
		m.MustRun("cmp", program, broken)
		m.MustRun("cmp", previous, fresh)
		m.MustRun("rm", "/etc/systemd/system/tintype.service.d/never.conf")
		m.MustRun("systemctl", "daemon-reload")
		must("--roll-back")
		runs(fresh, broken)
		must("--binary", old)
		must("--binary", fresh)
		runs(fresh, old)
	})
	t.Run("the program before by its name", func(t *testing.T) {
		must("--binary", previous)
		runs(old, fresh)
	})
	t.Run("a backup that fails", func(t *testing.T) {
		add(t, m, "BACKUP_TO=/proc/backups")
		fails("the backup before the upgrade failed, and nothing was changed", "--binary", fresh)
		runs(old, fresh)
		add(t, m, "BACKUP_TO=/var/lib/tintype/backups")
	})
	t.Run("a site that stands still is backed up, too", func(t *testing.T) {
		count := func() int {
			return len(strings.Fields(m.MustRun("sh", "-c", "ls /var/lib/tintype/backups")))
		}
		m.MustRun("rm", "-r", "/var/lib/tintype/backups")
		m.MustRun("systemctl", "stop", "tintype.socket", "tintype.service")
		must("--binary", fresh)
		runs(fresh, old)
		if n := count(); n != 1 {
			t.Errorf("%d backups", n)
		}
	})
	t.Run("no room", func(t *testing.T) {
		m.MustRun("mount", "-t", "tmpfs", "-o", "size=4m", "none", "/usr/local/lib/tintype")
		defer func() { runs(fresh, old) }()
		defer m.MustRun("umount", "/usr/local/lib/tintype")
		fails("No space left", "--binary", old)
	})

	// Backups of each round would only take time.
	add(t, m, "BACKUP_TO=")
	random := servertest.Random(t)
	// A bash that is killed before one of its commands: the one with that number, or the first that begins so.
	m.Write("/opt/tintype/killer", `set -T
moment=0
trap 'moment=$((moment + 1)); echo $moment >/run/moments; [[ $moment != "$KILL_AT" && $BASH_COMMAND != "$KILL_BEFORE"* ]] || kill -9 $$' DEBUG
`, 0o644)
	interrupted := func(at int, before string, args ...string) error {
		_, err := m.Run(append([]string{"env", "BASH_ENV=/opt/tintype/killer", "KILL_AT=" + strconv.Itoa(at), "KILL_BEFORE=" + before, "/opt/tintype/provision.sh", "--no-packages"}, args...)...)
		return err
	}
	t.Run("interrupted anywhere, and again", func(t *testing.T) {
		at := map[string]string{fresh: old, old: fresh}
		now := fresh
		if err := interrupted(0, "nothing", "--binary", at[now]); err != nil {
			t.Fatal(err)
		}
		now = at[now]
		runs(now, at[now])
		moments, err := strconv.Atoi(strings.TrimSpace(m.MustRun("cat", "/run/moments")))
		if err != nil || moments < 50 {
			t.Fatalf("%d moments: %v", moments, err)
		}
		rounds := 2
		if servertest.All() {
			rounds = 60
		}
		for i := range rounds + 2 {
			number, before := 0, "nothing"
			switch i {
			case 0:
				before = "systemctl restart"
			case 1:
				before = `mv -f -- "$program.new"`
			default:
				number = 1 + random.IntN(moments)
			}
			if interrupted(number, before, "--binary", at[now]) == nil && number == 0 {
				t.Errorf("it was not interrupted at %q", before)
			}
			if err := answers(site + "/about"); err != nil {
				t.Errorf("interrupted at %d, %q, the site is away: %v", number, before, err)
			}
			must("--binary", at[now])
			now = at[now]
			runs(now, at[now])
			if t.Failed() {
				t.Fatalf("after an interruption at %d, %q", number, before)
			}
		}
		for _, before := range []string{"systemctl restart", `mv -f -- "$program.new"`} {
			if interrupted(0, before, "--roll-back") == nil {
				t.Errorf("--roll-back was not interrupted at %q", before)
			}
			must("--roll-back")
			now = at[now]
			runs(now, at[now])
		}
		// An upgrade that was interrupted is taken back as one that was not.
		if interrupted(0, "systemctl restart", "--binary", at[now]) == nil {
			t.Error("the upgrade was not interrupted")
		}
		must("--roll-back")
		runs(now, at[now])
	})
	ada.sees(first, "Before all of it")
	ada.postPhoto("After all of it")

	t.Run("TLS for a site in use", func(t *testing.T) {
		second := servertest.FreePort(t)
		m.Write("/etc/systemd/system/tintype-https.socket.d/port.conf", fmt.Sprintf("[Socket]\nListenStream=\nListenStream=127.0.0.1:%d\n", second), 0o644)
		add(t, m, "TLS_DOMAINS=photos.example", "BASE_URL=https://photos.example", "ACME_DIRECTORY_URL=https://127.0.0.1:1/dir")
		ctx, stop := context.WithCancel(t.Context())
		var readers sync.WaitGroup
		defer readers.Wait()
		defer stop()
		for range 4 { // each of whom has systemd start the service
			readers.Go(func() {
				client := servertest.NewClient(nil, site)
				client.Transport = &http.Transport{DisableKeepAlives: true}
				for ctx.Err() == nil {
					client.Send(ctx, servertest.Read("/livez"))
					time.Sleep(5 * time.Millisecond) // they leave the processor to others
				}
			})
		}
		must("--binary", fresh)
		m.MustRun("systemctl", "is-active", "tintype.socket", "tintype-https.socket", "tintype.service")
		stay := servertest.NewClient(t, site)
		stay.Stay = true
		if answer := stay.Get("/about"); answer.Header.Get("Location") != "https://photos.example/about" {
			t.Errorf("%d to %q", answer.Status, answer.Header.Get("Location"))
		}
	})
}
