package api

import (
	"math"
	"time"

	"tintype/internal/media"
	"tintype/internal/store"
)

const (
	// headerVariant is the width at which clients get headers, previewWidth at which they get small photos.
	headerVariant = "1280"
	previewWidth  = 640
)

// MediaAttachment is a photo. URL and PreviewURL are null until it is ready.
type MediaAttachment struct {
	ID          string     `json:"id"`
	Type        string     `json:"type"`
	URL         *string    `json:"url"`
	PreviewURL  *string    `json:"preview_url"`
	RemoteURL   *string    `json:"remote_url"`
	TextURL     *string    `json:"text_url"`
	Meta        *MediaMeta `json:"meta"`
	Description *string    `json:"description"`
	Blurhash    *string    `json:"blurhash"`
}

// MediaMeta are the sizes behind URL and PreviewURL, and the focal point.
type MediaMeta struct {
	Original MediaSize `json:"original"`
	Small    MediaSize `json:"small"`
	Focus    Focus     `json:"focus"`
}

// MediaSize is in pixels; Size is "WxH".
type MediaSize struct {
	Width  int     `json:"width"`
	Height int     `json:"height"`
	Size   string  `json:"size"`
	Aspect float64 `json:"aspect"`
}

// Focus is the point that a crop should keep: -1 left or bottom, 1 right or top.
type Focus struct {
	X float64 `json:"x"`
	Y float64 `json:"y"`
}

// A view makes entities for one reader. The addresses of private photos depend on the reader.
type view struct {
	api      *API
	viewer   int64 // 0 is a visitor
	now      time.Time
	withheld bool               // the site withholds the photos from others: their author is suspended
	accounts map[int64]*Account // made already: authors come again on a page of posts
	texts    texts
}

// view returns the view of the caller.
func (q *call) view() *view {
	return &view{api: q.api, viewer: viewerID(q.account), now: q.api.Now()}
}

// address is where the viewer fetches one variant.
func (v *view) address(p *store.Photo, variant string) string {
	key := media.Key{Kind: media.Kind(p.SetKind), Random: p.SetRandom, Variant: variant}
	if p.SetKind == store.SetPrivate {
		return v.api.Addresses.PrivateAbs(key.String(), v.viewer, false, v.now)
	}
	if v.withheld {
		return v.api.Addresses.WithheldAbs(key.String(), v.viewer, false, v.now)
	}
	return v.texts.keep(v.api.Addresses.AppendPublicAbs(v.texts.scratch[:0], key))
}

// profileImage is the address of an avatar or header, the default where there is none.
func (v *view) profileImage(p *store.Photo, fallback, variant string) string {
	if p == nil || p.State != store.PhotoReady || p.SetRandom == "" {
		return fallback
	}
	found := fallback
	for _, file := range p.Variants.V {
		if file.Name == variant {
			return v.address(p, variant)
		}
		if file.Name != media.SquareName {
			found = v.address(p, file.Name) // smaller than asked for: the largest there is
		}
	}
	return found
}

func (v *view) media(p *store.Photo) *MediaAttachment {
	// One allocation serves for all: a page of posts has dozens.
	m := &struct {
		MediaAttachment
		meta         MediaMeta
		url, preview string
	}{MediaAttachment: MediaAttachment{ID: v.texts.id(p.ID), Type: "image"}}
	if p.Description != "" {
		m.Description = &p.Description
	}
	if p.Blurhash != "" {
		m.Blurhash = &p.Blurhash
	}
	large, small := sizes(p)
	if p.State != store.PhotoReady || large == nil {
		return &m.MediaAttachment
	}
	m.url, m.preview = v.address(p, large.Name), v.address(p, small.Name)
	m.meta = MediaMeta{Original: v.mediaSize(large), Small: v.mediaSize(small), Focus: Focus{X: p.FocusX, Y: p.FocusY}}
	m.URL, m.PreviewURL, m.Meta = &m.url, &m.preview, &m.meta
	return &m.MediaAttachment
}

func (v *view) mediaList(photos []*store.Photo) []*MediaAttachment {
	all := make([]*MediaAttachment, 0, len(photos))
	for _, p := range photos {
		all = append(all, v.media(p))
	}
	return all
}

// sizes picks the largest file of a photo, and the one for previews: the smallest of at least previewWidth, else the
// largest too.
func sizes(p *store.Photo) (large, small *store.Variant) {
	for i := range p.Variants.V {
		file := &p.Variants.V[i]
		if file.Name == media.SquareName {
			continue
		}
		if large == nil || file.Width > large.Width {
			large = file
		}
		if file.Width >= previewWidth && (small == nil || file.Width < small.Width) {
			small = file
		}
	}
	if small == nil {
		small = large
	}
	return large, small
}

func (v *view) mediaSize(file *store.Variant) MediaSize {
	return MediaSize{
		Width: file.Width, Height: file.Height, Size: v.texts.size(file.Width, file.Height),
		Aspect: math.Round(float64(file.Width)/float64(max(file.Height, 1))*1e6) / 1e6,
	}
}
