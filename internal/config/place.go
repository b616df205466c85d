package config

import (
	"errors"
	"fmt"
	"net/url"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// The values of SESSION_STORE and MEDIA_STORE. Each has a case in every method of its place below.
var (
	sessionDrivers = []string{"sql", "dynamodb"}
	mediaDrivers   = []string{"disk", "s3"}
)

// SessionPlace is where sessions are.
type SessionPlace struct {
	Driver string // "sql" or "dynamodb", as SESSION_STORE has it
	Table  string // of DynamoDB
}

// String is the place's address, as SESSION_NEXT has it.
func (p SessionPlace) String() string {
	switch p.Driver {
	case "sql":
		return "sql:"
	case "dynamodb":
		return "dynamodb:" + p.Table
	}
	panic("config: sessions in " + p.Driver + " have no address")
}

// Settings are what makes the place the one of the settings.
func (p SessionPlace) Settings() []string {
	switch p.Driver {
	case "sql":
		return []string{"SESSION_STORE=sql"}
	case "dynamodb":
		return []string{"SESSION_STORE=dynamodb", "SESSION_DYNAMODB_TABLE=" + p.Table}
	}
	panic("config: sessions in " + p.Driver + " have no settings")
}

// SessionPlace is the place that SESSION_STORE names.
func (c *Config) SessionPlace() SessionPlace {
	return SessionPlace{Driver: c.SessionStore, Table: c.SessionTable}
}

// ParseSessionPlace reads what SessionPlace.String writes.
func ParseSessionPlace(text string) (SessionPlace, error) {
	if text == "sql:" {
		return SessionPlace{Driver: "sql"}, nil
	}
	table, ok := strings.CutPrefix(text, "dynamodb:")
	if !ok || !tableName.MatchString(table) {
		return SessionPlace{}, fmt.Errorf("%q is neither sql: nor dynamodb:TABLE", text)
	}
	return SessionPlace{Driver: "dynamodb", Table: table}, nil
}

func parseSessionNext(c *Config, v value) error {
	if !v.set {
		return nil
	}
	place, err := ParseSessionPlace(v.text)
	if err == nil {
		c.SessionNext = &place
	}
	return err
}

// MediaPlace is where photos are: a folder, or a part of a bucket.
type MediaPlace struct {
	Driver         string // "disk" or "s3", as MEDIA_STORE has it
	Dir            string // of disk
	Bucket, Prefix string // of s3; Prefix is empty, or ends with a slash
	Region         string // of s3; "" is AWS_REGION
}

// String is the place's address, as MEDIA_NEXT has it, but for the region: a bucket has its name alone.
func (p MediaPlace) String() string {
	switch p.Driver {
	case "disk":
		return "disk:" + p.Dir
	case "s3":
		return strings.TrimSuffix("s3://"+p.Bucket+"/"+p.Prefix, "/")
	}
	panic("config: photos in " + p.Driver + " have no address")
}

// Settings are what makes the place the one of the settings.
func (p MediaPlace) Settings() []string {
	switch p.Driver {
	case "disk":
		return []string{"MEDIA_STORE=disk", "MEDIA_DIR=" + p.Dir}
	case "s3":
		list := []string{"MEDIA_STORE=s3", "MEDIA_S3_BUCKET=" + p.Bucket}
		if p.Prefix != "" {
			list = append(list, "MEDIA_S3_PREFIX="+strings.TrimSuffix(p.Prefix, "/"))
		}
		if p.Region != "" {
			list = append(list, "AWS_REGION="+p.Region)
		}
		return list
	}
	panic("config: photos in " + p.Driver + " have no settings")
}

// Same tells whether two places are one, also under two names.
func (p MediaPlace) Same(other MediaPlace) bool {
	if p.Driver != other.Driver {
		return false
	}
	switch p.Driver {
	case "disk":
		return realPath(p.Dir) == realPath(other.Dir)
	case "s3":
		return p.Bucket == other.Bucket && p.Prefix == other.Prefix // no two buckets have one name
	}
	panic("config: whether photos in " + p.Driver + " are in one place is not known")
}

// realPath is the folder behind links. A folder that is not there yet may lie in one that is.
func realPath(path string) string {
	path, err := filepath.Abs(path)
	if err != nil {
		return path
	}
	for dir, rest := path, ""; ; dir, rest = filepath.Dir(dir), filepath.Join(filepath.Base(dir), rest) {
		if found, err := filepath.EvalSymlinks(dir); err == nil {
			return filepath.Join(found, rest)
		}
		if dir == filepath.Dir(dir) {
			return path
		}
	}
}

// MediaPlace is the place that MEDIA_STORE names.
func (c *Config) MediaPlace() MediaPlace {
	place := MediaPlace{Driver: c.MediaStore}
	switch place.Driver {
	case "disk":
		var err error
		if place.Dir, err = filepath.Abs(c.MediaDir); err != nil {
			place.Dir = c.MediaDir
		}
	case "s3":
		place.Bucket, place.Prefix = c.MediaBucket, c.MediaPrefix
	}
	return place
}

var regionName = regexp.MustCompile(`^[a-z]{2}(-[a-z0-9]+)+$`)

// ParseMediaPlace reads what MediaPlace.String writes, with or without a region.
func ParseMediaPlace(text string) (MediaPlace, error) {
	if dir, ok := strings.CutPrefix(text, "disk:"); ok {
		if err := checkPath(dir); err != nil {
			return MediaPlace{}, fmt.Errorf("the path after disk: %w", err)
		}
		if !filepath.IsAbs(dir) {
			return MediaPlace{}, fmt.Errorf("%q: after disk: comes the whole path of a folder, such as disk:/var/lib/tintype/media", text)
		}
		return MediaPlace{Driver: "disk", Dir: filepath.Clean(dir)}, nil
	}
	u, err := url.Parse(text)
	if err != nil || u.Scheme != "s3" || !bucketName.MatchString(u.Host) || u.User != nil || u.Fragment != "" {
		return MediaPlace{}, fmt.Errorf("%q is neither disk:/path nor of the form s3://bucket/prefix?region=eu-central-1", text)
	}
	prefix, err := mediaPrefix(u.Path)
	if err != nil {
		return MediaPlace{}, err
	}
	place := MediaPlace{Driver: "s3", Bucket: u.Host, Prefix: prefix}
	for option, values := range u.Query() {
		if option != "region" || len(values) != 1 || !regionName.MatchString(values[0]) {
			return MediaPlace{}, fmt.Errorf("%q takes no option but region, such as ?region=eu-central-1", text)
		}
		place.Region = values[0]
	}
	return place, nil
}

// mediaPrefix is a prefix with a slash at its end, or "".
func mediaPrefix(text string) (string, error) {
	prefix := strings.Trim(text, "/")
	if strings.Contains(prefix, "//") || slices.Contains(strings.Split(prefix, "/"), "..") || len(prefix) > 200 {
		return "", fmt.Errorf("%q is not a prefix such as media or sites/photos", text)
	}
	if prefix != "" {
		prefix += "/"
	}
	return prefix, nil
}

func parseMediaNext(c *Config, v value) error {
	if !v.set {
		return nil
	}
	place, err := ParseMediaPlace(v.text)
	if err == nil {
		c.MediaNext = &place
	}
	return err
}

func sessionNextWrong(c *Config) error {
	if c.SessionNext != nil && *c.SessionNext == c.SessionPlace() {
		return fmt.Errorf("SESSION_NEXT=%s is where sessions are now, by SESSION_STORE: name another place, or leave it out", c.SessionNext)
	}
	return nil
}

func mediaNextWrong(c *Config) error {
	switch {
	case c.MediaNext == nil:
		return nil
	case c.MediaNext.Same(c.MediaPlace()):
		return fmt.Errorf("MEDIA_NEXT=%s is where photos are now, by MEDIA_STORE: name another place, or leave it out", c.MediaNext)
	case c.Stateless && c.MediaNext.Driver == "disk":
		return errors.New("MEDIA_NEXT contradicts STATELESS=true: photos would be files of this machine alone")
	}
	return nil
}
