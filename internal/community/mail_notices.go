package community

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"time"

	"tintype/internal/lang"
	"tintype/internal/mail"
	"tintype/internal/queue"
	"tintype/internal/store"
)

// jobMailDue finds out periodically whom to write to: of notifications, and the digest of a week.
const jobMailDue = "mail.due"

const (
	mailDueEvery = 5 * time.Minute
	// noticesSettle is how old a notification is before it is looked for: ids sort by when they were drawn, and a transaction that
	// drew one may still be open.
	noticesSettle = 2 * time.Minute
	// noticesPause is between two mails of notifications to one member.
	noticesPause = time.Hour
	// noticesPatience is how long those wait for others of which a busy member gets many.
	noticesPatience = 24 * time.Hour
	// noticesSpan is how much of the notifications one statement looks at.
	noticesSpan = 10 * time.Minute
	// noticesBacklog is what is looked at after a time without mail: nobody wants last month's.
	noticesBacklog = 24 * time.Hour
	// maxNotices is how many lines a mail of notifications has.
	maxNotices = 20
	// maxNoticesRead is how many notifications they are made of.
	maxNoticesRead = 200

	digestEvery  = 7 * 24 * time.Hour
	digestPosts  = 8
	digestUnread = MaxUnread
	mailBatch    = 100
)

// infoNotices is up to which notification members were looked for.
const infoNotices = "mail_notices_upto"

// soonByMail are the kinds that do not wait for others: somebody may wait for an answer.
var soonByMail = []string{store.NotifyMention, store.NotifyFollowRequest, store.NotifyAlbum, store.NotifyReport, store.NotifyHeld, store.NotifyAppeal}

func (c *Community) mailDueJob(ctx context.Context, _ *queue.Job) error {
	now, err := c.Store.Now(ctx)
	if err != nil {
		return err
	}
	return c.WriteDueMail(ctx, now)
}

// WriteDueMail has the mails of notifications and the digests written that are due at that moment.
func (c *Community) WriteDueMail(ctx context.Context, now store.Millis) error {
	ctx = store.Primary(ctx)
	return errors.Join(c.planNotices(ctx, now), c.writeNotices(ctx, now), c.writeDigests(ctx, now))
}

// planNotices finds the members who have new notifications of kinds that they want by mail, and plans a mail for each. Doing so
// again changes nothing.
func (c *Community) planNotices(ctx context.Context, now store.Millis) error {
	idAt := func(at store.Millis) int64 { return int64(at) << 16 }
	end := idAt(now - store.Millis(noticesSettle.Milliseconds()))
	after, err := c.noticedUpto(ctx)
	if err != nil {
		return err
	}
	if after == 0 { // what was before there was mail is told by pages
		after = end - noticesSettle.Milliseconds()<<16
	}
	after = max(after, idAt(now-store.Millis(noticesBacklog.Milliseconds())))
	for after < end {
		if err := ctx.Err(); err != nil {
			return err
		}
		upto := min(end, after+noticesSpan.Milliseconds()<<16)
		list, err := c.Store.NoticedByMail(ctx, after, upto, soonByMail)
		if err != nil {
			return err
		}
		for _, n := range list {
			err := c.Store.Tx(ctx, func(ctx context.Context, tx *store.Store) error {
				row, err := tx.MemberMailOf(ctx, n.AccountID)
				if err != nil {
					return err
				}
				due := now + store.Millis(noticesPatience.Milliseconds())
				if n.Soon {
					due = max(now, row.NoticedAt+store.Millis(noticesPause.Milliseconds()))
				}
				return tx.PlanNotices(ctx, n.AccountID, n.First, due)
			})
			if err != nil {
				return err
			}
		}
		if err := c.Store.SetSiteInfo(ctx, infoNotices, strconv.FormatInt(upto, 10)); err != nil {
			return err
		}
		after = upto
	}
	return nil
}

// noticedUpto is up to which notification members were looked for, 0 where never.
func (c *Community) noticedUpto(ctx context.Context) (int64, error) {
	text, err := c.Store.SiteInfo(ctx, infoNotices)
	if errors.Is(err, store.ErrNotFound) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	return strconv.ParseInt(text, 10, 64)
}

// writeNotices has the mails of notifications written that are due. Those that came after members were looked for are the next mail's.
func (c *Community) writeNotices(ctx context.Context, now store.Millis) error {
	upto, err := c.noticedUpto(ctx)
	if err != nil {
		return err
	}
	return c.inMailBatches(ctx, func() (int, error) {
		due, err := c.Store.DueNotices(ctx, now, mailBatch)
		if err != nil {
			return 0, err
		}
		for _, row := range due {
			err := c.Store.Tx(ctx, func(ctx context.Context, tx *store.Store) error {
				if ok, err := tx.TakeNotices(ctx, row.AccountID, *row.NoticesAt, now); err != nil || !ok {
					return err
				}
				return c.addMail(ctx, tx, mailJob{Kind: mailNotices, Account: row.AccountID, About: row.NoticesAfter, Upto: upto})
			})
			if err != nil {
				return 0, err
			}
		}
		return len(due), nil
	})
}

// writeDigests has the digests written that are due.
func (c *Community) writeDigests(ctx context.Context, now store.Millis) error {
	return c.inMailBatches(ctx, func() (int, error) {
		due, err := c.Store.DueDigests(ctx, now, mailBatch)
		if err != nil {
			return 0, err
		}
		for _, row := range due {
			err := c.Store.Tx(ctx, func(ctx context.Context, tx *store.Store) error {
				next := *row.DigestAt // at the same time of the week, though some were missed
				for next <= now {
					next += store.Millis(digestEvery.Milliseconds())
				}
				if ok, err := tx.NextDigest(ctx, row.AccountID, *row.DigestAt, next); err != nil || !ok {
					return err
				}
				return c.addMail(ctx, tx, mailJob{Kind: mailDigest, Account: row.AccountID})
			})
			if err != nil {
				return 0, err
			}
		}
		return len(due), nil
	})
}

// inMailBatches calls f until it has less than a batch to do.
func (c *Community) inMailBatches(ctx context.Context, f func() (int, error)) error {
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		if n, err := f(); err != nil || n < mailBatch {
			return err
		}
	}
}

// noticesLetter tells of the notifications in a range that the member still wants to hear of and has not read. What people did
// to one thing in one way is one line.
func (c *Community) noticesLetter(ctx context.Context, acc *store.Account, m mailJob) (mail.Letter, error) {
	l := c.mailLanguage(ctx, acc)
	choices, err := c.NotificationChoices(ctx, acc)
	if err != nil {
		return mail.Letter{}, err
	}
	var kinds []string
	for _, choice := range choices {
		if choice.Mail {
			kinds = append(kinds, choice.Kind)
		}
	}
	if len(kinds) == 0 {
		return mail.Letter{}, errNoLetter
	}
	rows, err := c.Store.Notifications(ctx, acc, store.NotificationFilter{Kinds: kinds}, store.Range{Min: max(m.About, acc.NotificationsReadID), Max: m.Upto + 1, Limit: maxNoticesRead})
	if err != nil {
		return mail.Letter{}, err
	}
	read, err := c.ReadMark(ctx, acc)
	if err != nil {
		return mail.Letter{}, err
	}
	rows = slices.DeleteFunc(rows, func(n store.Notification) bool { return read.Read(&n) })
	list, err := c.loadNotifications(ctx, acc, rows)
	if err != nil {
		return mail.Letter{}, err
	}
	type group struct {
		first *Notification // the newest
		from  []int64
	}
	var groups []*group
	byTag := map[string]*group{}
	for _, n := range list {
		if n.Post != nil && (n.Post.Hidden() || len(n.Post.Filtered) > 0) {
			continue
		}
		if n.PostID != nil {
			muted, err := c.Store.IsConversationMuted(ctx, acc.ID, *n.PostID)
			if err != nil {
				return mail.Letter{}, err
			}
			if muted {
				continue
			}
		}
		tag := pushTag(n)
		g := byTag[tag]
		if g == nil {
			g = &group{first: n}
			byTag[tag] = g
			groups = append(groups, g)
		}
		if !slices.Contains(g.from, n.FromID) {
			g.from = append(g.from, n.FromID)
		}
	}
	if len(groups) == 0 {
		return mail.Letter{}, errNoLetter
	}
	var items []mail.Item
	for _, g := range groups[:min(len(groups), maxNotices)] {
		items = append(items, mail.Item{Words: noticeWords(l, acc, g.first, len(g.from)-1), Detail: pushBody(g.first), URL: c.BaseURL + pushPath(g.first)})
	}
	off, err := c.mailURL(MailLink{Purpose: MailNoNotices, Account: acc.ID, Expires: m.At.Time().Add(offLife)})
	if err != nil {
		return mail.Letter{}, err
	}
	return mail.Notices(c.mailSite(ctx, l), mailPerson(acc), items, len(groups)-len(items), c.BaseURL+"/notifications", off), nil
}

// noticeWords says what one did, and others as well.
func noticeWords(l *lang.Language, acc *store.Account, n *Notification, others int) string {
	if others == 0 {
		return pushTitle(l, acc, n)
	}
	name := clipRunes(oneLine(n.From.Name()), 60)
	switch {
	case n.Kind == store.NotifyLike && n.Post != nil && n.Post.Kind == store.KindComment:
		return l.N("%s and one other liked your comment", "%s and %d others liked your comment", others, name)
	case n.Kind == store.NotifyLike:
		return l.N("%s and one other liked your post", "%s and %d others liked your post", others, name)
	case n.Kind == store.NotifyBoost:
		return l.N("%s and one other boosted your post", "%s and %d others boosted your post", others, name)
	case n.Kind == store.NotifyFollow:
		return l.N("%s and one other follow you", "%s and %d others follow you", others, name)
	}
	return l.N("%s and one other told you something", "%s and %d others told you something", others, name)
}

// digestLetter tells what whom the member follows posted within a week, else what people liked, the most liked first.
func (c *Community) digestLetter(ctx context.Context, acc *store.Account, m mailJob) (mail.Letter, error) {
	l := c.mailLanguage(ctx, acc)
	row, err := c.Store.MemberMailOf(ctx, acc.ID)
	if err != nil {
		return mail.Letter{}, err
	}
	if row.DigestAt == nil {
		return mail.Letter{}, errNoLetter
	}
	since := m.At - store.Millis(digestEvery.Milliseconds())
	posts, err := c.HomeFeed(ctx, acc, Cursor{Limit: maxPosts})
	if err != nil {
		return mail.Letter{}, err
	}
	posts = slices.DeleteFunc(posts, func(p *Post) bool { return !digested(p, acc, since) })
	followed := len(posts) > 0
	if !followed {
		if posts, err = c.PopularPosts(ctx, acc, 0, 2*digestPosts); err != nil {
			return mail.Letter{}, err
		}
		posts = slices.DeleteFunc(posts, func(p *Post) bool { return !digested(p, acc, since) })
	}
	slices.SortStableFunc(posts, func(a, b *Post) int { return b.LikesCount - a.LikesCount })
	var items []mail.Item
	seen := map[int64]bool{}
	for _, p := range posts {
		if len(items) == digestPosts || seen[p.ID] {
			continue
		}
		seen[p.ID] = true
		words := oneLine(p.Caption)
		if p.Warning != "" {
			words = p.Warning
		}
		if clipped := clipRunes(words, pushText); clipped != words {
			words = clipped + "…"
		}
		items = append(items, mail.Item{Words: clipRunes(oneLine(p.Author.Name()), 60), Detail: words, URL: c.BaseURL + "/@" + p.Author.Username + "/" + strconv.FormatInt(p.ID, 10)})
	}
	unread, err := c.UnreadNotifications(ctx, acc, NotificationFilter{OnPage: true})
	if err != nil {
		return mail.Letter{}, err
	}
	if len(items) == 0 && unread == 0 {
		return mail.Letter{}, errNoLetter
	}
	off, err := c.mailURL(MailLink{Purpose: MailNoDigest, Account: acc.ID, Expires: m.At.Time().Add(offLife)})
	if err != nil {
		return mail.Letter{}, err
	}
	return mail.Digest(c.mailSite(ctx, l), mailPerson(acc), items, followed, min(unread, digestUnread), c.BaseURL+"/", off), nil
}

// digested reports whether a digest shows the post.
func digested(p *Post, acc *store.Account, since store.Millis) bool {
	return p.Author != nil && p.AuthorID != acc.ID && p.CreatedAt >= since && !p.Hidden() && len(p.Filtered) == 0
}

// ChooseDigest has the member get a mail of what was new, once a week from now on, or none any more.
func (c *Community) ChooseDigest(ctx context.Context, acc *store.Account, on bool) error {
	if acc == nil {
		return ErrUnauthenticated
	}
	return fromStore(c.Store.Tx(ctx, func(ctx context.Context, tx *store.Store) error {
		row, err := tx.MemberMailOf(ctx, acc.ID)
		if err != nil || on == (row.DigestAt != nil) {
			return err
		}
		if !on {
			return tx.SetDigest(ctx, acc.ID, nil)
		}
		now, err := tx.Now(ctx)
		if err != nil {
			return err
		}
		return tx.SetDigest(ctx, acc.ID, new(now+store.Millis(digestEvery.Milliseconds())))
	}))
}

// WantsDigest reports whether the member has chosen the digest.
func (c *Community) WantsDigest(ctx context.Context, acc *store.Account) (bool, error) {
	row, err := c.Store.MemberMailOf(ctx, acc.ID)
	return row.DigestAt != nil, fromStore(err)
}

// EndMail uses a link of MailNoNotices or MailNoDigest: letters of that kind end. Using it again changes nothing.
func (c *Community) EndMail(ctx context.Context, token string) error {
	ctx = store.Primary(ctx)
	l, acc, err := c.MailLinkByToken(ctx, token)
	if err != nil {
		return err
	}
	return fromStore(c.Store.Tx(ctx, func(ctx context.Context, tx *store.Store) error {
		switch l.Purpose {
		case MailNoNotices:
			return tx.NoMailedNotifications(ctx, acc.ID)
		case MailNoDigest:
			return tx.SetDigest(ctx, acc.ID, nil)
		}
		return ErrNotFound
	}))
}
