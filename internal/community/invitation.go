package community

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	netmail "net/mail"
	"strings"
	"time"

	"tintype/internal/store"
)

// Bounds of invitations.
const (
	MaxInvitationNote  = 200
	MaxInvitationUses  = 10_000
	MaxInvitationDays  = 365
	MaxInvitationMails = 200 // addresses at once

	mailedInvitationDays = 30
	// invitationsPerDay is how many the site makes in a day: each may be a mail to a stranger.
	invitationsPerDay = 1000
	maxInvited        = 500 // who are shown to have come by one
	maxInvitations    = 100 // on a page
)

// NewInvitation is the form of an invitation.
type NewInvitation struct {
	Note    string
	MaxUses int    // 0: no limit
	Days    int    // until it ends; 0: never
	Role    string // "": a member
	Key     string // of a form that may be sent twice, or ""
}

func (n *NewInvitation) clean(by By) error {
	var bad Invalid
	if n.Note = oneLine(n.Note); len([]rune(n.Note)) > MaxInvitationNote {
		bad.add("note", "too_long", "That has %d characters; the limit is %d.", len([]rune(n.Note)), MaxInvitationNote)
	}
	if n.MaxUses < 0 || n.MaxUses > MaxInvitationUses {
		bad.add("uses", "invalid", "That is not a number from 0 to %d.", MaxInvitationUses)
	}
	if n.Days < 0 || n.Days > MaxInvitationDays {
		bad.add("days", "invalid", "That is not a number from 0 to %d.", MaxInvitationDays)
	}
	if n.Role == "" {
		n.Role = store.RoleMember
	}
	if n.Role != store.RoleMember && n.Role != store.RoleModerator && n.Role != store.RoleAdmin {
		bad.add("role", "invalid", "The role must be one of %s.", strings.Join(Roles[:3], ", "))
	} else if n.Role != store.RoleMember && (n.MaxUses != 1 || n.Days == 0) {
		bad.add("uses", "role", "An invitation that makes somebody a moderator or an administrator works once, and has an end.")
	}
	if err := bad.err(); err != nil {
		return err
	}
	if !mayGive(by.Account, n.Role) {
		return ErrForbidden
	}
	return nil
}

// ShowsLink reports whether an invitation's link is shown to whoever reads invitations, at each visit. Whoever has read a link can use it, or
// keep it: that of an invitation to a role is shown once, to who has just made it.
func ShowsLink(inv *store.Invitation) bool { return inv.Role == store.RoleMember }

// Invite makes an invitation. The same form sent twice makes one. *Invalid where the site takes nobody.
func (c *Community) Invite(ctx context.Context, by By, n NewInvitation) (*store.Invitation, error) {
	ctx = store.Primary(ctx)
	if err := by.may(Invite); err != nil {
		return nil, err
	}
	if err := n.clean(by); err != nil {
		return nil, err
	}
	if by.Confirm != nil && n.Role != store.RoleMember {
		if err := c.confirm(ctx, by.Account, "password", *by.Confirm); err != nil {
			return nil, err
		}
	}
	made, _, err := c.invite(ctx, by, n.Key, n, []store.Invitation{{Note: n.Note, Role: n.Role, MaxUses: n.MaxUses, ExpiresAt: endIn(n.Days)}})
	if err != nil {
		return nil, err
	}
	inv, err := c.Store.InvitationByID(ctx, made)
	return inv, fromStore(err)
}

func endIn(days int) store.Millis {
	if days == 0 {
		return 0
	}
	return store.ToMillis(time.Now().AddDate(0, 0, days))
}

// invite writes invitations to one role in one act, sends those that have an address, and returns the id of the first. It leaves out
// the addresses that somebody else has invited meanwhile, and returns them. The same form sent again returns the id of the first time.
func (c *Community) invite(ctx context.Context, by By, formID string, entered any, list []store.Invitation) (id int64, already []string, err error) {
	if !c.Site(ctx).Registration.Invites() {
		return 0, nil, invalid("", "closed", "Nobody may join at the moment. Change who may join first.")
	}
	by.Key = "" // there is formID
	key, err := formKey(by.Account, "invitation", formID, entered)
	if err != nil {
		return 0, nil, err
	}
	for i := range list {
		list[i].ID, list[i].CreatedAt = c.Store.NewID(), store.ToMillis(time.Now())
		if by.Account != nil {
			list[i].CreatorID, list[i].Creator = &by.Account.ID, by.Account.Username
		}
	}
	first, err := c.once(ctx, key, func() error {
		return c.administration(ctx, by, Invite, func(ctx context.Context, tx *store.Store, e *store.AdminEntry) (bool, error) {
			if err := stillGives(ctx, tx, by, list[0].Role); err != nil {
				return false, err
			}
			// The lock has those that come at once count each other.
			if _, err := tx.LockSiteInfos(ctx, "invitations."); err != nil {
				return false, err
			}
			if err := takeKey(ctx, tx, key, list[0].ID); err != nil {
				return false, err
			}
			var made []store.Invitation
			if made, already, err = notInvited(ctx, tx, list); err != nil || len(made) == 0 {
				return false, err
			}
			n, err := tx.CountInvitations(ctx, store.ToMillis(time.Now().Add(-24*time.Hour)))
			if err != nil {
				return false, err
			}
			if n+len(made) > invitationsPerDay {
				return false, invalid("", "too_many", "%d invitations were made within a day; the limit is %d.", n, invitationsPerDay)
			}
			for _, inv := range made {
				if err := tx.AddInvitation(ctx, &inv); err != nil {
					return false, err
				}
				if inv.Email == "" {
					continue
				}
				if err := c.addMail(ctx, tx, mailJob{Kind: mailInvitation, About: inv.ID, Email: inv.Email}); err != nil {
					return false, err
				}
			}
			e.RefID = &made[0].ID
			e.Detail = fmt.Sprintf("%d invitations by mail", len(made))
			if list[0].Email == "" {
				e.Detail = list[0].Role
			}
			if list[0].Note != "" {
				noteDetail(e, "note", list[0].Note)
			}
			return true, nil
		})
	})
	if err != nil {
		return 0, nil, err
	}
	if first != 0 {
		return first, nil, nil
	}
	return list[0].ID, already, nil
}

// notInvited divides invitations into those to be made, and the addresses of which one works by now.
func notInvited(ctx context.Context, tx *store.Store, list []store.Invitation) (made []store.Invitation, already []string, err error) {
	if list[0].Email == "" {
		return list, nil, nil
	}
	invited, err := invitedKeys(ctx, tx)
	for _, inv := range list {
		if invited[store.EmailKey(inv.Email)] {
			already = append(already, inv.Email)
		} else {
			made = append(made, inv)
		}
	}
	return made, already, err
}

// invitedKeys are the addresses, by their keys, of which an invitation works.
func invitedKeys(ctx context.Context, db *store.Store) (map[string]bool, error) {
	list, err := db.InvitedAddresses(ctx)
	invited := make(map[string]bool, len(list))
	for _, address := range list {
		invited[store.EmailKey(address)] = true
	}
	return invited, fromStore(err)
}

// Mailed is what became of addresses that were to be invited.
type Mailed struct {
	Invited int
	Wrong   []string // what is no address
	Members []string // addresses of members, who need no invitation
	Blocked []string // addresses with which nobody may join
	Already []string // addresses of which an invitation still works
}

// InviteByMail sends an invitation that works once to each address: they stand one a line, or between commas. The result
// names texts that are not an address, addresses that a member has, those that the site keeps out, and those that have an
// invitation which still works and whose mail did not fail; the others are invited all the same. The same form sent twice sends one mail to each. *Invalid for none at all, and for more than MaxInvitationMails.
func (c *Community) InviteByMail(ctx context.Context, by By, addresses, note, key string) (Mailed, error) {
	ctx = store.Primary(ctx)
	var done Mailed
	if err := by.may(Invite); err != nil {
		return done, err
	}
	n := NewInvitation{Note: note, MaxUses: 1, Days: mailedInvitationDays}
	if err := n.clean(by); err != nil {
		return done, err
	}
	if !c.MailDelivers { // files would reach nobody
		return done, invalid("addresses", "no_mail", "This site sends no mail. Make an invitation, and give out its card or its link.")
	}
	out, err := c.blocks(ctx)
	if err != nil {
		return done, err
	}
	invited, err := c.invitedAlready(ctx, by, key, []string{addresses, n.Note})
	if err != nil {
		return done, err
	}
	var list []store.Invitation
	seen := map[string]bool{}
	for _, text := range splitAddresses(addresses) {
		address, ok := inviteAddress(text)
		if !ok {
			done.Wrong = append(done.Wrong, text)
			continue
		}
		if key := store.EmailKey(address); seen[key] {
			continue
		} else {
			seen[key] = true
		}
		if len(seen) > MaxInvitationMails {
			return Mailed{}, invalid("addresses", "too_many", "You can enter at most %d addresses at once.", MaxInvitationMails)
		}
		if out.hasEmail(address) {
			done.Blocked = append(done.Blocked, address)
			continue
		}
		if invited[store.EmailKey(address)] {
			done.Already = append(done.Already, address)
			continue
		}
		if _, err := c.Store.AccountByEmail(ctx, address); err == nil {
			done.Members = append(done.Members, address)
			continue
		} else if !errors.Is(err, store.ErrNotFound) {
			return done, fromStore(err)
		}
		list = append(list, store.Invitation{Note: n.Note, Role: n.Role, Email: address, MaxUses: 1, ExpiresAt: endIn(n.Days)})
	}
	if len(list) == 0 {
		if len(done.Wrong)+len(done.Members)+len(done.Blocked)+len(done.Already) == 0 {
			return done, invalid("addresses", "blank", "Enter at least one e-mail address.")
		}
		return done, nil
	}
	_, already, err := c.invite(ctx, by, key, []string{addresses, n.Note}, list)
	if err != nil {
		return Mailed{}, err
	}
	done.Invited, done.Already = len(list)-len(already), append(done.Already, already...)
	return done, nil
}

// invitedAlready are the addresses, by their keys, that need no other invitation. The same form sent again is answered as the first
// time: there are none for it.
func (c *Community) invitedAlready(ctx context.Context, by By, formID string, entered any) (map[string]bool, error) {
	key, err := formKey(by.Account, "invitation", formID, entered)
	if err != nil {
		return nil, err
	}
	if key != nil {
		if first, err := c.madeUnder(ctx, key); err != nil || first != 0 {
			return nil, err
		}
	}
	return invitedKeys(ctx, c.Store)
}

// splitAddresses takes a list apart: one a line, or between commas and semicolons, each perhaps with a name before it.
func splitAddresses(text string) []string {
	var list []string
	for _, part := range strings.FieldsFunc(text, func(r rune) bool { return r == '\n' || r == '\r' || r == ',' || r == ';' }) {
		part = strings.TrimSpace(part)
		if part == "" {
			continue
		}
		if words := strings.Fields(part); len(words) > 1 && strings.Count(part, "@") == len(words) {
			list = append(list, words...) // several on one line
			continue
		}
		list = append(list, part)
	}
	return list
}

// inviteAddress is the address in one entry of a list.
func inviteAddress(text string) (string, bool) {
	a, err := netmail.ParseAddress(strings.TrimSuffix(text, "."))
	if err != nil {
		return "", false
	}
	var bad Invalid
	address := bad.cleanEmail("addresses", a.Address)
	return address, len(bad.Fields) == 0
}

// EndInvitation has an invitation work no more. Doing so again changes nothing.
func (c *Community) EndInvitation(ctx context.Context, by By, id int64) error {
	return c.administration(store.Primary(ctx), by, EndInvitation, func(ctx context.Context, tx *store.Store, e *store.AdminEntry) (bool, error) {
		inv, err := tx.InvitationByID(ctx, id)
		if err != nil {
			return false, err
		}
		e.RefID, e.Detail = &id, cutText(inv.Note, maxDetail)
		return tx.EndInvitation(ctx, id)
	})
}

// Invitations lists invitations, newest first.
func (c *Community) Invitations(ctx context.Context, by By, p Cursor) ([]*store.Invitation, error) {
	if err := by.may(ReadInvitations); err != nil {
		return nil, err
	}
	list, err := c.Store.Invitations(ctx, p.span(maxInvitations, maxInvitations))
	return list, fromStore(err)
}

// InvitationByID returns an invitation and who came by it.
func (c *Community) InvitationByID(ctx context.Context, by By, id int64) (*store.Invitation, []*store.Account, error) {
	if err := by.may(ReadInvitations); err != nil {
		return nil, nil, err
	}
	inv, err := c.Store.InvitationByID(ctx, id)
	if err != nil {
		return nil, nil, fromStore(err)
	}
	came, err := c.Store.AccountsInvitedBy(ctx, id, maxInvited)
	return inv, came, fromStore(err)
}

// InvitationURL is where one joins by the invitation. It is the same each time, so that a card can be printed again.
func (c *Community) InvitationURL(id int64) string {
	return c.LinkURL(invitationToken(c.SecretKeys()[0], id))
}

// invitationMAC is how many bytes of the code a token holds.
const invitationMAC = 16

// invitationToken is the id with a code that only the site can make.
func invitationToken(key []byte, id int64) string {
	b := binary.BigEndian.AppendUint64(nil, uint64(id))
	m := hmac.New(sha256.New, key)
	m.Write([]byte("tintype invitation\x00"))
	m.Write(b)
	return base64.RawURLEncoding.EncodeToString(append(b, m.Sum(nil)[:invitationMAC]...))
}

// invitationOf is the id that a token was made for; false for what the site has not made.
func (c *Community) invitationOf(token string) (int64, bool) {
	b, err := base64.RawURLEncoding.DecodeString(token)
	if err != nil || len(b) != 8+invitationMAC {
		return 0, false
	}
	id := int64(binary.BigEndian.Uint64(b))
	ok := false
	for _, k := range c.SecretKeys() {
		ok = hmac.Equal([]byte(invitationToken(k, id)), []byte(token)) || ok
	}
	return id, ok
}

// Why a link works no more.
const (
	LinkUsed    = "used"
	LinkEnded   = "ended"
	LinkOver    = "over"    // its time is
	LinkNoMore  = "closed"  // nobody may join at the moment
	LinkUnknown = "unknown" // it was used or is over, or it was never one of this site
)

// WhyNoLink says why LinkByToken found nothing. Only who has the secret of an invitation learns what became of it.
func (c *Community) WhyNoLink(ctx context.Context, secret string) (string, error) {
	id, ok := c.invitationOf(secret)
	if !ok {
		return LinkUnknown, nil
	}
	inv, err := c.Store.InvitationByID(ctx, id)
	switch {
	case errors.Is(err, store.ErrNotFound):
		return LinkUnknown, nil
	case err != nil:
		return "", fromStore(err)
	case inv.EndedAt != nil:
		return LinkEnded, nil
	case inv.MaxUses != 0 && inv.Uses >= inv.MaxUses:
		return LinkUsed, nil
	case !c.Site(ctx).Registration.Invites():
		return LinkNoMore, nil
	}
	return LinkOver, nil
}

// invitationLink is the invitation as a one-time link, ErrNotFound for one that no longer works.
func (c *Community) invitationLink(ctx context.Context, id int64) (*store.OneTimeLink, error) {
	inv, err := c.Store.InvitationByID(ctx, id)
	if err != nil {
		return nil, fromStore(err)
	}
	works, err := c.Store.InvitationWorks(ctx, id)
	if err != nil {
		return nil, fromStore(err)
	}
	if !works || !c.Site(ctx).Registration.Invites() {
		return nil, ErrNotFound
	}
	return &store.OneTimeLink{Kind: LinkInvite, Role: inv.Role, Email: inv.Email}, nil
}
