// Command home measures the home feed as it is loaded for a page, with photos, authors, tags and likes, on a small and a
// large database: the point is that its time does not grow with the posts. The members post by Zipf's law; the
// readers follow 500 of them at random, the 500 quietest, or all; pages 1 and 21 are read. Page 1 is also read by the API,
// of the program as a process of its own.
//
//	go run ./bench/home [-small 10000] [-large 1000000] [-accounts 2000] [-dialects sqlite,mariadb,mysql] [-samples 300] [-keep DIR] [-server URL]
//
// Filling a million posts takes minutes on each dialect. With -keep the SQLite files stay in the folder and are used
// again, as is what lies on a -server. MariaDB (Debian: mariadb-server) and MySQL (in the folder that MYSQL_ROOT names, see
// .ci/run) are started for the run and end with it.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"tintype/bench/rig"
	"tintype/internal/community"
	"tintype/internal/demo"
	"tintype/internal/media"
	"tintype/internal/servertest"
	"tintype/internal/store"
)

var (
	small    = flag.Int("small", 10_000, "posts of the small database")
	large    = flag.Int("large", 1_000_000, "posts of the large database")
	accounts = flag.Int("accounts", 2_000, "members who post")
	dialects = flag.String("dialects", "sqlite,mariadb,mysql", "which databases")
	samples  = flag.Int("samples", 300, "pages read for each figure")
	keep     = flag.String("keep", "", "folder in which the SQLite files stay")
	server   = flag.String("server", "", "mysql://user:password@host:port of a server to use and leave filled, instead of one of this run's own; its databases home_ACCOUNTS_POSTS must exist")
)

// readersOfAKind is over how many readers of each kind the samples are spread.
const readersOfAKind = 5

const pageSize = 20

const readerPassword = "for the bench"

func main() {
	flag.Parse()
	rig.Main(func(t *rig.T) error {
		for _, dialect := range strings.Split(*dialects, ",") {
			if err := measure(t, dialect); err != nil {
				return fmt.Errorf("%s: %w", dialect, err)
			}
		}
		return nil
	})
}

// side is one of the two databases of a dialect.
type side struct {
	site    *community.Community
	readers map[string][]*store.Account
	cursors map[int64]int64 // of page 21, by reader
	deepest map[string]int  // the page that stands for page 21, by kind
	times   map[string][]time.Duration
}

var kinds = []string{"500 at random", "500 quietest", "all"}

func measure(t *rig.T, dialect string) error {
	sides := make([]*side, 2)
	var quietest []string
	var largest string
	// The same seed makes the same members. Who is quiet shows in the large database: in the small one chance alone
	// leaves hundreds without a post.
	for i, posts := range []int{*large, *small} {
		url, err := address(t, dialect, posts)
		if err != nil {
			return err
		}
		if i == 0 {
			largest = url
		}
		if sides[1-i], err = open(t, url, posts, &quietest); err != nil {
			return err
		}
	}
	// Both sides take turns, so that whatever else the machine does meets both.
	const warm = 30
	for n := range warm + *samples {
		for _, kind := range kinds {
			for page := 1; page <= 21; page += 20 {
				for _, s := range sides {
					reader := s.readers[kind][n%readersOfAKind]
					p := community.Cursor{Limit: pageSize}
					if page > 1 {
						p.MaxID = s.cursors[reader.ID]
					}
					took, err := s.read(reader, p)
					if err != nil {
						return err
					}
					if n >= warm {
						cell := fmt.Sprint(kind, page)
						s.times[cell] = append(s.times[cell], took)
					}
				}
			}
		}
	}
	fmt.Printf("Home feed on %s: %d members, %d against %d posts, %d samples a figure\n", dialect, *accounts, *small, *large, *samples)
	rows := [][]string{{"follows", "page", "p50 small", "p50 large", "ratio (goal 1.3)", "p99 small", "p99 large", "ratio (goal 1.5)"}}
	for _, kind := range kinds {
		for page := 1; page <= 21; page += 20 {
			name := fmt.Sprint(page)
			if deep := sides[0].deepest[kind]; page > 1 && deep < page {
				name = fmt.Sprintf("21 (small: %d)", deep)
			}
			row := []string{kind, name}
			for _, share := range []float64{0.5, 0.99} {
				var of [2]time.Duration
				for i, s := range sides {
					times := s.times[fmt.Sprint(kind, page)]
					slices.Sort(times)
					of[i] = rig.Percentile(times, share)
				}
				row = append(row, rig.Millis(of[0]), rig.Millis(of[1]), fmt.Sprintf("%.2f", float64(of[1])/float64(of[0])))
			}
			rows = append(rows, row)
		}
	}
	rig.Table(rows...)
	fmt.Println()
	return byAPI(t, largest)
}

func (s *side) read(reader *store.Account, p community.Cursor) (time.Duration, error) {
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	begin := time.Now()
	posts, err := s.site.HomeFeed(ctx, reader, p)
	took := time.Since(begin)
	if err == nil && len(posts) != pageSize {
		err = fmt.Errorf("a page has %d posts", len(posts))
	}
	return took, err
}

// address is where the database of this size is, or is to be.
func address(t *rig.T, dialect string, posts int) (string, error) {
	switch dialect {
	case "sqlite":
		dir := *keep
		if dir == "" {
			dir = t.TempDir()
		}
		if err := os.MkdirAll(dir, 0o750); err != nil {
			return "", err
		}
		return "sqlite:" + filepath.Join(dir, fmt.Sprintf("home-%d-%d.db", *accounts, posts)), nil
	case "mariadb", "mysql":
		if *server != "" {
			return fmt.Sprintf("%s/home_%d_%d", *server, *accounts, posts), nil
		}
		flavour := servertest.FlavourMariaDB
		if dialect == "mysql" {
			flavour = servertest.FlavourMySQL
		}
		server := flavour.Server(t)
		// A server of a site is not as small as those of tests: the pages in use fit into memory.
		if err := server.Exec("SET GLOBAL innodb_buffer_pool_size = 2147483648"); err != nil {
			return "", err
		}
		return server.NewDatabase(t), nil
	}
	return "", errors.New("no such dialect")
}

// open fills the database unless it is full already, and makes the readers.
func open(t *rig.T, url string, posts int, quietest *[]string) (*side, error) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Hour)
	defer cancel()
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
	site := community.New(community.Options{Store: db, Media: files, Processor: media.NewProcessor(media.Options{})})
	s := &side{site: site, readers: map[string][]*store.Account{}, cursors: map[int64]int64{}, deepest: map[string]int{}, times: map[string][]time.Duration{}}
	const done = "bench_home"
	if _, err := db.SiteInfo(ctx, done); errors.Is(err, store.ErrNotFound) {
		begin := time.Now()
		o := demo.Options{Community: site, Accounts: *accounts, Posts: posts, Pictures: 4, Likes: 0.5, Comments: 0.05, Seed: 1, Password: readerPassword}
		o.Progress = func(stage string, n, total int) {
			if stage == "posts" && (n%100_000 == 0 || n == total) {
				t.Logf("%s: %d of %d posts after %v", db.Dialect(), n, total, time.Since(begin).Round(time.Second))
			}
		}
		if _, err := demo.Fill(ctx, o); err != nil {
			return nil, err
		}
		if *quietest == nil {
			if *quietest, err = byPosts(ctx, db); err != nil {
				return nil, err
			}
		}
		hash, err := site.HashPassword(ctx, readerPassword)
		if err != nil {
			return nil, err
		}
		if err := addReaders(ctx, db, *quietest, hash); err != nil {
			return nil, err
		}
		if err := db.SetSiteInfo(ctx, done, "1"); err != nil {
			return nil, err
		}
	} else if err != nil {
		return nil, err
	} else if *quietest == nil {
		if *quietest, err = byPosts(ctx, db); err != nil {
			return nil, err
		}
	}
	for k, kind := range kinds {
		s.deepest[kind] = 21
		for i := range readersOfAKind {
			reader, err := db.AccountByUsername(ctx, readerName(k, i))
			if err != nil {
				return nil, err
			}
			s.readers[kind] = append(s.readers[kind], reader)
			if err := s.walk(ctx, kind, reader); err != nil {
				return nil, err
			}
		}
	}
	return s, nil
}

// walk finds where page 21 begins. The quietest members of a small site may not have written as much: then the last
// full page stands in for it, which the table says.
func (s *side) walk(ctx context.Context, kind string, reader *store.Account) error {
	page, before := community.Cursor{Limit: pageSize}, int64(0)
	for n := 1; n <= 21; n++ {
		posts, err := s.site.HomeFeed(ctx, reader, page)
		if err != nil {
			return err
		}
		if len(posts) < pageSize {
			s.deepest[kind] = min(s.deepest[kind], n-1)
			if n < 3 {
				return fmt.Errorf("a reader of %s has less than two pages: more posts are needed", kind)
			}
			break
		}
		before = page.MaxID
		page.MaxID = posts[len(posts)-1].ID
	}
	s.cursors[reader.ID] = before
	return nil
}

func readerName(kind, i int) string { return fmt.Sprintf("reader_%d_%d", kind, i) }

// byPosts are the usernames of the members, who posts least first.
func byPosts(ctx context.Context, db *store.Store) ([]string, error) {
	rows, err := db.SQL().QueryContext(ctx, "SELECT username FROM accounts WHERE username NOT LIKE 'reader%' ORDER BY posts_count, id")
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var names []string
	for rows.Next() {
		var name string
		if err := rows.Scan(&name); err != nil {
			return nil, err
		}
		names = append(names, name)
	}
	return names, rows.Err()
}

// addReaders makes the readers and their follows.
func addReaders(ctx context.Context, db *store.Store, names []string, passwordHash string) error {
	found, err := db.AccountsByUsername(ctx, names)
	if err != nil {
		return err
	}
	ids := make(map[string]int64, len(found))
	for _, a := range found {
		ids[a.Username] = a.ID
	}
	var quietest []int64
	for _, name := range names {
		id, ok := ids[name]
		if !ok {
			return errors.New("the two databases have different members; remove the files that were kept")
		}
		quietest = append(quietest, id)
	}
	rnd := rand.New(rand.NewPCG(1, 2))
	now := store.ToMillis(time.Now())
	for k := range kinds {
		for i := range readersOfAKind {
			some := slices.Clone(quietest)
			switch k {
			case 0:
				rnd.Shuffle(len(some), func(i, j int) { some[i], some[j] = some[j], some[i] })
				some = some[:min(500, len(some))]
			case 1:
				some = some[:min(500, len(some))]
			}
			name := readerName(k, i)
			me := store.Account{ID: db.NewID(), Username: name, UsernameKey: store.Fold(name), Email: name + "@" + demo.Domain, PasswordHash: passwordHash, Role: store.RoleMember, CreatedAt: now, UpdatedAt: now,
				Fields: store.JSON[[]store.Field]{V: []store.Field{}}}
			err := db.Tx(ctx, func(ctx context.Context, tx *store.Store) error {
				var follows []store.Follow
				deltas := map[int64]store.AccountDelta{me.ID: {Following: len(some)}}
				for _, id := range some {
					follows = append(follows, store.Follow{ID: db.NewID(), FollowerID: me.ID, FolloweeID: id, CreatedAt: now})
					deltas[id] = store.AccountDelta{Followers: 1}
				}
				if err := tx.ImportAccounts(ctx, []store.Account{me}); err != nil {
					return err
				}
				if err := tx.ImportFollows(ctx, follows); err != nil {
					return err
				}
				return tx.AddToAccounts(ctx, deltas)
			})
			if err != nil {
				return err
			}
		}
	}
	return nil
}
