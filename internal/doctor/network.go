package doctor

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"tintype/internal/media"
	"tintype/internal/store"
)

const (
	// fetchPatience is how long one address may take to answer.
	fetchPatience = 3 * time.Second
	// fetchesAtOnce is how many static files are asked for at a time.
	fetchesAtOnce = 4
	// longestFetch bounds what is read of an answer.
	longestFetch = 4 << 20
)

// fetch asks an address as a browser on the site's pages does, and follows nothing.
func (d *Diagnosis) fetch(ctx context.Context, address string) (status int, header http.Header, body []byte, err error) {
	ctx, cancel := context.WithTimeout(ctx, fetchPatience)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return 0, nil, nil, err
	}
	req.Header.Set("Origin", d.Config.Origin())
	req.Header.Set("User-Agent", "Tintype doctor")
	client := http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	resp, err := client.Do(req)
	if err != nil {
		return 0, nil, nil, err
	}
	defer resp.Body.Close()
	body, err = io.ReadAll(io.LimitReader(resp.Body, longestFetch))
	return resp.StatusCode, resp.Header, body, err
}

// checkAddress goes the way that readers go.
func (d *Diagnosis) checkAddress(ctx context.Context) []Check {
	where := d.Config.Origin()
	status, header, body, err := d.fetch(ctx, where+"/livez")
	advice := "see that the name, the certificate and whatever stands in front lead to this site, and that it is running"
	switch {
	case err != nil:
		return []Check{warn(where+" does not answer from here: "+err.Error(), advice)}
	case status >= 300 && status < 400:
		return []Check{warn(fmt.Sprintf("%s leads to %s", where, header.Get("Location")), "set BASE_URL to the address where readers end up: forms from another one are refused")}
	case status != http.StatusOK || strings.TrimSpace(string(body)) != "alive":
		return []Check{warn(fmt.Sprintf("%s answers %d to /livez, and not as this program does", where, status), advice)}
	}
	return []Check{fine("%s leads to this site", where)}
}

// checkStatic asks for every file of this release where pages will have browsers ask for them.
func (d *Diagnosis) checkStatic(ctx context.Context) []Check {
	if d.Assets == nil || d.Config.StaticBaseURL == "" {
		return nil
	}
	all := d.Assets.All()
	paths := slices.Sorted(maps.Keys(all))
	wrong := make([]string, len(paths))
	var group sync.WaitGroup
	slots := make(chan struct{}, fetchesAtOnce)
	for i, path := range paths {
		group.Go(func() {
			slots <- struct{}{}
			defer func() { <-slots }()
			status, header, body, err := d.fetch(ctx, d.Config.StaticBaseURL+path)
			switch {
			case err != nil:
				wrong[i] = err.Error()
			case status != http.StatusOK:
				wrong[i] = fmt.Sprintf("%s answers %d", path, status)
			case !bytes.Equal(body, all[path].Body):
				wrong[i] = path + " is another file than this release's"
			case header.Get("Access-Control-Allow-Origin") != "*" && header.Get("Access-Control-Allow-Origin") != d.Config.Origin():
				wrong[i] = path + " comes without Access-Control-Allow-Origin: *, so browsers refuse it"
			}
		})
	}
	group.Wait()
	wrong = slices.DeleteFunc(wrong, func(s string) bool { return s == "" })
	if len(wrong) > 0 {
		return []Check{failed(fmt.Sprintf("%s: %d of %d files cannot be used", d.Config.StaticBaseURL, len(wrong), len(paths)), errors.New(wrong[0]), "`tintype assets upload` puts them into the bucket behind it, before each release; the CDN has to pass CORS headers on")}
	}
	return []Check{fine("%s has all %d files of this release", d.Config.StaticBaseURL, len(paths))}
}

func (d *Diagnosis) checkMedia(ctx context.Context) []Check {
	if d.MediaErr != nil {
		return []Check{failed("the store of photos was not opened", d.MediaErr, "")}
	}
	where := d.Media.String()
	sampled := d.checkSample(ctx)
	if d.Config.ReadOnly {
		return append([]Check{fine("%s; READ_ONLY, so no write was tried", where)}, sampled...)
	}
	bucket, isBucket := media.As[media.Inspector](d.Media)
	if !isBucket {
		if err := d.Media.Check(ctx); err != nil {
			return []Check{failed(where, err, "the program writes, reads and deletes there: see that it exists, has room, and grants these rights")}
		}
		return append([]Check{fine("%s: written, read and deleted", where)}, sampled...)
	}
	facts, err := bucket.Inspect(ctx)
	if err != nil {
		return []Check{failed(where, err, "the role needs GetObject, PutObject, DeleteObject and AbortMultipartUpload below the prefix; see that the bucket exists, in this region, and grants them")}
	}
	list := []Check{fine("%s: written, read from the middle, copied and deleted", where)}
	if facts.Encryption != "" {
		list[0].Text += ", encrypted by " + facts.Encryption
	}
	if facts.Untold != nil {
		list[0].Text += "; its versioning and lifecycle may not be read from here"
	} else if facts.Versioned && (facts.OldDays == 0 || facts.OldDays > 7) {
		text := where + " keeps what is deleted as old versions, for ever"
		if facts.OldDays > 0 {
			text = fmt.Sprintf("%s keeps what is deleted as old versions for %d days", where, facts.OldDays)
		}
		list = append(list, warn(text, "add a lifecycle rule that expires noncurrent versions after 7 days, as the privacy page says"))
	}
	if signer, ok := media.As[media.Presigner](d.Media); ok {
		list = append(list, d.checkRedirect(ctx, signer)...)
	}
	return append(append(list, sampled...), d.checkClosed(ctx, bucket)...)
}

// sampleSize is how many of the database's photos are looked for in the store.
const sampleSize = 100

// checkSample looks for photos of the database in the store: one that was filled wrongly takes and gives every probe.
func (d *Diagnosis) checkSample(ctx context.Context) []Check {
	haver, ok := media.As[media.Haver](d.Media)
	if !ok || d.Store == nil || d.StoreErr != nil {
		return nil
	}
	objects, err := d.Store.SampleMediaObjects(ctx, sampleSize)
	if err != nil || len(objects) == 0 {
		return nil // what is wrong with the database, another check tells
	}
	missing := make([]string, len(objects))
	failures := make([]error, len(objects))
	var group sync.WaitGroup
	slots := make(chan struct{}, fetchesAtOnce)
	for i, o := range objects {
		group.Go(func() {
			slots <- struct{}{}
			defer func() { <-slots }()
			key := media.OriginalKey(o.Random)
			if o.Kind != store.SetOriginal {
				if len(o.Variants.V) == 0 {
					return
				}
				key = media.VariantKey(media.Kind(o.Kind), o.Random, o.Variants.V[0])
			}
			there, err := haver.Has(ctx, key)
			if failures[i] = err; err == nil && !there {
				missing[i] = key
			}
		})
	}
	group.Wait()
	for _, err := range failures {
		if err != nil {
			return []Check{failed("the photos that the database knows cannot be looked for", err, "the role needs GetObject below MEDIA_S3_PREFIX")}
		}
	}
	missing = slices.DeleteFunc(missing, func(s string) bool { return s == "" })
	if len(missing) == 0 {
		return []Check{fine("%d photos that the database knows, chosen by chance, are there", len(objects))}
	}
	return []Check{failed(fmt.Sprintf("%d of %d photos that the database knows, chosen by chance, are not there", len(missing), len(objects)), fmt.Errorf("%s is missing", missing[0]),
		"photos have other names in a bucket than in MEDIA_DIR, so a plain copy of that folder is not enough; see also MEDIA_S3_PREFIX, and docs/backup.md for what is lost")}
}

// checkRedirect fetches a photo that was just written from the bucket itself, under an address as readers get it.
func (d *Diagnosis) checkRedirect(ctx context.Context, bucket media.Presigner) []Check {
	if !d.Config.MediaRedirect {
		return nil
	}
	var list []Check
	key := media.VariantKey(media.Private, media.NewRandom(), "320")
	advice := "readers are sent to the bucket by MEDIA_S3_REDIRECT: see that they reach its address, that its policy takes presigned requests, and that this machine's clock is right"
	err := d.withProbe(ctx, key, func() error {
		address, _, err := bucket.Presign(ctx, key, 5*time.Minute)
		if err != nil {
			return err
		}
		status, _, body, err := d.fetch(ctx, address)
		switch {
		case err != nil:
			return err
		case status != http.StatusOK || string(body) != probeText:
			list = append(list, Check{Status: Failure, Text: fmt.Sprintf("the bucket answers %d for a photo under a presigned address", status), Advice: advice})
		default:
			list = append(list, fine("the bucket gave a photo under a presigned address, as readers fetch it"))
		}
		return nil
	})
	if err != nil {
		return []Check{failed("the bucket was not reached for a photo under a presigned address", err, advice)}
	}
	return list
}

// checkClosed sees that what is not for everybody is not given to everybody.
func (d *Diagnosis) checkClosed(ctx context.Context, bucket media.Inspector) []Check {
	var list []Check
	for kind, what := range map[media.Kind]string{media.Original: "originals, with the places where they were taken", media.Private: "photos for followers only"} {
		key := media.OriginalKey(media.NewRandom())
		if kind == media.Private {
			key = media.VariantKey(kind, media.NewRandom(), "320")
		}
		err := d.withProbe(ctx, key, func() error {
			address, err := bucket.Unsigned(ctx, key)
			if err != nil {
				return err
			}
			if status, _, _, err := d.fetch(ctx, address); err == nil && status == http.StatusOK {
				list = append(list, Check{Status: Failure, Text: "the bucket gives " + what + ", to everybody who has the address", Advice: "block public access to it; a CDN reads it by an origin access control, limited to pub/"})
			}
			return nil
		})
		if err != nil {
			list = append(list, failed("it is not known whether the bucket gives "+what+" to everybody", err, ""))
		}
	}
	return list
}

const probeText = "tintype probe"

// withProbe stores an object for as long as f runs.
func (d *Diagnosis) withProbe(ctx context.Context, key string, f func() error) error {
	if _, err := d.Media.Put(ctx, key, strings.NewReader(probeText), media.PutOptions{Size: int64(len(probeText))}); err != nil {
		return err
	}
	err := f()
	wait, cancel := context.WithTimeout(context.WithoutCancel(ctx), fetchPatience)
	defer cancel()
	return errors.Join(err, d.Media.Delete(wait, key))
}

// checkCDN has a photo that was just written fetched from the CDN, as readers will.
func (d *Diagnosis) checkCDN(ctx context.Context) []Check {
	if d.Config.MediaBaseURL == "" || d.MediaErr != nil || d.Media == nil {
		return nil
	}
	where := d.Config.MediaBaseURL
	if d.Config.ReadOnly {
		return []Check{fine("%s; READ_ONLY, so no photo was put there to be fetched", where)}
	}
	advice := "see that it leads to the CDN, and the CDN to the bucket (with MEDIA_S3_PREFIX as the origin's path), or to this site's /media"
	var list []Check
	public := media.VariantKey(media.Public, media.NewRandom(), "320")
	err := d.withProbe(ctx, public, func() error {
		status, _, body, err := d.fetch(ctx, where+"/"+public)
		gave := status == http.StatusOK && string(body) == probeText
		switch {
		case err != nil:
			return err
		case d.Config.Visitors.MembersOnly() && gave: // whom the site leads there by signed addresses alone
			list = append(list, warn(where+" gives public photos to everybody who has the address, and this site is for members only", "have the CDN give nothing below /pub/"))
		case d.Config.Visitors.MembersOnly():
			list = append(list, fine("%s answers, and gives no public photo, for this site is for members only", where))
		case !gave:
			list = append(list, Check{Status: Failure, Text: fmt.Sprintf("%s answers %d for a photo that is there", where, status), Advice: advice})
		default:
			list = append(list, fine("%s gave a photo that was just written", where))
		}
		return nil
	})
	if err != nil {
		return []Check{failed(where, err, advice)}
	}
	private := media.VariantKey(media.Private, media.NewRandom(), "320")
	err = d.withProbe(ctx, private, func() error {
		if status, _, body, err := d.fetch(ctx, where+"/"+private); err == nil && status == http.StatusOK && string(body) == probeText {
			list = append(list, Check{Status: Failure, Text: where + " gives photos for followers only to everybody who has the address", Advice: "have the CDN demand signed addresses for /priv/*, and none lead to /orig/*"})
		}
		if d.Addresses == nil || !d.Config.MediaSigningKey.IsSet() {
			return nil
		}
		status, _, body, err := d.fetch(ctx, d.Addresses.Private(private, 0, false, time.Now()))
		if err != nil {
			return err
		}
		if status != http.StatusOK || string(body) != probeText {
			list = append(list, Check{Status: Failure, Text: fmt.Sprintf("%s answers %d for a private photo under a signed address", where, status), Advice: "see that MEDIA_SIGNING_KEY_ID is in the key group that CloudFront trusts for /priv/*"})
		} else {
			list = append(list, fine("%s takes our signatures", where))
		}
		return nil
	})
	if err != nil {
		list = append(list, failed(where, err, advice))
	}
	return list
}
