package app

import (
	"context"
	"fmt"
	"net/url"
	"time"

	"tintype/internal/awsconfig"
	"tintype/internal/community"
	"tintype/internal/config"
	"tintype/internal/media"
)

// media chooses where photos live.
func (d drivers) media(ctx context.Context) (media.Store, error) {
	switch d.cfg.MediaStore {
	case "disk":
		return media.NewDisk(d.cfg.MediaDir)
	case "s3":
		c, err := d.aws(ctx)
		if err != nil {
			return nil, err
		}
		awsconfig.LimitWait(&c, 15*time.Second)
		o := media.S3Options{Bucket: d.cfg.MediaBucket, Prefix: d.cfg.MediaPrefix, PathStyle: d.cfg.MediaPathStyle, ReadOnly: d.cfg.ReadOnly}
		if d.cfg.MediaEncryption != "bucket" {
			o.Encryption = d.cfg.MediaEncryption
		}
		return media.NewS3(c, o), nil
	default:
		return nil, fmt.Errorf("no driver for MEDIA_STORE=%s", d.cfg.MediaStore)
	}
}

// addresses decides where readers fetch photos.
func (d drivers) addresses(keys func() [][]byte, signer *config.Rotating[*media.Signer]) (*media.Addresses, error) {
	o := media.AddressOptions{BaseURL: d.cfg.Origin(), MediaBaseURL: d.cfg.MediaBaseURL, Closed: d.cfg.Visitors == "none", Keys: keys}
	if signer != nil {
		o.Signer = signer.Now
	}
	return media.NewAddresses(o)
}

// cdn is what has to hear of photos that are gone, nil where nobody has.
func (d drivers) cdn(ctx context.Context) (community.CDN, error) {
	if d.cfg.MediaDistribution == "" {
		return nil, nil
	}
	c, err := d.aws(ctx)
	if err != nil {
		return nil, err
	}
	u, err := url.Parse(d.cfg.MediaBaseURL)
	if err != nil {
		return nil, fmt.Errorf("MEDIA_BASE_URL: %w", err)
	}
	return media.NewEdges(c, d.cfg.MediaDistribution, u.Path), nil
}

// presigner is the store where readers are sent to it, else nil.
func (d drivers) presigner(s media.Store) media.Presigner {
	if !d.cfg.MediaRedirect {
		return nil
	}
	p, _ := media.As[media.Presigner](s)
	return p
}

// contentOrigins are the origins beside the site's own from which pages load
// photos and static files.
func (d drivers) contentOrigins(ctx context.Context) (images, assets []string, err error) {
	for _, cdn := range []struct {
		address string
		origins *[]string
	}{{d.cfg.MediaBaseURL, &images}, {d.cfg.StaticBaseURL, &assets}} {
		if u, err := url.Parse(cdn.address); err == nil && u.Host != "" {
			*cdn.origins = append(*cdn.origins, u.Scheme+"://"+u.Host)
		}
	}
	if d.cfg.MediaRedirect {
		s, err := d.media(ctx)
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
