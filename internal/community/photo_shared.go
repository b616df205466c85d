package community

import (
	"context"
	"fmt"
	"io"

	"tintype/internal/media"
	"tintype/internal/store"
)

// ShareFile makes a photo of the file as an upload would, for many posts of a demo to share: its files are nobody's,
// and no photo that has them takes them along when it goes. The photo has no row, account or post; its Metadata is
// what the file says. *media.Refused for what the site would refuse.
func (c *Community) ShareFile(ctx context.Context, name string, file io.ReadSeeker) (*store.Photo, error) {
	head, err := media.Inspect(ctx, file)
	if err != nil {
		return nil, err
	}
	set := newSet{kind: c.setKind(ctx, store.Public), random: media.NewRandom(), names: possibleNames(head)}
	original := newSet{kind: store.SetOriginal, random: media.NewRandom()}
	sets := []newSet{set}
	if c.KeepOriginals {
		sets = append(sets, original)
	}
	if err := c.announceSets(ctx, sets...); err != nil {
		return nil, fromStore(err)
	}
	p, err := c.writeShared(ctx, name, file, set, original)
	if err != nil {
		c.dropSets(ctx, sets...)
		return nil, err
	}
	return p, nil
}

func (c *Community) writeShared(ctx context.Context, name string, file io.ReadSeeker, set, original newSet) (*store.Photo, error) {
	made, err := c.Processor.Process(ctx, file, media.Focus{}, c.putTo(ctx, set))
	if err != nil {
		return nil, err
	}
	size, err := file.Seek(0, io.SeekEnd)
	if err != nil {
		return nil, err
	}
	p := &store.Photo{
		Source: store.SourceDemo, State: store.PhotoReady, FileName: name, MediaType: made.Format.ContentType(), Bytes: size,
		SetRandom: set.random, SetKind: set.kind, Width: made.Width, Height: made.Height, Blurhash: made.Blurhash,
		ColorTop: made.ColorTop, ColorBottom: made.ColorBottom, Profile: made.Profile, Animated: made.Animated,
	}
	p.Variants.V = variantsOf(made.Variants)
	p.Metadata.V = metadataOf(made.Meta)
	live := map[string][]string{set.random: namesOf(p.Variants.V)}
	if c.KeepOriginals {
		if _, err := file.Seek(0, io.SeekStart); err != nil {
			return nil, err
		}
		if _, err := c.Media.Put(ctx, media.OriginalKey(original.random), file, media.PutOptions{ContentType: p.MediaType, Size: size}); err != nil {
			return nil, err
		}
		p.OrigRandom = original.random
		live[original.random] = nil
	}
	err = c.Store.Tx(ctx, func(ctx context.Context, tx *store.Store) error {
		for random, names := range live {
			if ok, err := tx.MediaObjectLive(ctx, random, names); err != nil || !ok {
				return orUnwanted(err)
			}
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("keep the files of %s: %w", name, fromStore(err))
	}
	return p, nil
}
