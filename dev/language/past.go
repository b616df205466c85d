package main

import (
	"fmt"
	"go/ast"
	"go/token"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"
)

// literally are those of told that make a sentence out of nothing but their argument: one that is put together would be in no
// catalogue. T and Date say what was told before.
var literally = []string{"Key", "add", "invalid", "refusedComment", "errImport", "checkLength", "unprocessable", "saying"}

// pastCatalogue finds what a file has people read without the catalogue: where it stands, and what it is.
func pastCatalogue(path string, fset *token.FileSet, file *ast.File) (found []string) {
	past := func(n ast.Node, what string) {
		found = append(found, fmt.Sprintf("%s: %s", fset.Position(n.Pos()), what))
	}
	var within []ast.Node
	ast.Inspect(file, func(n ast.Node) bool {
		if n == nil {
			within = within[:len(within)-1]
			return true
		}
		within = append(within, n)
		switch n := n.(type) {
		case *ast.BasicLit:
			if in(path, "pages") && isForPeople(filepath.Base(path), n, within) {
				past(n, n.Value)
			}
		case *ast.SelectorExpr:
			if in(path, "pages") && n.Sel.Name == "Message" && isOfFields(n.X) {
				past(n, "the Message of a mistake is English: Say is in the reader's language")
			}
		case *ast.CompositeLit:
			if message := messageOf(n); message != nil && !in(path, "api") && isPutTogether(message) {
				past(message, "a Message that is no lang.Key")
			}
		case *ast.CallExpr:
			name := called(n)
			if layout, ok := argument(n, 0); name == "Format" && ok && in(path, "pages") && strings.Contains(layout, "Jan") {
				past(n, "Format writes English months: Date writes those of the language")
			}
			i := keyAt(path, n)
			if i < 0 || i >= len(n.Args) || !slices.Contains(literally, name) || slices.Contains(literally, function(within)) {
				break
			}
			_, isLiteral := argument(n, i)
			_, hasCode := argument(n, 1)
			if !isLiteral && !isTold(n.Args[i]) && (name != "add" || hasCode) { // other functions are called add
				past(n, name+" of what is no literal")
			}
		}
		return true
	})
	return found
}

// function is the name of the function that the last of the nodes is in.
func function(within []ast.Node) string {
	for _, n := range within {
		if d, ok := n.(*ast.FuncDecl); ok {
			return d.Name.Name
		}
	}
	return ""
}

// isTold reports whether an expression is a text that another call has put into the catalogue: lang.Key of it, a variable of
// one, whose name says that, or the words of an error, which are looked at where it is made.
func isTold(e ast.Expr) bool {
	switch e := e.(type) {
	case *ast.CallExpr:
		return called(e) == "Key"
	case *ast.Ident:
		return strings.HasSuffix(e.Name, "Text")
	case *ast.SelectorExpr:
		return e.Sel.Name == "Message" || e.Sel.Name == "Description"
	}
	return false
}

// messageOf is the Message in a literal of an error that people read, nil for none.
func messageOf(c *ast.CompositeLit) ast.Expr {
	name := ""
	switch t := c.Type.(type) {
	case *ast.Ident:
		name = t.Name
	case *ast.SelectorExpr:
		name = t.Sel.Name
	}
	if c.Type != nil && name != "HTTPError" && name != "FieldError" { // an element of a list has its type before the list
		return nil
	}
	for _, e := range c.Elts {
		if kv, ok := e.(*ast.KeyValueExpr); ok && fmt.Sprint(kv.Key) == "Message" {
			return kv.Value
		}
	}
	return nil
}

// isPutTogether reports whether an expression is a text of its own, which is in no catalogue.
func isPutTogether(e ast.Expr) bool {
	switch e := e.(type) {
	case *ast.BasicLit: // unless it is a colon between two texts
		return strings.ContainsFunc(e.Value, unicode.IsLetter)
	case *ast.BinaryExpr:
		return isPutTogether(e.X) || isPutTogether(e.Y)
	case *ast.CallExpr:
		return called(e) == "Sprintf"
	}
	return false
}

// isOfFields reports whether an expression is one of an Invalid's Fields.
func isOfFields(e ast.Expr) bool {
	i, ok := e.(*ast.IndexExpr)
	if !ok {
		return false
	}
	s, ok := i.X.(*ast.SelectorExpr)
	return ok && s.Sel.Name == "Fields"
}

// forPeople is what a sentence or a word for people looks like: a word with a capital, or words with a space between.
var forPeople = regexp.MustCompile(`^["%#(]*[A-Z][a-z’']*[a-z]([ :,.’]|$)|[a-z]+ [a-z]+`)

// aside are the functions whose arguments nobody reads on a page: errors for the log, names of headers, patterns.
var aside = []string{
	"New", "Errorf", "Error", "Warn", "Info", "ErrorContext", "WarnContext", "InfoContext", "DebugContext", "LogAttrs", "panic", "Get", "Set", "Add", "Del", "GetHeader", "Header", "MustCompile",
}

// english are literals of pages that are the same in every language, by the file: names of browsers, markup, what other
// programs read.
var english = map[string][]string{
	"atom.go":      {`<p><img src="`},
	"compose.go":   {"This file "},
	"oauth.go":     {"None", "The member refused."},
	"oembed.go":    {"Only JSON is known here."},
	"settings.go":  {"Firefox", "Edg", "Edge", "Opera", "Samsung Internet", "Chrome", "Safari", "Android", "Windows", "Mac OS X", "Mac", "Linux"},
	"wellknown.go": {"Contact: %s\nExpires: %s\nPreferred-Languages: en\nCanonical: %s/.well-known/security.txt\n"},
}

// isForPeople reports whether a literal looks as if people read it and stands in no call that knows of languages.
func isForPeople(file string, l *ast.BasicLit, within []ast.Node) bool {
	text, err := strconv.Unquote(l.Value)
	if err != nil || l.Kind != token.STRING || !forPeople.MatchString(text) || slices.Contains(english[file], text) {
		return false
	}
	for _, n := range within {
		switch n := n.(type) {
		case *ast.ImportSpec, *ast.Field: // of a field the tag
			return false
		case *ast.CallExpr:
			if _, ok := told[called(n)]; ok || called(n) == "N" || slices.Contains(aside, called(n)) {
				return false
			}
		}
	}
	return true
}
