package app

import (
	"context"
	"fmt"
	"log/slog"
	"net/url"
	"time"

	"tintype/internal/community"
	"tintype/internal/media"
)

// openMedia chooses where photos live.
func openMedia(ctx context.Context, cfg *Config, log *slog.Logger) (media.Store, error) {
	switch cfg.MediaStore {
	case "disk":
		return media.NewDisk(cfg.MediaDir)
	case "s3":
		c, err := loadAWS(ctx, cfg, log)
		if err != nil {
			return nil, err
		}
		limitWait(&c, 15*time.Second)
		o := media.S3Options{Bucket: cfg.MediaBucket, Prefix: cfg.MediaPrefix, PathStyle: cfg.MediaPathStyle}
		if cfg.MediaEncryption != "bucket" {
			o.Encryption = cfg.MediaEncryption
		}
		return media.NewS3(c, o), nil
	default:
		return nil, fmt.Errorf("no driver for MEDIA_STORE=%s", cfg.MediaStore)
	}
}

// newAddresses decides where readers fetch photos.
func newAddresses(cfg *Config, keys func() [][]byte, signer *rotating[*media.Signer]) (*media.Addresses, error) {
	o := media.AddressOptions{BaseURL: cfg.Origin(), MediaBaseURL: cfg.MediaBaseURL, Closed: cfg.Visitors == "none", Keys: keys}
	if signer != nil {
		o.Signer = signer.now
	}
	return media.NewAddresses(o)
}

// openCDN is what has to hear of photos that are gone, nil where nobody has.
func openCDN(ctx context.Context, cfg *Config, log *slog.Logger) (community.CDN, error) {
	if cfg.MediaDistribution == "" {
		return nil, nil
	}
	c, err := loadAWS(ctx, cfg, log)
	if err != nil {
		return nil, err
	}
	u, err := url.Parse(cfg.MediaBaseURL)
	if err != nil {
		return nil, fmt.Errorf("MEDIA_BASE_URL: %w", err)
	}
	return media.NewEdges(c, cfg.MediaDistribution, u.Path), nil
}

// presigner is the store where readers are sent to it, else nil.
func presigner(cfg *Config, s media.Store) media.Presigner {
	if !cfg.MediaRedirect {
		return nil
	}
	p, _ := media.As[media.Presigner](s)
	return p
}

// contentOrigins are the origins beside the site's own from which pages load
// photos and static files.
func contentOrigins(ctx context.Context, cfg *Config, log *slog.Logger) (images, assets []string, err error) {
	for _, cdn := range []struct {
		address string
		origins *[]string
	}{{cfg.MediaBaseURL, &images}, {cfg.StaticBaseURL, &assets}} {
		if u, err := url.Parse(cdn.address); err == nil && u.Host != "" {
			*cdn.origins = append(*cdn.origins, u.Scheme+"://"+u.Host)
		}
	}
	if cfg.MediaRedirect {
		s, err := openMedia(ctx, cfg, log)
		if err != nil {
			return nil, nil, err
		}
		if bucket, ok := media.As[media.Presigner](s); ok {
			origin, err := bucket.Origin(ctx)
			if err != nil {
				return nil, nil, err
			}
			images = append(images, origin)
		}
	}
	return images, assets, nil
}
