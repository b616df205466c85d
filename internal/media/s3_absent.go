package media

import (
	"context"
	"errors"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/smithy-go"
)

// Without the right to list a bucket, S3 answers 403 for an object that does not exist, as for one that may not be read.
// Which of both it is, another object of the same kind tells that is known to exist: if that can be read, the first one
// is not there.

// rightsFresh is how long a verdict over the right to read is good.
const rightsFresh = time.Minute

// mostCandidates is how many objects that should exist are asked for.
const mostCandidates = 5

// readRights is what is known of the right to read objects of each kind.
type readRights struct {
	mu    sync.Mutex
	known map[Kind]string    // an object that was there
	asked map[Kind]time.Time // when it was last read to find out
	may   map[Kind]bool      // and whether that went well
}

// saw notes an object that exists.
func (r *readRights) saw(key string) {
	kind := Kind(key[:strings.IndexByte(key, '/')])
	r.mu.Lock()
	defer r.mu.Unlock()
	r.init()
	r.known[kind] = key
}

func (r *readRights) init() {
	if r.known == nil {
		r.known, r.asked, r.may = map[Kind]string{}, map[Kind]time.Time{}, map[Kind]bool{}
	}
}

// forget drops a key that was deleted.
func (r *readRights) forget(keys ...string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, key := range keys {
		if i := strings.IndexByte(key, '/'); i > 0 && r.known[Kind(key[:i])] == key {
			delete(r.known, Kind(key[:i]))
		}
	}
}

// orAbsent turns the refusal to read key into ErrNotFound where objects of its kind may be read.
func (s *S3) orAbsent(ctx context.Context, key string, err error) error {
	var api smithy.APIError
	if !errors.As(err, &api) || api.ErrorCode() != "AccessDenied" && api.ErrorCode() != "Forbidden" {
		return err
	}
	kind := Kind(key[:strings.IndexByte(key, '/')])
	if s.mayRead(ctx, kind) {
		return errors.Join(ErrNotFound, err)
	}
	return err
}

// mayRead tells whether objects of a kind can be read, asked at most once in rightsFresh.
func (s *S3) mayRead(ctx context.Context, kind Kind) bool {
	s.rights.mu.Lock()
	known, asked, may := s.rights.known[kind], s.rights.asked[kind], s.rights.may[kind]
	s.rights.mu.Unlock()
	if time.Since(asked) < rightsFresh {
		return may
	}
	whole := ctx
	ctx, cancel := oneWait(ctx, s3Short)
	defer cancel()
	candidates := []string{known}
	switch {
	case known != "":
	case s.o.ReadOnly:
		candidates = s.stored(ctx, kind)
	default:
		probe := OriginalKey(NewRandom())
		if kind != Original {
			probe = VariantKey(kind, NewRandom(), "320")
		}
		if _, err := s.Put(ctx, probe, strings.NewReader("tintype probe"), PutOptions{}); err != nil {
			return false
		}
		defer s.Delete(context.WithoutCancel(whole), probe) //nolint:errcheck // a probe that stays harms nobody
		candidates = []string{probe}
	}
	may = false
	for _, key := range candidates {
		name := s.o.Prefix + key
		// Who may not decrypt an object still learns by HEAD that it is there.
		out, err := s.client.GetObject(ctx, &s3.GetObjectInput{Bucket: &s.o.Bucket, Key: &name, Range: aws.String("bytes=0-0")})
		if err != nil && ctx.Err() != nil {
			return false // nothing was learned
		}
		if may = err == nil; may {
			out.Body.Close()
			s.rights.saw(key)
			break
		}
	}
	s.rights.mu.Lock()
	defer s.rights.mu.Unlock()
	s.rights.init()
	if !may && known != "" && s.rights.known[kind] == known {
		delete(s.rights.known, kind) // it may have gone meanwhile: the next question uses another
	} else {
		s.rights.asked[kind], s.rights.may[kind] = time.Now(), may
	}
	return may
}

// stored are objects of a kind that should exist, a few, because one may be missing itself.
func (s *S3) stored(ctx context.Context, kind Kind) []string {
	if s.o.Stored == nil {
		return nil
	}
	keys := s.o.Stored(ctx, kind)
	return keys[:min(len(keys), mostCandidates)]
}

// Has implements Haver.
func (s *S3) Has(ctx context.Context, key string) (bool, error) {
	name, _, err := s.key(key)
	if err != nil {
		return false, err
	}
	ctx, cancel := oneWait(ctx, s3Short)
	defer cancel()
	_, err = s.client.HeadObject(ctx, &s3.HeadObjectInput{Bucket: &s.o.Bucket, Key: name})
	if err == nil {
		s.rights.saw(key)
		return true, nil
	}
	if err = s3Error(ctx, "look for "+key, s.orAbsent(ctx, key, err)); errors.Is(err, ErrNotFound) {
		return false, nil
	}
	return false, err
}
