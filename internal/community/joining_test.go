package community_test

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"tintype/internal/community"
	"tintype/internal/mail"
	"tintype/internal/store"
	"tintype/internal/store/storetest"
)

// linkSecret is the last part of a link's address.
func linkSecret(url string) string { return url[strings.LastIndexByte(url, '/')+1:] }

func joining(t *testing.T, s *store.Store, how community.Registration) *community.Community {
	return newSite(t, s, func(o *community.Options) {
		o.SiteDefaults.Registration = how
		o.Mail, o.MailDelivers = mail.NewFiles(t.TempDir(), nil), true
	})
}

func signUp(name, invite, reason string) community.SignUp {
	return community.SignUp{Username: name, Email: name + "@example.org", Password: goodPassword, Invite: invite, Reason: reason, Address: home}
}

// An invitation lets in as many as it says, however many come at once by several instances, and shows who came by it.
func TestAnInvitationIsUsedAsOftenAsItSays(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func(testing.TB) *store.Store) {
		s := open(t)
		ctx := deadline(t)
		here, there := joining(t, s, community.RegistrationInvitation), joining(t, s, community.RegistrationInvitation)
		for _, uses := range []int{1, 3} {
			inv, err := here.Invite(ctx, community.ByCommand(""), community.NewInvitation{Note: "the walkers", MaxUses: uses, Days: 7})
			if err != nil {
				t.Fatal(err)
			}
			secret := linkSecret(here.InvitationURL(inv.ID))
			const tries = 8
			var wg sync.WaitGroup
			errs := make([]error, tries)
			for i := range tries {
				wg.Go(func() {
					c := here
					if i%2 == 0 {
						c = there
					}
					_, errs[i] = c.SignUp(ctx, signUp(fmt.Sprintf("walker_%d_%d", uses, i), secret, ""))
				})
			}
			wg.Wait()
			in := 0
			for _, err := range errs {
				if err == nil {
					in++
				} else if !errors.Is(err, community.ErrClosed) {
					t.Error(err)
				}
			}
			got, came, err := there.InvitationByID(ctx, community.ByCommand(""), inv.ID)
			if err != nil || in != uses || got.Uses != uses || len(came) != uses {
				t.Errorf("%d came in by an invitation for %d; it counts %+v, %d accounts, %v", in, uses, got, len(came), err)
			}
			if _, _, err := here.LinkByToken(ctx, secret); !errors.Is(err, community.ErrNotFound) {
				t.Errorf("a used up invitation has a page: %v", err)
			}
		}
	})
}

func TestInvitationsEndAndAreBounded(t *testing.T) {
	eachDialect(t, func(t *testing.T, s *store.Store) {
		ctx, by := deadline(t), community.ByCommand("for the test")
		c := joining(t, s, community.RegistrationInvitation)
		inv, err := c.Invite(ctx, by, community.NewInvitation{})
		if err != nil {
			t.Fatal(err)
		}
		secret := linkSecret(c.InvitationURL(inv.ID))
		for _, name := range []string{"anna", "bert"} { // no limit, no end
			if _, err := c.SignUp(ctx, signUp(name, secret, "")); err != nil {
				t.Error(err)
			}
		}
		last := "x"
		if strings.HasSuffix(secret, last) { // one link in 64
			last = "y"
		}
		for _, forged := range []string{secret[:len(secret)-1] + last, "AAAA" + secret[4:], strings.Repeat("A", len(secret)), "x"} {
			if _, err := c.SignUp(ctx, signUp("carl", forged, "")); forged != secret && !errors.Is(err, community.ErrClosed) {
				t.Errorf("%s: %v", forged, err)
			}
		}
		for range 2 {
			if err := c.EndInvitation(ctx, by, inv.ID); err != nil {
				t.Error(err)
			}
		}
		if _, err := c.SignUp(ctx, signUp("carl", secret, "")); !errors.Is(err, community.ErrClosed) {
			t.Errorf("an ended invitation: %v", err)
		}
		var invalid *community.Invalid
		for _, n := range []community.NewInvitation{
			{MaxUses: -1}, {Days: 366}, {Note: strings.Repeat("x", 201)}, {Role: "owner"}, {Role: store.RoleAdmin, MaxUses: 2, Days: 1}, {Role: store.RoleModerator, MaxUses: 1},
		} {
			if _, err := c.Invite(ctx, by, n); !errors.As(err, &invalid) {
				t.Errorf("%+v: %v", n, err)
			}
		}
		closed := joining(t, s, community.RegistrationClosed)
		if _, err := closed.Invite(ctx, by, community.NewInvitation{}); !errors.As(err, &invalid) {
			t.Errorf("where registration is closed: %v", err)
		}
		other, err := c.Invite(ctx, by, community.NewInvitation{})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := closed.SignUp(ctx, signUp("carl", linkSecret(c.InvitationURL(other.ID)), "")); !errors.Is(err, community.ErrClosed) {
			t.Errorf("an invitation where registration is closed: %v", err)
		}
		log, err := c.AdminLog(ctx, by, community.AdminLogSearch{}, community.Cursor{})
		if err != nil || len(log) != 3 { // two made, one ended
			t.Errorf("%d rows of the log, %v", len(log), err)
		}
	})
}

// Each address of a list gets an invitation of its own, once, though the form comes twice; what is none is named.
func TestSixtyAddressesAreInvited(t *testing.T) {
	eachDialect(t, func(t *testing.T, s *store.Store) {
		ctx := deadline(t)
		c := joining(t, s, community.RegistrationInvitation)
		boss, err := joining(t, s, community.RegistrationOpen).SignUp(ctx, signUp("boss", "", ""))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := c.SetMemberRole(ctx, community.ByCommand(""), "boss", store.RoleOwner); err != nil {
			t.Fatal(err)
		}
		by := community.By{Account: boss, Via: community.ViaPage}
		by.Account.Role = store.RoleOwner
		var lines []string
		for i := range 60 {
			lines = append(lines, fmt.Sprintf("Member %d <m%d@example.net>", i, i))
		}
		text := strings.Join(lines, "\r\n") + "\nM1@example.net, not an address\nboss@example.org;nobody@\n"
		var wg sync.WaitGroup
		done, errs := make([]community.Mailed, 2), make([]error, 2)
		for i := range 2 {
			wg.Go(func() { done[i], errs[i] = c.InviteByMail(ctx, by, text, "spring", "key") })
		}
		wg.Wait()
		for i, d := range done {
			if errs[i] != nil || d.Invited != 60 || !slices.Equal(d.Wrong, []string{"not an address", "nobody@"}) || !slices.Equal(d.Members, []string{"boss@example.org"}) {
				t.Errorf("%+v %v", d, errs[i])
			}
		}
		list, err := c.Invitations(ctx, by, community.Cursor{Limit: 100})
		if err != nil || len(list) != 60 || list[0].MaxUses != 1 || list[0].Note != "spring" || list[0].Creator != "boss" {
			t.Errorf("%d invitations, %v", len(list), err)
		}
		var mails, secrets int
		if err := s.SQL().QueryRowContext(ctx, "SELECT COUNT(*), COALESCE(SUM(payload LIKE '%/links/%'), 0) FROM jobs WHERE kind = 'mail' AND payload LIKE '%\"invitation\"%'").Scan(&mails, &secrets); err != nil || mails != 60 || secrets != 0 {
			t.Errorf("%d mails, %d with a link, %v", mails, secrets, err)
		}
		var invalid *community.Invalid
		if _, err := c.InviteByMail(ctx, by, " \n", "", ""); !errors.As(err, &invalid) {
			t.Error(err)
		}
		if _, err := c.InviteByMail(ctx, by, strings.Repeat("x", 3)+manyAddresses(201), "", ""); !errors.As(err, &invalid) {
			t.Error(err)
		}
	})
}

// Two administrators paste the same list at the same time: each address gets one mail, and both together say so.
func TestTwoFormsInviteAnAddressOnce(t *testing.T) {
	eachDialect(t, func(t *testing.T, s *store.Store) {
		ctx, by := deadline(t), community.ByCommand("")
		c := joining(t, s, community.RegistrationInvitation)
		const addresses = 40
		done, errs := make([]community.Mailed, 4), make([]error, 4)
		var wg sync.WaitGroup
		for i := range done {
			wg.Go(func() {
				done[i], errs[i] = c.InviteByMail(ctx, by, manyAddresses(addresses), fmt.Sprintf("form %d", i), "")
			})
		}
		wg.Wait()
		invited := 0
		for i, d := range done {
			if errs[i] != nil || d.Invited+len(d.Already) != addresses {
				t.Errorf("%+v %v", d, errs[i])
			}
			invited += d.Invited
		}
		var mails, acts int
		err := errors.Join(s.SQL().QueryRowContext(ctx, "SELECT COUNT(*) FROM jobs WHERE kind = 'mail'").Scan(&mails),
			s.SQL().QueryRowContext(ctx, "SELECT COUNT(*) FROM admin_log").Scan(&acts))
		if err != nil || invited != addresses || mails != addresses || acts != 1 {
			t.Errorf("invited %d, %d mails, %d acts, %v", invited, mails, acts, err)
		}
	})
}

func manyAddresses(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "\na%d@example.net", i)
	}
	return b.String()
}

// Where somebody decides who joins, a sign-up waits: its owner cannot log in, nobody sees it, and approving or refusing it is
// one act with its mail.
func TestSignUpsWaitForADecision(t *testing.T) {
	eachDialect(t, func(t *testing.T, s *store.Store) {
		ctx, by := deadline(t), community.ByCommand("")
		c := joining(t, s, community.RegistrationApproval)
		_, err := c.SignUp(ctx, signUp("anna", "", " "))
		wantField(t, err, "reason", "blank")
		_, err = c.SignUp(ctx, signUp("anna", "", strings.Repeat("x", 1001)))
		wantField(t, err, "reason", "too_long")
		for _, name := range []string{"anna", "bert"} {
			acc, err := c.SignUp(ctx, signUp(name, "", "I am of the <b>club</b>."))
			if err != nil || acc.WaitingAt == nil || acc.Active() {
				t.Fatalf("%+v %v", acc, err)
			}
		}
		list, all, err := c.Waiting(ctx, by, 0)
		if err != nil || all != 2 || len(list) != 2 || list[0].Username != "anna" || list[0].JoinReason != "I am of the <b>club</b>." {
			t.Fatalf("%d %+v %v", all, list, err)
		}
		_, err = c.Login(ctx, "anna", goodPassword, community.Client{Address: home})
		wantField(t, err, "", "waiting")
		if _, err := c.AccountByName(ctx, nil, "anna"); !errors.Is(err, community.ErrNotFound) {
			t.Errorf("somebody who waits is seen: %v", err)
		}
		if _, ok, err := c.SessionAccount(ctx, list[0].ID); ok || err != nil {
			t.Errorf("somebody who waits may act: %v", err)
		}
		stats, err := c.Stats(ctx, time.Now())
		if err != nil || stats.Accounts != 0 {
			t.Errorf("%d members, %v", stats.Accounts, err)
		}
		_, err = c.UnsuspendMember(ctx, by, "anna")
		wantField(t, err, "", "waiting")
		_, err = c.CreateResetLink(ctx, by, "anna")
		wantField(t, err, "", "waiting")

		for range 2 {
			if acc, err := c.ApproveMember(ctx, by, "@Anna"); err != nil || !acc.Active() || acc.WaitingAt != nil {
				t.Errorf("%+v %v", acc, err)
			}
		}
		if _, err := c.Login(ctx, "anna", goodPassword, community.Client{Address: home}); err != nil {
			t.Error(err)
		}
		wantField(t, c.RefuseMember(ctx, by, "anna", ""), "", "decided")
		bert, err := s.AccountByUsername(ctx, "bert")
		if err != nil {
			t.Fatal(err)
		}
		if err := c.NoteMember(ctx, by, "bert", "He is known."); err != nil {
			t.Fatal(err)
		}
		if err := c.RefuseMember(ctx, by, "bert", "Members only."); err != nil {
			t.Fatal(err)
		}
		for _, table := range []string{"moderator_notes", "one_time_links", "access_tokens", "decisions"} {
			var n int
			if err := s.SQL().QueryRowContext(ctx, "SELECT COUNT(*) FROM "+table+" WHERE account_id = ?", bert.ID).Scan(&n); err != nil || n != 0 {
				t.Errorf("%d rows of %s are left of somebody who was refused, %v", n, table, err)
			}
		}
		if _, all, err := c.Waiting(ctx, by, 0); err != nil || all != 0 {
			t.Errorf("%d wait, %v", all, err)
		}
		if _, err := c.SignUp(ctx, signUp("bert", "", "again")); err != nil {
			t.Errorf("the name is not free again: %v", err)
		}
		log, err := c.AdminLog(ctx, by, community.AdminLogSearch{}, community.Cursor{})
		if err != nil || len(log) != 3 || log[0].Act != "member.refuse" || log[0].Target != "bert" || log[0].Reason != "Members only." || log[2].Act != "member.approve" {
			t.Errorf("%+v %v", log, err)
		}
		// Each sign-up is asked to confirm the address, and who was let in once more, which is not sent where that was done.
		for kind, want := range map[string]int{"approved": 1, "refused": 1, "verify": 4} {
			var n int
			if err := s.SQL().QueryRowContext(ctx, "SELECT COUNT(*) FROM jobs WHERE kind = 'mail' AND payload LIKE '%\"kind\":\""+kind+"\"%'").Scan(&n); err != nil || n != want {
				t.Errorf("%s: %d mails, %v", kind, n, err)
			}
		}
		// Who has an invitation need not wait.
		inv, err := c.Invite(ctx, by, community.NewInvitation{MaxUses: 1, Days: 1})
		if err != nil {
			t.Fatal(err)
		}
		if acc, err := c.SignUp(ctx, signUp("dora", linkSecret(c.InvitationURL(inv.ID)), "")); err != nil || !acc.Active() {
			t.Errorf("%+v %v", acc, err)
		}
	})
}

// Who has a role from the beginning, by the claim link or by an invitation, has a row in the log that says so.
func TestRolesFromTheBeginningAreLogged(t *testing.T) {
	eachDialect(t, func(t *testing.T, s *store.Store) {
		ctx := deadline(t)
		c := joining(t, s, community.RegistrationInvitation)
		must := func(err error) {
			t.Helper()
			if err != nil {
				t.Fatal(err)
			}
		}
		link, _, err := c.ClaimLink(ctx)
		must(err)
		claim := signUp("boss", "", "")
		claim.Claim = linkSecret(link)
		boss, err := c.SignUp(ctx, claim)
		must(err)
		second := signUp("second", "", "")
		second.Claim = claim.Claim
		if _, err := c.SignUp(ctx, second); !errors.Is(err, community.ErrClosed) {
			t.Errorf("claimed again: %v", err)
		}
		by := community.By{Account: boss, Via: community.ViaPage}
		for name, role := range map[string]string{"moda": store.RoleModerator, "ann": store.RoleMember} {
			inv, err := c.Invite(ctx, by, community.NewInvitation{MaxUses: 1, Days: 1, Role: role})
			must(err)
			_, err = c.SignUp(community.WithVia(ctx, community.ViaAPI), signUp(name, linkSecret(c.InvitationURL(inv.ID)), ""))
			must(err)
		}
		log, err := c.AdminLog(ctx, by, community.AdminLogSearch{}, community.Cursor{})
		must(err)
		var rows []string
		for _, e := range log {
			if e.Act != string(community.Invite) {
				rows = append(rows, fmt.Sprintf("%s %s %s %s: %s", e.Via, e.Actor, e.Act, e.Target, e.Detail))
			}
		}
		want := []string{"api moda member.role moda: member to moderator, by an invitation", "page boss site.claim boss: "}
		if !slices.Equal(rows, want) {
			t.Errorf("the log says %q, want %q", rows, want)
		}
	})
}

// What somebody gave by a role ends with it: an invitation that makes a moderator, and a link for another member's new password. An
// invitation of members stays, and so does what the role that is left may give.
func TestWhatARoleGaveEndsWithIt(t *testing.T) {
	eachDialect(t, func(t *testing.T, s *store.Store) {
		ctx, command := deadline(t), community.ByCommand("")
		c := joining(t, s, community.RegistrationInvitation)
		join := func(name, role string) *store.Account {
			t.Helper()
			inv, err := c.Invite(ctx, command, community.NewInvitation{})
			if err != nil {
				t.Fatal(err)
			}
			if _, err := c.SignUp(ctx, signUp(name, linkSecret(c.InvitationURL(inv.ID)), "")); err != nil {
				t.Fatal(err)
			}
			acc, err := c.SetMemberRole(ctx, command, name, role)
			if err != nil {
				t.Fatal(err)
			}
			return acc
		}
		join("boss", store.RoleOwner)
		for name, test := range map[string]struct {
			from string
			lose func(name string) (*store.Account, error)
			left []string // the roles to which one is still invited
		}{
			"lower": {store.RoleOwner, func(name string) (*store.Account, error) {
				return c.SetMemberRole(ctx, command, name, store.RoleAdmin)
			}, []string{store.RoleMember, store.RoleModerator}},
			"lowest": {store.RoleOwner, func(name string) (*store.Account, error) {
				return c.SetMemberRole(ctx, command, name, store.RoleMember)
			}, []string{store.RoleMember}},
			"barred": {store.RoleAdmin, func(name string) (*store.Account, error) {
				return c.SuspendMember(ctx, command, name, community.Sanction{})
			}, []string{store.RoleMember}},
			"gone":   {store.RoleAdmin, func(name string) (*store.Account, error) { return c.LeaveMember(ctx, command, name) }, []string{store.RoleMember}},
			"erased": {store.RoleAdmin, func(name string) (*store.Account, error) { return c.DeleteMember(ctx, command, name) }, []string{store.RoleMember}},
		} {
			join("ann_"+name, store.RoleMember)
			by := community.By{Account: join(name, test.from), Via: community.ViaPage}
			invited := map[string]string{}
			for _, role := range community.Roles[:3] {
				if role == store.RoleAdmin && test.from != store.RoleOwner {
					continue
				}
				inv, err := c.Invite(ctx, by, community.NewInvitation{Role: role, MaxUses: 1, Days: 30})
				if err != nil {
					t.Fatal(err)
				}
				invited[role] = linkSecret(c.InvitationURL(inv.ID))
			}
			reset, err := c.CreateResetLink(ctx, by, "ann_"+name)
			if err != nil {
				t.Fatal(err)
			}
			for _, secret := range append(slices.Collect(maps.Values(invited)), reset) {
				if _, _, err := c.LinkByToken(ctx, secret); err != nil {
					t.Fatalf("%s: before: %v", name, err)
				}
			}
			if _, err := test.lose(name); err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			for role, secret := range invited {
				if _, _, err := c.LinkByToken(ctx, secret); (err == nil) != slices.Contains(test.left, role) {
					t.Errorf("%s: an invitation to be a %s: %v", name, role, err)
				}
			}
			if _, err := c.ResetPassword(ctx, reset, "a new password"); !errors.Is(err, community.ErrNotFound) {
				t.Errorf("%s: the link for another's new password: %v", name, err)
			}
		}

		// A member who rises above the one who made the link is not to be reached by it.
		join("riser", store.RoleMember)
		reset, err := c.CreateResetLink(ctx, community.By{Account: join("maker", store.RoleAdmin), Via: community.ViaPage}, "riser")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := c.SetMemberRole(ctx, command, "riser", store.RoleOwner); err != nil {
			t.Fatal(err)
		}
		if _, err := c.ResetPassword(ctx, reset, "a new password"); !errors.Is(err, community.ErrNotFound) {
			t.Errorf("an administrator's link for an owner's new password: %v", err)
		}
	})
}
