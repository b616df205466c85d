package community

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	gotoken "go/token"
	"maps"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"

	"tintype/internal/store"
)

// notDrawn are the acts that TestNoActWithoutItsRow leaves out, with the reason.
var notDrawn = map[Act]string{
	ReadAdmin: "reads", ReadReports: "reads", ReadMembers: "reads", ReadEmails: "reads", ReadLog: "reads", ReadSystem: "reads", ReadSite: "reads",
	ReadInvitations: "reads", ReadAnnouncements: "reads", ReadBlocks: "reads", ReadHeld: "reads",
	TestMail:     "sends a mail at once, whatever becomes of the rest",
	ClaimSite:    "happens once, before there is anybody",
	CreateBackup: "by command alone", RestoreBackup: "by command alone", RemoveFiles: "by command alone",
	BeginMove: "by command alone", EndMove: "by command alone", FinishMove: "by command alone", AbortMove: "by command alone",
}

// Every act that permission.go names is in the table of permissions, and is drawn by the random test or left out for a reason.
func TestEveryActIsDrawn(t *testing.T) {
	file, err := parser.ParseFile(gotoken.NewFileSet(), "permission.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	named := map[Act]bool{}
	ast.Inspect(file, func(n ast.Node) bool {
		v, ok := n.(*ast.ValueSpec)
		if !ok {
			return true
		}
		if kind, ok := v.Type.(*ast.Ident); ok && kind.Name == "Act" {
			for _, value := range v.Values {
				text, err := strconv.Unquote(value.(*ast.BasicLit).Value)
				if err != nil {
					t.Fatal(err)
				}
				named[Act(text)] = true
			}
		}
		return true
	})
	if len(named) < 40 {
		t.Fatalf("permission.go names %d acts: %v", len(named), named)
	}
	if !maps.Equal(named, asSet(Acts())) {
		t.Errorf("the table of permissions has %v, and there are %v", Acts(), slices.Sorted(maps.Keys(named)))
	}
	for act := range named {
		_, drawn := drawnActs[act]
		if reason := notDrawn[act]; drawn == (reason != "") {
			t.Errorf("%s: drawn by the random test: %t, left out because %q. Add it to drawnActs, or to notDrawn with the reason", act, drawn, reason)
		}
	}
	for _, act := range slices.Concat(slices.Collect(maps.Keys(drawnActs)), slices.Collect(maps.Keys(notDrawn))) {
		if !named[act] {
			t.Errorf("%s is no act any more", act)
		}
	}
}

func asSet(acts []Act) map[Act]bool {
	set := map[Act]bool{}
	for _, a := range acts {
		set[a] = true
	}
	return set
}

// randomActs is a site on which acts are drawn: who does what to whom.
type randomActs struct {
	*circle
	random *rand.Rand
	people map[string]*store.Account
	names  []string
	posts  map[string]int64 // by author
	reader *store.Account   // on whom nobody acts
	root   int64            // the reader's post
	notice int64            // an announcement that stands

	// The act that is drawn.
	n             int
	by            By
	actor, target string // usernames; the target is "" where the log names none
	sure          bool   // the owner acts on somebody who is there: it has to succeed
	own           bool   // no act of administration: it has no row
}

// Acts at random, by all roles and the command line: each change has its row, each row its change, and who may not changes
// nothing. What members do to what is their own has no row. Who is suspended, or has left, is readable nowhere.
func TestNoActWithoutItsRow(t *testing.T) { onEach(t, testNoActWithoutItsRow) }

func testNoActWithoutItsRow(t *testing.T, c *circle) {
	c.withMail()
	c.setDefaults(func(s *Site) { s.Registration = RegistrationInvitation })
	d := &randomActs{circle: c, random: rand.New(rand.NewPCG(1, 2)), people: map[string]*store.Account{}, posts: map[string]int64{}}
	for i, role := range []string{store.RoleOwner, store.RoleAdmin, store.RoleAdmin, store.RoleModerator, store.RoleMember, store.RoleMember} {
		name := fmt.Sprintf("p%d", i)
		d.people[name] = c.account(name, func(a *store.Account) { a.Role = role })
		d.posts[name] = c.post(d.people[name], store.Public, "words").ID
		d.names = append(d.names, name)
	}
	d.reader = c.account("reader")
	d.root = c.post(d.reader, store.Public, "the root").ID
	d.notice = d.announcement()
	kinds := slices.Concat(slices.Sorted(maps.Keys(drawnActs)), slices.Sorted(maps.Keys(ownActs)))
	done, refused := 0, 0
	for round := range 5 {
		d.random.Shuffle(len(kinds), func(i, j int) { kinds[i], kinds[j] = kinds[j], kinds[i] })
		for _, name := range d.names { // else fewer and fewer may do anything
			d.settle(name)
		}
		for _, act := range kinds {
			d.n++
			d.sure, d.own = round == 0, false
			d.actor, d.target = d.pick(), d.pick()
			if d.sure {
				d.actor, d.target = d.names[0], d.names[1+d.random.IntN(len(d.names)-1)]
				d.settle(d.target)
			}
			d.by = By{Account: d.now(d.actor), Via: ViaPage, Reason: fmt.Sprintf("reason %d", d.n)}
			if !d.sure && d.random.IntN(4) == 0 {
				d.by = ByCommand(d.by.Reason)
			}
			on := d.target
			prepare := drawnActs[act]
			if prepare == nil {
				prepare = ownActs[act]
			}
			do := prepare(d)
			before, rows := d.state(), d.count("admin_log")
			err := do()
			changed, logged := d.state() != before, d.count("admin_log")-rows
			what := fmt.Sprintf("%d: %s on %s by %s (%s)", d.n, act, d.target, d.actor, d.by.Via)
			if logged > 1 || !d.own && changed != (logged == 1) || d.own && logged != 0 || err != nil && (changed || logged != 0) {
				t.Fatalf("%s: changed %t, rows %d, %v", what, changed, logged, err)
			}
			if d.sure && (err != nil || !changed) {
				t.Errorf("%s: changed %t, %v", what, changed, err)
			}
			var invalid *Invalid
			if err != nil && !errors.Is(err, ErrForbidden) && !errors.Is(err, ErrUnauthenticated) && !errors.Is(err, ErrNotFound) && !errors.As(err, &invalid) {
				t.Fatalf("%s: %v", what, err)
			}
			if err != nil {
				refused++
			} else if changed {
				done++
			}
			if err == nil && changed && !d.own {
				e := c.lastAct()
				if e.Act != string(act) || e.Target != d.target || (d.by.Account != nil) != (e.Actor == d.actor) || e.Reason != d.by.Reason {
					t.Fatalf("%s: the log says %+v", what, e)
				}
			}
			d.look(what, on)
		}
	}
	if done < len(kinds)+15 || refused < 15 {
		t.Errorf("%d acts and %d refusals prove little", done, refused)
	}
	owners, err := c.Store.AccountsWithRole(c.ctx, []string{store.RoleOwner}, 10)
	c.expectErr("owners", err, nil)
	if len(owners) == 0 {
		t.Error("the site has no owner left")
	}
}

func (d *randomActs) pick() string { return d.names[d.random.IntN(len(d.names))] }

// now is the account as it is now.
func (d *randomActs) now(name string) *store.Account {
	d.t.Helper()
	a, err := d.Store.AccountByID(store.Primary(d.ctx), d.people[name].ID)
	d.must(err)
	return a
}

func (d *randomActs) must(err error) {
	d.t.Helper()
	if err != nil {
		d.t.Fatal(err)
	}
}

// settle makes somebody there, without limits.
func (d *randomActs) settle(name string) {
	d.t.Helper()
	id := d.people[name].ID
	d.must(d.Store.SetSuspended(d.ctx, id, nil))
	d.must(d.Store.SetLeaving(d.ctx, id, nil))
	d.must(d.Store.SetLimited(d.ctx, id, nil))
}

// somebodyElse makes the actor a member who acts on another: what they do to their own has no row.
func (d *randomActs) somebodyElse() {
	for d.target == d.actor {
		d.target = d.pick()
	}
	d.by.Account, d.by.Via = d.now(d.actor), ViaPage
}

func (d *randomActs) count(table string) (n int) {
	d.t.Helper()
	d.must(d.Store.SQL().QueryRowContext(d.ctx, "SELECT COUNT(*) FROM "+table).Scan(&n))
	return n
}

// state is what acts can change.
func (d *randomActs) state() string {
	d.t.Helper()
	var b strings.Builder
	for _, query := range []string{
		"SELECT id, role, suspended_at, suspended_until, leaving_at, waiting_at, deleted_at IS NOT NULL, session_epoch, limited_at IS NOT NULL, storage_quota, two_factors_at FROM accounts ORDER BY id",
		"SELECT hash FROM one_time_links ORDER BY hash",
		"SELECT name, value FROM site_info WHERE name LIKE 'site.%' ORDER BY name",
		"SELECT id, deleted_at IS NOT NULL FROM posts ORDER BY id",
		"SELECT id, state, assigned_to_id, category, rule FROM reports ORDER BY id",
		"SELECT id FROM moderator_notes ORDER BY id",
		"SELECT id, undone_at IS NOT NULL, answered_at IS NOT NULL FROM decisions ORDER BY id",
		"SELECT id, ended_at IS NOT NULL FROM invitations ORDER BY id",
		"SELECT id, text, ended_at IS NOT NULL, deleted_at IS NOT NULL FROM announcements ORDER BY id",
		"SELECT id FROM announcement_comments ORDER BY id",
		"SELECT id FROM site_blocks ORDER BY id",
		"SELECT id, state FROM held_posts ORDER BY id",
		"SELECT id, state FROM jobs WHERE kind = 'nothing' ORDER BY id",
	} {
		d.rows(&b, query)
	}
	return b.String()
}

func (d *randomActs) rows(b *strings.Builder, query string) {
	d.t.Helper()
	rows, err := d.Store.SQL().QueryContext(d.ctx, query)
	d.must(err)
	defer rows.Close()
	columns, err := rows.Columns()
	d.must(err)
	values, into := make([]sql.NullString, len(columns)), make([]any, len(columns))
	for i := range values {
		into[i] = &values[i]
	}
	for rows.Next() {
		d.must(rows.Scan(into...))
		fmt.Fprintln(b, values)
	}
	d.must(rows.Err())
}

// look finds that a member is readable as long as the account is open to the reader, and nowhere otherwise.
func (d *randomActs) look(what, name string) {
	d.t.Helper()
	acc := d.now(name)
	for who, viewer := range map[string]*store.Account{"a visitor": nil, "a member": d.reader} {
		shown := acc.Active() && (viewer != nil || !acc.Limited()) // who asks for one who is limited, and is a member, finds it
		_, err := d.AccountByName(d.ctx, viewer, name)
		if (err == nil) != shown {
			d.t.Fatalf("%s: %s finds the account: %v", what, who, err)
		}
		if _, err = d.PostByID(d.ctx, viewer, d.posts[name]); (err == nil) != shown {
			d.t.Fatalf("%s: %s finds the post: %v", what, who, err)
		}
		feed, err := d.PublicFeed(d.ctx, viewer, Cursor{Limit: 40})
		d.must(err)
		if !acc.Active() && slices.ContainsFunc(feed, func(p *Post) bool { return p.AuthorID == acc.ID }) {
			d.t.Fatalf("%s: %s finds posts in the feed", what, who)
		}
	}
}

// The functions below make what acts are about.

func (d *randomActs) announcement() int64 {
	id := d.Store.NewID()
	d.must(d.Store.AddAnnouncement(d.ctx, store.Announcement{ID: id, Text: fmt.Sprintf("We walk %d", id), PublishAt: 1, CreatedAt: 1, UpdatedAt: 1}))
	return id
}

func (d *randomActs) announcementComment(author int64) int64 {
	id := d.Store.NewID()
	d.must(d.Store.AddAnnouncementComment(d.ctx, store.AnnouncementComment{ID: id, AnnouncementID: d.notice, AccountID: author, Text: "Where?", CreatedAt: 1}))
	return id
}

func (d *randomActs) report(state string) store.Report {
	r := store.Report{ID: d.Store.NewID(), ReporterID: &d.reader.ID, TargetID: d.people[d.target].ID, State: state, CreatedAt: 1}
	post := d.post(d.people[d.target], store.Public, "reported")
	r.PostID = &post.ID
	_, err := d.Store.AddReport(d.ctx, r)
	d.must(err)
	return r
}

func (d *randomActs) decision(answer string) int64 {
	id, err := d.Store.AddDecision(d.ctx, store.Decision{AccountID: d.people[d.target].ID, Kind: store.DecideWarn, Words: "words", CreatedAt: 1, Answer: answer})
	d.must(err)
	return id
}

func (d *randomActs) held() int64 {
	payload, err := json.Marshal(NewPost{Caption: "held", InReplyTo: d.root, Visibility: store.Public, Licence: AllRightsReserved})
	d.must(err)
	h := &store.HeldPost{ID: d.Store.NewID(), AccountID: d.people[d.target].ID, State: store.HeldWaits, Reasons: HeldFirst, Payload: string(payload), CreatedAt: 1}
	d.must(d.Store.AddHeldPost(d.ctx, h))
	return h.ID
}

func (d *randomActs) deadJob() int64 {
	id := d.Store.NewID()
	d.must(d.Store.AddJobID(d.ctx, id, "nothing", nil))
	_, err := d.Store.SQL().ExecContext(d.ctx, "UPDATE jobs SET state = 'dead' WHERE id = ?", id)
	d.must(err)
	return id
}

// newcomer is an account of its own for acts after which nothing is left of it, or that are about those who wait.
func (d *randomActs) newcomer(waits bool) {
	d.target = fmt.Sprintf("new%d", d.n)
	d.account(d.target, func(a *store.Account) {
		if waits {
			a.WaitingAt = new(store.Millis(1))
			a.SuspendedAt = a.WaitingAt
		}
	})
}

func (d *randomActs) leaves() {
	acc := d.now(d.target)
	err := d.Store.Tx(d.ctx, func(ctx context.Context, tx *store.Store) error { return d.leave(ctx, tx, acc) })
	var last *Invalid
	if err != nil && !errors.As(err, &last) { // the site's last owner stays
		d.t.Fatal(err)
	}
}

func (d *randomActs) newBlock() NewBlock {
	kind := BlockKinds[d.random.IntN(len(BlockKinds))]
	value := map[string]string{
		store.BlockDomain: fmt.Sprintf("d%d.example", d.n), store.BlockRange: fmt.Sprintf("192.0.%d.0/24", d.n%250), store.BlockWord: fmt.Sprintf("word%d", d.n),
		store.BlockPhoto: fmt.Sprintf("%016x", d.n),
	}
	return NewBlock{Kind: kind, Value: value[kind]}
}
