package config

import (
	"fmt"
	"net/url"
	"strings"

	"tintype/internal/backup"
)

func parseBackupTo(c *Config, v value) error {
	c.BackupTo = ""
	if !v.set {
		return nil
	}
	bucket, _, err := BucketPath(v.text)
	if err != nil {
		return err
	}
	if bucket == "" {
		if err := checkPath(v.text); err != nil {
			return fmt.Errorf("%q %w", v.text, err)
		}
	}
	c.BackupTo = v.text
	return nil
}

// parseBackupKey looks at the key without keeping it.
func parseBackupKey(c *Config, v value) error {
	if !v.set {
		return nil
	}
	if _, err := backup.ParseKey(v.text); err != nil {
		return err
	}
	c.BackupKey = v.secret()
	return nil
}

// BucketPath splits s3://bucket/path. For any other text bucket is "".
func BucketPath(text string) (bucket, path string, err error) {
	if !strings.HasPrefix(text, "s3:") {
		if strings.Contains(text, "://") { // or it would silently be a folder of that name
			return "", "", fmt.Errorf("%q is neither a folder nor of the form s3://bucket/prefix", text)
		}
		return "", "", nil
	}
	u, err := url.Parse(text)
	if err != nil || u.Scheme != "s3" || !bucketName.MatchString(u.Host) || u.RawQuery != "" || u.Fragment != "" {
		return "", "", fmt.Errorf("%q is not of the form s3://bucket/prefix", text)
	}
	return u.Host, strings.Trim(u.Path, "/"), nil
}
