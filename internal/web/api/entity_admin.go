package api

import (
	"tintype/internal/community"
	"tintype/internal/store"
)

// AdminAccount is a member as moderators and administrators read it. Email is empty for those who may not read it.
type AdminAccount struct {
	ID            string    `json:"id"`
	Username      string    `json:"username"`
	Domain        *string   `json:"domain"`
	CreatedAt     string    `json:"created_at"`
	Email         string    `json:"email"`
	IP            *string   `json:"ip"`
	IPs           []nothing `json:"ips"`
	Locale        string    `json:"locale"`
	InviteRequest *string   `json:"invite_request"`
	Role          Role      `json:"role"`
	Confirmed     bool      `json:"confirmed"`
	Approved      bool      `json:"approved"`
	Disabled      bool      `json:"disabled"`
	Silenced      bool      `json:"silenced"`
	Suspended     bool      `json:"suspended"`
	Account       *Account  `json:"account"`
}

// AdminReport is a report as moderators read it.
type AdminReport struct {
	ID            string        `json:"id"`
	ActionTaken   bool          `json:"action_taken"`
	ActionTakenAt *string       `json:"action_taken_at"`
	Category      string        `json:"category"`
	Comment       string        `json:"comment"`
	Forwarded     bool          `json:"forwarded"`
	CreatedAt     string        `json:"created_at"`
	UpdatedAt     string        `json:"updated_at"`
	Account       *AdminAccount `json:"account"`
	Target        *AdminAccount `json:"target_account"`
	Assigned      *AdminAccount `json:"assigned_account"`
	TakenBy       *AdminAccount `json:"action_taken_by_account"`
	Statuses      []*Status     `json:"statuses"`
	Rules         []Rule        `json:"rules"`
}

func (v *view) adminAccount(a *store.Account, emails bool) *AdminAccount {
	if a == nil {
		return nil
	}
	e := &AdminAccount{
		ID: formatID(a.ID), Username: a.Username, CreatedAt: formatMillis(a.CreatedAt), IPs: []nothing{}, Locale: a.PagesLanguage,
		Role: Role{ID: "-99", Permissions: permitNothing}, Confirmed: a.EmailVerifiedAt != nil, Approved: a.WaitingAt == nil,
		Silenced: a.Limited(), Suspended: a.Barred(), Account: v.account(a),
	}
	if known, ok := roles[a.Role]; ok {
		e.Role = known
	}
	if a.JoinReason != "" {
		e.InviteRequest = &a.JoinReason
	}
	if emails {
		e.Email = a.Email
	}
	return e
}

func (v *view) adminReport(r *community.FiledReport, emails bool) *AdminReport {
	plain := v.report(&r.Report, nil)
	e := &AdminReport{
		ID: plain.ID, ActionTaken: plain.ActionTaken, ActionTakenAt: plain.ActionTakenAt, Category: plain.Category, Comment: plain.Comment, CreatedAt: plain.CreatedAt, UpdatedAt: plain.CreatedAt,
		Account: v.adminAccount(r.Reporter, emails), Target: v.adminAccount(r.Target, emails), Assigned: v.adminAccount(r.AssignedTo, emails), TakenBy: v.adminAccount(r.ClosedBy, emails),
		Statuses: []*Status{}, Rules: v.rulesIn(&r.Report),
	}
	if plain.ActionTakenAt != nil {
		e.UpdatedAt = *plain.ActionTakenAt
	}
	if r.Post != nil {
		v.withheld = r.Post.Author.SuspendedAt != nil
		e.Statuses = append(e.Statuses, v.status(r.Post))
		v.withheld = false
	}
	return e
}
