package config

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestNextPlaces(t *testing.T) {
	dynamo := "SESSION_STORE=dynamodb SESSION_DYNAMODB_TABLE=sessions"
	bucket := "MEDIA_STORE=s3 MEDIA_S3_BUCKET=photos MEDIA_S3_PREFIX=media"
	stateless := "STATELESS=true BASE_URL=https://a.example DATABASE_URL=mysql://u:p@db/t SECRET_KEY=" + strings.Repeat("k", 32) + " " + bucket
	for _, c := range []struct {
		env  string // separated by blanks
		want string // in the error, "" for none
	}{
		{"SESSION_NEXT=dynamodb:sessions", ""},
		{"SESSION_NEXT=sql:", "is where sessions are now"},
		{"SESSION_NEXT=dynamodb", "neither sql: nor dynamodb:TABLE"},
		{"SESSION_NEXT=dynamodb:a/b", "neither sql: nor dynamodb:TABLE"},
		{"SESSION_NEXT=redis://x", "neither sql: nor dynamodb:TABLE"},
		{dynamo + " SESSION_NEXT=sql:", ""},
		{dynamo + " SESSION_NEXT=dynamodb:other", ""},
		{dynamo + " SESSION_NEXT=dynamodb:sessions", "is where sessions are now"},
		{"MEDIA_NEXT=s3://photos/media?region=eu-central-1", ""},
		{"MEDIA_NEXT=s3://photos", ""},
		{"MEDIA_NEXT=s3://photos/../x", "not a prefix"},
		{"MEDIA_NEXT=s3://photos?endpoint=x", "no option but region"},
		{"MEDIA_NEXT=s3://photos?region=Europe", "no option but region"},
		{"MEDIA_NEXT=s3://key:secret@photos", "neither disk:/path nor"},
		{"MEDIA_NEXT=disk:media", "the whole path"},
		{"MEDIA_NEXT=disk:~/media", "nobody replaces"},
		{"MEDIA_NEXT=/var/media", "neither disk:/path nor"},
		{"MEDIA_DIR=/var/media MEDIA_NEXT=disk:/var/other", ""},
		{"MEDIA_DIR=/var/media MEDIA_NEXT=disk:/var/./media/", "is where photos are now"},
		{bucket + " MEDIA_NEXT=s3://photos/media/", "is where photos are now"},
		{bucket + " MEDIA_NEXT=s3://photos/media?region=us-east-1", "is where photos are now"},
		{bucket + " MEDIA_NEXT=s3://photos/other", ""},
		{bucket + " MEDIA_NEXT=disk:/var/media", ""},
		{stateless + " SESSION_NEXT=dynamodb:sessions MEDIA_NEXT=s3://other", ""},
		{stateless + " MEDIA_NEXT=disk:/var/media", "STATELESS"},
	} {
		_, err := load(strings.Fields(c.env)...)
		if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%s: %v", c.env, err)
		}
	}
}

// A folder is the same by another name: through a link, and where it is not there yet.
func TestNextIsThePresentFolderByAnotherName(t *testing.T) {
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "real"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(filepath.Join(dir, "real"), filepath.Join(dir, "link")); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"", "media", "a/b"} {
		_, err := load("MEDIA_DIR="+filepath.Join(dir, "real", name), "MEDIA_NEXT=disk:"+filepath.Join(dir, "link", name))
		if err == nil || !strings.Contains(err.Error(), "is where photos are now") {
			t.Errorf("%q: %v", name, err)
		}
	}
	if _, err := load("MEDIA_DIR="+filepath.Join(dir, "real", "a"), "MEDIA_NEXT=disk:"+filepath.Join(dir, "link", "b")); err != nil {
		t.Error(err)
	}
}

// An address says the same after it was written and read, and names the settings that make it the place. Every driver that
// a setting takes has one.
func TestPlacesAreWrittenAsTheyAreRead(t *testing.T) {
	tried := map[string]bool{}
	for text, settings := range map[string]string{
		"disk:/var/lib/photos": "MEDIA_STORE=disk MEDIA_DIR=/var/lib/photos",
		"s3://photos":          "MEDIA_STORE=s3 MEDIA_S3_BUCKET=photos",
		"s3://photos/a/b":      "MEDIA_STORE=s3 MEDIA_S3_BUCKET=photos MEDIA_S3_PREFIX=a/b",
	} {
		place, err := ParseMediaPlace(text)
		if err != nil || place.String() != text || strings.Join(place.Settings(), " ") != settings {
			t.Errorf("%s: %s %v %v", text, place, place.Settings(), err)
		}
		tried[place.Driver] = true
		if c := mustLoad(t, place.Settings()...); !c.MediaPlace().Same(place) || c.MediaPlace().String() != text {
			t.Errorf("%s: by its settings %s", text, c.MediaPlace())
		}
	}
	for text, settings := range map[string]string{
		"sql:":              "SESSION_STORE=sql",
		"dynamodb:sessions": "SESSION_STORE=dynamodb SESSION_DYNAMODB_TABLE=sessions",
	} {
		place, err := ParseSessionPlace(text)
		if err != nil || place.String() != text || strings.Join(place.Settings(), " ") != settings {
			t.Errorf("%s: %s %v %v", text, place, place.Settings(), err)
		}
		tried[place.Driver] = true
		if c := mustLoad(t, place.Settings()...); c.SessionPlace() != place {
			t.Errorf("%s: by its settings %s", text, c.SessionPlace())
		}
	}
	for _, driver := range slices.Concat(mediaDrivers, sessionDrivers) {
		if !tried[driver] {
			t.Errorf("no address of %s was tried: add one", driver)
		}
	}
	east, err := ParseMediaPlace("s3://photos?region=us-east-1")
	if err != nil || east.String() != "s3://photos" || !slices.Contains(east.Settings(), "AWS_REGION=us-east-1") {
		t.Errorf("%+v %v", east, err)
	}
}
