package community

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"tintype/internal/store"
)

// MemberStates are the states by which members are filtered.
var MemberStates = []string{store.MemberActive, store.MemberLimited, store.MemberSuspended, store.MemberWaiting, store.MemberLeaving, store.MemberUnconfirmed, store.MemberUnreached, store.MemberNew, store.MemberSilent}

// MemberSearch chooses members. Empty fields choose all.
type MemberSearch struct {
	Text  string // in the username and the displayed name, and in the address for those who may read it
	Role  string
	State string // one of MemberStates
	Staff bool   // only those whose role is above a member's
}

// maxMembers is how many members one page has at most.
const maxMembers = 200

// Members lists accounts that are not deleted, the newest first. For those who may read about members, else ErrForbidden.
func (c *Community) Members(ctx context.Context, by By, q MemberSearch, p Cursor) ([]*store.Account, error) {
	if err := by.may(ReadMembers); err != nil {
		return nil, err
	}
	if q.Role != "" && !slices.Contains(Roles, q.Role) || q.State != "" && !slices.Contains(MemberStates, q.State) || utf8.RuneCountInString(q.Text) > maxSearchRunes {
		return nil, nil
	}
	f := store.MemberFilter{Text: strings.TrimPrefix(strings.TrimSpace(q.Text), "@"), WithEmail: by.may(ReadEmails) == nil, Role: q.Role, Staff: q.Staff, State: q.State}
	list, err := c.Store.Members(ctx, f, time.Now(), p.span(defaultAccounts, maxMembers))
	if err != nil {
		return nil, fromStore(err)
	}
	return list, c.loadProfilePhotos(ctx, list...)
}

// A Member is an account with what moderators and administrators read of it.
type Member struct {
	*store.Account
	store.MemberFacts
	Email     string // "" for those who may not read it
	Decisions []*Decision
	Notes     []ModeratorNote
	About, By []*FiledReport // the newest reports about the member, and by it
	MayAct    bool           // the reader's role is above the member's
	Oneself   bool           // the reader is the member, and no owner: what others say of it is left out
	// Invitation is the one by which the member came, nil where it came otherwise, or for those who may not read invitations.
	Invitation *store.Invitation
}

// A ModeratorNote is a note about a member. Author is nil for the command line, and where the account is gone.
type ModeratorNote struct {
	store.ModeratorNote
	Author *store.Account
}

const (
	maxMemberNotes   = 100
	maxMemberReports = 20
)

// MemberByName is a member with what decides. It finds suspended accounts too. For those who may read about members.
func (c *Community) MemberByName(ctx context.Context, by By, username string) (*Member, error) {
	if err := by.may(ReadMembers); err != nil {
		return nil, err
	}
	ctx = store.Primary(ctx)
	acc, err := c.Store.AccountByUsername(ctx, strings.TrimPrefix(strings.TrimSpace(username), "@"))
	return c.member(ctx, by, acc, err)
}

// MemberByID is MemberByName.
func (c *Community) MemberByID(ctx context.Context, by By, id int64) (*Member, error) {
	if err := by.may(ReadMembers); err != nil {
		return nil, err
	}
	ctx = store.Primary(ctx)
	acc, err := c.Store.AccountByID(ctx, id)
	return c.member(ctx, by, acc, err)
}

func (c *Community) member(ctx context.Context, by By, acc *store.Account, err error) (*Member, error) {
	if err == nil && acc.DeletedAt != nil {
		err = store.ErrNotFound
	}
	if err != nil {
		return nil, fromStore(err)
	}
	if err := c.loadProfilePhotos(ctx, acc); err != nil {
		return nil, err
	}
	m := &Member{Account: acc, MayAct: by.Account == nil || mayActOn(by.Account, acc)}
	if by.may(ReadEmails) == nil {
		m.Email = acc.Email
	}
	if acc.InvitationID != nil && by.may(ReadInvitations) == nil {
		if m.Invitation, err = c.Store.InvitationByID(ctx, *acc.InvitationID); err != nil && !errors.Is(err, store.ErrNotFound) {
			return nil, fromStore(err)
		}
	}
	if m.MemberFacts, err = c.Store.MemberFacts(ctx, acc.ID); err != nil {
		return nil, fromStore(err)
	}
	if m.Decisions, err = c.DecisionsAbout(ctx, by, acc); err != nil {
		return nil, err
	}
	// Nobody reads by whom they were reported, who decided about them, and what moderators tell each other of them.
	if m.Oneself = by.Account != nil && hiddenFrom(by.Account) == acc.ID; m.Oneself {
		for _, d := range m.Decisions {
			d.ByID, d.AnsweredByID, d.By, d.AnsweredBy = nil, nil, nil, nil
		}
	} else if m.Notes, err = c.moderatorNotes(ctx, acc.ID); err != nil {
		return nil, err
	}
	if !m.Oneself {
		rows, err := c.Store.ReportsAbout(ctx, acc.ID, store.Range{Limit: maxMemberReports})
		if err != nil {
			return nil, fromStore(err)
		}
		if m.About, err = c.loadReports(ctx, by.Account, rows); err != nil {
			return nil, err
		}
	} else {
		m.ReportsAbout, m.OpenReports = 0, 0
	}
	rows, err := c.Store.ReportsBy(ctx, acc.ID, store.Range{Limit: maxMemberReports})
	if err != nil {
		return nil, fromStore(err)
	}
	if by.Account != nil {
		rows = slices.DeleteFunc(rows, func(r store.Report) bool { return r.TargetID == hiddenFrom(by.Account) })
	}
	m.By, err = c.loadReports(ctx, by.Account, rows)
	return m, err
}

func (c *Community) moderatorNotes(ctx context.Context, accountID int64) ([]ModeratorNote, error) {
	rows, err := c.Store.ModeratorNotes(ctx, accountID, maxMemberNotes)
	if err != nil {
		return nil, fromStore(err)
	}
	var people idSet
	for _, r := range rows {
		people.add(r.AuthorID)
	}
	accounts, err := c.accountsWithPhotos(ctx, people.ids)
	if err != nil {
		return nil, err
	}
	notes := make([]ModeratorNote, len(rows))
	for i, r := range rows {
		notes[i] = ModeratorNote{r, accounts[r.AuthorID]}
	}
	return notes, nil
}

// NoteMember adds a note about a member, which moderators read.
func (c *Community) NoteMember(ctx context.Context, by By, username, words string) error {
	words = tidy(words)
	switch n := utf8.RuneCountInString(words); {
	case words == "":
		return invalid("note", "blank", "Write a note.")
	case n > maxWords:
		return invalid("note", "too_long", "That has %d characters; the limit is %d.", n, maxWords)
	}
	_, err := c.onMember(ctx, by, Note, username, func(ctx context.Context, tx *store.Store, now *store.Account, e *store.AdminEntry) (bool, error) {
		have, err := tx.CountModeratorNotes(ctx, now.ID)
		if err != nil {
			return false, err
		}
		if have >= maxMemberNotes {
			return false, invalid("note", "too_many", "There are %d notes about this member. Remove one first.", have)
		}
		n := store.ModeratorNote{AccountID: now.ID, Words: words, CreatedAt: store.ToMillis(time.Now())}
		if by.Account != nil {
			n.AuthorID = by.Account.ID
		}
		id, err := tx.AddModeratorNote(ctx, n)
		e.RefID = &id
		return true, err
	})
	return err
}

// RemoveNote removes a note about a member. ErrNotFound where there is none.
func (c *Community) RemoveNote(ctx context.Context, by By, username string, id int64) error {
	_, err := c.onMember(ctx, by, RemoveNote, username, func(ctx context.Context, tx *store.Store, now *store.Account, e *store.AdminEntry) (bool, error) {
		e.RefID = &id
		removed, err := tx.RemoveModeratorNote(ctx, now.ID, id)
		if err == nil && !removed {
			err = ErrNotFound
		}
		return removed, err
	})
	return err
}
