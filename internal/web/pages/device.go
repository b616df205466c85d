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
	// bytes that name the browser, then 8 bytes for each account, the last one first. It outlives the session, and lets
	// nobody in: tries to log in are counted by it.
	deviceCookie      = "device"
	deviceLife        = 365 * 24 * time.Hour
	deviceNameBytes   = 16
	maxDeviceAccounts = 4
)

// client is what the limits of log-in count by.
func (p *Pages) client(c *gin.Context) community.Client {
	cl := community.Client{Address: c.ClientIP()}
	b, ok := p.Signed.Cookie(c.Request, deviceCookie)
	if !ok || len(b) < deviceNameBytes || len(b)%8 != 0 {
		return cl
	}
	cl.Device = hex.EncodeToString(b[:deviceNameBytes])
	for ids := range slices.Chunk(b[deviceNameBytes:], 8) {
		cl.Accounts = append(cl.Accounts, int64(binary.BigEndian.Uint64(ids)))
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
	accounts := []int64{acc.ID}
	for _, id := range cl.Accounts {
		if id != acc.ID && len(accounts) < maxDeviceAccounts {
			accounts = append(accounts, id)
		}
	}
	for _, id := range accounts {
		b = binary.BigEndian.AppendUint64(b, uint64(id))
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
	return nil
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
