package app

import (
	"context"
	"errors"
	"path/filepath"
	"time"

	"tintype/internal/awsconfig"
	"tintype/internal/backup"
	"tintype/internal/config"
)

// backups is where backups are kept: what text says, else BACKUP_TO.
func (d drivers) backups(ctx context.Context, text string) (backup.Archive, error) {
	if text == "" {
		text = d.cfg.BackupTo
	}
	if text == "" {
		return nil, errors.New("where are the backups? Set BACKUP_TO to a folder or s3://bucket/prefix, or give it by --to")
	}
	bucket, path, err := config.BucketPath(text)
	if err != nil {
		return nil, err
	}
	if bucket == "" {
		dir, err := filepath.Abs(text)
		return backup.Folder{Dir: dir}, err
	}
	c, err := d.aws(ctx)
	if err != nil {
		return nil, err
	}
	awsconfig.LimitWait(&c, time.Minute)
	return backup.NewBucket(c, bucket, path, d.cfg.MediaPathStyle), nil
}
