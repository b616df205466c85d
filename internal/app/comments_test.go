package app

import (
	"go/ast"
	"go/parser"
	"go/token"
	"strings"
	"testing"
)

// TestCommentsNameWhatTheyDescribe finds comments that a renamed declaration has
// left behind: the first word of an exported one's comment is its name.
func TestCommentsNameWhatTheyDescribe(t *testing.T) {
	eachGoFile(t, func(name string, src []byte) {
		if strings.HasSuffix(name, "_test.go") {
			return
		}
		fset := token.NewFileSet()
		file, err := parser.ParseFile(fset, name, src, parser.ParseComments)
		if err != nil {
			t.Error(err)
			return
		}
		check := func(doc *ast.CommentGroup, of *ast.Ident) {
			if of.IsExported() && doc != nil && !namesIt(doc.Text(), of.Name) {
				t.Errorf("%s: the comment of %s begins with another name: %s", fset.Position(of.Pos()), of.Name, strings.TrimSpace(doc.Text()))
			}
		}
		for _, d := range file.Decls {
			switch d := d.(type) {
			case *ast.FuncDecl:
				check(d.Doc, d.Name)
			case *ast.GenDecl:
				for _, s := range d.Specs {
					switch s := s.(type) {
					case *ast.TypeSpec:
						if len(d.Specs) == 1 {
							check(d.Doc, s.Name)
						}
						check(s.Doc, s.Name)
					case *ast.ValueSpec:
						if len(d.Specs) == 1 {
							check(d.Doc, s.Names[0])
						}
						check(s.Doc, s.Names[0])
					}
				}
			}
		}
	})
}

// namesIt reports whether a comment begins with the name, maybe after an article.
func namesIt(comment, name string) bool {
	words := strings.Fields(comment)
	if len(words) > 1 && (words[0] == "A" || words[0] == "An" || words[0] == "The") {
		words = words[1:]
	}
	return len(words) > 0 && strings.TrimRight(strings.TrimSuffix(words[0], "'s"), ":,.") == name
}
