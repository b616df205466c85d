package config

import (
	"errors"
	"fmt"
)

// photoSettings are where photos lie and how they are served.
var photoSettings = []setting{
	{
		name: "MEDIA_STORE", group: "Data", def: "disk",
		help:  "Where photos live: `disk`, in MEDIA_DIR, or `s3`, in a bucket of S3 or of a server that speaks its API.",
		parse: oneOf(func(c *Config) *string { return &c.MediaStore }, mediaDrivers...),
	},
	{
		name: "MEDIA_DIR", group: "Data", def: "{DATA_DIR}/media",
		help:  "The folder for photos when MEDIA_STORE is disk.",
		parse: pathInto(func(c *Config) *string { return &c.MediaDir }),
	},
	{
		name: "MEDIA_S3_BUCKET", group: "Data", def: "",
		help:  "The bucket when MEDIA_STORE is s3. It exists already, and lets us list, read, write and delete. Credentials come from the AWS SDK's default chain; AWS_ENDPOINT_URL_S3 leads to a compatible server.",
		parse: parseBucket,
		checks: []check{{with: []string{"MEDIA_STORE"}, wrong: func(c *Config) error {
			switch bucket := c.MediaBucket != ""; {
			case c.MediaStore == "s3" && !bucket:
				return errors.New("MEDIA_STORE=s3 needs MEDIA_S3_BUCKET, the name of a bucket")
			case c.MediaStore != "s3" && bucket:
				return fmt.Errorf("MEDIA_S3_BUCKET contradicts MEDIA_STORE=%s: photos are kept there only with MEDIA_STORE=s3", c.MediaStore)
			}
			return nil
		}}},
	},
	{
		name: "MEDIA_S3_PREFIX", group: "Data", def: "",
		help:  "What stands before every key in the bucket, such as `media`.",
		parse: parsePrefix,
	},
	{
		name: "MEDIA_NEXT", group: "Data", def: "",
		help:   "Where photos are to move while the site runs: `s3://bucket/prefix`, with `?region=…` where it is not in AWS_REGION, or `disk:/path`. Set it on all processes first; by itself it changes nothing. Then `tintype move media` moves them, and says what to write here: docs/scaling.md.",
		parse:  parseMediaNext,
		checks: []check{{with: []string{"MEDIA_STORE", "MEDIA_DIR", "MEDIA_S3_BUCKET", "MEDIA_S3_PREFIX", "STATELESS"}, wrong: mediaNextWrong}},
	},
	{
		name: "MEDIA_S3_PATH_STYLE", group: "Data", def: "false",
		help:  "Whether the bucket stands in the path instead of the host name, as many servers want it that speak S3's API.",
		parse: boolInto(func(c *Config) *bool { return &c.MediaPathStyle }),
	},
	{
		name: "MEDIA_S3_ENCRYPTION", group: "Data", def: "bucket",
		help:  "How objects are encrypted: `bucket` (as the bucket says, which at AWS is always encrypted), `AES256` or `aws:kms`.",
		parse: oneOf(func(c *Config) *string { return &c.MediaEncryption }, "bucket", "AES256", "aws:kms"),
	},
	{
		name: "MEDIA_S3_REDIRECT", group: "Data", def: "false",
		help:  "Whether photos that have no CDN are fetched from the bucket by a presigned address, to which the site redirects, instead of through the site. Readers must be able to reach the bucket.",
		parse: boolInto(func(c *Config) *bool { return &c.MediaRedirect }),
		checks: []check{{with: []string{"MEDIA_STORE"}, wrong: func(c *Config) error {
			if c.MediaRedirect && c.MediaStore != "s3" {
				return fmt.Errorf("MEDIA_S3_REDIRECT=true contradicts MEDIA_STORE=%s: there is no bucket to redirect to", c.MediaStore)
			}
			return nil
		}}},
	},
	{
		name: "MEDIA_BASE_URL", group: "CDN", def: "",
		help:  "The CDN in front of the photos: what stands before the key of a public photo. Its origin is the bucket, or this site, whose photos lie under `/media`: `https://cdn.example/media`.",
		parse: cdnInto(func(c *Config) *string { return &c.MediaBaseURL }),
	},
	{
		name: "MEDIA_SIGNING_KEY_ID", group: "CDN", def: "",
		help:  "The id of a public key at CloudFront. With it private photos come from MEDIA_BASE_URL, too, under signed addresses; else from this site.",
		parse: textInto(func(c *Config) *string { return &c.MediaSigningKeyID }, 100),
		checks: []check{{with: []string{"MEDIA_SIGNING_KEY"}, wrong: func(c *Config) error {
			if (c.MediaSigningKeyID != "" || c.mediaKeyNamed) != c.MediaSigningKey.IsSet() {
				return errors.New("MEDIA_SIGNING_KEY_ID and MEDIA_SIGNING_KEY belong together: set both, or neither, or name the id in a line `Key-Pair-Id: ID` before the key")
			}
			return nil
		}}, {with: []string{"MEDIA_BASE_URL", "MEDIA_SIGNING_KEY", "MEDIA_CDN_DISTRIBUTION_ID"}, wrong: func(c *Config) error {
			if c.MediaBaseURL == "" && (c.MediaSigningKeyID != "" || c.MediaSigningKey.IsSet() || c.MediaDistribution != "") {
				return errors.New("MEDIA_SIGNING_KEY_ID, MEDIA_SIGNING_KEY and MEDIA_CDN_DISTRIBUTION_ID need MEDIA_BASE_URL, the CDN's address")
			}
			return nil
		}}},
	},
	{
		name: "MEDIA_SIGNING_KEY", group: "CDN", def: "", secret: true,
		help:    "The private key to MEDIA_SIGNING_KEY_ID: RSA, as PEM. A line `Key-Pair-Id: ID` before it names the id instead, so that both change together.",
		rotates: "within a minute where it has that line, else at the next start",
		parse:   parseSigningKey,
		show: func(c *Config) string {
			if !c.MediaSigningKey.IsSet() {
				return ""
			}
			return hidden
		},
	},
	{
		name: "MEDIA_CDN_DISTRIBUTION_ID", group: "CDN", def: "",
		help:  "The CloudFront distribution behind MEDIA_BASE_URL, which is told when photos of a post are gone. Without it, and for whole accounts, copies at its edges end within a day.",
		parse: textInto(func(c *Config) *string { return &c.MediaDistribution }, 100),
	},
	{
		name: "STATIC_BASE_URL", group: "CDN", def: "",
		help:  "The CDN in front of scripts and styles: what stands before `/static/…`. Its origin is this site, or a bucket that `tintype assets upload` fills before each release. It has to answer with `Access-Control-Allow-Origin: *`.",
		parse: cdnInto(func(c *Config) *string { return &c.StaticBaseURL }),
	},
}
