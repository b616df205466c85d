package e2e

import (
	"net/http"
	"strings"
	"testing"

	"tintype/internal/phototest"
	"tintype/internal/servertest"
)

// Data moves whatever else is configured: on a site that TEST_SEED makes up, its database, its photos or its sessions move
// to another place and back by the commands, and nobody is logged out and nothing is missing after any step. TEST_SEED
// chooses which of the three; with TEST_ALL=1 all of them do, one after the other.
func TestMovesOnAnyRung(t *testing.T) {
	servertest.OneOf(t, 0, 3)
	random := servertest.Random(t)
	rung := servertest.Rung{MySQL: true}
	for _, s := range switches {
		if s.name != "database" {
			s.set(&rung, random.IntN(2))
		}
	}
	parts := []string{"database", "media", "sessions"}
	if !servertest.All() {
		parts = parts[random.IntN(len(parts)):][:1]
	}
	t.Logf("%s: %v", rung, parts)
	s := &movingStage{stage{servertest.NewSite(t, rung, "SIGNUP_LIMIT=1000/1h", "UPLOAD_LIMIT=1000/1h", "DRAIN_DELAY=0s")}}
	una := s.join(t, "una")
	ugo := s.join(t, "ugo")
	captions := map[string]string{} // to paths
	whole := func(when string) {
		t.Helper()
		for _, m := range []*servertest.Client{una, ugo} {
			if p := m.Get("/settings").Want(http.StatusOK); p.URL.Path != "/settings" {
				t.Errorf("%s: %s is at %s", when, m.Name, p.URL)
			}
		}
		for caption, path := range captions {
			for _, address := range ugo.Sees(path, caption).Photos() {
				ugo.Get(address).Want(http.StatusOK)
			}
		}
		caption := "Posted " + when
		captions[caption] = una.PublishPhoto(phototest.JPEG(phototest.Options{Width: 500, Height: 400}), "caption", caption).URL.Path
	}
	whole("before every move")
	for _, part := range parts {
		next := s.places(t, part)
		there := []string{"move", part}
		if part == "database" {
			there = append(there, "--way-back=1h")
		}
		s.settle(t, next.there...)
		s.types(t, there...)
		whole("when the " + part + " had moved")
		s.settle(t, next.moved...)
		whole("with the " + part + " there")
		s.types(t, "move", "back", part)
		whole("when the " + part + " had moved back")
		s.settle(t, next.back...)
		s.types(t, "move", "finish", part)
		s.settle(t, next.over...)
		whole("with the " + part + " back")
	}
}

// movingStage is a site whose operator moves its data.
type movingStage struct{ stage }

// settle writes settings for all processes and restarts them.
func (s *movingStage) settle(t *testing.T, settings ...string) {
	t.Helper()
	for _, i := range s.Processes() {
		i.Set(settings...)
		if err := i.Stop(); err != nil {
			t.Fatalf("%s ended with %v", i.URL, err)
		}
		i.StartOnly()
	}
	s.Start()
}

// types runs a command, which must succeed.
func (s *movingStage) types(t *testing.T, args ...string) {
	t.Helper()
	if out, stderr, err := s.Command(args...); err != nil {
		t.Fatalf("tintype %s: %v\n%s%s", strings.Join(args, " "), err, out, stderr)
	}
}

// nextSettings are those of a move there and back, in their order.
type nextSettings struct{ there, moved, back, over []string }

// places starts the place to which a part moves.
func (s *movingStage) places(t *testing.T, part string) nextSettings {
	t.Helper()
	now := inForce(s.Web[0].Settings())
	// Without a server of its API until now.
	keys := []string{"AWS_REGION=eu-central-1", "AWS_ACCESS_KEY_ID=tintype", "AWS_SECRET_ACCESS_KEY=not a secret"}
	switch part {
	case "database":
		flavour := servertest.FlavourMySQL
		if s.Rung.Flavour == flavour {
			flavour = servertest.FlavourMariaDB
		}
		other := flavour.Server(t)
		for _, server := range []*servertest.DatabaseServer{other, s.Database.Primary} {
			if err := server.Exec("SET GLOBAL log_bin_trust_function_creators = 1"); err != nil {
				t.Fatal(err)
			}
		}
		was, is, replicas := now["DATABASE_URL"], other.NewDatabase(t), now["DATABASE_REPLICA_URLS"]
		return nextSettings{
			there: []string{"DATABASE_NEXT=" + is},
			moved: []string{"DATABASE_URL=" + is, "DATABASE_REPLICA_URLS=", "DATABASE_NEXT=" + was, "DATABASE_REPLICA_URLS_NEXT=" + replicas},
			back:  []string{"DATABASE_URL=" + was, "DATABASE_REPLICA_URLS=" + replicas, "DATABASE_NEXT=" + is, "DATABASE_REPLICA_URLS_NEXT="},
			over:  []string{"DATABASE_NEXT="},
		}
	case "media":
		bucket := s.Media
		if bucket == nil {
			server := servertest.S3(t)
			bucket = &server
		}
		bucket.NewBucket(t, "photos-next")
		was, own := "s3://photos", []string{"MEDIA_S3_BUCKET=photos"}
		if !s.Rung.S3 {
			was, own = "disk:"+s.MediaDir(), []string{"MEDIA_STORE=disk", "MEDIA_S3_BUCKET="}
		}
		return nextSettings{
			there: append(append(bucket.Env(), keys...), "MEDIA_NEXT=s3://photos-next"),
			moved: []string{"MEDIA_STORE=s3", "MEDIA_S3_BUCKET=photos-next", "MEDIA_NEXT=" + was},
			back:  append(own, "MEDIA_NEXT=s3://photos-next"),
			over:  []string{"MEDIA_NEXT="},
		}
	default:
		table := s.Sessions
		if table == nil {
			table = servertest.DynamoDB(t)
		}
		there, moved := append([]string{"SESSION_NEXT=dynamodb:sessions"}, keys...), []string{"SESSION_STORE=dynamodb", "SESSION_DYNAMODB_TABLE=sessions", "SESSION_NEXT=sql:"}
		for _, e := range table.Env() {
			if strings.HasPrefix(e, "AWS_") {
				there = append(there, e)
			}
		}
		back := []string{"SESSION_STORE=sql", "SESSION_DYNAMODB_TABLE=", "SESSION_NEXT=dynamodb:sessions"}
		if s.Rung.DynamoDB {
			there = []string{"SESSION_NEXT=sql:"}
			moved, back = back, moved
		} else {
			for _, i := range s.Processes() {
				i.Set(there...)
			}
			s.types(t, "setup", "dynamodb")
		}
		return nextSettings{there: there, moved: moved, back: back, over: []string{"SESSION_NEXT="}}
	}
}
