package community

import (
	"context"

	"tintype/internal/store"
)

// Version is a post as it was from CreatedAt on. Photos are those of then that the post still has, with the descriptions of
// then. Had is how many there were: one that was taken out is gone, and so is its description.
type Version struct {
	Caption, Warning string
	Sensitive        bool
	Photos           []*store.Photo
	Had              int
	Tags             []store.Tag
	CreatedAt        store.Millis
}

// History returns the post and its versions, oldest first; the last is the post as it is. It returns ErrNotFound for what the
// viewer may not see.
func (c *Community) History(ctx context.Context, viewer *store.Account, id int64) (*Post, []Version, error) {
	p, err := c.PostByID(ctx, viewer, id)
	if err != nil {
		return nil, nil, err
	}
	rows, err := c.Store.PostVersions(ctx, id)
	if err != nil {
		return nil, nil, fromStore(err)
	}
	if len(rows) == 0 {
		return p, []Version{{Caption: p.Caption, Warning: p.Warning, Sensitive: p.Sensitive, Photos: p.Photos, Had: len(p.Photos), Tags: p.Tags, CreatedAt: p.CreatedAt}}, nil
	}
	list := make([]Version, 0, len(rows))
	for _, row := range rows {
		v := Version{Caption: row.Caption, Warning: row.Warning, Sensitive: row.Sensitive, Had: len(row.Photos.V), Tags: c.tagsOf(row.Caption), CreatedAt: row.CreatedAt}
		for _, had := range row.Photos.V {
			for _, ph := range p.Photos {
				if ph.ID == had.ID {
					then := *ph
					then.Description = had.Description
					v.Photos = append(v.Photos, &then)
				}
			}
		}
		list = append(list, v)
	}
	return p, list, nil
}

// addVersion keeps a post as it is in the transaction, from the moment on.
func addVersion(ctx context.Context, tx *store.Store, p *store.Post, at store.Millis) error {
	ids, err := tx.PhotoIDsOfPost(ctx, p.ID)
	if err != nil {
		return err
	}
	photos, err := tx.PhotosByID(ctx, ids)
	if err != nil {
		return err
	}
	v := store.PostVersion{PostID: p.ID, Caption: p.Caption, Warning: p.Warning, Sensitive: p.Sensitive, CreatedAt: at, Photos: store.JSON[[]store.VersionPhoto]{V: []store.VersionPhoto{}}}
	for _, ph := range photos {
		v.Photos.V = append(v.Photos.V, store.VersionPhoto{ID: ph.ID, Description: ph.Description})
	}
	return tx.AddPostVersion(ctx, v)
}
