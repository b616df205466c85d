package session

import (
	"net/http"
	"strings"
	"time"
	"unicode/utf8"
)

func (s *Store) setCookie(w http.ResponseWriter, value string, life time.Duration) {
	replaceCookie(w, &http.Cookie{
		Name: s.CookieName(), Value: value, Path: "/", MaxAge: int(life.Seconds()),
		HttpOnly: true, Secure: s.o.Secure, SameSite: http.SameSiteLaxMode,
	})
}

func (s *Store) clearCookie(w http.ResponseWriter) {
	replaceCookie(w, &http.Cookie{
		Name: s.CookieName(), Path: "/", MaxAge: -1,
		HttpOnly: true, Secure: s.o.Secure, SameSite: http.SameSiteLaxMode,
	})
}

// replaceCookie leaves one line for the cookie's name in the answer: browsers disagree about two.
func replaceCookie(w http.ResponseWriter, c *http.Cookie) {
	h := w.Header()
	var kept []string
	for _, line := range h.Values("Set-Cookie") {
		if !strings.HasPrefix(line, c.Name+"=") {
			kept = append(kept, line)
		}
	}
	h.Del("Set-Cookie")
	for _, line := range kept {
		h.Add("Set-Cookie", line)
	}
	http.SetCookie(w, c)
}

// cut shortens to at most n bytes without breaking a character.
func cut(s string, n int) string {
	s = strings.ToValidUTF8(s, "")
	for len(s) > n {
		_, size := utf8.DecodeLastRuneInString(s)
		s = s[:len(s)-size]
	}
	return s
}
