package app

import (
	"context"

	"tintype/internal/media"
	"tintype/internal/store"
)

// sampledPhotos is how many sets of the database are looked through for those of one kind.
const sampledPhotos = 100

// storedPhotos names photos of a kind that the database knows, and that should be in the store. Where it cannot be asked,
// there is none.
func storedPhotos(db *store.Store) func(context.Context, media.Kind) []string {
	return func(ctx context.Context, kind media.Kind) (keys []string) {
		sets, err := db.SampleMediaObjects(ctx, sampledPhotos)
		if err != nil {
			return nil
		}
		for _, o := range sets {
			switch {
			case o.Kind != string(kind):
			case kind == media.Original:
				keys = append(keys, media.OriginalKey(o.Random))
			case len(o.Variants.V) > 0:
				keys = append(keys, media.VariantKey(kind, o.Random, o.Variants.V[0]))
			}
		}
		return keys
	}
}
