package community

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"tintype/internal/store"
)

// The table of permissions is whole, and each role may what those below it may.
func TestPermissions(t *testing.T) {
	for _, act := range Acts() {
		may := make([]bool, len(Roles))
		for i, role := range Roles {
			may[i] = May(&store.Account{Role: role}, act)
			if i > 0 && may[i-1] && !may[i] {
				t.Errorf("%s: a %s may and a %s may not", act, Roles[i-1], role)
			}
			at := store.Millis(1)
			if May(&store.Account{Role: role, SuspendedAt: &at}, act) || May(&store.Account{Role: role, DeletedAt: &at}, act) {
				t.Errorf("%s: a suspended or deleted %s may", act, role)
			}
		}
		if may[0] || !may[len(may)-1] || May(nil, act) || May(&store.Account{Role: "king"}, act) || May(&store.Account{}, act) {
			t.Errorf("%s: %v for %v, or somebody without a role", act, may, Roles)
		}
	}
	if May(&store.Account{Role: store.RoleOwner}, "nonsense") {
		t.Error("an unknown act is allowed")
	}
}

// Acts at random, by all roles and the command line: each change has its row, each row its change, and who may not
// changes nothing.
func TestNoActWithoutItsRow(t *testing.T) { onEach(t, testNoActWithoutItsRow) }

func testNoActWithoutItsRow(t *testing.T, c *circle) {
	c.setDefaults(func(s *Site) { s.Registration = RegistrationInvitation })
	people := map[string]*store.Account{}
	var names []string
	for i, role := range []string{store.RoleOwner, store.RoleAdmin, store.RoleAdmin, store.RoleModerator, store.RoleMember, store.RoleMember} {
		name := fmt.Sprintf("p%d", i)
		people[name] = c.account(name, func(a *store.Account) { a.Role = role })
		names = append(names, name)
	}
	fresh := func(name string) *store.Account {
		a, err := c.Store.AccountByID(store.Primary(c.ctx), people[name].ID)
		if err != nil {
			t.Fatal(err)
		}
		return a
	}
	count := func(table string) (n int) {
		if err := c.Store.SQL().QueryRowContext(c.ctx, "SELECT COUNT(*) FROM "+table).Scan(&n); err != nil {
			t.Fatal(err)
		}
		return n
	}
	// state is what acts can change.
	state := func() string {
		var b strings.Builder
		for _, name := range names {
			a := fresh(name)
			quota := int64(-1)
			if a.StorageQuota != nil {
				quota = *a.StorageQuota
			}
			fmt.Fprintln(&b, name, a.Role, a.SuspendedAt != nil, a.SuspendedUntil != nil, a.SessionEpoch, a.Limited(), quota, a.TwoFactorsAt != nil)
		}
		rows, err := c.Store.SQL().QueryContext(c.ctx, "SELECT hash FROM one_time_links ORDER BY hash")
		if err != nil {
			t.Fatal(err)
		}
		defer rows.Close()
		for rows.Next() {
			var hash string
			if err := rows.Scan(&hash); err != nil {
				t.Fatal(err)
			}
			fmt.Fprintln(&b, hash)
		}
		site, err := c.Store.SiteInfos(c.ctx, siteRow+"n")
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintln(&b, site)
		fmt.Fprintln(&b, count("posts WHERE deleted_at IS NOT NULL"), count("reports WHERE state = 'closed'"), count("reports WHERE assigned_to_id IS NOT NULL"), count("moderator_notes"),
			count("decisions"), count("decisions WHERE undone_at IS NOT NULL"), count("decisions WHERE answered_at IS NOT NULL"),
			count("invitations"), count("invitations WHERE ended_at IS NOT NULL"), count("accounts WHERE waiting_at IS NOT NULL"), count("accounts WHERE deleted_at IS NULL"))
		return b.String()
	}
	acts := []Act{Suspend, Unsuspend, SetRole, ResetLink, RemovePost, CloseReport, DecideReport, AssignReport, ReopenReport, AnswerAppeal, Warn, Unwarn, LimitAccount, Unlimit, LogOut, Note, RemoveNote, SetQuota, EditSite, TakeTwoFactors,
		Invite, EndInvitation, ApproveMember, RefuseMember, DeleteOther}
	report := func(actor, target string, state string) store.Report {
		r := store.Report{ID: c.Store.NewID(), ReporterID: &people[actor].ID, TargetID: people[target].ID, State: state, CreatedAt: 1}
		if err := c.Store.AddReport(c.ctx, r); err != nil {
			t.Fatal(err)
		}
		return r
	}
	decision := func(target, answer string) int64 {
		id, err := c.Store.AddDecision(c.ctx, store.Decision{AccountID: people[target].ID, Kind: store.DecideWarn, Words: "words", CreatedAt: 1, Answer: answer})
		if err != nil {
			t.Fatal(err)
		}
		return id
	}
	random := rand.New(rand.NewPCG(1, 2))
	done, refused := 0, 0
	for i := range 250 {
		actor, target := names[random.IntN(len(names))], names[random.IntN(len(names))]
		by := By{Account: fresh(actor), Via: ViaPage, Reason: fmt.Sprintf("reason %d", i)}
		if random.IntN(4) == 0 {
			by = ByCommand(by.Reason)
		}
		before, rows := state(), count("admin_log")
		var err error
		act := acts[random.IntN(len(acts))]
		switch act {
		case Suspend:
			_, err = c.SuspendMember(c.ctx, by, target, Sanction{})
		case Unsuspend:
			_, err = c.UnsuspendMember(c.ctx, by, target)
		case SetRole:
			_, err = c.SetMemberRole(c.ctx, by, target, Roles[random.IntN(len(Roles))])
		case ResetLink:
			_, err = c.CreateResetLink(c.ctx, by, target)
		case EditSite:
			name := fmt.Sprintf("Club %d", random.IntN(3))
			err = c.SetSite(c.ctx, by, map[string]*string{"name": &name})
		case TakeTwoFactors:
			if err := c.Store.MarkTwoFactors(c.ctx, people[target].ID, 1); err != nil {
				t.Fatal(err)
			}
			before = state()
			_, err = c.TakeTwoFactors(c.ctx, by, target)
		case RemovePost:
			post := c.post(people[target], store.Public, "words")
			before = state()
			if by.Account == nil || actor == target {
				continue // an author's own deletion is no act of administration
			}
			_, err = c.DeletePost(c.ctx, by.Account, post.ID)
		case CloseReport:
			r := report(actor, target, store.ReportOpen)
			before = state()
			_, err = c.CloseReport(c.ctx, by, r.ID)
		case DecideReport:
			r := report(actor, target, store.ReportOpen)
			before = state()
			kind := []string{store.DecideWarn, store.DecideLimit, store.DecideSuspend, store.DecideRemove}[random.IntN(4)]
			_, err = c.DecideReport(c.ctx, by, r.ID, kind, Sanction{Words: "words"})
		case AssignReport:
			r := report(actor, target, store.ReportOpen)
			before = state()
			_, err = c.AssignReport(c.ctx, by, r.ID, true)
		case ReopenReport:
			r := report(actor, target, store.ReportClosed)
			before = state()
			_, err = c.ReopenReport(c.ctx, by, r.ID)
		case AnswerAppeal:
			id := decision(target, store.AppealWaits)
			before = state()
			err = c.AnswerAppeal(c.ctx, by, id, random.IntN(2) == 0, "words")
		case Warn:
			_, err = c.WarnMember(c.ctx, by, target, Sanction{Words: "words"})
		case Unwarn:
			id := decision(target, "")
			before = state()
			err = c.UndoDecision(c.ctx, by, id)
		case LimitAccount:
			_, err = c.LimitMember(c.ctx, by, target, Sanction{})
		case Unlimit:
			_, err = c.UnlimitMember(c.ctx, by, target)
		case LogOut:
			_, err = c.LogOutMember(c.ctx, by, target)
		case Note:
			err = c.NoteMember(c.ctx, by, target, "words")
		case RemoveNote:
			id, noteErr := c.Store.AddModeratorNote(c.ctx, store.ModeratorNote{AccountID: people[target].ID, Words: "words", CreatedAt: 1})
			if noteErr != nil {
				t.Fatal(noteErr)
			}
			before = state()
			err = c.RemoveNote(c.ctx, by, target, id)
		case SetQuota:
			bytes := int64(i)
			_, err = c.SetMemberQuota(c.ctx, by, target, &bytes)
		case Invite:
			target = ""
			_, err = c.Invite(c.ctx, by, NewInvitation{Note: "words", MaxUses: 1})
		case EndInvitation:
			made, inviteErr := c.Invite(c.ctx, ByCommand(""), NewInvitation{Note: "words", MaxUses: 1})
			if inviteErr != nil {
				t.Fatal(inviteErr)
			}
			target, before, rows = "", state(), count("admin_log")
			err = c.EndInvitation(c.ctx, by, made.ID)
		case ApproveMember, RefuseMember, DeleteOther:
			target = fmt.Sprintf("new%d", i)
			c.account(target, func(a *store.Account) {
				if act != DeleteOther {
					a.WaitingAt = new(store.Millis(1))
					a.SuspendedAt = a.WaitingAt
				}
			})
			before = state()
			switch act {
			case ApproveMember:
				_, err = c.ApproveMember(c.ctx, by, target)
			case RefuseMember:
				err = c.RefuseMember(c.ctx, by, target, "")
			default:
				_, err = c.DeleteMember(c.ctx, by, target)
			}
		}
		changed, logged := state() != before, count("admin_log")-rows
		if changed != (logged == 1) || logged > 1 || err != nil && (changed || logged != 0) {
			t.Fatalf("%d: %s on %s by %s (%s): changed %t, rows %d, %v", i, act, target, actor, by.Via, changed, logged, err)
		}
		var invalid *Invalid
		if err != nil && !errors.Is(err, ErrForbidden) && !errors.Is(err, ErrUnauthenticated) && !errors.Is(err, ErrNotFound) && !errors.As(err, &invalid) {
			t.Fatalf("%s: %v", act, err)
		}
		if err != nil {
			refused++
		} else if changed {
			done++
			list, err := c.AdminLog(c.ctx, ByCommand(""), AdminLogSearch{}, Cursor{Limit: 1})
			if err != nil || len(list) != 1 || list[0].Act != string(act) || act != EditSite && list[0].Target != target || (by.Account != nil) != (list[0].Actor == actor) ||
				act != RemovePost && list[0].Reason != by.Reason {
				t.Fatalf("%s: the log says %+v, %v", act, list, err)
			}
		}
	}
	if done < 15 || refused < 15 {
		t.Errorf("%d acts and %d refusals prove little", done, refused)
	}
	owners, err := c.Store.AccountsWithRole(c.ctx, []string{store.RoleOwner}, 10)
	c.expectErr("owners", err, nil)
	if len(owners) == 0 {
		t.Error("the site has no owner left")
	}
}

// Nobody raises anybody to their own role or acts on those at or above it, and the last owner stays.
func TestRanks(t *testing.T) { onEach(t, testRanks) }

func testRanks(t *testing.T, c *circle) {
	of := func(name, role string) *store.Account {
		return c.account(name, func(a *store.Account) { a.Role = role })
	}
	owner, admin, mod, other := of("owna", store.RoleOwner), of("adda", store.RoleAdmin), of("moda", store.RoleModerator), of("modb", store.RoleModerator)
	ann := c.account("ann")
	role := func(by *store.Account, name, role string) error {
		_, err := c.SetMemberRole(c.ctx, By{Account: by, Via: ViaPage}, name, role)
		return err
	}
	c.expectErr("a moderator makes moderators", role(mod, "ann", store.RoleModerator), ErrForbidden)
	c.expectErr("an administrator makes administrators", role(admin, "ann", store.RoleAdmin), ErrForbidden)
	c.expectErr("an administrator takes an owner's role", role(admin, "owna", store.RoleMember), ErrForbidden)
	c.expectErr("an administrator makes a moderator", role(admin, "ann", store.RoleModerator), nil)
	c.expectErr("an owner makes an administrator", role(owner, "ann", store.RoleAdmin), nil)
	_, err := c.SuspendMember(c.ctx, By{Account: mod, Via: ViaPage}, other.Username, Sanction{})
	c.expectErr("a moderator suspends another", err, ErrForbidden)
	_, err = c.SuspendMember(c.ctx, By{Account: ann, Via: ViaPage}, admin.Username, Sanction{}) // ann as she was read as a member
	c.expectErr("by the role that the request had", err, ErrForbidden)
	var invalid *Invalid
	if err := role(nil, "owna", store.RoleMember); !errors.Is(err, ErrUnauthenticated) {
		t.Errorf("nobody: %v", err)
	}
	if _, err := c.SetMemberRole(c.ctx, ByCommand(""), "owna", store.RoleMember); !errors.As(err, &invalid) {
		t.Errorf("the last owner: %v", err)
	}
	if _, err := c.SuspendMember(c.ctx, By{Account: admin, Via: ViaPage, Reason: strings.Repeat("x", 1001)}, "moda", Sanction{}); !errors.As(err, &invalid) || invalid.Fields[0].Field != "reason" {
		t.Errorf("a long reason: %v", err)
	}
}

// An administrator who claimed the site under a release without owners becomes its owner.
func TestEnsureOwner(t *testing.T) {
	onEach(t, func(t *testing.T, c *circle) {
		c.account("boss", func(a *store.Account) { a.Role = store.RoleAdmin })
		for range 2 { // before and after somebody claimed it
			c.expectErr("", c.ensureOwner(c.ctx), nil)
			if _, err := c.Store.AddSiteInfo(c.ctx, infoClaimed, "boss"); err != nil {
				t.Fatal(err)
			}
		}
		c.expectErr("", c.ensureOwner(c.ctx), nil)
		boss, err := c.Store.AccountByUsername(c.ctx, "boss")
		c.expectErr("", err, nil)
		c.expectErr("", c.Store.SetRole(c.ctx, boss.ID, store.RoleAdmin), nil)
		c.expectErr("not unasked, once there was an owner", c.ensureOwner(c.ctx), nil)
		list, err := c.AdminLog(c.ctx, ByCommand(""), AdminLogSearch{}, Cursor{})
		if err != nil || len(list) != 1 || list[0].Detail != "admin to owner" || list[0].Via != ViaJob {
			t.Errorf("%+v %v", list, err)
		}
	})
}

// No statement of the program changes or deletes what stands in the log.
func TestTheLogOnlyGrows(t *testing.T) {
	change := regexp.MustCompile(`(?i)(UPDATE|DELETE FROM|REPLACE INTO|TRUNCATE( TABLE)?)\s+.?admin_log`)
	files, err := filepath.Glob("../*/*.go")
	if err != nil || len(files) < 100 {
		t.Fatal(len(files), err)
	}
	for _, f := range files {
		text, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		if !strings.HasSuffix(f, "_test.go") && change.Match(text) {
			t.Errorf("%s changes the log: %s", f, change.Find(text))
		}
	}
}
