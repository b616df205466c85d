// Command search measures a search as a page asks for it, with the posts that it shows, at a million posts: words that stand
// in 10, 1,000 and 50,000 of them, alone and together, for visitors and for members who follow 200 others.
//
// It fails where the median of a single word's search is over the goal.
//
//	go run ./bench/search [-posts 1000000] [-dialects sqlite,mariadb,mysql] [-samples 200]
//
// The rows are written by statements of the database, not through the site: each post has one photo and, on average, fifteen
// words, which are spread by Zipf's law over 20,000. One post in 23 is for followers. MariaDB (Debian: mariadb-server) and
// MySQL (in the folder that MYSQL_ROOT names, see .ci/run) are started for the run and end with it.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"tintype/bench/rig"
	"tintype/internal/community"
	"tintype/internal/media"
	"tintype/internal/servertest"
	"tintype/internal/store"
)

var (
	posts    = flag.Int("posts", 1_000_000, "posts of the site")
	dialects = flag.String("dialects", "sqlite,mariadb,mysql", "which databases")
	samples  = flag.Int("samples", 200, "searches for each figure")
)

const (
	members    = 2000
	follows    = 200
	readers    = 10
	vocabulary = 20_000
	each       = 15 // words of a post, on average
	base       = int64(1) << 56
	step       = 5000 // rows that one statement writes: a longer one meets the deadline of the driver on a busy machine
	hidden     = 23   // one post in so many is for followers
)

// A term is a word that every so manieth post has, and longer ones that begin with it. The numbers are prime, so that each
// also meets the others.
type term struct {
	word   string
	every  int
	longer []term
}

var terms = []term{
	{"pier", 99_991, []term{{word: "piers", every: 333_331}}},                                                   // 10 posts
	{"lighthouse", 997, []term{{word: "lighthouses", every: 9973}, {word: "lighthousekeeper", every: 250_007}}}, // 1,000
	{"harbour", 19, []term{{word: "harbours", every: 199}, {word: "harbourmaster", every: 19_997}}},             // 52,600
}

var queries = []string{
	"pier", "lighthouse", "harbour", `"pier"`, `"lighthouse"`, `"harbour"`, "harb", "harbour lighthouse", "harbour pier", "from:member7 harbour", "harbour before:2030",
}

// goal is what the median of a search for one word may take, in however many posts it stands.
const goal = 20 * time.Millisecond

// judged are the searches that have the goal.
var judged = []string{"pier", "lighthouse", "harbour"}

func main() {
	flag.Parse()
	rig.Main(func(t *rig.T) error {
		var missed []string
		for _, dialect := range strings.Split(*dialects, ",") {
			late, err := measure(t, dialect)
			if err != nil {
				return fmt.Errorf("%s: %w", dialect, err)
			}
			missed = append(missed, late...)
		}
		if len(missed) > 0 {
			return fmt.Errorf("over the goal of %v: %s", goal, strings.Join(missed, ", "))
		}
		return nil
	})
}

// measure prints the figures of a database, and returns what misses the goal.
func measure(t *rig.T, dialect string) (missed []string, err error) {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Hour)
	defer cancel()
	url, err := address(t, dialect)
	if err != nil {
		return nil, err
	}
	o := store.Options{URL: func(context.Context) (string, error) { return url, nil }}
	if err := store.NewMigrator(o).Up(ctx); err != nil {
		return nil, err
	}
	db, err := store.Open(ctx, o)
	if err != nil {
		return nil, err
	}
	t.Cleanup(func() { db.Close() })
	files, err := media.NewDisk(t.TempDir())
	if err != nil {
		return nil, err
	}
	begin := time.Now()
	if err := fill(ctx, db); err != nil {
		return nil, err
	}
	t.Logf("%s: filled after %v", dialect, time.Since(begin).Round(time.Second))
	site := community.New(community.Options{Store: db, Media: files, Processor: media.NewProcessor(media.Options{})})
	var people []*store.Account
	for i := range readers {
		acc, err := db.AccountByID(ctx, int64(2+i))
		if err != nil {
			return nil, err
		}
		people = append(people, acc)
	}
	fmt.Printf("Searches on %s: %d posts, %d samples a figure, 20 posts a page\n", dialect, *posts, *samples)
	rows := [][]string{{"search", "found", "member p50", "member p99", "visitor p50", "visitor p99"}}
	for _, q := range queries {
		row := []string{q, ""}
		for _, viewers := range [][]*store.Account{people, {nil}} {
			var times []time.Duration
			found := 0
			for n := range 10 + *samples {
				ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
				from := time.Now()
				list, err := site.SearchPosts(ctx, viewers[n%len(viewers)], community.PostSearch{Text: q})
				took := time.Since(from)
				cancel()
				if err != nil {
					return nil, fmt.Errorf("%s: %w", q, err)
				}
				if n >= 10 { // warm
					times = append(times, took)
				}
				found = len(list)
			}
			slices.Sort(times)
			if p50 := rig.Percentile(times, 0.5); p50 >= goal && slices.Contains(judged, q) {
				who := "members"
				if viewers[0] == nil {
					who = "visitors"
				}
				missed = append(missed, fmt.Sprintf("%s on %s for %s (%s)", q, dialect, who, rig.Millis(p50)))
			}
			row[1] = strconv.Itoa(found)
			row = append(row, rig.Millis(rig.Percentile(times, 0.5)), rig.Millis(rig.Percentile(times, 0.99)))
		}
		rows = append(rows, row)
	}
	rig.Table(rows...)
	fmt.Printf("The goal for p50 of %s is %v.\n\n", strings.Join(judged, ", "), goal)
	return missed, nil
}

func address(t *rig.T, dialect string) (string, error) {
	switch dialect {
	case "sqlite":
		return "sqlite:" + filepath.Join(t.TempDir(), "search.db"), nil
	case "mariadb", "mysql":
		flavour := servertest.FlavourMariaDB
		if dialect == "mysql" {
			flavour = servertest.FlavourMySQL
		}
		server := flavour.Server(t)
		// A server of a site is not as small as those of tests: the pages in use fit into memory.
		for _, q := range []string{"SET GLOBAL innodb_buffer_pool_size = 2147483648", "SET GLOBAL innodb_flush_log_at_trx_commit = 0"} {
			if err := server.Exec(q); err != nil {
				return "", err
			}
		}
		return server.NewDatabase(t), nil
	}
	return "", errors.New("no such dialect")
}

// fill writes the rows. Post n has the id base + n * 65536.
func fill(ctx context.Context, db *store.Store) error {
	exec := func(q string, args ...any) error {
		_, err := db.SQL().ExecContext(ctx, q, args...)
		if err != nil {
			err = fmt.Errorf("%s: %w", q[:min(len(q), 80)], err)
		}
		return err
	}
	if err := exec("CREATE TABLE bench_numbers (n BIGINT NOT NULL PRIMARY KEY)"); err != nil {
		return err
	}
	if err := exec("INSERT INTO bench_numbers (n) VALUES (0)"); err != nil {
		return err
	}
	for have := 1; have < *posts; have += min(have, step) {
		if err := exec("INSERT INTO bench_numbers (n) SELECT n + ? FROM bench_numbers WHERE n < ? AND n + ? < ?", have, step, have, *posts); err != nil {
			return err
		}
	}
	err := db.Tx(ctx, func(ctx context.Context, tx *store.Store) error {
		var people []store.Account
		var followed []store.Follow
		for i := range members {
			name := "member" + strconv.Itoa(i)
			people = append(people, store.Account{ID: int64(1 + i), Username: name, UsernameKey: name, Fields: store.JSON[[]store.Field]{V: []store.Field{}}, CreatedAt: 1, UpdatedAt: 1})
		}
		for r := range readers {
			for k := range follows {
				followed = append(followed, store.Follow{ID: int64(1 + r*follows + k), FollowerID: int64(2 + r), FolloweeID: int64(100 + r + k*7), CreatedAt: 1})
			}
		}
		if err := tx.ImportAccounts(ctx, people); err != nil {
			return err
		}
		return tx.ImportFollows(ctx, followed)
	})
	if err != nil {
		return err
	}
	const (
		author = "(1 + (n * 7919) % 2000)"
		open   = "(CASE WHEN n % 23 = 0 THEN 0 ELSE 1 END)"
		scope  = "(CASE WHEN n % 23 = 0 THEN " + author + " ELSE 0 END)"
	)
	id := fmt.Sprintf("(%d + n * 65536)", base)
	for from := 0; from < *posts; from += step {
		for _, q := range []string{
			"INSERT INTO posts (id, author_id, kind, home, listed, caption, visibility, licence, photos_count, created_at) SELECT " + id + ", " + author + ", 'post', 1, " + open +
				", 'Early light over the water, one more morning in a row, and nobody about.', CASE WHEN n % 23 = 0 THEN 'followers' ELSE 'public' END, 'all-rights-reserved', 1, n" +
				" FROM bench_numbers WHERE n >= ? AND n < ? ORDER BY n",
			"INSERT INTO photos (id, account_id, post_id, purpose, source, state, file_name, media_type, bytes, sha256, orig_random, set_random, set_kind, variants, width, height, description, blurhash," +
				" color_top, color_bottom, metadata, created_at, updated_at, attached_at) SELECT " + id + ", " + author + ", " + id + ", 'post', 'demo', 'ready', '', 'image/jpeg', 1, '', '', 'a0b1c2d3e4f5061728394a5b6c7d8e9f'," +
				` 'pub', '[{"name":"320","w":320,"h":213,"b":11000},{"name":"640","w":640,"h":427,"b":41000},{"name":"1280","w":1280,"h":853,"b":150000},{"name":"square","w":400,"h":400,"b":30000}]',` +
				" 1280, 853, 'Water in the fog', 'LEHV6nWB2yk8pyo0adR*.7kCMdnj', '#99aabb', '#334455', '{}', 1, 1, 1 FROM bench_numbers WHERE n >= ? AND n < ? ORDER BY n",
		} {
			if err := exec(q, from, from+step); err != nil {
				return err
			}
		}
	}
	if err := fillWords(ctx, db, exec, id, scope); err != nil {
		return err
	}
	if err := fillEntries(ctx, db); err != nil {
		return err
	}
	if db.Dialect() == "sqlite" {
		return exec("ANALYZE")
	}
	return exec("ANALYZE TABLE posts, photos, accounts, follows, search_words, search_posts")
}

// fillWords writes the rows of the words, in the order of the key.
func fillWords(ctx context.Context, db *store.Store, exec func(string, ...any) error, id, scope string) error {
	var words []term
	for k := range vocabulary {
		words = append(words, term{word: fmt.Sprintf("%c%c%s", 'a'+k*7%26, 'a'+k*11%26, strconv.FormatInt(int64(k*7919+1000), 36)), every: max(3, (k+1)*7/10)})
	}
	for _, t := range terms {
		words = append(append(words, term{word: t.word, every: t.every}), t.longer...)
	}
	for i := range members {
		words = append(words, term{word: store.AuthorWord(int64(1 + i)), every: -1 - i})
	}
	slices.SortFunc(words, func(a, b term) int { return strings.Compare(a.word, b.word) })
	for _, w := range words {
		every, field := w.every, 1
		first := offset(w.word, every)
		if w.every < 0 { // author 1 + a writes the posts with n * 7919 = a modulo 2000
			every, first, field = members, firstOf(-1-w.every), 0
		}
		n := fmt.Sprintf("(m.n * %d + %d) ", every, first)
		q := "INSERT INTO search_words (scope, word, post_id, fields) SELECT " + strings.ReplaceAll(scope, "n ", n) + ", ?, " + strings.ReplaceAll(id, "n ", n) +
			", ? FROM bench_numbers m WHERE m.n >= ? AND m.n < ? ORDER BY m.n"
		count := (*posts - first + every - 1) / every
		for from := 0; from < count; from += step {
			if err := exec(q, w.word, field, from, min(from+step, count)); err != nil {
				return err
			}
		}
	}
	return nil
}

// firstOf is the first post of the author with the id 1 + a.
func firstOf(a int) int {
	for n := range members {
		if n*7919%members == a {
			return n
		}
	}
	return 0
}

// offset is the first post that has the word.
func offset(word string, step int) int {
	h := 0
	for _, b := range []byte(word) {
		h = (h*31 + int(b)) % 1_000_003
	}
	return h % step
}

// fillEntries writes what search_posts has: the terms that a post has, and as much text as other words make.
func fillEntries(ctx context.Context, db *store.Store) error {
	var all []term
	for _, t := range terms {
		all = append(append(all, term{word: t.word, every: t.every}), t.longer...)
	}
	filler := ""
	for i := range each {
		filler += fmt.Sprintf("word%02dxx:1 ", i)
	}
	for from := 0; from < *posts; from += 1000 {
		var args []any
		n := 0
		for i := from; i < min(from+1000, *posts); i++ {
			author := int64(1 + i*7919%members)
			scope := int64(0)
			if i%hidden == 0 {
				scope = author
			}
			words := filler + store.AuthorWord(author) + ":0"
			for _, t := range all {
				if i%t.every == offset(t.word, t.every) {
					words += " " + t.word + ":1"
				}
			}
			args = append(args, base+int64(i)*65536, scope, words)
			n++
		}
		q := "INSERT INTO search_posts (post_id, scope, words) VALUES " + strings.TrimSuffix(strings.Repeat("(?,?,?),", n), ",")
		if _, err := db.SQL().ExecContext(ctx, q, args...); err != nil {
			return err
		}
	}
	return nil
}
