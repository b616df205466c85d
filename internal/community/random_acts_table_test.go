package community

import (
	"context"
	"fmt"

	"tintype/internal/store"
)

// drawnActs are the acts that TestNoActWithoutItsRow draws. Each makes what it is about, and returns what it does.
var drawnActs = map[Act]func(d *randomActs) (do func() error){
	Suspend: func(d *randomActs) func() error {
		return onTarget(d.SuspendMember, d, Sanction{})
	},
	Unsuspend: func(d *randomActs) func() error {
		if d.sure {
			d.must(d.Store.SetSuspended(d.ctx, d.people[d.target].ID, new(store.Millis(1))))
		}
		return func() error { _, err := d.UnsuspendMember(d.ctx, d.by, d.target); return err }
	},
	LimitAccount: func(d *randomActs) func() error {
		return onTarget(d.LimitMember, d, Sanction{})
	},
	Unlimit: func(d *randomActs) func() error {
		if d.sure {
			d.must(d.Store.SetLimited(d.ctx, d.people[d.target].ID, new(store.Millis(1))))
		}
		return func() error { _, err := d.UnlimitMember(d.ctx, d.by, d.target); return err }
	},
	Warn: func(d *randomActs) func() error {
		return onTarget(d.WarnMember, d, Sanction{Words: "words"})
	},
	Unwarn: func(d *randomActs) func() error {
		id := d.decision("")
		return func() error { return d.UndoDecision(d.ctx, d.by, id) }
	},
	SetRole: func(d *randomActs) func() error {
		role := Roles[d.random.IntN(len(Roles))]
		if d.sure {
			role = store.RoleMember
			if d.now(d.target).Role == role {
				role = store.RoleModerator
			}
		}
		return onTarget(d.SetMemberRole, d, role)
	},
	SetQuota: func(d *randomActs) func() error {
		return onTarget(d.SetMemberQuota, d, new(int64(d.n)))
	},
	ResetLink: func(d *randomActs) func() error {
		return func() error { _, err := d.CreateResetLink(d.ctx, d.by, d.target); return err }
	},
	TakeTwoFactors: func(d *randomActs) func() error {
		d.must(d.Store.MarkTwoFactors(d.ctx, d.people[d.target].ID, 1))
		return func() error { _, err := d.TakeTwoFactors(d.ctx, d.by, d.target); return err }
	},
	LogOut: func(d *randomActs) func() error {
		return func() error { _, err := d.LogOutMember(d.ctx, d.by, d.target); return err }
	},
	Note: func(d *randomActs) func() error {
		return func() error { return d.NoteMember(d.ctx, d.by, d.target, "words") }
	},
	RemoveNote: func(d *randomActs) func() error {
		id, err := d.Store.AddModeratorNote(d.ctx, store.ModeratorNote{AccountID: d.people[d.target].ID, Words: "words", CreatedAt: 1})
		d.must(err)
		return func() error { return d.RemoveNote(d.ctx, d.by, d.target, id) }
	},
	LeaveOther: func(d *randomActs) func() error {
		return func() error { _, err := d.LeaveMember(d.ctx, d.by, d.target); return err }
	},
	BringBack: func(d *randomActs) func() error {
		if d.sure || d.random.IntN(2) == 0 {
			d.leaves()
		}
		return func() error { _, err := d.BringBackMember(d.ctx, d.by, d.target); return err }
	},
	DeleteOther: func(d *randomActs) func() error {
		d.newcomer(false)
		return func() error { _, err := d.DeleteMember(d.ctx, d.by, d.target); return err }
	},

	RemovePost: func(d *randomActs) func() error {
		d.somebodyElse()
		post := d.post(d.people[d.target], store.Public, "words")
		return func() error { _, err := d.RemovePost(d.ctx, d.by, post.ID, Sanction{Words: "words"}); return err }
	},
	CloseReport: func(d *randomActs) func() error {
		r := d.report(store.ReportOpen)
		return func() error { _, err := d.CloseReport(d.ctx, d.by, r.ID); return err }
	},
	DecideReport: func(d *randomActs) func() error {
		r := d.report(store.ReportOpen)
		kind := Verdicts[1+d.random.IntN(len(Verdicts)-1)] // the first is to do nothing
		return func() error { _, err := d.DecideReport(d.ctx, d.by, r.ID, kind, Sanction{Words: "words"}); return err }
	},
	AssignReport: func(d *randomActs) func() error {
		r := d.report(store.ReportOpen)
		return func() error { _, err := d.AssignReport(d.ctx, d.by, r.ID, true); return err }
	},
	ReopenReport: func(d *randomActs) func() error {
		r := d.report(store.ReportClosed)
		return func() error { _, err := d.ReopenReport(d.ctx, d.by, r.ID); return err }
	},
	EditReport: func(d *randomActs) func() error {
		r := d.report(store.ReportOpen)
		change := ReportChange{Category: new("legal")}
		if d.random.IntN(2) == 0 {
			change.Rules = &[]string{"Be kind.", fmt.Sprint(d.n)}
		}
		return func() error { _, err := d.EditReport(d.ctx, d.by, r.ID, change); return err }
	},
	AnswerAppeal: func(d *randomActs) func() error {
		id := d.decision(store.AppealWaits)
		accept := d.random.IntN(2) == 0
		return func() error { return d.AnswerAppeal(d.ctx, d.by, id, accept, "words") }
	},
	ApproveHeld: func(d *randomActs) func() error {
		id := d.held()
		return func() error { _, err := d.ApproveHeld(d.ctx, d.by, id); return err }
	},
	RejectHeld: func(d *randomActs) func() error {
		id := d.held()
		return func() error { return d.RejectHeld(d.ctx, d.by, id, "No adverts.") }
	},

	Invite: func(d *randomActs) func() error {
		d.target = ""
		switch d.random.IntN(3) {
		case 0:
			return func() error { _, err := d.CreateInvite(d.ctx, d.by, store.RoleMember); return err }
		case 1:
			addresses := fmt.Sprintf("a%d@example.net, b%d@example.net", d.n, d.n)
			return func() error { _, err := d.InviteByMail(d.ctx, d.by, addresses, "words", ""); return err }
		}
		return func() error { _, err := d.Invite(d.ctx, d.by, NewInvitation{Note: "words", MaxUses: 1}); return err }
	},
	EndInvitation: func(d *randomActs) func() error {
		made, err := d.Invite(d.ctx, ByCommand(""), NewInvitation{Note: "words", MaxUses: 1})
		d.must(err)
		d.target = ""
		return func() error { return d.EndInvitation(d.ctx, d.by, made.ID) }
	},
	ApproveMember: func(d *randomActs) func() error {
		d.newcomer(true)
		return func() error { _, err := d.ApproveMember(d.ctx, d.by, d.target); return err }
	},
	RefuseMember: func(d *randomActs) func() error {
		d.newcomer(true)
		return func() error { return d.RefuseMember(d.ctx, d.by, d.target, "") }
	},

	Announce: func(d *randomActs) func() error {
		d.target = ""
		return func() error {
			_, err := d.Announce(d.ctx, d.by, NewAnnouncement{Text: fmt.Sprintf("Meet at %d.", d.n)})
			return err
		}
	},
	EditAnnouncement: func(d *randomActs) func() error {
		d.target = ""
		return func() error {
			return d.EditAnnouncement(d.ctx, d.by, d.notice, NewAnnouncement{Text: fmt.Sprintf("Later, at %d.", d.n)})
		}
	},
	EndAnnouncement: func(d *randomActs) func() error {
		d.target = ""
		id := d.announcement()
		return func() error { return d.FinishAnnouncement(d.ctx, d.by, id) }
	},
	DeleteAnnouncement: func(d *randomActs) func() error {
		d.target = ""
		id := d.announcement()
		return func() error { return d.DeleteAnnouncement(d.ctx, d.by, id) }
	},
	RemoveAnnouncementComment: func(d *randomActs) func() error {
		d.somebodyElse()
		id := d.announcementComment(d.people[d.target].ID)
		return func() error { return d.RemoveAnnouncementComment(d.ctx, d.by, id, Sanction{Words: "words"}) }
	},

	AddBlock: func(d *randomActs) func() error {
		d.target = ""
		n := d.newBlock()
		return func() error { _, err := d.AddBlock(d.ctx, d.by, n); return err }
	},
	RemoveBlock: func(d *randomActs) func() error {
		d.target = ""
		b, err := d.AddBlock(d.ctx, ByCommand(""), d.newBlock())
		d.must(err)
		return func() error { return d.RemoveBlock(d.ctx, d.by, b.ID) }
	},
	EditSite: func(d *randomActs) func() error {
		d.target = ""
		if !d.sure && d.random.IntN(3) == 0 {
			return func() error { return d.CloseFirstSteps(d.ctx, d.by) }
		}
		return func() error {
			return d.SetSite(d.ctx, d.by, map[string]*string{"name": new(fmt.Sprintf("Club %d", d.random.IntN(3)))})
		}
	},
	RetryJob: func(d *randomActs) func() error {
		d.target = ""
		id := d.deadJob()
		return func() error { return d.RetryJob(d.ctx, d.by, id) }
	},
	DropJob: func(d *randomActs) func() error {
		d.target = ""
		id := d.deadJob()
		return func() error { return d.DropJob(d.ctx, d.by, id) }
	},
}

// onTarget is an act on the member that was drawn.
func onTarget[T any](act func(ctx context.Context, by By, username string, how T) (*store.Account, error), d *randomActs, how T) func() error {
	return func() error { _, err := act(d.ctx, d.by, d.target, how); return err }
}

// ownActs are what members do to what is their own, or is open to all: the log of administration has no row of it.
var ownActs = map[Act]func(d *randomActs) (do func() error){
	"own: come back": func(d *randomActs) func() error {
		d.own = true
		d.leaves()
		return func() error { _, err := d.ComeBack(d.ctx, d.people[d.target]); return err }
	},
	"own: withdraw what is held": func(d *randomActs) func() error {
		d.own = true
		id := d.held()
		return func() error { return d.WithdrawHeld(d.ctx, d.people[d.target], id) }
	},
	"own: delete a post": func(d *randomActs) func() error {
		d.own = true
		post := d.post(d.people[d.target], store.Public, "words")
		return func() error { _, err := d.DeletePost(d.ctx, d.now(d.target), post.ID); return err }
	},
	"own: comment on an announcement": func(d *randomActs) func() error {
		d.own = true
		return func() error {
			_, err := d.CommentOnAnnouncement(d.ctx, d.now(d.target), d.notice, "Where?", "")
			return err
		}
	},
	"own: remove that comment": func(d *randomActs) func() error {
		d.own = true
		id := d.announcementComment(d.people[d.target].ID)
		return func() error {
			return d.RemoveAnnouncementComment(d.ctx, By{Account: d.now(d.target), Via: ViaPage}, id, Sanction{})
		}
	},
}
