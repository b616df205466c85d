package community

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"tintype/internal/media"
	"tintype/internal/store"
)

// looksOf are what photos look like, each once. Those that show nothing by which they could be known are left out, and those that
// have no variants: they are not ready, or gone.
func (c *Community) looksOf(ctx context.Context, photos []*store.Photo) ([]media.Look, error) {
	var looks []media.Look
	for _, ph := range photos {
		look, ok, err := c.lookOf(ctx, ph)
		if errors.Is(err, media.ErrNotFound) { // it has other names since it was read
			if ph, err = c.Store.PhotoByID(store.Primary(ctx), ph.ID); err == nil {
				look, ok, err = c.lookOf(ctx, ph)
			}
		}
		switch {
		case errors.Is(err, media.ErrNotFound), errors.Is(err, store.ErrNotFound): // gone meanwhile
		case err != nil:
			return nil, fromStore(err)
		case ok && !slices.Contains(looks, look):
			looks = append(looks, look)
		}
	}
	return looks, nil
}

func (c *Community) lookOf(ctx context.Context, ph *store.Photo) (look media.Look, ok bool, err error) {
	if ph.SetRandom == "" || len(ph.Variants.V) == 0 {
		return 0, false, nil
	}
	smallest := ph.Variants.V[0] // they stand in rising order
	if smallest.Name == media.SquareName {
		return 0, false, nil
	}
	r, err := c.Media.Open(ctx, ph.Key(smallest.Name))
	if err != nil {
		return 0, false, err
	}
	defer r.Close()
	return media.LookOf(r)
}

// blockedLook is a photo among them that looks like one that the site keeps out: "" where none does. While the site keeps out no
// photograph this reads nothing.
func (c *Community) blockedLook(ctx context.Context, out *blockList, photos []*store.Photo) (string, error) {
	if len(out.looks) == 0 || len(photos) == 0 {
		return "", nil
	}
	looks, err := c.looksOf(ctx, photos)
	if err != nil {
		return "", err
	}
	for _, look := range looks {
		if i := slices.IndexFunc(out.looks, look.Like); i >= 0 {
			return out.looks[i].String(), nil
		}
	}
	return "", nil
}

// profilePhotosMayStand is *Invalid for a new picture of a profile that looks like one that is kept out: none can wait for a moderator.
func (c *Community) profilePhotosMayStand(ctx context.Context, acc *store.Account, p ProfileChange) error {
	if p.AvatarPhotoID == 0 && p.HeaderPhotoID == 0 || May(acc, ReadHeld) {
		return nil
	}
	out, err := c.blocks(ctx)
	if err != nil {
		return err
	}
	if len(out.looks) == 0 {
		return nil
	}
	photos, err := c.Store.PhotosByID(store.Primary(ctx), []int64{p.AvatarPhotoID, p.HeaderPhotoID})
	if err != nil {
		return fromStore(err)
	}
	var bad Invalid
	for _, ph := range photos {
		if ph.AccountID != acc.ID {
			continue // it is refused for that
		}
		look, err := c.blockedLook(ctx, out, []*store.Photo{ph})
		if err != nil {
			return err
		}
		if look != "" {
			bad.add(ph.Purpose, "blocked", "This looks like a photo that was removed, and is not allowed here. Choose another, or write to those who run the site.")
		}
	}
	return bad.err()
}

// looksOfPost are what the photos of a post look like, also those that are kept of one that was removed or edited.
func (c *Community) looksOfPost(ctx context.Context, id int64) ([]media.Look, error) {
	ids, err := c.Store.AllPhotoIDsOfPost(ctx, id)
	if err != nil || len(ids) == 0 {
		return nil, fromStore(err)
	}
	photos, err := c.Store.PhotosByID(ctx, ids)
	if err != nil {
		return nil, fromStore(err)
	}
	return c.looksOf(ctx, photos)
}

// KeepOut is AddBlock, also of photographs that are given by the number or the address of their post: there is one for each then.
func (c *Community) KeepOut(ctx context.Context, by By, n NewBlock) ([]*store.SiteBlock, error) {
	ctx = store.Primary(ctx)
	_, known := media.ParseLook(oneLine(n.Value))
	if n.Kind != store.BlockPhoto || known || by.may(AddBlock) != nil {
		b, err := c.AddBlock(ctx, by, n)
		if err != nil {
			return nil, err
		}
		return []*store.SiteBlock{b}, nil
	}
	address := strings.TrimRight(oneLine(n.Value), "/")
	id, err := strconv.ParseInt(address[strings.LastIndexByte(address, '/')+1:], 10, 64)
	if err != nil {
		return nil, n.clean()
	}
	looks, err := c.looksOfPost(ctx, id)
	if err != nil {
		return nil, err
	}
	if len(looks) == 0 {
		return nil, invalid("value", "no_photo", "There is no post there with a photograph that could be recognised.")
	}
	var list []*store.SiteBlock
	for _, look := range looks {
		n.Value = look.String()
		if n.Note == "" {
			n.Note = postNote(id)
		}
		b, err := c.AddBlock(ctx, by, n)
		if err != nil {
			return list, err
		}
		list = append(list, b)
	}
	return list, nil
}

// postNote is the note of a photograph that nobody wrote one for.
func postNote(id int64) string { return "post " + strconv.FormatInt(id, 10) }

// keptOut is what the log says of them, after what was removed.
func keptOut(looks []media.Look) string {
	if len(looks) == 0 {
		return ""
	}
	return fmt.Sprintf("; photographs alike are kept out (%d)", len(looks))
}

// blockLooks keeps out what looks like the photographs of a post that is removed, in the transaction that removes it.
func (c *Community) blockLooks(ctx context.Context, tx *store.Store, by By, looks []media.Look, post int64) error {
	for _, look := range looks {
		n := NewBlock{Kind: store.BlockPhoto, Value: look.String(), Note: postNote(post)}
		_, _, err := c.addBlock(ctx, tx, by, n)
		if isAbout(err, "value") { // there is room for no more: the post goes all the same
			c.Log.Warn("there is no room to keep out more photographs", "post", post)
			return nil
		}
		if err != nil {
			return err
		}
	}
	return nil
}
