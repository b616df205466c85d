package main

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// found is what the pages say: each text by its key, and each text about a number by its form for many.
type found struct {
	texts   map[string]string // where it is said
	plurals map[string]plural
	past    *[]string // what is said past the catalogue: where, and what
}

type plural struct{ one, where string }

// told are the arguments that are keys, by the name of the function.
var told = map[string]int{
	"T": 0, "Key": 0, "Date": 1, "add": 2, "invalid": 2, "refusedComment": 1, "errImport": 0, "checkLength": 2, "unprocessable": 0, "saying": 0,
}

// script finds what scripts say: literals behind the mark that package static replaces.
var script = regexp.MustCompile("(?s)/\\*T\\*/(?:'((?:[^'\\\\]|\\\\.)*)'|`([^`]*)`)")

// extract reads the program's files below root.
func extract(root string) (found, error) {
	f := found{texts: map[string]string{}, plurals: map[string]plural{}, past: new([]string)}
	for m := time.January; m <= time.December; m++ {
		f.texts[m.String()], f.texts[m.String()[:3]] = "a month", "a month"
	}
	for _, dir := range []string{"templates", "static", "internal"} {
		err := filepath.WalkDir(filepath.Join(root, dir), func(path string, d fs.DirEntry, err error) error {
			switch {
			case err != nil:
				return err
			case d.IsDir() && d.Name() == "lang":
				return filepath.SkipDir
			case strings.HasSuffix(path, ".js"):
				return f.readScript(path)
			case strings.HasSuffix(path, ".go") && !strings.HasSuffix(path, "_test.go"):
				return f.readGo(path)
			}
			return nil
		})
		if err != nil {
			return f, err
		}
	}
	return f, nil
}

func (f found) readScript(path string) error {
	b, err := readFile(path)
	if err != nil {
		return err
	}
	for _, m := range script.FindAllStringSubmatch(string(b), -1) {
		f.texts[strings.ReplaceAll(m[1]+m[2], `\'`, "'")] = path
	}
	return nil
}

func (f found) readGo(path string) error {
	fset := token.NewFileSet()
	file, err := parser.ParseFile(fset, path, nil, parser.SkipObjectResolution)
	if err != nil {
		return err
	}
	ast.Inspect(file, func(n ast.Node) bool {
		call, ok := n.(*ast.CallExpr)
		if !ok {
			return true
		}
		if key, ok := argument(call, keyAt(path, call)); ok && key != "" {
			f.texts[key] = path
		}
		if x, ok := call.Fun.(*ast.SelectorExpr); ok && called(call) == "N" && fmt.Sprint(x.X) != "english" {
			one, ok1 := argument(call, 0)
			many, ok2 := argument(call, 1)
			if ok1 && ok2 {
				f.plurals[many] = plural{one, path}
			}
		}
		return true
	})
	*f.past = append(*f.past, pastCatalogue(path, fset, file)...)
	return nil
}

// keyAt is which argument of a call is a key, -1 for none.
func keyAt(path string, call *ast.CallExpr) int {
	name := called(call)
	x, method := call.Fun.(*ast.SelectorExpr)
	i, ok := told[name]
	switch {
	case !ok:
	case name == "Key" && (!method || fmt.Sprint(x.X) != "lang"), name == "add" && !in(path, "community"), in(path, "api") && name == "invalid":
		// another package's
	default:
		return i
	}
	return -1
}

// called is the name of the function that is called.
func called(call *ast.CallExpr) string {
	switch fun := call.Fun.(type) {
	case *ast.Ident:
		return fun.Name
	case *ast.SelectorExpr:
		return fun.Sel.Name
	}
	return ""
}

// argument is an argument of a call, if it is a literal.
func argument(call *ast.CallExpr, i int) (string, bool) {
	if i < 0 || i >= len(call.Args) {
		return "", false
	}
	return literal(call.Args[i])
}

// in reports whether a file is in a directory of that name.
func in(path, dir string) bool { return strings.Contains(filepath.ToSlash(path), "/"+dir+"/") }

func literal(e ast.Expr) (string, bool) {
	switch e := e.(type) {
	case *ast.BasicLit:
		if e.Kind != token.STRING {
			return "", false
		}
		s, err := strconv.Unquote(e.Value)
		return s, err == nil
	case *ast.BinaryExpr:
		a, ok1 := literal(e.X)
		b, ok2 := literal(e.Y)
		return a + b, ok1 && ok2 && e.Op == token.ADD
	}
	return "", false
}
