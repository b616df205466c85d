package telemetry

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
)

// ErrorKind says what sort of error it was, in a word. The error's own text may hold what somebody wrote, and is never
// told.
func ErrorKind(err error) string {
	var n net.Error
	switch {
	case err == nil:
		return ""
	case errors.Is(err, context.Canceled):
		return "canceled"
	case errors.Is(err, context.DeadlineExceeded):
		return "timeout"
	case errors.As(err, &n):
		return "network"
	}
	return strings.TrimPrefix(fmt.Sprintf("%T", err), "*")
}

// Shape returns a statement without its values: texts and numbers become ?, and lists of them (?), so that there are as
// few shapes as possible. The program writes ? for values of people. This is for values that the program wrote into the
// statement itself, and for mistakes.
func Shape(statement string) string {
	var b strings.Builder
	b.Grow(min(len(statement), maxText))
	for i := 0; i < len(statement) && b.Len() < maxText; {
		c := statement[i]
		switch {
		case c == '\'':
			i = pastText(statement, i)
			b.WriteByte('?')
		case c == '"':
			if n := quotedName(statement[i:]); n > 0 {
				b.WriteString(statement[i : i+n])
				i += n
				continue
			}
			i = pastText(statement, i) // as MySQL has it
			b.WriteByte('?')
		case digit(c) && !partOfName(statement, i):
			for i < len(statement) && (digit(statement[i]) || partOfNumber(statement[i])) {
				i++
			}
			b.WriteByte('?')
		case c == ' ' || c == '\n' || c == '\t' || c == '\r':
			for i < len(statement) && strings.IndexByte(" \n\t\r", statement[i]) >= 0 {
				i++
			}
			b.WriteByte(' ')
		default:
			b.WriteByte(c)
			i++
		}
	}
	return shortenLists(b.String())
}

// quotedName returns the length of the quoted name that s begins with, as SQLite writes it, 0 if it is none.
func quotedName(s string) int {
	end := strings.IndexByte(s[1:], '"')
	if end <= 0 || end > 64 {
		return 0
	}
	for _, c := range []byte(s[1 : 1+end]) {
		if c < 'a' && c != '_' || c > 'z' { // our names are of small letters
			return 0
		}
	}
	return end + 2
}

// pastText returns where the text that begins at i ends. Quotes in it are doubled or follow a backslash. Where it is
// not clear which, it takes more for text, not less.
func pastText(s string, i int) int {
	quote := s[i]
	for i++; i < len(s); i++ {
		switch {
		case s[i] == '\\':
			i++
		case s[i] == quote && i+1 < len(s) && s[i+1] == quote:
			i++
		case s[i] == quote:
			return i + 1
		}
	}
	return len(s)
}

func digit(c byte) bool { return c >= '0' && c <= '9' }

func nameByte(c byte) bool {
	return c == '_' || c == '$' || digit(c) || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
}

// partOfNumber accepts hexadecimal digits, exponents and the point too.
func partOfNumber(c byte) bool { return c == '.' || nameByte(c) }

func partOfName(s string, i int) bool { return i > 0 && nameByte(s[i-1]) }

// shortenLists makes (?,?,?) a (?).
func shortenLists(s string) string {
	for _, long := range []string{"?,?", "?, ?"} {
		for strings.Contains(s, long) {
			s = strings.ReplaceAll(s, long, "?")
		}
	}
	return s
}

// verbs whose table stands behind a word.
var tableBehind = map[string]string{"SELECT": "FROM", "DELETE": "FROM", "INSERT": "INTO", "REPLACE": "INTO", "UPDATE": "UPDATE"}

// Summary is what a shape does first and to which table, as in SELECT posts.
func Summary(shape string) (summary, verb, table string) {
	words := strings.FieldsFunc(shape, func(r rune) bool { return strings.ContainsRune(" (),;`\"", r) })
	if len(words) == 0 {
		return "SQL", "", ""
	}
	verb = strings.ToUpper(words[0])
	behind, known := tableBehind[verb]
	for i := 0; known && i+1 < len(words); i++ {
		if strings.EqualFold(words[i], behind) {
			next := i + 1
			if strings.EqualFold(words[next], "SELECT") {
				continue // a derived table: its own FROM comes later
			}
			table = words[next]
			break
		}
	}
	if table == "" {
		return verb, verb, ""
	}
	return verb + " " + table, verb, table
}
