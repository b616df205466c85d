package store_test

import (
	"cmp"
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"tintype/internal/servertest"
	"tintype/internal/store"
	"tintype/internal/store/storetest"
)

// The words of searchSite, of which some begin others.
var searchedWords = []string{"fog", "fogbank", "foggy", "harbour", "harbours", "lake", "night", "pier", "steg", "x"}

// A searchedPost is a post of searchSite as it was made.
type searchedPost struct {
	store.Post
	words []string
}

// searchSite makes ten members, of whom the first follows 2 to 5 and blocks 6, and posts and comments of all visibilities with
// words at random, the same in every database.
func searchSite(t *testing.T, s *store.Store, n int) []searchedPost {
	t.Helper()
	rnd := rand.New(rand.NewPCG(3, 5))
	var list []searchedPost
	for i := range n {
		p := searchedPost{Post: store.Post{ID: firstPost + later(i), AuthorID: int64(rnd.IntN(10) + 1), Kind: store.KindPost, Home: true, Visibility: store.Public, Licence: "cc0-1.0", CreatedAt: 1}}
		switch rnd.IntN(6) {
		case 0:
			p.Visibility = store.Followers
		case 1:
			p.Visibility = store.Unlisted
		case 2:
			if len(list) > 0 && list[0].Kind == store.KindPost {
				root := list[0].ID
				p.Kind, p.Home, p.RootID, p.InReplyToID, p.InReplyToAuthorID, p.Visibility = store.KindComment, false, &root, &root, &list[0].AuthorID, list[0].Visibility
			}
		}
		p.Listed = p.Home && p.Visibility == store.Public
		for range 1 + rnd.IntN(4) {
			p.words = append(p.words, searchedWords[rnd.IntN(len(searchedWords))])
		}
		p.Caption = strings.Join(p.words, ", ")
		if i == 0 {
			p.Visibility, p.Listed = store.Public, true
		}
		list = append(list, p)
	}
	err := s.Tx(t.Context(), func(ctx context.Context, tx *store.Store) error {
		var accounts []store.Account
		for i := range 10 {
			name := fmt.Sprintf("m%d", i+1)
			accounts = append(accounts, store.Account{ID: int64(i + 1), Username: name, UsernameKey: name, Fields: store.JSON[[]store.Field]{V: []store.Field{}}, CreatedAt: 1, UpdatedAt: 1})
		}
		if err := tx.ImportAccounts(ctx, accounts); err != nil {
			return err
		}
		var follows []store.Follow
		for i := range 4 {
			follows = append(follows, store.Follow{ID: int64(i + 1), FollowerID: 1, FolloweeID: int64(i + 2), CreatedAt: 1})
		}
		if err := tx.ImportFollows(ctx, follows); err != nil {
			return err
		}
		if err := tx.AddBlock(ctx, store.Block{ID: 1, AccountID: 1, TargetID: 6, CreatedAt: 1}); err != nil {
			return err
		}
		var rows []store.Post
		for _, p := range list {
			rows = append(rows, p.Post)
		}
		return tx.ImportPosts(ctx, rows)
	})
	if err != nil {
		t.Fatal(err)
	}
	for some := range slices.Chunk(list, 200) {
		ids := make([]int64, len(some))
		for i, p := range some {
			ids[i] = p.ID
		}
		if err := s.Tx(t.Context(), func(ctx context.Context, tx *store.Store) error {
			changed, err := tx.IndexPosts(ctx, ids...)
			if err == nil && changed != len(ids) {
				err = fmt.Errorf("%d of %d posts were indexed", changed, len(ids))
			}
			return err
		}); err != nil {
			t.Fatal(err)
		}
	}
	return list
}

// plainly finds what a search is to find, by looking at every post.
func plainly(list []searchedPost, viewer, author int64, terms []store.SearchTerm, r store.Range) []int64 {
	type hit struct {
		id    int64
		score int
	}
	var hits []hit
	for _, p := range list {
		follows := viewer == 1 && p.AuthorID >= 2 && p.AuthorID <= 5
		blocked := viewer == 1 && p.AuthorID == 6 || viewer == 6 && p.AuthorID == 1
		own := p.AuthorID == viewer
		switch {
		case author != 0 && p.AuthorID != author, blocked, r.Max != 0 && p.ID >= r.Max, p.ID <= r.Min:
			continue
		case p.Kind == store.KindComment && !own:
			continue
		case p.Visibility == store.Followers && !own && !follows:
			continue
		case p.Visibility == store.Unlisted && !own && !follows && author == 0:
			continue
		}
		score, all := 0, true
		for _, term := range terms {
			best := -1
			for _, w := range p.words {
				if w == term.Word {
					best = max(best, 2)
				} else if term.Begins && strings.HasPrefix(w, term.Word) {
					best = max(best, 1)
				}
			}
			score, all = score+best, all && best >= 0
		}
		if all {
			hits = append(hits, hit{p.ID, score})
		}
	}
	slices.SortFunc(hits, func(a, b hit) int { return cmp.Or(cmp.Compare(b.score, a.score), cmp.Compare(b.id, a.id)) })
	var ids []int64
	for _, h := range hits[:min(len(hits), r.Limit)] {
		ids = append(ids, h.id)
	}
	return ids
}

// Every database finds what looking at every post finds, in the same order.
func TestASearchFindsWhatAPlainScanFinds(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func(t testing.TB) *store.Store) {
		s := open(t)
		ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
		defer cancel()
		list := searchSite(t, s, 600)
		rnd := rand.New(rand.NewPCG(7, 9))
		some := 0
		for range 300 {
			var viewer *store.Account
			id := int64(rnd.IntN(8)) // 0: a visitor
			if id != 0 {
				viewer = &store.Account{ID: id}
			}
			var terms []store.SearchTerm
			for range 1 + rnd.IntN(3) {
				word := searchedWords[rnd.IntN(len(searchedWords))]
				if rnd.IntN(4) == 0 {
					word = word[:min(len(word), 3)]
				}
				terms = append(terms, store.SearchTerm{Word: word})
			}
			terms[len(terms)-1].Begins = rnd.IntN(2) == 0
			q := store.PostSearch{Terms: terms, Range: store.Range{Limit: 1 + rnd.IntN(700)}}
			if rnd.IntN(4) == 0 {
				q.AuthorID = int64(1 + rnd.IntN(10))
			}
			if rnd.IntN(4) == 0 {
				q.Max = firstPost + later(rnd.IntN(600))
			}
			if rnd.IntN(4) == 0 {
				q.Min = firstPost + later(rnd.IntN(600))
			}
			want := plainly(list, id, q.AuthorID, terms, q.Range)
			got, err := s.SearchPosts(ctx, viewer, q)
			if err != nil {
				t.Fatal(err)
			}
			if !slices.Equal(got, want) && len(got)+len(want) > 0 {
				t.Fatalf("viewer %d, %+v: found %d posts, want %d\n%v\n%v", id, q, len(got), len(want), got, want)
			}
			some += min(1, len(want))
		}
		if some < 100 {
			t.Errorf("only %d searches were to find anything", some)
		}
	})
}

// The longer words are the same in every dialect, however they are found: the shortest of the first hundred.
func TestLongerWords(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func(t testing.TB) *store.Store) {
		s := open(t)
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		var rows []string
		var all []string
		for i := range 130 {
			word := fmt.Sprintf("ha%03d%s", i, strings.Repeat("x", i*7%5))
			all = append(all, word)
			for n := range []int{1, 2, 63, 64, 65, 150}[i%6] {
				rows = append(rows, fmt.Sprintf("(0, '%s', %d, 1)", word, n+1))
			}
		}
		rows = append(rows, "(0, 'ha', 1, 1)", "(0, 'h', 1, 1)", "(0, 'hb', 1, 1)", "(7, 'ha000a', 1, 1)", "(0, 'hedge', 1, 1)", "(0, 'hedgehog', 1, 1)")
		for part := range slices.Chunk(rows, 1000) {
			if _, err := s.SQL().ExecContext(ctx, "INSERT INTO search_words (scope, word, post_id, fields) VALUES "+strings.Join(part, ",")); err != nil {
				t.Fatal(err)
			}
		}
		first := slices.Clone(all[:100])
		slices.SortStableFunc(first, func(a, b string) int { return len(a) - len(b) })
		for word, want := range map[string][]string{"ha": first[:20], "hedge": {"hedgehog"}, "hedgehog": nil, "ha12": all[120:130]} {
			got, err := s.LongerWords(ctx, word)
			if err != nil {
				t.Fatal(err)
			}
			want = slices.Clone(want)
			slices.SortStableFunc(want, func(a, b string) int { return len(a) - len(b) })
			if !slices.Equal(got, want) {
				t.Errorf("%s: %v, want %v", word, got, want)
			}
		}
	})
}

// A search reads the newest posts with a word, not all; the server counts.
func TestASearchReadsLittle(t *testing.T) { servertest.OnEachFlavour(t, testASearchReadsLittle) }

func testASearchReadsLittle(t *testing.T, f servertest.Flavour) {
	s := storetest.MySQL(t, f.Server(t).NewDatabase(t))
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	searchSite(t, s, 1000)
	for i := range 20 { // many posts with few words, all of which begin with the same
		var rows []string
		for n := range 2000 {
			rows = append(rows, fmt.Sprintf("(0, 'foz%02d', %d, 1)", i, int64(n+1)))
		}
		if _, err := s.SQL().ExecContext(ctx, "INSERT INTO search_words (scope, word, post_id, fields) VALUES "+strings.Join(rows, ",")); err != nil {
			t.Fatal(err)
		}
	}
	for from := 0; from < 20_000; from += 2000 { // words that are rare on average, because of posts for followers
		var rows []string
		for n := range 2000 {
			rows = append(rows, fmt.Sprintf("(%d, 'rare%d', %d, 1)", 1000+n%40, from+n, int64(n+1)))
		}
		if _, err := s.SQL().ExecContext(ctx, "INSERT INTO search_words (scope, word, post_id, fields) VALUES "+strings.Join(rows, ",")); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := s.SQL().ExecContext(ctx, "ANALYZE TABLE posts, accounts, follows, search_words, search_posts"); err != nil {
		t.Fatal(err)
	}
	steps := readSteps(t, ctx, s)
	before := steps()
	words, err := s.LongerWords(ctx, "foz")
	if err != nil {
		t.Fatal(err)
	}
	if n := steps() - before; len(words) != 20 || n > 20*70 { // the first 64 posts with each
		t.Errorf("%d words after %d steps", len(words), n)
	}
	for _, viewer := range []*store.Account{nil, {ID: 1}} {
		for _, tt := range []struct {
			q    store.PostSearch
			most int
		}{
			{store.PostSearch{Terms: []store.SearchTerm{{Word: "fog"}}}, 2500},
			{store.PostSearch{Terms: []store.SearchTerm{{Word: "foz00"}, {Word: "foz01"}, {Word: "nowhere"}}}, 9000},
			{store.PostSearch{Terms: []store.SearchTerm{{Word: "nowhere", Begins: true}}}, 300},
			{store.PostSearch{Terms: []store.SearchTerm{{Word: "foz0", Begins: true}}}, 40000}, // 10 words with 500 posts each, put together and sorted
		} {
			tt.q.Limit = 20
			before := steps()
			if _, err := s.SearchPosts(ctx, viewer, tt.q); err != nil {
				t.Fatal(err)
			}
			if n := steps() - before; n > tt.most {
				t.Errorf("%+v, member %v: %d steps, %d are enough", tt.q.Terms, viewer != nil, n, tt.most)
			}
		}
	}
}
