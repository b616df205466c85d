package community

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strconv"
	"time"

	"tintype/internal/archive"
	"tintype/internal/store"
)

// albums writes the member's albums with the names of the member's own photographs in them.
func (x *exportWriter) albums(ctx context.Context) error {
	return x.jsonList(archive.AlbumsFile, func(add func(any) error) error {
		for r := (store.Range{Limit: exportRows}); ; {
			list, err := x.c.Store.AlbumsOf(ctx, x.acc, x.acc.ID, r)
			if err != nil || len(list) == 0 {
				return err
			}
			r.Max = list[len(list)-1].ID
			for _, al := range list {
				out := archive.Album{Title: al.Title, Description: al.Description, Visibility: string(al.Visibility), CreatedAt: al.CreatedAt.Time(), Photos: []string{}}
				if err := x.albumForm(ctx, al, &out); err != nil {
					return err
				}
				for skip := 0; ; skip += exportRows {
					refs, err := x.c.Store.AlbumPhotos(ctx, x.acc, al, skip, exportRows)
					if err != nil {
						return err
					}
					var ids []int64
					for _, ref := range refs {
						if ref.Post.AuthorID == x.acc.ID {
							ids = append(ids, ref.PhotoID)
						}
					}
					photos, err := x.c.Store.PhotosByID(ctx, ids)
					if err != nil {
						return err
					}
					byID := map[int64]string{}
					for _, ph := range photos {
						byID[ph.ID] = exportFile(ph)
					}
					for _, id := range ids {
						if byID[id] != "" {
							out.Photos = append(out.Photos, byID[id])
						}
					}
					if len(refs) < exportRows {
						break
					}
				}
				if err := add(out); err != nil {
					return err
				}
			}
		}
	})
}

// albumForm fills in what the owner decided of an album.
func (x *exportWriter) albumForm(ctx context.Context, al *store.Album, out *archive.Album) error {
	out.Adders, out.Order = al.Adders, al.Ordering
	if al.EndsAt != nil {
		out.LastDay = al.EndsAt.Time().AddDate(0, 0, -1).Format(time.DateOnly)
	}
	if al.CoverPhotoID != nil {
		photos, err := x.c.Store.PhotosByID(ctx, []int64{*al.CoverPhotoID})
		if err != nil {
			return err
		}
		for _, ph := range photos {
			if ph.AccountID == x.acc.ID {
				out.Cover = exportFile(ph)
			}
		}
	}
	ids, err := x.c.Store.AlbumMemberIDs(ctx, al.ID, MaxAlbumInvited)
	if err != nil {
		return err
	}
	names, err := x.names(ctx, ids)
	out.Invited = slices.Sorted(maps.Values(names))
	return err
}

// announcementComments writes what the member said below announcements.
func (x *exportWriter) announcementComments(ctx context.Context) error {
	return x.jsonList("data/announcement_comments.json", func(add func(any) error) error {
		for r := (store.Range{Limit: exportRows}); ; {
			list, err := x.c.Store.CommentsOnAnnouncementsBy(ctx, x.acc.ID, r)
			if err != nil || len(list) == 0 {
				return err
			}
			r.Max = list[len(list)-1].ID
			for _, c := range list {
				if err := add(archive.AnnouncementComment{URL: x.c.AnnouncementURL(c.AnnouncementID), Text: c.Text, CreatedAt: c.CreatedAt.Time()}); err != nil {
					return err
				}
			}
		}
	})
}

// heldPosts writes the posts that wait for a moderator, and those that were not published. Published ones are among the posts.
func (x *exportWriter) heldPosts(ctx context.Context) error {
	rows, err := x.c.Store.HeldPostsOf(ctx, x.acc.ID, 5*maxHeldOf)
	if err != nil {
		return err
	}
	return x.jsonList("data/held_posts.json", func(add func(any) error) error {
		for _, row := range rows {
			h, err := x.c.loadHeld(store.Primary(ctx), row)
			if err != nil {
				return err
			}
			p := h.Post
			out := archive.HeldPost{
				ID: strconv.FormatInt(h.ID, 10), CreatedAt: h.CreatedAt.Time(), Why: []string{}, State: h.State, Words: h.Words, Visibility: string(p.Visibility), Caption: p.Caption,
				Warning: p.Warning, Sensitive: p.Sensitive, Licence: p.Licence, ShowExif: p.ShowExif, Language: p.Language, CommentsFrom: string(p.CommentsFrom), Photos: []archive.Photo{},
			}
			out.Tags, _ = x.c.Extract(p.Caption)
			if h.DecidedAt != nil {
				at := h.DecidedAt.Time()
				out.DecidedAt = &at
			}
			if p.InReplyToID != nil {
				out.InReplyTo = x.c.BaseURL + "/posts/" + strconv.FormatInt(*p.InReplyToID, 10)
			}
			for _, why := range h.Why {
				text := why.Kind
				if why.Kind == HeldWord {
					text += ": " + why.Text
				}
				out.Why = append(out.Why, text)
			}
			for _, ph := range p.Photos {
				out.Photos = append(out.Photos, exportPhoto(ph))
			}
			if err := add(out); err != nil {
				return err
			}
		}
		return nil
	})
}

// marks writes what the member liked and the like: whose posts these are and where, never what they say. Those that the
// member may not see any more are left out.
func (x *exportWriter) marks(ctx context.Context) error {
	for _, m := range []struct {
		name string
		list func(context.Context, *store.Account, store.Range) ([]store.RowPost, error)
	}{
		{"likes", x.c.Store.LikedPosts}, {"bookmarks", x.c.Store.BookmarkedPosts}, {"boosts", x.c.Store.BoostedPosts}, {"pins", x.c.Store.PinnedByAccount},
		{"muted_conversations", x.c.Store.MutedConversations},
	} {
		err := x.jsonList("data/"+m.name+".json", func(add func(any) error) error {
			for r := (store.Range{Limit: exportRows}); ; {
				rows, err := m.list(ctx, x.acc, r)
				if err != nil || len(rows) == 0 {
					return err
				}
				r.Max = rows[len(rows)-1].RowID
				var ids []int64
				for _, row := range rows {
					ids = append(ids, row.PostID)
				}
				posts, err := x.c.Store.PostsByID(ctx, x.acc, ids)
				if err != nil {
					return err
				}
				var authors []int64
				byID := map[int64]*store.Post{}
				for i := range posts {
					byID[posts[i].ID] = &posts[i]
					authors = append(authors, posts[i].AuthorID)
				}
				names, err := x.names(ctx, authors)
				if err != nil {
					return err
				}
				for _, row := range rows {
					p := byID[row.PostID]
					if p == nil || names[p.AuthorID] == "" {
						continue
					}
					if err := add(archive.Mark{URL: x.address(p, names[p.AuthorID]), Author: names[p.AuthorID], CreatedAt: store.IDTime(row.RowID)}); err != nil {
						return err
					}
				}
			}
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// names are the usernames of active accounts.
func (x *exportWriter) names(ctx context.Context, ids []int64) (map[int64]string, error) {
	accounts, err := x.c.Store.AccountsByID(ctx, ids)
	names := make(map[int64]string, len(accounts))
	for _, a := range accounts {
		if a.Active() {
			names[a.ID] = a.Username
		}
	}
	return names, err
}

func (x *exportWriter) people(ctx context.Context) error {
	id := x.acc.ID
	of := func(list func(context.Context, int64, *store.Account, store.Range) ([]store.RowAccount, error)) func(context.Context, store.Range) ([]store.RowAccount, error) {
		return func(ctx context.Context, r store.Range) ([]store.RowAccount, error) { return list(ctx, id, x.acc, r) }
	}
	by := func(list func(context.Context, int64, store.Range) ([]store.RowAccount, error)) func(context.Context, store.Range) ([]store.RowAccount, error) {
		return func(ctx context.Context, r store.Range) ([]store.RowAccount, error) { return list(ctx, id, r) }
	}
	for _, l := range []struct {
		name string
		list func(context.Context, store.Range) ([]store.RowAccount, error)
	}{
		{"following", of(x.c.Store.FollowedBy)}, {"followers", of(x.c.Store.FollowersOf)}, {"follow_requests_sent", by(x.c.Store.FollowsAskedBy)},
		{"blocks", by(x.c.Store.BlockedBy)}, {"mutes", by(x.c.Store.MutedBy)}, {"notes", by(x.c.Store.NotedBy)},
	} {
		err := x.jsonList("data/"+l.name+".json", func(add func(any) error) error {
			for r := (store.Range{Limit: exportRows}); ; {
				rows, err := l.list(ctx, r)
				if err != nil || len(rows) == 0 {
					return err
				}
				r.Max = rows[len(rows)-1].RowID
				var ids []int64
				for _, row := range rows {
					ids = append(ids, row.AccountID)
				}
				names, err := x.names(ctx, ids)
				if err != nil {
					return err
				}
				ends, notes := map[int64]store.Millis{}, map[int64]string{}
				switch l.name {
				case "mutes":
					ends, err = x.c.Store.MuteEnds(ctx, id, ids)
				case "notes":
					var about []store.Relationship
					about, err = x.c.Store.Relationships(ctx, id, ids)
					for _, r := range about {
						notes[r.ID] = r.Note
					}
				}
				if err != nil {
					return err
				}
				for _, row := range rows {
					name := names[row.AccountID]
					if name == "" {
						continue
					}
					p := archive.Person{Username: name, URL: x.c.BaseURL + "/@" + name, CreatedAt: store.IDTime(row.RowID), Note: notes[row.AccountID]}
					if at, ok := ends[row.AccountID]; ok {
						t := at.Time()
						p.EndsAt = &t
					}
					if err := add(p); err != nil {
						return err
					}
				}
			}
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// lists writes the lists, with those of their members who are here.
func (x *exportWriter) lists(ctx context.Context) error {
	lists, err := x.c.Store.ListsOf(ctx, x.acc.ID)
	if err != nil {
		return err
	}
	out := []archive.List{}
	for _, l := range lists {
		ids, err := x.c.Store.ListMemberIDs(ctx, l.ID)
		if err != nil {
			return err
		}
		names, err := x.names(ctx, ids)
		if err != nil {
			return err
		}
		out = append(out, archive.List{Title: l.Title, Exclusive: l.Exclusive, Members: slices.AppendSeq([]string{}, maps.Values(names))})
		slices.Sort(out[len(out)-1].Members)
	}
	return x.json("data/lists.json", out)
}

// filters writes the filters, with the addresses of those posts that they name and the member may see.
func (x *exportWriter) filters(ctx context.Context) error {
	own, err := x.c.Filters(x.acc)
	if err != nil {
		return err
	}
	out := []archive.Filter{}
	for _, f := range own {
		to := archive.Filter{Title: f.Title, Hide: f.Hide, Contexts: []string{}, Keywords: []archive.FilterWord{}, Posts: []string{}}
		for _, c := range f.Contexts {
			to.Contexts = append(to.Contexts, string(c))
		}
		if f.ExpiresAt != nil {
			t := f.ExpiresAt.Time()
			to.EndsAt = &t
		}
		for _, k := range f.Keywords {
			to.Keywords = append(to.Keywords, archive.FilterWord{Keyword: k.Keyword, WholeWord: k.WholeWord})
		}
		var ids []int64
		for _, p := range f.Posts {
			ids = append(ids, p.PostID)
		}
		posts, err := x.c.Store.PostsByID(ctx, x.acc, ids)
		if err != nil {
			return err
		}
		var authors []int64
		for i := range posts {
			authors = append(authors, posts[i].AuthorID)
		}
		names, err := x.names(ctx, authors)
		if err != nil {
			return err
		}
		for i := range posts {
			if name := names[posts[i].AuthorID]; name != "" {
				to.Posts = append(to.Posts, x.address(&posts[i], name))
			}
		}
		out = append(out, to)
	}
	return x.json("data/filters.json", out)
}

// rest writes the followed tags, and what waits to be posted.
func (x *exportWriter) rest(ctx context.Context) error {
	err := x.jsonList("data/followed_tags.json", func(add func(any) error) error {
		for r := (store.Range{Limit: exportRows}); ; {
			rows, err := x.c.Store.FollowedTags(ctx, x.acc, r)
			if err != nil || len(rows) == 0 {
				return err
			}
			r.Max = rows[len(rows)-1].RowID
			for _, row := range rows {
				if err := add(row.Tag.Name); err != nil {
					return err
				}
			}
		}
	})
	if err != nil {
		return err
	}
	draft, err := x.c.Store.DraftOf(ctx, x.acc.ID)
	if errors.Is(err, store.ErrNotFound) {
		draft, err = &store.Draft{}, nil
	}
	if err != nil {
		return err
	}
	waiting, err := x.c.Store.PhotosWaiting(ctx, x.acc.ID, 2*MaxUnattached)
	if err != nil {
		return err
	}
	photos := []archive.Photo{}
	for _, ph := range waiting {
		if ph.State == store.PhotoReady {
			photos = append(photos, exportPhoto(ph))
		}
	}
	return x.json("data/draft.json", map[string]any{"caption": draft.Caption, "warning": draft.Warning, "photos": photos})
}
