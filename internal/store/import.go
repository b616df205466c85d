package store

import (
	"context"
	"maps"
	"slices"
	"strings"
)

// The functions here write many rows at once, for demo sites and measurements. The rows come with ids of their own
// (IDAt) and with counters that are right among themselves; AddToAccounts brings the accounts' up to date. All belong
// into a transaction, in batches that end well within its deadline.

// importVars bounds the values of one statement: SQLite takes 32,766.
const importVars = 8000

// insertRows writes n rows with as few statements as importVars allows. values appends one row's to args.
func (s *conn) insertRows(ctx context.Context, table string, columns []string, n int, values func(i int, args []any) []any) error {
	head := "INSERT INTO " + table + " (`" + strings.Join(columns, "`, `") + "`) VALUES "
	each := importVars / len(columns)
	row := placeholders(len(columns))
	full := ""
	conn := s.write(ctx).Statement.ConnPool // gorm would parse the statement once more for every placeholder
	args := make([]any, 0, min(n, each)*len(columns))
	for from := 0; from < n; from += each {
		to := min(from+each, n)
		args = args[:0]
		for i := from; i < to; i++ {
			args = values(i, args)
		}
		q := ""
		if to-from == each && full != "" {
			q = full
		} else {
			q = head + strings.Repeat(row+",", to-from-1) + row
			if to-from == each {
				full = q
			}
		}
		if _, err := conn.ExecContext(ctx, q, args...); err != nil {
			return translate(err)
		}
	}
	return nil
}

// ImportAccounts inserts accounts as they are, their keys and times included.
func (s *conn) ImportAccounts(ctx context.Context, list []Account) error {
	for i := range list {
		s.owners.newAccount(list[i].ID)
	}
	err := s.insertRows(ctx, "accounts", []string{
		"id", "username", "username_key", "email", "email_key", "password_hash", "display_name", "note", "fields", "avatar_photo_id",
		"header_photo_id", "locked", "role", "created_at", "updated_at",
	}, len(list), func(i int, args []any) []any {
		a := &list[i]
		return append(args, a.ID, a.Username, a.UsernameKey, a.Email, a.EmailKey, a.PasswordHash, a.DisplayName, a.Note, a.Fields, a.AvatarPhotoID,
			a.HeaderPhotoID, a.Locked, a.Role, a.CreatedAt, a.UpdatedAt)
	})
	if err != nil {
		return err
	}
	type nameWord struct {
		word string
		id   int64
	}
	var words []nameWord
	for i := range list {
		for _, word := range slices.Compact(slices.Sorted(indexWords(list[i].DisplayName))) {
			words = append(words, nameWord{word, list[i].ID})
		}
	}
	return s.insertInParts(ctx, "account_words", []string{"word", "account_id"}, len(words), func(i int, args []any) []any {
		return append(args, words[i].word, words[i].id)
	})
}

// ImportFollows inserts follows.
func (s *conn) ImportFollows(ctx context.Context, list []Follow) error {
	return s.insertRows(ctx, "follows", []string{"id", "follower_id", "followee_id", "created_at"}, len(list), func(i int, args []any) []any {
		f := &list[i]
		return append(args, f.ID, f.FollowerID, f.FolloweeID, f.CreatedAt)
	})
}

// ImportPosts inserts posts and comments. The parent of a comment comes before it.
func (s *conn) ImportPosts(ctx context.Context, list []Post) error {
	for i := range list {
		s.owners.newPost(list[i].ID)
	}
	return s.insertRows(ctx, "posts", []string{
		"id", "author_id", "kind", "home", "listed", "root_id", "in_reply_to_id", "in_reply_to_author_id", "caption", "warning", "sensitive", "visibility",
		"licence", "show_exif", "language", "photos_count", "likes_count", "boosts_count", "comments_count", "created_at",
	}, len(list), func(i int, args []any) []any {
		p := &list[i]
		return append(args, p.ID, p.AuthorID, p.Kind, p.Home, p.Listed, p.RootID, p.InReplyToID, p.InReplyToAuthorID, p.Caption, p.Warning, p.Sensitive,
			string(p.Visibility), p.Licence, p.ShowExif, p.Language, p.PhotosCount, p.LikesCount, p.BoostsCount, p.CommentsCount, p.CreatedAt)
	})
}

// ImportPhoto is a photo whose lists are JSON already, because many rows share them.
type ImportPhoto struct {
	Photo
	VariantsJSON, MetadataJSON string
}

// ImportPhotos inserts photos.
func (s *conn) ImportPhotos(ctx context.Context, list []ImportPhoto) error {
	for i := range list {
		if err := s.photoChanged(&list[i].Photo); err != nil {
			return err
		}
	}
	return s.insertRows(ctx, "photos", []string{
		"id", "account_id", "post_id", "purpose", "source", "position", "state", "file_name", "media_type", "bytes", "sha256", "orig_random", "set_random",
		"set_kind", "variants", "width", "height", "focus_x", "focus_y", "description", "blurhash", "color_top", "color_bottom", "profile", "animated",
		"metadata", "created_at", "updated_at", "attached_at",
	}, len(list), func(i int, args []any) []any {
		p := &list[i]
		return append(args, p.ID, p.AccountID, p.PostID, p.Purpose, p.Source, p.Position, p.State, p.FileName, p.MediaType, p.Bytes, p.SHA256, p.OrigRandom,
			p.SetRandom, p.SetKind, p.VariantsJSON, p.Width, p.Height, p.FocusX, p.FocusY, p.Description, p.Blurhash, p.ColorTop, p.ColorBottom, p.Profile,
			p.Animated, p.MetadataJSON, p.CreatedAt, p.UpdatedAt, p.AttachedAt)
	})
}

// ImportLikes inserts likes.
func (s *conn) ImportLikes(ctx context.Context, list []Like) error {
	return s.importMarks(ctx, "likes", list)
}

// ImportBoosts inserts boosts. CreatedAt of each is the millisecond of its id.
func (s *conn) ImportBoosts(ctx context.Context, list []Boost) error {
	likes := make([]Like, len(list))
	for i, b := range list {
		likes[i] = Like(b)
	}
	return s.importMarks(ctx, "boosts", likes)
}

// ImportBookmarks inserts bookmarks, which have a like's columns.
func (s *conn) ImportBookmarks(ctx context.Context, list []Like) error {
	return s.importMarks(ctx, "bookmarks", list)
}

// importMarks inserts what accounts do to posts into one of the tables that are alike.
func (s *conn) importMarks(ctx context.Context, table string, list []Like) error {
	return s.insertRows(ctx, table, []string{"id", "account_id", "post_id", "created_at"}, len(list), func(i int, args []any) []any {
		l := &list[i]
		return append(args, l.ID, l.AccountID, l.PostID, l.CreatedAt)
	})
}

// ImportNotifications inserts notifications.
func (s *conn) ImportNotifications(ctx context.Context, list []Notification) error {
	return s.insertRows(ctx, "notifications", []string{"id", "account_id", "kind", "from_id", "post_id", "created_at"}, len(list), func(i int, args []any) []any {
		n := &list[i]
		return append(args, n.ID, n.AccountID, n.Kind, n.FromID, n.PostID, n.CreatedAt)
	})
}

// ImportTag is a tag that a post has.
type ImportTag struct{ TagID, PostID int64 }

// ImportPostTags inserts what tags posts have.
func (s *conn) ImportPostTags(ctx context.Context, list []ImportTag) error {
	return s.insertRows(ctx, "post_tags", []string{"tag_id", "post_id"}, len(list), func(i int, args []any) []any {
		return append(args, list[i].TagID, list[i].PostID)
	})
}

// AccountDelta is what to add to an account's counters. LastPostAt is the millisecond of a post's id and only moves
// forward; 0 leaves it.
type AccountDelta struct {
	Followers, Following int
	Posts, Comments      int // open to everybody
	LastPostAt           Millis
	LastBoostAt          Millis
}

// AddToAccounts changes the counters of many accounts, in ascending order of ids. Call it last in a transaction.
func (s *conn) AddToAccounts(ctx context.Context, deltas map[int64]AccountDelta) error {
	const most = 100 // the server looks each row up in the whole CASE
	conn := s.write(ctx).Statement.ConnPool
	for ids := range slices.Chunk(slices.Sorted(maps.Keys(deltas)), most) {
		when := strings.Repeat(" WHEN ? THEN ?", len(ids))
		var args []any
		for _, of := range []func(AccountDelta) any{
			func(d AccountDelta) any { return d.Followers },
			func(d AccountDelta) any { return d.Following },
			func(d AccountDelta) any { return d.Posts },
			func(d AccountDelta) any { return d.Posts },
			func(d AccountDelta) any { return d.Comments },
			func(d AccountDelta) any { return d.Comments },
			func(d AccountDelta) any { return d.LastPostAt },
			func(d AccountDelta) any { return d.LastBoostAt },
		} {
			for _, id := range ids {
				args = append(args, id, of(deltas[id]))
			}
		}
		for _, id := range ids {
			args = append(args, id)
		}
		_, err := conn.ExecContext(ctx, "UPDATE accounts SET followers_count = followers_count + CASE id"+when+" ELSE 0 END,"+
			" following_count = following_count + CASE id"+when+" ELSE 0 END, posts_count = posts_count + CASE id"+when+" ELSE 0 END,"+
			" open_posts_count = open_posts_count + CASE id"+when+" ELSE 0 END, comments_count = comments_count + CASE id"+when+" ELSE 0 END,"+
			" open_comments_count = open_comments_count + CASE id"+when+" ELSE 0 END,"+
			" last_post_at = NULLIF("+s.dialect.greatest("COALESCE(last_post_at, 0)", "CASE id"+when+" ELSE 0 END")+", 0),"+
			" last_boost_at = NULLIF("+s.dialect.greatest("COALESCE(last_boost_at, 0)", "CASE id"+when+" ELSE 0 END")+", 0)"+
			" WHERE id IN "+placeholders(len(ids)), args...)
		if err != nil {
			return translate(err)
		}
	}
	return nil
}

// UsernameKeys returns all of them, retired ones included, for callers that make up names in bulk.
func (s *conn) UsernameKeys(ctx context.Context) (map[string]bool, error) {
	rows, err := s.query(ctx, "SELECT username_key FROM accounts UNION SELECT username_key FROM retired_usernames")
	if err != nil {
		return nil, err
	}
	keys := map[string]bool{}
	for rows.next() {
		keys[rows.text()] = true
	}
	return keys, rows.done()
}

// AccountsOutside counts the accounts whose address is not in this domain. It is 0 for a site that holds only what the
// demo made.
func (s *conn) AccountsOutside(ctx context.Context, domain string) (int, error) {
	rows, err := s.query(ctx, "SELECT COUNT(*) FROM accounts WHERE deleted_at IS NULL AND email NOT LIKE ?", "%@"+domain)
	if err != nil {
		return 0, err
	}
	n := 0
	for rows.next() {
		n = int(rows.int())
	}
	return n, rows.done()
}
