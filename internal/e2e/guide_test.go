package e2e

import (
	"fmt"
	"os"
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
	*servertest.Instance
	t        *testing.T
	etc      string            // stands for /etc/tintype
	settings map[string]string // that the guide has set
}

var (
	guideSetting = regexp.MustCompile(`^# settings: ([A-Z0-9_]+)=(\S+)$`)
	guideWithout = regexp.MustCompile(`^# settings: without ([A-Z0-9_]+)$`)
	guideCommand = regexp.MustCompile(`^((?:[A-Z0-9_]+=\S+ )*)tintype (.+)$`)
)

// here replaces the guide's folders by those of the test.
func (g *guided) here(text string) string {
	return strings.ReplaceAll(strings.ReplaceAll(text, "/etc/tintype", g.etc), "/var/lib/tintype", g.DataDir)
}

// types does what a line says.
func (g *guided) types(line string) {
	g.t.Helper()
	if m := guideSetting.FindStringSubmatch(line); m != nil {
		g.settings[m[1]] = g.here(m[2])
		g.Set(m[1] + "=" + g.here(m[2]))
		return
	}
	if m := guideWithout.FindStringSubmatch(line); m != nil {
		delete(g.settings, m[1])
		g.Set(m[1] + "=")
		return
	}
	if m := guideCommand.FindStringSubmatch(line); m != nil {
		env := append(g.Settings(), "DATA_DIR="+g.DataDir)
		if given := strings.Fields(g.here(m[1])); len(given) > 0 {
			env = append(env, given...)
		}
		out, stderr, err := servertest.Run(g.t, env, strings.Fields(g.here(m[2]))...)
		if err != nil {
			g.t.Fatalf("%s: %v\n%s%s", line, err, out, stderr)
		}
		return
	}
	switch words := strings.Fields(g.here(line)); {
	case line == "systemctl restart tintype":
		if err := g.Stop(); err != nil {
			g.t.Fatalf("%s: %v", line, err)
		}
		g.Start()
	case len(words) == 3 && words[0] == "cp":
		data, err := os.ReadFile(words[1])
		if err == nil {
			err = os.WriteFile(words[2], data, 0o600)
		}
		if err != nil {
			g.t.Fatalf("%s: %v", line, err)
		}
	default:
		g.t.Fatalf("nobody knows how to type %q", line)
	}
}

// A site with people and photographs goes up the ladder to rung 3 and back by what docs/scaling.md says, as it stands
// there. Nobody is logged out, no photograph is missing, and in the end the settings are those of the beginning.
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
	// The database there and back, sessions there and back, photos there and back.
	if len(blocks) != 6 {
		t.Fatalf("the guide has %d blocks of commands", len(blocks))
	}
	server := servertest.Database(t)
	bucket, table := servertest.S3(t), servertest.DynamoDB(t)
	bucket.NewBucket(t, "tintype-photos")
	name := fmt.Sprintf("guide_%d", server.Port)
	for _, statement := range []string{
		"SET GLOBAL log_bin_trust_function_creators = 1",
		"CREATE USER '" + name + "'@'%' IDENTIFIED BY 'master-password'", "GRANT CREATE USER ON *.* TO '" + name + "'@'%'",
		"GRANT SELECT ON mysql.* TO '" + name + "'@'%'", "GRANT ALL ON `" + name + "`.* TO '" + name + "'@'%' WITH GRANT OPTION",
	} {
		if err := server.Exec(statement); err != nil {
			t.Fatal(err)
		}
	}
	t.Cleanup(func() { _ = server.Exec("DROP DATABASE IF EXISTS "+name, "DROP USER '"+name+"'@'%'") })
	site := servertest.NewTintype(t, append(bucket.Env(), "AWS_ENDPOINT_URL_DYNAMODB="+table.URL)...)
	g := &guided{Instance: site, t: t, etc: t.TempDir(), settings: map[string]string{}}
	if err := os.WriteFile(filepath.Join(g.etc, "master.url"), fmt.Appendf(nil, "mysql://%s:master-password@127.0.0.1:%d/%s", name, server.Port, name), 0o600); err != nil {
		t.Fatal(err)
	}
	site.Start()
	ann := servertest.NewClient(t, site.URL).SignUp("ann")
	bob := servertest.NewClient(t, site.URL).SignUpByToken("bob")
	post := bob.PostPhoto(phototest.JPEG(phototest.Options{Width: 700, Height: 500}), "before every move")
	check := func(where string) {
		t.Helper()
		ann.LoggedIn("ann")
		bob.Sees("/api/v1/statuses/"+post.ID, "before every move")
		for _, m := range post.Media {
			if a := bob.Do(servertest.Read(m.URL)); a.Status != 200 || !strings.HasPrefix(a.Body, "\xff\xd8") {
				t.Errorf("%s: the photograph: %d", where, a.Status)
			}
		}
	}
	check("at rung 0")
	places := []string{}
	for i, at := range []int{0, 2, 4, 5, 3, 1} { // up, and down in the opposite order
		for _, line := range blocks[at] {
			g.types(line)
		}
		check(fmt.Sprintf("after step %d", i+1))
		out, stderr, err := site.Command("config", "--json")
		if err != nil {
			t.Fatalf("%v: %s%s", err, out, stderr)
		}
		places = append(places, placesOf(out))
	}
	want := []string{"mysql sql disk", "mysql dynamodb disk", "mysql dynamodb s3", "mysql dynamodb disk", "mysql sql disk", "sqlite sql disk"}
	if !slices.Equal(places, want) {
		t.Errorf("the site was at %q, want %q", places, want)
	}
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
	return database + " " + value("SESSION_STORE", "sql") + " " + value("MEDIA_STORE", "disk")
}
