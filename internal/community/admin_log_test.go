package community

import (
	"errors"
	"io/fs"
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
	change := regexp.MustCompile(`(?i)(UPDATE|DELETE FROM|REPLACE INTO|TRUNCATE( TABLE)?)\s+.?admin_log|(Delete|Save|Updates?)\([^)]*AdminEntry`)
	files := 0
	err := filepath.WalkDir("../..", func(path string, d fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, ".go") && !strings.HasSuffix(path, ".up.sql") || strings.HasSuffix(path, "_test.go") {
			return err
		}
		files++
		text, err := os.ReadFile(path)
		if change.Match(text) {
			t.Errorf("%s changes the log: %s", path, change.Find(text))
		}
		return err
	})
	if err != nil || files < 500 {
		t.Fatal(files, err)
	}
}
