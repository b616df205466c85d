package community

import (
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"tintype/internal/queue"
	"tintype/internal/store"
)

// refused returns the code and sentence of *Invalid.
func refused(err error) (code, sentence string) {
	var wrong *Invalid
	if !errors.As(err, &wrong) {
		return "", ""
	}
	return wrong.Fields[0].Code, wrong.Error()
}

// The last owner is neither taken the role, nor suspended, nor deleted, by anybody, and not by two at once.
func TestTheLastOwnerStays(t *testing.T) {
	onEach(t, func(t *testing.T, c *circle) {
		for _, name := range []string{"olga", "omar"} {
			c.account(name, func(a *store.Account) { a.Role = store.RoleOwner })
		}
		leave := map[string]func(name string) error{
			"role": func(name string) error {
				_, err := c.SetMemberRole(c.ctx, ByCommand(""), name, store.RoleMember)
				return err
			},
			"suspend": func(name string) error {
				_, err := c.SuspendMember(c.ctx, ByCommand(""), name, Sanction{})
				return err
			},
			"delete": func(name string) error { _, err := c.DeleteMember(c.ctx, ByCommand(""), name); return err },
		}
		c.expectErr("one of two", leave["suspend"]("omar"), nil)
		for how, act := range leave {
			if code, sentence := refused(act("olga")); code != "last_owner" || !strings.Contains(sentence, "Make somebody else an owner first.") {
				t.Errorf("%s: %q %q", how, code, sentence)
			}
		}
		_, err := c.UnsuspendMember(c.ctx, ByCommand(""), "omar")
		c.expectErr("restore", err, nil)
		var wg sync.WaitGroup
		errs := make([]error, 2)
		for i, name := range []string{"olga", "omar"} {
			wg.Go(func() { errs[i] = leave["delete"](name) })
		}
		wg.Wait()
		first, _ := refused(errs[0])
		second, _ := refused(errs[1])
		if (errs[0] == nil) == (errs[1] == nil) || first+second != "last_owner" {
			t.Errorf("both at once: %v", errs)
		}
	})
}

// Whose role was taken away while the request was under way gives nobody a role that the one that is left may not give.
func TestNobodyGivesByALostRole(t *testing.T) {
	onEach(t, func(t *testing.T, c *circle) {
		c.account("olga", func(a *store.Account) { a.Role = store.RoleOwner })
		c.account("cleo")
		c.expectErr("invitations", c.SetSite(c.ctx, ByCommand(""), map[string]*string{"registration": new("invitation")}), nil)
		by := By{Account: c.account("bert", func(a *store.Account) { a.Role = store.RoleOwner }), Via: ViaPage} // as the request read it
		_, err := c.SetMemberRole(c.ctx, ByCommand(""), "bert", store.RoleAdmin)
		c.expectErr("demote", err, nil)
		for _, role := range []string{store.RoleOwner, store.RoleAdmin} {
			_, err := c.SetMemberRole(c.ctx, by, "cleo", role)
			c.expectErr("make "+role, err, ErrForbidden)
		}
		_, err = c.Invite(c.ctx, by, NewInvitation{Role: store.RoleAdmin, MaxUses: 1, Days: 1})
		c.expectErr("invite an administrator", err, ErrForbidden)
		_, err = c.Invite(c.ctx, by, NewInvitation{Role: store.RoleModerator, MaxUses: 1, Days: 1})
		c.expectErr("invite a moderator", err, nil)
		_, err = c.SetMemberRole(c.ctx, by, "cleo", store.RoleModerator)
		c.expectErr("make a moderator", err, nil)
	})
}

// A suspension ends by itself when its time has come, and not before, nor when it has another end now.
func TestASuspensionEnds(t *testing.T) {
	onEach(t, func(t *testing.T, c *circle) {
		ann := c.account("ann")
		fresh := func() *store.Account {
			a, err := c.Store.AccountByID(store.Primary(c.ctx), ann.ID)
			c.expectErr("read", err, nil)
			return a
		}
		run := func() {
			payload, _ := json.Marshal(unsuspendPayload{ann.ID})
			c.expectErr("the job", c.runUnsuspend(c.ctx, &queue.Job{Kind: jobUnsuspend, Payload: payload}), nil)
		}
		until := time.Now().Add(48 * time.Hour).Truncate(time.Millisecond)
		_, err := c.SuspendMember(c.ctx, ByCommand("rude"), "ann", Sanction{Words: "Cool down.", Until: &until})
		c.expectErr("suspend", err, nil)
		var at int64
		c.expectErr("its job", c.Store.SQL().QueryRowContext(c.ctx, "SELECT run_at FROM jobs WHERE kind = 'account.unsuspend'").Scan(&at), nil)
		c.expect("when it runs", at, until.UnixMilli())
		run()
		if a := fresh(); a.SuspendedAt == nil || a.SuspendedUntil == nil || *a.SuspendedUntil != store.ToMillis(until) {
			t.Fatalf("before its time: %+v", a)
		}
		past := store.Millis(1)
		c.expectErr("time passes", c.Store.SetSuspendedUntil(c.ctx, ann.ID, &past), nil)
		run()
		if a := fresh(); a.SuspendedAt != nil || a.SuspendedUntil != nil {
			t.Errorf("after its time: %+v", a)
		}
		log, err := c.AdminLog(c.ctx, ByCommand(""), AdminLogSearch{}, Cursor{})
		c.expectErr("log", err, nil)
		if len(log) != 2 || log[0].Act != string(Unsuspend) || log[0].Via != ViaJob || !strings.HasPrefix(log[1].Detail, "until 20") {
			t.Errorf("log: %+v", log)
		}
		// The decision holds no longer, and the member is told of it at the next log-in.
		own, err := c.OwnDecisions(c.ctx, fresh())
		c.expectErr("decisions", err, nil)
		if len(own) != 1 || own[0].Kind != store.DecideSuspend || own[0].Words != "Cool down." || own[0].UndoneAt == nil || own[0].By != nil || own[0].ByID != nil {
			t.Errorf("decisions: %+v", own)
		}
		_, err = c.SuspendMember(c.ctx, ByCommand(""), "ann", Sanction{})
		c.expectErr("without an end", err, nil)
		run()
		if fresh().SuspendedAt == nil {
			t.Error("a suspension without an end has ended")
		}
		if _, err := c.SuspendMember(c.ctx, ByCommand(""), "ann", Sanction{Until: &time.Time{}}); err == nil {
			t.Error("an end in the past was taken")
		}
	})
}

// Members are found by name, displayed name, and by address by those who may read it, and by role and state.
func TestMembersAreFound(t *testing.T) {
	onEach(t, func(t *testing.T, c *circle) {
		admin := c.account("adda", func(a *store.Account) { a.Role = store.RoleAdmin })
		mod := c.account("moda", func(a *store.Account) { a.Role = store.RoleModerator })
		ann := c.account("ann_marie", func(a *store.Account) { a.DisplayName, a.Email = "Käthe Kollwitz", "kk@example.org" })
		ben := c.account("ben")
		found := func(by *store.Account, q MemberSearch) string {
			list, err := c.Members(c.ctx, By{Account: by, Via: ViaPage}, q, Cursor{})
			c.expectErr("search", err, nil)
			var names []string
			for _, a := range list {
				names = append(names, a.Username)
			}
			return strings.Join(names, " ")
		}
		_, err := c.LimitMember(c.ctx, By{Account: mod, Via: ViaPage}, "ben", Sanction{})
		c.expectErr("limit", err, nil)
		for _, tt := range []struct {
			by   *store.Account
			q    MemberSearch
			want string
		}{
			{mod, MemberSearch{}, "ben ann_marie moda adda"},
			{mod, MemberSearch{Text: "@Marie"}, "ann_marie"},
			{mod, MemberSearch{Text: "kollw"}, "ann_marie"},
			{mod, MemberSearch{Text: "kathe koll"}, "ann_marie"},
			{mod, MemberSearch{Text: "nobody"}, ""},
			{mod, MemberSearch{Text: "n%n"}, ""},
			{admin, MemberSearch{Text: "KK@example"}, "ann_marie"},
			{mod, MemberSearch{Text: "kk@example"}, ""},
			{mod, MemberSearch{Role: store.RoleModerator}, "moda"},
			{mod, MemberSearch{State: store.MemberLimited}, "ben"},
			{mod, MemberSearch{State: store.MemberSuspended}, ""},
			{mod, MemberSearch{State: store.MemberActive}, "ann_marie moda adda"},
			{mod, MemberSearch{State: store.MemberNew}, "ben ann_marie moda adda"},
			{mod, MemberSearch{State: store.MemberSilent}, ""},
			{mod, MemberSearch{State: store.MemberUnconfirmed, Text: "ben"}, "ben"},
			{mod, MemberSearch{State: "nonsense"}, ""},
		} {
			if got := found(tt.by, tt.q); got != tt.want {
				t.Errorf("%s, %+v: %q, want %q", tt.by.Username, tt.q, got, tt.want)
			}
		}
		if _, err := c.Store.SQL().ExecContext(c.ctx, "UPDATE accounts SET created_at = 1 WHERE id IN (?, ?)", ann.ID, ben.ID); err != nil {
			t.Fatal(err)
		}
		c.post(ben, store.Public, "words")
		c.expect("silent", found(mod, MemberSearch{State: store.MemberSilent}), "ann_marie")
		_, err = c.Members(c.ctx, By{Account: ann, Via: ViaPage}, MemberSearch{}, Cursor{})
		c.expectErr("a member", err, ErrForbidden)
		_, err = c.MemberByName(c.ctx, By{Account: ann, Via: ViaPage}, "ben")
		c.expectErr("a member", err, ErrForbidden)
		m, err := c.MemberByName(c.ctx, By{Account: mod, Via: ViaPage}, "@Ann_Marie")
		c.expectErr("a moderator", err, nil)
		if m.Email != "" || !m.MayAct {
			t.Errorf("a moderator reads %+v", m)
		}
		c.expectErr("a note", c.NoteMember(c.ctx, By{Account: mod, Via: ViaPage}, "ann_marie", " Kind, really. "), nil)
		m, err = c.MemberByName(c.ctx, By{Account: admin, Via: ViaPage}, "ann_marie")
		c.expectErr("an administrator", err, nil)
		if m.Email != "kk@example.org" || len(m.Notes) != 1 || m.Notes[0].Words != "Kind, really." || m.Notes[0].Author.Username != "moda" {
			t.Errorf("an administrator reads %+v", m)
		}
	})
}

// A member who is logged out everywhere has no session and no token left, and no browser in which the second factor is not asked for.
func TestLogOutMember(t *testing.T) {
	onEach(t, func(t *testing.T, c *circle) {
		ann := c.account("ann")
		c.expectErr("a second factor", c.Store.MarkTwoFactors(c.ctx, ann.ID, store.ToMillis(time.Now())), nil)
		ann, err := c.Store.AccountByID(store.Primary(c.ctx), ann.ID)
		c.expectErr("read", err, nil)
		device := Remembered(ann)
		_, err = c.LogOutMember(c.ctx, ByCommand("lost phone"), "ann")
		c.expectErr("log out", err, nil)
		now, err := c.Store.AccountByID(store.Primary(c.ctx), ann.ID)
		c.expectErr("read", err, nil)
		c.expect("epoch", now.SessionEpoch, ann.SessionEpoch+1)
		c.expect("a remembered device before", IsRemembered(ann, device), true)
		c.expect("a remembered device after", IsRemembered(now, device), false)
	})
}

// A photo that is more than the quota is refused with a sentence.
func TestQuota(t *testing.T) {
	onEach(t, func(t *testing.T, c *circle) {
		c.account("ann")
		bytes := int64(2_000_000)
		ann, err := c.SetMemberQuota(c.ctx, ByCommand(""), "ann", &bytes)
		c.expectErr("set", err, nil)
		c.expectErr("within", c.withinQuota(c.ctx, c.Store, ann, 1_999_999), nil)
		if code, _ := refused(c.withinQuota(c.ctx, c.Store, ann, 2_000_001)); code != "quota" {
			t.Error("more than the quota was taken")
		}
		// What was refused for good takes no room; what may be tried again does.
		for _, p := range []store.Photo{{State: store.PhotoRefused, Bytes: 1_900_000}, {State: store.PhotoRefused, Bytes: 900_000, OrigRandom: "0123456789abcdef0123456789abcdef"}} {
			p.ID, p.AccountID = c.Store.NewID(), ann.ID
			c.expectErr("a refused photo", c.Store.AddPhoto(c.ctx, &p), nil)
		}
		c.expectErr("beside what was refused", c.withinQuota(c.ctx, c.Store, ann, 1_000_000), nil)
		if code, _ := refused(c.withinQuota(c.ctx, c.Store, ann, 1_200_000)); code != "quota" {
			t.Error("what may be tried again takes no room")
		}
		ann, err = c.SetMemberQuota(c.ctx, ByCommand(""), "ann", nil)
		c.expectErr("unset", err, nil)
		c.expectErr("no quota", c.withinQuota(c.ctx, c.Store, ann, 1<<40), nil)
	})
}

// A moderator reads neither the notes about oneself, nor who decided about one, nor why. An owner does, and everybody reads it of
// others.
func TestModeratorsDoNotReadOfThemselves(t *testing.T) {
	onEach(t, func(t *testing.T, c *circle) {
		of := func(name, role string) *store.Account {
			return c.account(name, func(a *store.Account) { a.Role = role })
		}
		boss, adda, mod := of("boss", store.RoleOwner), of("adda", store.RoleAdmin), of("moda", store.RoleModerator)
		by := By{Account: boss, Via: ViaPage, Reason: "told her twice"}
		for _, name := range []string{"moda", "adda"} {
			c.expectErr("note", c.NoteMember(c.ctx, by, name, "Watch her."), nil)
			_, err := c.WarnMember(c.ctx, by, name, Sanction{Words: "Be kind."})
			c.expectErr("warn", err, nil)
		}
		c.expectErr("an owner about an owner", c.NoteMember(c.ctx, By{Account: of("olga", store.RoleOwner), Via: ViaPage}, "boss", "Is fine."), nil)
		_, err := c.SuspendMember(c.ctx, By{Account: mod, Via: ViaPage, Reason: "spam"}, c.account("ann").Username, Sanction{})
		c.expectErr("suspend", err, nil)
		for _, tt := range []struct {
			reader *store.Account
			whom   string
			reads  bool
		}{{mod, "moda", false}, {adda, "adda", false}, {adda, "moda", true}, {mod, "adda", true}, {boss, "boss", true}, {nil, "moda", true}} {
			reader := By{Account: tt.reader, Via: ViaPage}
			if tt.reader == nil {
				reader = ByCommand("")
			}
			m, err := c.MemberByName(c.ctx, reader, tt.whom)
			c.expectErr(tt.whom, err, nil)
			c.expect(tt.whom+": notes", len(m.Notes) == 1, tt.reads)
			c.expect(tt.whom+": oneself", m.Oneself, !tt.reads)
			for _, d := range m.Decisions {
				c.expect(tt.whom+": who decided", d.By != nil && d.ByID != nil, tt.reads)
				c.expect(tt.whom+": the words", d.Words, "Be kind.")
			}
			log, err := c.AdminLog(c.ctx, reader, AdminLogSearch{Whom: tt.whom}, Cursor{})
			c.expectErr("log", err, nil)
			c.expect(tt.whom+": the log", len(log) > 0, tt.reads)
		}
		log, err := c.AdminLog(c.ctx, By{Account: mod, Via: ViaPage}, AdminLogSearch{}, Cursor{})
		c.expectErr("log", err, nil)
		for _, e := range log {
			if e.Target == "moda" {
				t.Errorf("the moderator reads %+v", e)
			}
		}
		if len(log) != 4 { // two about adda, one about boss, and her own about ann
			t.Errorf("%d rows: %+v", len(log), log)
		}
	})
}

// An answer to a decision is told to those who can decide about it.
func TestAnswersAreToldToThoseAbove(t *testing.T) {
	onEach(t, func(t *testing.T, c *circle) {
		people := map[string]*store.Account{"ann": c.account("ann")}
		for name, role := range map[string]string{"boss": store.RoleOwner, "olga": store.RoleOwner, "adda": store.RoleAdmin, "moda": store.RoleModerator, "modb": store.RoleModerator} {
			people[name] = c.account(name, func(a *store.Account) { a.Role = role })
		}
		for whom, want := range map[string]string{"ann": "adda boss moda modb olga", "moda": "adda boss olga", "adda": "boss olga", "boss": "olga"} {
			_, err := c.Store.SQL().ExecContext(c.ctx, "DELETE FROM notifications")
			c.expectErr("forget", err, nil)
			_, err = c.WarnMember(c.ctx, ByCommand(""), whom, Sanction{Words: "Be kind."})
			c.expectErr("warn", err, nil)
			list, err := c.OwnDecisions(c.ctx, people[whom])
			c.expectErr("decisions", err, nil)
			c.expectErr("answer", c.AppealDecision(c.ctx, people[whom], list[0].ID, "I was."), nil)
			var told []string
			for name, acc := range people {
				if slices.Contains(c.told(acc), store.NotifyAppeal) {
					told = append(told, name)
				}
			}
			slices.Sort(told)
			c.expect("of "+whom+" are told", strings.Join(told, " "), want)
		}
	})
}
