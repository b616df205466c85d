package move

import (
	"context"
	"fmt"

	"tintype/internal/media"
	"tintype/internal/store"
)

// MediaRows are the rows of photos' sets, which store.Store reads.
type MediaRows interface {
	MediaObjectsAfter(ctx context.Context, after string, since store.Millis, limit int) ([]*store.MediaObject, error)
	GoneMediaObjectsAfter(ctx context.Context, after string, limit int) ([]*store.MediaObject, error)
	MediaObjectsByRandom(ctx context.Context, randoms []string) ([]*store.MediaObject, error)
	CountMediaObjects(context.Context) (int64, error)
	SampleMediaObjects(ctx context.Context, n int) ([]*store.MediaObject, error)
	Now(context.Context) (store.Millis, error)
}

// MediaRoute is the way of an operation on photos by the phase of their move.
//
// While the target is being filled, in PhaseReading, the source alone says what there is, so that a copy in the target
// brings no photo back that was deleted, and nobody waits for a target that does not answer. In PhaseWriting, which is
// short, all processes begin to look into the target, too, before the first one takes it for the place in charge.
func MediaRoute(r Route, places map[string]media.Store) (media.Route, error) {
	source, target := places[r.Source], places[r.Target]
	if source == nil || target == nil {
		return media.Route{}, fmt.Errorf("%w: the photos are in %s and %s", ErrElsewhere, r.Source, r.Target)
	}
	switch r.Phase {
	case PhaseReading:
		return media.Route{Charge: source, Other: target, Write: true}, nil
	case PhaseWriting:
		return media.Route{Charge: source, Other: target, Write: true, Read: true}, nil
	case PhaseMoved:
		return media.Route{Charge: target, Other: source, Write: true, Read: true}, nil
	case PhaseAborting:
		return media.Route{Charge: source, Other: target}, nil
	case PhaseLeaving:
		return media.Route{Charge: target, Other: source}, nil
	case PhaseFinished:
		return media.Route{Charge: target}, nil
	}
	return media.Route{Charge: source}, nil
}

// setKeys are the keys of the files that a set may have.
func setKeys(o *store.MediaObject) []string {
	if o.Kind == store.SetOriginal {
		return []string{media.OriginalKey(o.Random)}
	}
	keys := make([]string, len(o.Variants.V))
	for i, name := range o.Variants.V {
		keys[i] = media.VariantKey(media.Kind(o.Kind), o.Random, name)
	}
	return keys
}

// mediaKinds are the parts of a store.
var mediaKinds = []media.Kind{media.Original, media.Private, media.Public}

// setsPage is how many sets are looked at together.
const setsPage = 100

// MediaSize is how much a store has.
type MediaSize struct{ Files, Bytes int64 }

// Measure counts what a store has.
func Measure(ctx context.Context, s media.Store) (n MediaSize, err error) {
	err = eachListed(ctx, s, func(l media.Listed) error {
		n.Files++
		n.Bytes += l.Size
		return nil
	})
	return n, err
}

func eachListed(ctx context.Context, s media.Store, f func(media.Listed) error) error {
	lister, ok := media.As[media.Lister](s)
	if !ok {
		return fmt.Errorf("move: %s does not tell what it has", s)
	}
	for _, kind := range mediaKinds {
		err := lister.List(ctx, kind, func(l media.Listed) error {
			if l.Key == "" {
				return nil
			}
			return f(l)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// fewStrangers is up to how many files are looked for once more before they are called strangers.
const fewStrangers = 20

// stillThere returns those of the keys whose files are there.
func stillThere(ctx context.Context, s media.Store, keys []string) (left []string, err error) {
	for _, key := range keys {
		there, err := media.Has(ctx, s, key)
		if err != nil {
			return nil, err
		}
		if there {
			left = append(left, key)
		}
	}
	return left, nil
}

// Strangers finds files of a store that belong to no set of this site: another site's, or those of photos that were
// deleted after somebody had copied them. Served, they would bring these photos back. It removes them, if remove is
// set, and returns how many there are and the key of one.
func Strangers(ctx context.Context, rows MediaRows, s media.Store, remove bool) (n int, example string, err error) {
	page := make(map[string][]string) // keys by set
	var kind media.Kind
	look := func() error {
		randoms := make([]string, 0, len(page))
		for random := range page {
			randoms = append(randoms, random)
		}
		known, err := rows.MediaObjectsByRandom(ctx, randoms)
		if err != nil {
			return err
		}
		for _, o := range known {
			if o.Kind == string(kind) {
				delete(page, o.Random)
			}
		}
		for _, keys := range page {
			if n < fewStrangers {
				// A row and its files may have gone together, and a probe is there for a moment only.
				if keys, err = stillThere(ctx, s, keys); err != nil {
					return err
				}
				if len(keys) == 0 {
					continue
				}
			}
			n += len(keys)
			example = keys[0]
			if remove {
				if err := s.Delete(ctx, keys...); err != nil {
					return err
				}
			}
		}
		clear(page)
		return nil
	}
	err = eachListed(ctx, s, func(l media.Listed) error {
		key, err := media.ParseKey(l.Key)
		if err != nil {
			return err
		}
		if _, more := page[key.Random]; key.Kind != kind || !more && len(page) == setsPage {
			if err := look(); err != nil {
				return err
			}
			kind = key.Kind
		}
		page[key.Random] = append(page[key.Random], l.Key)
		return nil
	})
	if err == nil {
		err = look()
	}
	return n, example, err
}

// EmptyMedia removes every photo from a store. It calls step before each batch of files, with how many these are, and
// stops where that fails.
func EmptyMedia(ctx context.Context, s media.Store, step func(files int64) error) error {
	var batch []string
	flush := func() error {
		if err := step(int64(len(batch))); err != nil {
			return err
		}
		// A mover that is stopped here deletes nothing when it wakes: another one may have filled the place meanwhile.
		ctx, cancel := context.WithTimeout(ctx, moverSilent-moverLease)
		defer cancel()
		err := s.Delete(ctx, batch...)
		batch = batch[:0]
		return err
	}
	err := eachListed(ctx, s, func(l media.Listed) error {
		if batch = append(batch, l.Key); len(batch) < setsPage {
			return nil
		}
		return flush()
	})
	if err == nil {
		err = flush()
	}
	return err
}
