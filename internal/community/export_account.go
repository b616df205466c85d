package community

import (
	"context"
	"strconv"
	"strings"
	"time"

	"tintype/internal/archive"
	"tintype/internal/store"
)

// instant is a moment for an export, nil for none.
func instant(m *store.Millis) *time.Time {
	if m == nil {
		return nil
	}
	t := m.Time()
	return &t
}

// notificationChoices writes where the member learns of what, and whether the weekly mail is wanted.
func (x *exportWriter) notificationChoices(ctx context.Context) error {
	choices, err := x.c.NotificationChoices(ctx, x.acc)
	if err != nil {
		return err
	}
	row, err := x.c.Store.MemberMailOf(ctx, x.acc.ID)
	if err != nil {
		return err
	}
	out := archive.NotificationChoices{Digest: row.DigestAt != nil, Kinds: []archive.NotificationChoice{}}
	for _, c := range choices {
		out.Kinds = append(out.Kinds, archive.NotificationChoice{Kind: c.Kind, Page: c.Page, Push: c.Push, Mail: c.Mail})
	}
	return x.json("data/notification_choices.json", out)
}

// decisions writes what moderators decided about the member and what the member answered, never who decided.
func (x *exportWriter) decisions(ctx context.Context) error {
	list, err := x.c.OwnDecisions(ctx, x.acc)
	if err != nil {
		return err
	}
	out := []archive.Decision{}
	for _, d := range list {
		out = append(out, archive.Decision{
			Kind: d.Kind, CreatedAt: d.CreatedAt.Time(), Words: d.Words, About: d.Excerpt, EndsAt: instant(d.EndsAt), UndoneAt: instant(d.UndoneAt),
			Appeal: d.Appeal, AppealedAt: instant(d.AppealedAt), Answer: d.Answer, AnswerWords: d.AnswerWords, AnsweredAt: instant(d.AnsweredAt),
		})
	}
	return x.json("data/decisions.json", out)
}

// reports writes what the member reported. The words that were reported are their author's.
func (x *exportWriter) reports(ctx context.Context) error {
	return x.jsonList("data/reports.json", func(add func(any) error) error {
		for r := (store.Range{Limit: exportRows}); ; {
			list, err := x.c.Store.FilteredReports(ctx, store.ReportFilter{ReporterID: x.acc.ID}, r)
			if err != nil || len(list) == 0 {
				return err
			}
			r.Max = list[len(list)-1].ID
			var about []int64
			for _, row := range list {
				about = append(about, row.TargetID)
			}
			names, err := x.names(ctx, about)
			if err != nil {
				return err
			}
			for _, row := range list {
				out := archive.Report{
					Username: names[row.TargetID], CreatedAt: row.CreatedAt.Time(), Category: row.Category, Rule: row.Rule, Comment: row.Comment, State: row.State, ClosedAt: instant(row.ClosedAt),
				}
				switch {
				case row.PostID != nil:
					out.URL = x.c.BaseURL + "/posts/" + strconv.FormatInt(*row.PostID, 10)
				case row.AnnouncementID != nil:
					out.URL = x.c.AnnouncementURL(*row.AnnouncementID)
				}
				if err := add(out); err != nil {
					return err
				}
			}
		}
	})
}

// announcementReactions writes the emojis that the member put to announcements.
func (x *exportWriter) announcementReactions(ctx context.Context) error {
	return x.jsonList("data/announcement_reactions.json", func(add func(any) error) error {
		for r := (store.Range{Limit: exportRows}); ; {
			list, err := x.c.Store.AnnouncementReactionsBy(ctx, x.acc.ID, r)
			if err != nil || len(list) == 0 {
				return err
			}
			r.Max = list[len(list)-1].ID
			for _, m := range list {
				if err := add(archive.AnnouncementReaction{URL: x.c.AnnouncementURL(m.AnnouncementID), Emoji: m.Name, CreatedAt: store.IDTime(m.ID)}); err != nil {
					return err
				}
			}
		}
	})
}

// applications writes which applications may act for the member, without what lets them.
func (x *exportWriter) applications(ctx context.Context) error {
	tokens, err := x.c.Store.TokensOf(ctx, x.acc.ID)
	if err != nil {
		return err
	}
	var ids []int64
	for _, t := range tokens {
		ids = append(ids, t.AppID)
	}
	apps, err := x.c.Store.AppsByID(ctx, ids)
	if err != nil {
		return err
	}
	byID := map[int64]*store.App{}
	for _, a := range apps {
		byID[a.ID] = a
	}
	out := []archive.Application{}
	for _, t := range tokens {
		a := archive.Application{Scopes: strings.Fields(t.Scopes), CreatedAt: t.CreatedAt.Time()}
		if app := byID[t.AppID]; app != nil {
			a.Name, a.Website = app.Name, app.Website
		}
		if t.UsedAt != 0 {
			a.UsedAt = instant(&t.UsedAt)
		}
		out = append(out, a)
	}
	return x.json("data/applications.json", out)
}
