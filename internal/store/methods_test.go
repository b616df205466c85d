package store

import (
	"bytes"
	goflag "flag"
	"fmt"
	"go/ast"
	"go/format"
	"go/parser"
	"go/printer"
	"go/token"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

var update = goflag.Bool("update", false, "write methods.go")

// ofProcess are conn's methods that do the same in every place: what they use belongs to the process.
var ofProcess = []string{"AfterCommit", "Commits", "NewID", "OnEvent", "OnEventOf", "OnJob"}

// byHand are methods of Store that are more than conn's.
var byHand = []string{"AwayAt", "Close", "GateByReplica", "MayReplicate", "Serve", "ServesNext", "StartReads", "Tx", "TxOnce", "WriteWaits", "current", "transaction"}

// TestMethodsOfStore holds methods.go against the methods of conn: each exported one has to be there, so that none runs
// in a place that the site has left. `go generate ./internal/store` writes it.
func TestMethodsOfStore(t *testing.T) {
	fset := token.NewFileSet()
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	var methods []*ast.FuncDecl
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") || name == "methods.go" {
			continue
		}
		file, err := parser.ParseFile(fset, name, nil, parser.ParseComments)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range file.Decls {
			f, ok := d.(*ast.FuncDecl)
			if !ok || f.Recv == nil {
				continue
			}
			switch receiver := sourceOf(fset, f.Recv.List[0].Type); {
			case receiver == "*Store" && !slices.Contains(byHand, f.Name.Name):
				t.Errorf("%s: %s is a method of Store: write it as one of conn, and run go generate ./internal/store", name, f.Name.Name)
			case receiver == "*conn" && f.Name.IsExported() && !slices.Contains(ofProcess, f.Name.Name) && !slices.Contains(byHand, f.Name.Name):
				methods = append(methods, f)
			}
		}
	}
	slices.SortFunc(methods, func(a, b *ast.FuncDecl) int { return strings.Compare(a.Name.Name, b.Name.Name) })
	want := generate(t, fset, methods)
	if *update {
		if err := os.WriteFile("methods.go", want, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile("methods.go")
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Error("methods.go is not what conn's methods are: run go generate ./internal/store")
	}
}

func sourceOf(fset *token.FileSet, n ast.Node) string {
	var b strings.Builder
	_ = printer.Fprint(&b, fset, n) // a strings.Builder takes everything
	return b.String()
}

// generate writes a method of Store for each of conn's.
func generate(t *testing.T, fset *token.FileSet, methods []*ast.FuncDecl) []byte {
	t.Helper()
	var b strings.Builder
	for _, f := range methods {
		var params, args, results, names []string
		for i, p := range f.Type.Params.List {
			typ := sourceOf(fset, p.Type)
			list := p.Names
			if len(list) == 0 {
				list = []*ast.Ident{ast.NewIdent(fmt.Sprintf("p%d", i))}
			}
			for _, n := range list {
				name := n.Name
				if name == "_" || name == "s" {
					name = fmt.Sprintf("p%d", len(params))
				}
				params = append(params, name+" "+typ)
				if strings.HasPrefix(typ, "...") {
					name += "..."
				}
				args = append(args, name)
			}
		}
		fails := false
		if f.Type.Results != nil {
			for _, r := range f.Type.Results.List {
				typ := sourceOf(fset, r.Type)
				for range max(1, len(r.Names)) {
					name := fmt.Sprintf("r%d", len(names))
					if fails = typ == "error"; fails {
						name = "err"
					}
					names = append(names, name)
					results = append(results, name+" "+typ)
				}
			}
		}
		if f.Doc != nil {
			for _, line := range f.Doc.List {
				fmt.Fprintln(&b, line.Text)
			}
		}
		name := f.Name.Name
		call := "." + name + "(" + strings.Join(args, ", ") + ")"
		head := "func (s *Store) " + name + "(" + strings.Join(params, ", ") + ")"
		onDatabase := fails && len(params) > 0 && params[0] == "ctx context.Context"
		switch {
		case onDatabase:
			fmt.Fprintf(&b, "%s (%s) {\nif s.places == nil {\nreturn s.conn%s\n}\n", head, strings.Join(results, ", "), call)
			in := "return in" + call
			if len(names) > 1 {
				in = strings.Join(names, ", ") + " = in" + call + "\nreturn err"
			}
			fmt.Fprintf(&b, "err = s.places.run(ctx, false, func(in *conn) (err error) {\n%s\n})\nreturn %s\n}\n\n", in, strings.Join(names, ", "))
		case len(results) > 0:
			var types []string
			for _, r := range results {
				_, typ, _ := strings.Cut(r, " ")
				types = append(types, typ)
			}
			fmt.Fprintf(&b, "%s (%s) { return s.current()%s }\n\n", head, strings.Join(types, ", "), call)
		default:
			fmt.Fprintf(&b, "%s { s.current()%s }\n\n", head, call)
		}
	}
	body := b.String()
	var imports []string
	for name, path := range map[string]string{"context": "context", "sql": "database/sql", "time": "time", "slog": "log/slog", "gorm": "gorm.io/gorm"} {
		if strings.Contains(body, " "+name+".") || strings.Contains(body, "*"+name+".") || strings.Contains(body, "]"+name+".") {
			imports = append(imports, fmt.Sprintf("%q", path))
		}
	}
	slices.Sort(imports)
	out, err := format.Source([]byte("// Code generated by go generate ./internal/store; DO NOT EDIT.\n\npackage store\n\nimport (\n" + strings.Join(imports, "\n") + "\n)\n\n" + body))
	if err != nil {
		t.Fatal(err, body)
	}
	return out
}
