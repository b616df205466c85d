package e2e

import (
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"tintype/internal/phototest"
	"tintype/internal/servertest"
)

// guided is a site whose operator types what docs/scaling.md says.
type guided struct {
	t       *testing.T
	laptop  *servertest.Instance
	machine *servertest.Instance
	at      *servertest.Instance // where the operator types
	etc     string               // stands for the machine's /etc/tintype
	swap    *strings.Replacer    // of what the guide names, nil for none
}

var (
	guideSetting = regexp.MustCompile(`^# settings: ([A-Z0-9_]+)=(\S+)$`)
	guideWithout = regexp.MustCompile(`^# settings: without ([A-Z0-9_]+)$`)
	guideCommand = regexp.MustCompile(`^((?:[A-Z0-9_]+=\S+ )*)tintype (.+)$`)
)

// guideHost is the machine's name in the guide.
const guideHost = "photos.example.org"

// here replaces the guide's folders by those of the test.
func (g *guided) here(text string) string {
	return strings.ReplaceAll(strings.ReplaceAll(text, "/etc/tintype", g.etc), "/var/lib/tintype", g.machine.DataDir)
}

// home is the folder in which the operator types on a host.
func home(host *servertest.Instance) string { return filepath.Dir(host.DataDir) }

// path is the file that somebody means who types at this host.
func (g *guided) path(text string) string {
	if rest, remote := strings.CutPrefix(text, guideHost+":"); remote {
		return filepath.Join(home(g.machine), rest)
	}
	if text = g.here(text); filepath.IsAbs(text) {
		return text
	}
	return filepath.Join(home(g.at), text)
}

// runs has the program do a command, with the settings of this host and those that stand before it.
func (g *guided) runs(settings, command string) error {
	program := exec.Command(servertest.Binary(g.t), strings.Fields(g.here(command))...)
	program.Dir = home(g.at)
	program.Env = append(g.at.Settings(), "DATA_DIR="+g.at.DataDir, "PATH="+os.Getenv("PATH"), "HOME="+home(g.at))
	program.Env = append(program.Env, strings.Fields(g.here(settings))...)
	if out, err := program.CombinedOutput(); err != nil {
		return fmt.Errorf("%w\n%s", err, out)
	}
	return nil
}

// types does what a line says.
func (g *guided) types(line string) {
	g.t.Helper()
	if g.swap != nil {
		line = g.swap.Replace(line)
	}
	var err error
	words := strings.Fields(line)
	switch m := guideCommand.FindStringSubmatch(line); {
	case line == "# on the laptop":
		g.at = g.laptop
	case line == "# on the machine":
		g.at = g.machine
	case guideSetting.MatchString(line):
		m := guideSetting.FindStringSubmatch(line)
		g.at.Set(m[1] + "=" + g.here(m[2]))
	case guideWithout.MatchString(line):
		g.at.Set(guideWithout.FindStringSubmatch(line)[1] + "=")
	case m != nil:
		err = g.runs(m[1], m[2])
	case line == "systemctl restart tintype":
		if err = g.at.Stop(); err == nil {
			g.at.Start()
		}
	case line == "systemctl stop tintype.socket tintype":
		err = g.at.Stop()
	case line == "systemctl start tintype.socket tintype", line == "go run .":
		g.at.Start()
	case len(words) == 3 && words[0] == "cp":
		var data []byte
		if data, err = os.ReadFile(g.path(words[1])); err == nil {
			err = os.WriteFile(g.path(words[2]), data, 0o600)
		}
	case strings.HasPrefix(line, "install -m 0640 -g tintype ") && len(words) == 7:
		var data []byte
		if data, err = os.ReadFile(g.path(words[5])); err == nil {
			err = os.WriteFile(g.path(words[6]), data, 0o640)
		}
	case len(words) > 2 && (words[0] == "chgrp" || words[0] == "chmod"): // the tests have one user
		for _, name := range words[2:] {
			if _, serr := os.Stat(g.path(name)); serr != nil {
				err = serr
			}
		}
	case len(words) == 3 && words[0] == "mv":
		err = os.Rename(g.path(words[1]), g.path(words[2]))
	case len(words) == 4 && words[0] == "scp":
		err = os.CopyFS(g.path(words[3]), os.DirFS(g.path(words[2])))
	case len(words) == 4 && words[0] == "chown": // the tests have one user
		_, err = os.Stat(g.path(words[3]))
	default:
		g.t.Fatalf("nobody knows how to type %q", line)
	}
	if err != nil {
		g.t.Fatalf("%s: %v", line, err)
	}
}

// tlsProxy stands for what speaks TLS before the machine.
type tlsProxy struct{ port int }

func (p tlsProxy) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	r.Host = r.URL.Host
	r.URL.Scheme, r.URL.Host = "http", fmt.Sprintf("127.0.0.1:%d", p.port)
	r.Header.Set("X-Forwarded-For", "192.0.2.7")
	return http.DefaultTransport.RoundTrip(r)
}

// A site with people and photographs goes up the ladder from a laptop to rung 3 and back by what docs/scaling.md says, as
// it stands there, and on the way to another database server and another bucket. On one machine nobody is logged out; no
// photograph is missing anywhere, and in the end the settings are those of the beginning.
func TestTheGuideAsItStands(t *testing.T) {
	servertest.OneOf(t, 2, 3)
	text, err := os.ReadFile("../../docs/scaling.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, gone := range []string{"begins empty", "log in again"} {
		if strings.Contains(string(text), gone) {
			t.Errorf("the guide says %q", gone)
		}
	}
	var blocks [][]string
	for _, m := range regexp.MustCompile("(?s)\n```sh\n(.*?)\n```\n").FindAllStringSubmatch(string(text), -1) {
		blocks = append(blocks, strings.Split(m[1], "\n"))
	}
	const (
		toMachine, toLaptop             = 0, 1
		databaseUp, databaseDown        = 2, 3
		databaseAcross, databaseReturns = 4, 5
		sessionsUp, sessionsDown        = 6, 7
		photosUp, photosAcross          = 8, 9
		photosDown, all                 = 10, 11
	)
	if len(blocks) != all {
		t.Fatalf("the guide has %d blocks of commands", len(blocks))
	}
	server := servertest.Database(t)
	bucket, table := servertest.S3(t), servertest.DynamoDB(t)
	bucket.NewBucket(t, "tintype-photos")
	bucket.NewBucket(t, "tintype-photos-2")
	laptop := servertest.NewTintype(t)
	machine := servertest.NewTintype(t, append(bucket.Env(), "AWS_ENDPOINT_URL_DYNAMODB="+table.URL, "DRAIN_DELAY=0s")...) // as its unit has it
	g := &guided{t: t, laptop: laptop, machine: machine, at: laptop, etc: t.TempDir()}
	if err := server.Exec("SET GLOBAL log_bin_trust_function_creators = 1"); err != nil {
		t.Fatal(err)
	}
	for folder, name := range map[string]string{g.etc: fmt.Sprintf("guide_%d", server.Port), filepath.Join(g.etc, "next"): fmt.Sprintf("next_%d", server.Port)} {
		for _, statement := range []string{
			"CREATE USER '" + name + "'@'%' IDENTIFIED BY 'master-password'", "GRANT CREATE USER ON *.* TO '" + name + "'@'%'",
			"GRANT SELECT ON mysql.* TO '" + name + "'@'%'", "GRANT ALL ON `" + name + "`.* TO '" + name + "'@'%' WITH GRANT OPTION",
		} {
			if err := server.Exec(statement); err != nil {
				t.Fatal(err)
			}
		}
		t.Cleanup(func() { _ = server.Exec("DROP DATABASE IF EXISTS "+name, "DROP USER '"+name+"'@'%'") })
		err := os.MkdirAll(folder, 0o700)
		if err == nil {
			err = os.WriteFile(filepath.Join(folder, "master.url"), fmt.Appendf(nil, "mysql://%s:master-password@127.0.0.1:%d/%s", name, server.Port, name), 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	machine.Start() // as provision.sh leaves it
	laptop.Start()
	annOnLaptop, bobOnLaptop := servertest.NewClient(t, laptop.URL).SignUp("ann"), servertest.NewClient(t, laptop.URL).SignUpByToken("bob")
	ann, bob := annOnLaptop, bobOnLaptop
	post := bob.PostPhoto(phototest.JPEG(phototest.Options{Width: 700, Height: 500}), "before every move")
	check := func(where string) {
		t.Helper()
		ann.LoggedIn("ann")
		bob.Sees("/api/v1/statuses/"+post.ID, "before every move")
		for _, m := range post.Media {
			address, err := url.Parse(m.URL)
			if err != nil {
				t.Fatal(err)
			}
			if a := bob.Do(servertest.Read(address.RequestURI())); a.Status != 200 || !strings.HasPrefix(a.Body, "\xff\xd8") {
				t.Errorf("%s: the photograph: %d", where, a.Status)
			}
		}
	}
	step := func(at int) string {
		t.Helper()
		for _, line := range blocks[at] {
			g.types(line)
		}
		out, stderr, err := g.at.Command("config", "--json")
		if err != nil {
			t.Fatalf("%v: %s%s", err, out, stderr)
		}
		return placesOf(out)
	}
	check("at rung 0")
	if err := laptop.Stop(); err != nil {
		t.Fatal(err)
	}
	places := []string{step(toMachine)}
	atMachine := func(c *servertest.Client) *servertest.Client {
		moved := servertest.NewClient(t, "https://"+guideHost)
		moved.Name, moved.Token, moved.Transport = c.Name, c.Token, tlsProxy{machine.Port}
		return moved
	}
	ann, bob = atMachine(ann), atMachine(bob)
	ann.LogIn("ann", servertest.Password)
	check("on the machine")
	before := machine.Settings()
	for i, at := range []int{databaseUp, databaseAcross, databaseReturns, sessionsUp, photosUp, photosAcross, photosAcross, photosDown, sessionsDown, databaseDown} {
		g.swap = nil
		if i == 6 { // and from the second bucket to the first
			g.swap = strings.NewReplacer("tintype-photos-2", "tintype-photos", "tintype-photos", "tintype-photos-2")
		}
		places = append(places, step(at))
		check(fmt.Sprintf("after step %d", i+1))
	}
	if was, is := inForce(before), inForce(machine.Settings()); !maps.Equal(was, is) {
		t.Errorf("the settings were %v and are %v", was, is)
	}
	places = append(places, step(toLaptop))
	ann, bob = annOnLaptop, bobOnLaptop // with the cookie that the browser has had for the laptop
	check("on the laptop again")
	want := []string{
		"sqlite sql disk", "mysql sql disk", "mysql sql disk", "mysql sql disk", "mysql dynamodb disk", "mysql dynamodb s3 tintype-photos", "mysql dynamodb s3 tintype-photos-2",
		"mysql dynamodb s3 tintype-photos", "mysql dynamodb disk", "mysql sql disk", "sqlite sql disk", "sqlite sql disk",
	}
	if !slices.Equal(places, want) {
		t.Errorf("the site was at %q, want %q", places, want)
	}
}

// inForce are the settings that say something, the last of each.
func inForce(list []string) map[string]string {
	m := map[string]string{}
	for _, e := range list {
		name, value, _ := strings.Cut(e, "=")
		if m[name] = value; value == "" || e == "SESSION_STORE=sql" || e == "MEDIA_STORE=disk" {
			delete(m, name)
		}
	}
	return m
}

// placesOf says where a site's parts are, by what `tintype config --json` shows.
func placesOf(shown string) string {
	value := func(name, otherwise string) string {
		if m := regexp.MustCompile(`"name":\s*"` + name + `",\s*"value":\s*"([^"]*)"`).FindStringSubmatch(shown); m != nil && m[1] != "" {
			return m[1]
		}
		return otherwise
	}
	database := "sqlite"
	if !strings.HasPrefix(value("DATABASE_URL", "sqlite:"), "sqlite:") {
		database = "mysql"
	}
	return strings.TrimSpace(database + " " + value("SESSION_STORE", "sql") + " " + value("MEDIA_STORE", "disk") + " " + value("MEDIA_S3_BUCKET", ""))
}
