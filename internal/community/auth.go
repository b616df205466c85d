package community

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"strings"
	"time"

	"tintype/internal/store"
)

// SignUp is the form of somebody who wants to become a member.
type SignUp struct {
	Username, Email, Password string
	DisplayName               string // may be ""
	Invite                    string // the secret of an invitation, "" without one
	Claim                     string // the token of the claim link, "" without one
	Reason                    string // why one wants to join, where somebody decides about it
	Language                  string // as the browser says, may be ""
	Address                   string // the client's IP address
	UserAgent                 string
}

// SignUp makes a member. Where somebody decides who joins, the member waits (WaitingAt) and may do nothing until ApproveMember,
// unless an invitation or the claim link let it in. It returns ErrClosed unless sign-up is open or an invitation or the claim link allows it,
// *Invalid with every mistake, or where the site keeps out the address or the network, and *TooMany when many came from the
// same network.
//
// An e-mail address by which another account logs in is accepted and stored, but it does not become a way to log in.
// Refusing it would tell strangers who is a member.
//
// The same form sent again within signUpAgain gets the account that it has made.
func (c *Community) SignUp(ctx context.Context, f SignUp) (*store.Account, error) {
	ctx = store.Primary(ctx)
	acc, err := c.signUp(ctx, f)
	var many *TooMany
	if isCode(err, "username", "taken") || errors.Is(err, ErrClosed) || errors.As(err, &many) {
		if made := c.signedUp(ctx, f); made != nil {
			return made, nil
		}
	}
	return acc, err
}

// signUpAgain is how long a sign-up that is sent once more is taken for the same: somebody has pressed twice, or the answer was
// lost on its way.
const signUpAgain = 10 * time.Minute

// signedUp is the account that this very form has made a moment ago, nil where it has made none. It is a log-in: tries are
// counted as such.
func (c *Community) signedUp(ctx context.Context, f SignUp) *store.Account {
	f.Username = strings.TrimSpace(f.Username)
	acc, err := c.Store.AccountByUsername(ctx, f.Username)
	if err != nil || !acc.Active() && acc.WaitingAt == nil || acc.DeletedAt != nil || HasTwoFactors(acc) || time.Since(acc.CreatedAt.Time()) > signUpAgain {
		return nil
	}
	buckets := c.loginBuckets(ctx, f.Username, acc, Client{Address: f.Address})
	if err := c.allowAll(ctx, buckets); err != nil {
		return nil
	}
	ok, _, err := c.passwords.check(ctx, f.claim(), f.Password, acc.PasswordHash)
	var bad Invalid
	if err != nil || !ok || store.EmailKey(bad.cleanEmail("email", f.Email)) != store.EmailKey(acc.Email) { // asked last: how long it takes is no hint
		return nil
	}
	c.takeBackAll(ctx, buckets)
	return acc
}

func (c *Community) signUp(ctx context.Context, f SignUp) (*store.Account, error) {
	role, waits, err := c.mayJoin(ctx, f)
	if err != nil {
		return nil, err
	}
	var bad Invalid
	f.Username = strings.TrimSpace(f.Username)
	f.DisplayName = oneLine(f.DisplayName)
	bad.checkUsername(f.Username)
	f.Email = bad.cleanEmail("email", f.Email)
	bad.checkPassword("password", f.Password, c.namesOf(ctx, f.Username, f.DisplayName, f.Email)...)
	bad.checkDisplayName(f.DisplayName)
	if f.Reason = tidy(f.Reason); waits {
		bad.checkJoinReason(f.Reason)
	}
	if err := bad.err(); err != nil {
		return nil, err
	}
	if err := c.allowNetwork(ctx, "sign_up", f.Address, c.Site(ctx).SignUpLimit); err != nil {
		return nil, err
	}
	if err := c.mayComeFrom(ctx, f); err != nil {
		return nil, err
	}
	words, err := c.wordsFor(ctx, &store.Account{Role: role})
	if err != nil {
		return nil, err
	}
	bad.checkWords(words, "username", nil, []string{f.Username})
	bad.checkWords(words, "display_name", nil, []string{f.DisplayName})
	if err := bad.err(); err != nil {
		return nil, err
	}
	if err := c.usernameFree(ctx, f.Username); err != nil {
		return nil, err
	}
	hash, err := c.passwords.hash(ctx, f.claim(), f.Password)
	if err != nil {
		return nil, err
	}
	acc := &store.Account{
		Username: f.Username, Email: f.Email, PasswordHash: hash, DisplayName: f.DisplayName, Role: role,
		Fields:            store.JSON[[]store.Field]{V: []store.Field{}},
		DefaultVisibility: store.Public, DefaultLicence: "all-rights-reserved", DefaultShowExif: true, DefaultCommentsFrom: store.CommentsFromEveryone, Discoverable: true,
		WarnedPhotos: "ask", Theme: "system", LetterKeys: true, Language: cleanLanguage(f.Language),
	}
	if waits {
		now := store.ToMillis(time.Now())
		acc.WaitingAt, acc.SuspendedAt, acc.JoinReason = &now, &now, f.Reason
		if f.Address != "" {
			if err := c.allowNetwork(ctx, "wait", f.Address, Limit{Count: waitingPerNetwork, Window: 24 * time.Hour}); err != nil {
				return nil, err
			}
		}
	}
	if c.MailDelivers && !waits && f.Invite == "" && f.Claim == "" {
		acc.UnconfirmedAt = new(store.ToMillis(time.Now()))
	}
	for range 2 { // again if somebody took the address between the question and the insert
		if err = c.insertAccount(ctx, acc, f); !store.ConflictOn(err, "email_key") {
			break
		}
	}
	if store.ConflictOn(err, "username_key") {
		return nil, errUsernameTaken()
	}
	if err != nil {
		return nil, fromStore(err)
	}
	return acc, nil
}

// claim is whose turn the sign-up takes: an invitation was given by a member.
func (f SignUp) claim() claim {
	if f.Invite != "" || f.Claim != "" {
		return byMember
	}
	return byStranger
}

// mayJoin decides whether somebody may sign up, as what, and whether the sign-up waits for a decision.
func (c *Community) mayJoin(ctx context.Context, f SignUp) (role string, waits bool, err error) {
	switch {
	case f.Claim != "":
		ok, err := c.ClaimValid(ctx, f.Claim)
		if err != nil {
			return "", false, err
		}
		if !ok {
			return "", false, ErrClosed
		}
		return store.RoleOwner, false, nil
	case f.Invite != "":
		l, _, err := c.LinkByToken(ctx, f.Invite)
		if errors.Is(err, ErrNotFound) || err == nil && l.Kind != LinkInvite {
			return "", false, ErrClosed
		}
		if err != nil {
			return "", false, err
		}
		return l.Role, false, nil
	}
	switch c.Site(ctx).Registration {
	case RegistrationOpen:
		return store.RoleMember, false, nil
	case RegistrationApproval:
		return store.RoleMember, true, nil
	}
	return "", false, ErrClosed
}

func errUsernameTaken() error {
	return invalid("username", "taken", "That name is taken.")
}

func (c *Community) usernameFree(ctx context.Context, username string) error {
	if _, err := c.Store.AccountByUsername(ctx, username); err == nil {
		return errUsernameTaken()
	} else if !errors.Is(err, store.ErrNotFound) {
		return fromStore(err)
	}
	retired, err := c.Store.UsernameRetired(ctx, username)
	if err != nil {
		return fromStore(err)
	}
	if retired {
		return errUsernameTaken()
	}
	return nil
}

// insertAccount writes the account and uses up what allowed it, in one transaction.
func (c *Community) insertAccount(ctx context.Context, acc *store.Account, f SignUp) error {
	_, err := c.Store.TxOnce(ctx, "accounts", func(ctx context.Context, tx *store.Store, id int64) error {
		acc.ID = id
		if acc.WaitingAt != nil { // first: what is read afterwards has what others wrote
			if err := c.roomToWait(ctx, tx); err != nil {
				return err
			}
		}
		invitation, invited := c.invitationOf(f.Invite)
		if invited {
			acc.InvitationID = &invitation
		}
		var err error
		if acc.EmailKey, err = freeEmailKey(ctx, tx, f.Email, 0); err != nil {
			return err
		}
		if err := tx.CreateAccount(ctx, acc); err != nil {
			return err
		}
		joined := store.Notification{Kind: store.NotifySignUp, FromID: id, CreatedAt: store.ToMillis(time.Now())}
		if acc.WaitingAt != nil { // everything else comes with the decision
			if err := c.tellModerators(ctx, tx, ApproveMember, joined); err != nil {
				return err
			}
			return c.addMail(ctx, tx, mailJob{Kind: mailVerify, Account: id, Email: acc.Email})
		}
		if err := tx.AddEvent(ctx, EventAccountCreated, id, id, nil); err != nil {
			return err
		}
		if err := c.tellModerators(ctx, tx, ReadMembers, joined, id); err != nil {
			return err
		}
		if err := c.addMail(ctx, tx, mailJob{Kind: mailVerify, Account: id, Email: acc.Email}); err != nil {
			return err
		}
		if f.Claim == "" && f.Invite != "" {
			use := func() (bool, error) { return tx.UseLink(ctx, hashSecret(f.Invite), LinkInvite) }
			if invited {
				use = func() (bool, error) { return tx.UseInvitation(ctx, invitation) }
			}
			if ok, err := use(); err != nil {
				return err
			} else if !ok {
				return ErrClosed
			}
		}
		if acc.Role == store.RoleMember {
			return nil
		}
		if err := tx.AddAdminEntry(ctx, c.roleEntry(ctx, acc, f)); err != nil {
			return err
		}
		if rank(acc.Role) < rank(store.RoleAdmin) {
			return nil
		}
		first, err := tx.AddSiteInfo(ctx, infoClaimed, acc.Username)
		if err == nil && !first && f.Claim != "" {
			return ErrClosed
		}
		return err
	})
	return err
}

// roleEntry is the row of the log of somebody who has a role from the beginning: by the claim link, or by an invitation.
func (c *Community) roleEntry(ctx context.Context, acc *store.Account, f SignUp) store.AdminEntry {
	e := store.AdminEntry{
		ID: c.Store.NewID(), ActorID: &acc.ID, Actor: acc.Username, Via: viaOf(ctx), TargetID: &acc.ID, Target: acc.Username, CreatedAt: store.ToMillis(time.Now()),
	}
	if f.Claim != "" {
		e.Act = string(ClaimSite)
		return e
	}
	e.Act, e.RefID, e.Detail = string(SetRole), acc.InvitationID, store.RoleMember+" to "+acc.Role+", by an invitation"
	return e
}

// freeEmailKey returns the key under which the address logs an account in, nil if another account has it.
func freeEmailKey(ctx context.Context, tx *store.Store, email string, own int64) (*string, error) {
	other, err := tx.AccountByEmail(ctx, email)
	switch {
	case errors.Is(err, store.ErrNotFound) || err == nil && other.ID == own:
		key := store.EmailKey(email)
		return &key, tx.ClearEmailKey(ctx, email)
	case err != nil:
		return nil, err
	}
	return nil, nil
}

// errWrongLogin answers both an unknown name and a wrong password.
func errWrongLogin() error {
	return invalid("", "wrong_login", "That name and password do not match.")
}

// Client is the browser or program that somebody logs in with.
type Client struct {
	Address string // its IP address
	// Device names a browser, whatever its address, in which the Accounts have logged in before. The caller vouches for it.
	Device   string
	Accounts []KnownAccount
}

// KnownAccount is an account that has logged in somewhere, by its id and the epoch of its sessions then. A new password ends what
// the one before it gave, this too.
type KnownAccount struct {
	ID    int64
	Epoch int
}

// knows tells whether the account has logged in there before.
func (cl Client) knows(acc *store.Account) bool {
	return acc != nil && cl.Device != "" && slices.Contains(cl.Accounts, KnownAccount{acc.ID, acc.SessionEpoch})
}

// claim is whose turn a log-in to the account takes.
func (cl Client) claim(acc *store.Account) claim {
	if cl.knows(acc) {
		return byMember
	}
	return byStranger
}

// loginsPerNetwork is how many times the tries of one account a whole network has: a school is one address.
const loginsPerNetwork = 5

// loginBuckets are the limits of a log-in. Tries are counted by name and by network; those from a device where the
// account has logged in before by that device alone, so that strangers who guess do not shut the owner out.
func (c *Community) loginBuckets(ctx context.Context, login string, acc *store.Account, from Client) []bucket {
	limit := c.Site(ctx).LoginLimit
	if from.knows(acc) {
		return []bucket{{"login:device:" + from.Device, limit}}
	}
	many := Limit{Count: limit.Count * loginsPerNetwork, Window: limit.Window}
	return append(networkBuckets("login", from.Address, many), bucket{"login:" + hashSecret(loginKey(login)), limit})
}

// loginKey is the same for every spelling of a name or an e-mail address.
func loginKey(login string) string {
	if strings.Contains(login, "@") {
		return store.EmailKey(login)
	}
	return store.Fold(login)
}

// Login finds the account that the name (or e-mail address) and the password belong to. Whether there is such an
// account shows neither in the answer nor in its time. Tries are limited: *TooMany.
func (c *Community) Login(ctx context.Context, login, password string, from Client) (*store.Account, error) {
	ctx = store.Primary(ctx)
	login = strings.TrimPrefix(strings.TrimSpace(login), "@")
	find := c.Store.AccountByUsername
	if strings.Contains(login, "@") {
		find = c.Store.AccountByEmail
	}
	acc, err := find(ctx, login)
	hash := ""
	switch {
	case err == nil && acc.DeletedAt == nil:
		hash = acc.PasswordHash
	case err != nil && !errors.Is(err, store.ErrNotFound):
		return nil, fromStore(err)
	}
	buckets := c.loginBuckets(ctx, login, acc, from)
	if err := c.allowAll(ctx, buckets); err != nil {
		return nil, err
	}
	ok, stale, err := c.passwords.check(ctx, from.claim(acc), password, hash)
	if err != nil {
		return nil, err
	}
	if !ok {
		return nil, errWrongLogin()
	}
	c.takeBackAll(ctx, buckets)
	if acc.WaitingAt != nil {
		return nil, invalid("", "waiting", "Nobody has decided about your sign-up yet. Try again later.")
	}
	if acc.SuspendedAt != nil { // only its owner hears it
		return nil, &Suspended{acc}
	}
	if stale {
		c.rehash(ctx, acc, password)
	}
	return acc, nil
}

func (c *Community) rehash(ctx context.Context, acc *store.Account, password string) {
	hash, err := c.passwords.hash(ctx, byMember, password)
	if err == nil {
		err = c.Store.ReplacePasswordHash(ctx, acc.ID, acc.PasswordHash, hash)
	}
	if err != nil { // the old hash still works; the next log-in tries again
		c.Log.WarnContext(ctx, "a password was not hashed anew", "account", acc.ID, "error", err)
		return
	}
	acc.PasswordHash = hash
}

// Confirmation is the password or a passkey of a member who is logged in, asked for before something that a forgotten open
// browser must not do. Who logs in by passkeys may have forgotten the password.
type Confirmation struct {
	Password string
	Session  string // names the session: tries are counted by it, so that nobody outside can use them up
	// Passkey is what the browser answered to what AskToConfirm asked, and Challenge what came with that question. They stand
	// for the password where Passkey is not "".
	Passkey, Challenge string
}

func (c *Community) confirm(ctx context.Context, acc *store.Account, field string, by Confirmation) error {
	buckets := []bucket{{"confirm:" + hashSecret(strconv.FormatInt(acc.ID, 10)+" "+by.Session), c.Site(ctx).LoginLimit}}
	if err := c.allowAll(ctx, buckets); err != nil {
		return err
	}
	now, err := c.Store.AccountByID(ctx, acc.ID)
	if err != nil {
		return fromStore(err)
	}
	if by.Passkey != "" {
		err = c.confirmByPasskey(ctx, now, field, by)
	} else {
		err = c.confirmByPassword(ctx, now, field, by)
	}
	if err == nil {
		c.takeBackAll(ctx, buckets)
	}
	return err
}

func (c *Community) confirmByPassword(ctx context.Context, acc *store.Account, field string, by Confirmation) error {
	ok, _, err := c.passwords.check(ctx, byMember, by.Password, acc.PasswordHash)
	if err == nil && !ok {
		err = invalid(field, "wrong", "That is not your password.")
	}
	return err
}

// namesOf are the names that somebody guesses as an account's password: its own, and the site's.
func (c *Community) namesOf(ctx context.Context, username, displayName, email string) []string {
	mailbox, _, _ := strings.Cut(email, "@")
	_, host, _ := strings.Cut(c.BaseURL, "://")
	return []string{username, displayName, email, mailbox, c.Site(ctx).Name, host}
}

// SessionAccount is the account of a session or token, read on the primary (while that is away, on a replica); false if
// it may not act any more.
func (c *Community) SessionAccount(ctx context.Context, id int64) (*store.Account, bool, error) {
	acc, err := c.Store.SessionAccount(ctx, id)
	if errors.Is(err, store.ErrNotFound) {
		return nil, false, nil
	}
	if err != nil {
		return nil, false, fromStore(err)
	}
	return acc, acc.Active(), nil
}
