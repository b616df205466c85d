package pages

import (
	"crypto/rand"
	"encoding/binary"
	"encoding/hex"
	"net/http"
	"slices"
	"time"

	"github.com/gin-contrib/sessions"
	"github.com/gin-gonic/gin"

	"tintype/internal/community"
	"tintype/internal/session"
	"tintype/internal/store"
)

const (
	// deviceCookie is the purpose of the signed cookie that tells in which browser who has logged in before: 16 random
	// bytes that name the browser, then for each account its id and the epoch of its sessions, 8 bytes each, the last one first.
	// It outlives the session, but no epoch, and lets nobody in: tries to log in are counted by it.
	deviceCookie      = "device"
	deviceLife        = 365 * 24 * time.Hour
	deviceNameBytes   = 16
	maxDeviceAccounts = 4
)

// client is what the limits of log-in count by.
func (p *Pages) client(c *gin.Context) community.Client {
	cl := community.Client{Address: c.ClientIP()}
	b, ok := p.Signed.Cookie(c.Request, deviceCookie)
	if !ok || len(b) < deviceNameBytes || (len(b)-deviceNameBytes)%16 != 0 {
		return cl
	}
	cl.Device = hex.EncodeToString(b[:deviceNameBytes])
	for known := range slices.Chunk(b[deviceNameBytes:], 16) {
		cl.Accounts = append(cl.Accounts, community.KnownAccount{ID: int64(binary.BigEndian.Uint64(known)), Epoch: int(binary.BigEndian.Uint64(known[8:]))})
	}
	return cl
}

// KnownDevice tells whether somebody has logged in from the request's browser before.
func (p *Pages) KnownDevice(r *http.Request) bool {
	_, ok := p.Signed.Cookie(r, deviceCookie)
	return ok
}

// rememberDevice notes that the account has logged in from this browser.
func (p *Pages) rememberDevice(c *gin.Context, acc *store.Account) {
	cl := p.client(c)
	b, err := hex.DecodeString(cl.Device)
	if err != nil || len(b) != deviceNameBytes {
		b = make([]byte, deviceNameBytes)
		_, _ = rand.Read(b) // never fails
	}
	accounts := []community.KnownAccount{{ID: acc.ID, Epoch: acc.SessionEpoch}}
	for _, known := range cl.Accounts {
		if known.ID != acc.ID && len(accounts) < maxDeviceAccounts {
			accounts = append(accounts, known)
		}
	}
	for _, known := range accounts {
		b = binary.BigEndian.AppendUint64(b, uint64(known.ID))
		b = binary.BigEndian.AppendUint64(b, uint64(known.Epoch))
	}
	p.Signed.SetCookie(c.Writer, deviceCookie, b, deviceLife)
}

// logIn starts a session for the account, under a new secret.
func (p *Pages) logIn(c *gin.Context, acc *store.Account) error {
	s := sessions.Default(c)
	s.Set(session.AccountKey, acc)
	if err := s.Save(); err != nil {
		return err
	}
	p.rememberDevice(c, acc)
	if _, err := c.Request.Cookie(flashCookie); err == nil {
		p.dropFlash(c) // it is for whoever was here before
	}
	if err := p.Community.NoteLogin(c.Request.Context(), acc); err != nil {
		p.Log.WarnContext(c.Request.Context(), "a log-in to an unconfirmed account is not noted", "account", acc.ID, "error", err)
	}
	return nil
}

// logInAgain has a session whose epoch is over go on in this browser, under a new secret.
func (p *Pages) logInAgain(c *gin.Context, acc *store.Account) error {
	before := sessions.Default(c).ID()
	if err := p.logIn(c, acc); err != nil {
		return err
	}
	return p.Community.KeepPush(c.Request.Context(), acc, before, sessions.Default(c).ID())
}

// logOut ends the session, and has the browser forget the pages and photographs that it has kept. The cookies stay out
// of it: browsers would delete those of neighbouring hosts, too.
func (p *Pages) logOut(c *gin.Context) error {
	s := sessions.Default(c)
	s.Clear()
	if err := s.Save(); err != nil {
		return err
	}
	c.Header("Clear-Site-Data", `"cache", "storage"`)
	return nil
}

// confirmation is the password of a form that asks for it again, or the passkey that was shown instead.
func (p *Pages) confirmation(c *gin.Context, field string) community.Confirmation {
	return p.confirmationIn(c, field, sessions.Default(c).ID())
}

// confirmationIn is confirmation in a session that has another name.
func (p *Pages) confirmationIn(c *gin.Context, field, session string) community.Confirmation {
	by := community.Confirmation{Password: c.PostForm(field), Session: session, Passkey: c.PostForm("confirm_passkey")}
	if by.Passkey != "" {
		by.Challenge = p.takeChallenge(c, confirmCookie)
	}
	return by
}
