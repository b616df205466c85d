package community_test

import (
	"strings"
	"testing"

	"tintype/internal/community"
	"tintype/internal/store"
)

// profilePhoto is a ready picture that somebody uploaded for that purpose.
func profilePhoto(t *testing.T, s *store.Store, owner *store.Account, purpose string) *store.Photo {
	t.Helper()
	p := &store.Photo{ID: s.NewID(), AccountID: owner.ID, Purpose: purpose, Source: store.SourceWeb, State: store.PhotoReady, CreatedAt: 1, UpdatedAt: 1}
	if err := s.AddPhoto(deadline(t), p); err != nil {
		t.Fatal(err)
	}
	return p
}

func TestUpdateProfile(t *testing.T) {
	eachDialect(t, func(t *testing.T, s *store.Store) {
		ctx := deadline(t)
		c := newSite(t, s, nil)
		anna, berta := join(t, c, "anna"), join(t, c, "berta")
		name, note := "  Anna \n Ä. ", " One\r\ntwo "
		fields := []store.Field{{Name: " Site ", Value: "https://example.org"}, {}, {Name: "", Value: "only"}}
		on := true
		acc, err := c.UpdateProfile(ctx, anna, community.ProfileChange{DisplayName: &name, Note: &note, Fields: &fields, PostingChange: community.PostingChange{Locked: &on}})
		if err != nil || acc.DisplayName != "Anna Ä." || acc.Note != "One\ntwo" || !acc.Locked || len(acc.Fields.V) != 2 || acc.Fields.V[0].Name != "Site" {
			t.Fatalf("%+v %v", acc, err)
		}
		seen, err := c.AccountByName(ctx, berta, "anna")
		if err != nil || seen.DisplayName != "Anna Ä." || seen.Fields.V[1].Value != "only" {
			t.Errorf("%+v %v", seen, err)
		}
		long := strings.Repeat("ä", community.MaxNote+1)
		_, err = c.UpdateProfile(ctx, anna, community.ProfileChange{Note: &long})
		wantField(t, err, "note", "too_long")
		_, err = c.UpdateProfile(ctx, anna, community.ProfileChange{DisplayName: &long})
		wantField(t, err, "display_name", "too_long")
		many := []store.Field{{Name: "1"}, {Name: "2"}, {Name: "3"}, {Name: "4"}, {Name: "5"}}
		_, err = c.UpdateProfile(ctx, anna, community.ProfileChange{Fields: &many})
		wantField(t, err, "fields", "too_many")
		wide := []store.Field{{Name: "1", Value: strings.Repeat("x", 256)}}
		_, err = c.UpdateProfile(ctx, anna, community.ProfileChange{Fields: &wide})
		wantField(t, err, "fields", "too_long")

		first, second := profilePhoto(t, s, anna, store.PurposeAvatar), profilePhoto(t, s, anna, store.PurposeAvatar)
		header, hers := profilePhoto(t, s, anna, store.PurposeHeader), profilePhoto(t, s, berta, store.PurposeAvatar)
		state := func(p *store.Photo) string {
			t.Helper()
			now, err := s.PhotoByID(ctx, p.ID)
			if err != nil {
				t.Fatal(err)
			}
			return now.State
		}
		acc, err = c.UpdateProfile(ctx, anna, community.ProfileChange{AvatarPhotoID: first.ID, HeaderPhotoID: header.ID})
		if err != nil || acc.Avatar == nil || acc.Avatar.ID != first.ID || acc.Header == nil || acc.DisplayName != "Anna Ä." {
			t.Fatalf("%+v %v", acc, err)
		}
		acc, err = c.UpdateProfile(ctx, anna, community.ProfileChange{AvatarPhotoID: second.ID})
		if err != nil || *acc.AvatarPhotoID != second.ID || state(first) != store.PhotoGone || state(header) != store.PhotoReady {
			t.Errorf("%+v %v; the old one is %s", acc, err, state(first))
		}
		acc, err = c.UpdateProfile(ctx, anna, community.ProfileChange{AvatarPhotoID: second.ID}) // once more
		if err != nil || *acc.AvatarPhotoID != second.ID || state(second) != store.PhotoReady {
			t.Errorf("%+v %v", acc, err)
		}
		for _, wrong := range []int64{hers.ID, header.ID, first.ID, 1} {
			_, err := c.UpdateProfile(ctx, anna, community.ProfileChange{AvatarPhotoID: wrong})
			wantField(t, err, "avatar", "not_found")
		}
		acc, err = c.UpdateProfile(ctx, anna, community.ProfileChange{RemoveAvatar: true, RemoveHeader: true})
		if err != nil || acc.Avatar != nil || acc.AvatarPhotoID != nil || state(second) != store.PhotoGone || state(header) != store.PhotoGone || state(hers) != store.PhotoReady {
			t.Errorf("%+v %v", acc, err)
		}
	})
}
