package community

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"

	"tintype/internal/media"
	"tintype/internal/store"
)

const (
	sitePicture = "picture"
	// sitePictureRow is before the name of the row that holds the picture's bytes. They stand in the database: they are few,
	// and the picture must outlive the account of whoever sent it.
	sitePictureRow = "site picture "

	// MaxSitePicture is how many bytes a file may have that becomes the picture.
	MaxSitePicture = 10 << 20
	// sitePictureWidth is how wide it is at most.
	sitePictureWidth = 1280

	sitePictureSum = 32 // characters

	// replacedPictures is the row of the pictures that others replaced. Clients hold their addresses, so they are kept for
	// as long as retired sets are.
	replacedPictures = "replaced_pictures"
	// maxReplacedPictures is how many they may be.
	maxReplacedPictures = 5
)

// SitePicture is the site's picture; without one, Sum is empty.
type SitePicture struct {
	Sum      string `json:"sum"` // of its bytes: another picture has another address
	Width    int    `json:"width"`
	Height   int    `json:"height"`
	Blurhash string `json:"blurhash"`
}

// Path is where the picture is served.
func (p SitePicture) Path() string {
	if p.Sum == "" {
		return ""
	}
	return "/site-picture/" + p.Sum + ".jpg"
}

// pictureOf reads the picture's row; what cannot be read is no picture.
func pictureOf(row string) (p SitePicture) {
	if row != "" && json.Unmarshal([]byte(row), &p) != nil {
		return SitePicture{}
	}
	return p
}

// replacedOf reads the row of replaced pictures: when each was, by its sum.
func replacedOf(row string) (at map[string]store.Millis) {
	if row != "" && json.Unmarshal([]byte(row), &at) != nil {
		return nil
	}
	return at
}

// keepReplaced writes down which replaced pictures are kept, and removes the bytes of the other ones. The rows are locked.
func keepReplaced(ctx context.Context, tx *store.Store, all map[string]store.Millis, most int) error {
	kept := map[string]store.Millis{}
	sums := slices.SortedFunc(maps.Keys(all), func(a, b string) int { return cmp.Compare(all[b], all[a]) })
	for i, sum := range sums {
		if i < most && isKept(all[sum]) {
			kept[sum] = all[sum]
		} else if err := tx.DropSiteInfo(ctx, sitePictureRow+sum); err != nil {
			return err
		}
	}
	if len(kept) == 0 {
		return tx.DropSiteInfo(ctx, siteRow+replacedPictures)
	}
	row, err := json.Marshal(kept)
	if err != nil {
		return err
	}
	return tx.SetSiteInfo(ctx, siteRow+replacedPictures, string(row))
}

func isKept(replaced store.Millis) bool { return time.Since(replaced.Time()) < keepRetired }

// forgetReplacedPictures removes those that had their time.
func (c *Community) forgetReplacedPictures(ctx context.Context) error {
	row, err := c.Store.SiteInfo(ctx, siteRow+replacedPictures)
	if errors.Is(err, store.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	for _, at := range replacedOf(row) {
		if !isKept(at) {
			return c.Store.Tx(ctx, func(ctx context.Context, tx *store.Store) error {
				rows, err := tx.LockSiteInfos(ctx, siteRow)
				if err != nil {
					return err
				}
				return keepReplaced(ctx, tx, replacedOf(rows[siteRow+replacedPictures]), maxReplacedPictures)
			})
		}
	}
	return nil
}

// SetSitePicture makes a JPEG of the file, without what its metadata tells, the site's picture. It returns *Invalid for a
// file that is no photo.
func (c *Community) SetSitePicture(ctx context.Context, by By, file []byte) error {
	if err := by.may(EditSite); err != nil {
		return err
	}
	var best []byte
	var picture SitePicture
	made, err := c.Processor.Process(ctx, bytes.NewReader(file), media.Focus{}, func(v media.Variant, r io.Reader) error {
		if v.Name == media.SquareName || best != nil && v.Width > sitePictureWidth || best != nil && picture.Width <= sitePictureWidth {
			return nil // they come from the widest on
		}
		b, err := io.ReadAll(r)
		best, picture.Width, picture.Height = b, v.Width, v.Height
		return err
	})
	var refused *media.Refused
	if errors.As(err, &refused) {
		return &Invalid{Fields: []FieldError{{Field: "picture", Code: "refused", Message: refused.Sentence}}}
	}
	if err != nil {
		return err
	}
	sum := sha256.Sum256(best)
	picture.Sum, picture.Blurhash = hex.EncodeToString(sum[:])[:sitePictureSum], made.Blurhash
	row, err := json.Marshal(picture)
	if err != nil {
		return err
	}
	return c.replaceSitePicture(ctx, by, picture.Sum, func(ctx context.Context, tx *store.Store) error {
		if err := tx.SetSiteInfo(ctx, sitePictureRow+picture.Sum, base64.StdEncoding.EncodeToString(best)); err != nil {
			return err
		}
		return tx.SetSiteInfo(ctx, siteRow+sitePicture, string(row))
	})
}

// RemoveSitePicture has the site show none of its own.
func (c *Community) RemoveSitePicture(ctx context.Context, by By) error {
	return c.replaceSitePicture(ctx, by, "", func(ctx context.Context, tx *store.Store) error {
		return tx.DropSiteInfo(ctx, siteRow+sitePicture)
	})
}

// replaceSitePicture retires the picture that was, in the transaction that writes the one that will be. Where there will be
// none, the bytes of all are removed at once.
func (c *Community) replaceSitePicture(ctx context.Context, by By, sum string, write func(context.Context, *store.Store) error) error {
	return c.administration(store.Primary(ctx), by, EditSite, func(ctx context.Context, tx *store.Store, e *store.AdminEntry) (bool, error) {
		rows, err := tx.LockSiteInfos(ctx, siteRow)
		if err != nil {
			return false, err
		}
		was := pictureOf(rows[siteRow+sitePicture])
		if was.Sum == sum {
			return false, nil
		}
		what, keep := "changed", maxReplacedPictures
		if sum == "" {
			what, keep = "removed", 0
		}
		replaced := replacedOf(rows[siteRow+replacedPictures])
		if replaced == nil {
			replaced = map[string]store.Millis{}
		}
		if was.Sum != "" {
			replaced[was.Sum] = store.ToMillis(time.Now())
		}
		delete(replaced, sum)
		if err := keepReplaced(ctx, tx, replaced, keep); err != nil {
			return false, err
		}
		if err := write(ctx, tx); err != nil {
			return false, err
		}
		noteDetail(e, sitePicture, what)
		return true, c.tellSiteChanged(ctx, tx, true)
	})
}

var sumLike = regexp.MustCompile(`^[0-9a-f]{32}$`)

// SitePictureFile returns the JPEG under a name of SitePicture.Path, ErrNotFound for another. A picture that another
// replaced is there for a day.
func (c *Community) SitePictureFile(ctx context.Context, name string) ([]byte, error) {
	sum, ok := strings.CutSuffix(name, ".jpg")
	site := c.Site(ctx)
	replaced, had := site.replacedPictures[sum]
	if !ok || !sumLike.MatchString(sum) || site.Picture.Sum != sum && !(had && isKept(replaced)) {
		return nil, ErrNotFound
	}
	text, err := c.Store.SiteInfo(ctx, sitePictureRow+sum)
	if err != nil {
		return nil, fromStore(err)
	}
	return base64.StdEncoding.DecodeString(text)
}
