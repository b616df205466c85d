package store_test

import (
	"context"
	"reflect"
	"slices"
	"testing"
	"time"

	"tintype/internal/store"
	"tintype/internal/store/storetest"
)

// sameFields compares two rows field by field, but for those left out.
func sameFields[T any](t *testing.T, what string, got, want *T, without ...string) {
	t.Helper()
	g, w := reflect.ValueOf(got).Elem(), reflect.ValueOf(want).Elem()
	for i := range g.NumField() {
		name := g.Type().Field(i).Name
		if !slices.Contains(without, name) && !reflect.DeepEqual(g.Field(i).Interface(), w.Field(i).Interface()) {
			t.Errorf("%s: %s is %#v, and was written as %#v", what, name, g.Field(i).Interface(), w.Field(i).Interface())
		}
	}
}

// Whatever a row holds comes out of every read as it was written, each value in its own field.
func TestRowsAreReadAsWritten(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func(t testing.TB) *store.Store) {
		s := open(t)
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		must := func(err error) {
			t.Helper()
			if err != nil {
				t.Fatal(err)
			}
		}
		const high = int64(1) << 60
		author := store.Account{
			ID: high + 1, Username: "ann", UsernameKey: "ann", DisplayName: "Ann  of 2 words ", Note: "  a note\nof 3 lines\n", Role: store.RoleAdmin, Locked: true, Bot: true, Discoverable: true,
			Fields: store.JSON[[]store.Field]{V: []store.Field{{Name: "a b", Value: "ü "}}}, AvatarPhotoID: new(int64(31)), HeaderPhotoID: new(int64(32)), PhotosVersion: 23, FollowersCount: 11, FollowingCount: 12,
			PostsCount: 13, OpenPostsCount: 14, CommentsCount: 18, OpenCommentsCount: 19, LastPostAt: new(store.Millis(15)), CreatedAt: 16, UpdatedAt: 17,
		}
		plain := store.Account{ID: 2, Username: "b", UsernameKey: "b", Role: store.RoleMember, CreatedAt: 1, UpdatedAt: 1}
		limited := store.Account{ID: 3, Username: "c", UsernameKey: "c", Role: store.RoleMember, LimitedAt: new(store.Millis(24)), CreatedAt: 1, UpdatedAt: 1}
		app := store.App{ID: 9, Name: "app", ClientID: "c", CreatedAt: 1}
		must(s.CreateAccount(ctx, &author)) // which dates them
		must(s.CreateAccount(ctx, &plain))
		must(s.CreateAccount(ctx, &limited))
		must(s.CreateApp(ctx, new(app)))
		seen, err := s.FeedAccounts(ctx, &plain, []int64{author.ID, plain.ID, limited.ID})
		must(err)
		own := []string{"UsernameKey", "DefaultCommentsFrom", "UpdatedAt", "Avatar", "Header"} // not for others
		sameFields(t, "account", seen[author.ID], &author, own...)
		sameFields(t, "limited account", seen[limited.ID], &limited, own...)
		sameFields(t, "account without anything", seen[plain.ID], &plain, own...)

		post := store.Post{
			ID: high + 3, AuthorID: author.ID, Kind: store.KindPost, Home: true, Listed: true, Caption: " two  words\n", Warning: "a warning ", Sensitive: true, Visibility: store.Public,
			Licence: "cc0-1.0", ShowExif: true, CommentsFrom: store.CommentsFromFollowers, Language: "de", PhotosCount: 4, PhotosVersion: 21, LikesCount: 5, BoostsCount: 9, CommentsCount: 6, AppID: new(int64(9)), CreatedAt: 7, EditedAt: new(store.Millis(8)), Marks: store.Marks{Liked: true, Boosted: true, Bookmarked: true, Muted: true, Pinned: true},
		}
		comment := store.Post{
			ID: high + 4, AuthorID: plain.ID, Kind: store.KindComment, RootID: new(post.ID), InReplyToID: new(post.ID), InReplyToAuthorID: new(author.ID), Visibility: store.Public,
			Licence: "all-rights-reserved", CreatedAt: 9, PhotosVersion: 22, CommentsFrom: store.CommentsFromEveryone, DeletedAt: new(store.Millis(10)),
		}
		must(s.CreatePost(ctx, new(post)))
		must(s.CreatePost(ctx, new(comment)))
		must(s.AddLike(ctx, 1, plain.ID, post.ID, 1))
		must(s.AddBoost(ctx, store.Boost{ID: 1, AccountID: plain.ID, PostID: post.ID, CreatedAt: 1}))
		post.BoostsCount++
		must(s.AddConversationMute(ctx, 1, plain.ID, post.ID, 1))
		must(s.AddPin(ctx, 1, plain.ID, post.ID, 1))
		must(s.AddBookmark(ctx, 1, plain.ID, post.ID, 1))
		for _, viewer := range []*store.Account{&plain, nil} {
			want := post
			if viewer == nil {
				want.Marks = store.Marks{}
			}
			got, err := s.RawPostFor(ctx, viewer, post.ID)
			must(err)
			sameFields(t, "post", got, &want)
			list, err := s.PublicPosts(ctx, viewer, store.Range{Limit: 2})
			must(err)
			if len(list) != 1 {
				t.Fatalf("%d public posts", len(list))
			}
			sameFields(t, "post of a feed", &list[0], &want)
			got, err = s.RawPostFor(ctx, viewer, comment.ID)
			must(err)
			marked := comment
			marked.Muted = viewer != nil
			sameFields(t, "comment", got, &marked)
		}

		photo := store.Photo{
			ID: high + 5, AccountID: author.ID, PostID: new(post.ID), Purpose: store.PurposePost, Source: store.SourceAPI, Position: 3, State: store.PhotoReady, RefusalCode: "code",
			Refusal: "a sentence. ", FileName: "a file.jpg ", MediaType: "image/jpeg; x=1 ", Bytes: 11, SHA256: "aa", OrigRandom: "bb", SetRandom: "cc", SetKind: store.SetPrivate,
			Variants: store.JSON[[]store.Variant]{V: []store.Variant{{Name: "320", Width: 1, Height: 2, Bytes: 3}, {Name: "640", Width: 4, Height: 5, Bytes: 6}}}, Width: 12, Height: 13,
			FocusX: -0.25, FocusY: 1, Description: " a  description\n", Blurhash: "LEHV6nWB2yk8pyo0adR*.7kCMdnj", ColorTop: "#000000", ColorBottom: "#ffffff", Profile: "p3", Animated: true,
			Metadata: store.JSON[store.PhotoMetadata]{V: store.PhotoMetadata{Camera: "a camera", Keywords: []string{"a b", "c"}}}, CreatedAt: 14, UpdatedAt: 15, AttachedAt: new(store.Millis(16)),
		}
		avatar := store.Photo{ID: 31, AccountID: author.ID, Purpose: store.PurposeAvatar, Source: store.SourceWeb, State: store.PhotoReady, CreatedAt: 1, UpdatedAt: 1}
		must(s.Tx(ctx, func(ctx context.Context, tx *store.Store) error { return tx.AddPhoto(ctx, new(photo)) }))
		must(s.AddPhoto(ctx, new(avatar)))
		got, err := s.PhotoByID(ctx, photo.ID)
		must(err)
		sameFields(t, "photo", got, &photo)
		hidden := []string{"RefusalCode", "Refusal", "FileName", "MediaType", "Bytes", "SHA256", "OrigRandom", "CreatedAt", "UpdatedAt", "AttachedAt"}
		for _, metadata := range []bool{false, true} {
			shown, err := s.FeedPhotos(ctx, []*store.Post{&post}, []*store.Account{&author}, metadata)
			must(err)
			if len(shown) != 1 || len(shown[0]) != 1 || author.Avatar == nil || author.Header != nil {
				t.Fatalf("photos %v, avatar %v, header %v", shown, author.Avatar, author.Header)
			}
			without := hidden
			if !metadata {
				without = append(slices.Clone(hidden), "Source", "Metadata")
			}
			sameFields(t, "avatar", author.Avatar, &avatar, without...)
			sameFields(t, "photo of a feed", shown[0][0], &photo, without...)
		}
	})
}
