package static

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"strings"
	"sync"

	"github.com/andybalholm/brotli"

	"tintype/internal/lang"
)

const (
	prefix     = "/static/"
	hashLength = 10
	// stylesheet is the one sheet of the site: the parts in css/ joined in the order of their names.
	stylesheet = "app.css"
	// sprite is never loaded from a CDN: a browser refuses <use> across origins.
	sprite = "icons.svg"
)

// Asset is one static file. Its content never changes while the program runs.
type Asset struct {
	Name        string // "app.css"
	ContentType string
	ETag        string // quoted
	Body        []byte

	compress     sync.Once
	gzip, brotli []byte
}

// Assets are the static files with their addresses. Safe for concurrent use.
type Assets struct {
	base   string
	byName map[string]*Asset
	byPath map[string]*Asset
	url    map[string]string
}

// New reads the embedded files and computes their fingerprints. base is STATIC_BASE_URL, or "" to serve them here.
func New(base string) (*Assets, error) { return load(files, base) }

func load(files fs.FS, base string) (*Assets, error) {
	bodies, err := read(files)
	if err != nil {
		return nil, err
	}
	inLanguages(bodies)
	a := &Assets{
		base:   strings.TrimSuffix(base, "/"),
		byName: make(map[string]*Asset, len(bodies)),
		byPath: make(map[string]*Asset, len(bodies)),
		url:    make(map[string]string, len(bodies)),
	}
	for name := range bodies {
		if err := a.add(name, bodies, nil); err != nil {
			return nil, err
		}
	}
	return a, nil
}

// read returns the files by name, the stylesheet's parts joined.
func read(files fs.FS) (map[string][]byte, error) {
	bodies := map[string][]byte{}
	names, err := fs.Glob(files, "*.*")
	if err != nil {
		return nil, fmt.Errorf("list static files: %w", err)
	}
	for _, name := range names {
		if path.Ext(name) == ".go" {
			continue
		}
		if bodies[name], err = fs.ReadFile(files, name); err != nil {
			return nil, fmt.Errorf("read static file: %w", err)
		}
	}
	parts, err := fs.Glob(files, "css/*.css") // sorted
	if err != nil {
		return nil, fmt.Errorf("list stylesheets: %w", err)
	}
	var sheet bytes.Buffer
	for _, name := range parts {
		part, err := fs.ReadFile(files, name)
		if err != nil {
			return nil, fmt.Errorf("read stylesheet: %w", err)
		}
		sheet.Write(part)
	}
	bodies[stylesheet] = sheet.Bytes()
	return bodies, nil
}

// imports finds the relative imports of a module, which must name fingerprinted files too.
var imports = regexp.MustCompile(`((?:from|import)\s*\(?\s*["'])\./([a-z0-9.-]+\.js)(["'])`)

// said finds what a script says to people: a literal behind the mark, which is taken out.
var said = regexp.MustCompile("(?s)/\\*T\\*/(?:'((?:[^'\\\\]|\\\\.)*)'|`([^`]*)`)")

// inLanguages adds each script in each other language, as "dom.de.js", and takes the marks out of the English ones. The
// words are part of the file, so that English costs nothing and no page brings a catalogue along.
func inLanguages(bodies map[string][]byte) {
	var scripts []string
	for name := range bodies {
		if strings.HasSuffix(name, ".js") {
			scripts = append(scripts, name)
		}
	}
	for _, name := range scripts {
		for _, code := range lang.Codes() {
			if code != lang.English {
				body := say(bodies[name], lang.Find(code))
				bodies[inLanguage(name, code)] = imports.ReplaceAllFunc(body, func(found []byte) []byte {
					m := imports.FindSubmatch(found)
					return []byte(string(m[1]) + "./" + inLanguage(string(m[2]), code) + string(m[3]))
				})
			}
		}
		bodies[name] = say(bodies[name], nil)
	}
}

func inLanguage(name, code string) string {
	return strings.TrimSuffix(name, ".js") + "." + code + ".js"
}

// group finds what stands between three digits of a number.
var group = regexp.MustCompile(`/\*GROUP\*/'[^']*'`)

func say(body []byte, l *lang.Language) []byte {
	body = group.ReplaceAllLiteral(body, []byte("'"+l.Group()+"'"))
	return said.ReplaceAllFunc(body, func(found []byte) []byte {
		m := said.FindSubmatch(found)
		if found[len(found)-1] == '`' {
			return []byte("`" + l.T(string(m[2])) + "`")
		}
		text := l.T(strings.ReplaceAll(string(m[1]), `\'`, "'"))
		return []byte("'" + strings.ReplaceAll(text, "'", `\'`) + "'")
	})
}

// In is the files as pages in a language name them: scripts speak it.
func (a *Assets) In(code string) Localized { return Localized{a, code} }

// Localized is Assets in one language.
type Localized struct {
	*Assets
	code string
}

// URL is the address of a file by its name; of a script, that of its form in the language.
func (a Localized) URL(name string) string {
	if a.code != lang.English && strings.HasSuffix(name, ".js") {
		if url, ok := a.url[inLanguage(name, a.code)]; ok {
			return url
		}
	}
	return a.url[name]
}

// add fingerprints a file, after those that it imports: their addresses are part of its content.
func (a *Assets) add(name string, bodies map[string][]byte, chain []string) error {
	if a.byName[name] != nil {
		return nil
	}
	for _, p := range chain {
		if p == name {
			return fmt.Errorf("static scripts import each other: %s", strings.Join(append(chain, name), ", "))
		}
	}
	body, ok := bodies[name]
	if !ok {
		return fmt.Errorf("static script %s imports %s, which does not exist", chain[len(chain)-1], name)
	}
	kind, err := contentType(name)
	if err != nil {
		return err
	}
	if strings.HasSuffix(name, ".js") {
		for _, m := range imports.FindAllSubmatch(body, -1) {
			if err := a.add(string(m[2]), bodies, append(chain, name)); err != nil {
				return err
			}
		}
		body = imports.ReplaceAllFunc(body, func(found []byte) []byte {
			m := imports.FindSubmatch(found)
			imported := a.byName[string(m[2])]
			return []byte(string(m[1]) + "./" + imported.fingerprinted() + string(m[3]))
		})
	}
	body = withoutComments(name, body)
	sum := sha256.Sum256(body)
	as := &Asset{Name: name, ContentType: kind, ETag: `"` + hex.EncodeToString(sum[:])[:hashLength] + `"`, Body: body}
	a.byName[name] = as
	a.byPath[as.fingerprinted()] = as
	base := a.base
	if name == sprite {
		base = ""
	}
	a.url[name] = base + prefix + as.fingerprinted()
	return nil
}

var (
	scriptComments = regexp.MustCompile(`(?m)^[ \t]*//.*\n|^[ \t]+`)
	styleComments  = regexp.MustCompile(`(?s)/\*.*?\*/\n?`)
)

// withoutComments removes the comments on lines of their own, and the indentation of scripts. Our scripts have neither
// in a template literal where it would matter.
func withoutComments(name string, body []byte) []byte {
	switch path.Ext(name) {
	case ".js":
		return scriptComments.ReplaceAll(body, nil)
	case ".css":
		return styleComments.ReplaceAll(body, nil)
	}
	return body
}

func (as *Asset) fingerprinted() string {
	ext := path.Ext(as.Name)
	return strings.TrimSuffix(as.Name, ext) + "." + strings.Trim(as.ETag, `"`) + ext
}

func contentType(name string) (string, error) {
	switch path.Ext(name) {
	case ".css":
		return "text/css; charset=utf-8", nil
	case ".js":
		return "text/javascript; charset=utf-8", nil
	case ".svg":
		return "image/svg+xml", nil
	case ".png":
		return "image/png", nil
	}
	return "", fmt.Errorf("static file %s has no known type", name)
}

// URL is the address of a file by its name, such as "app.css". A name that does not exist answers "", which a test of
// the pages finds.
func (a *Assets) URL(name string) string { return a.url[name] }

// Path is the address of a file on this site itself, without STATIC_BASE_URL.
func (a *Assets) Path(name string) string { return strings.TrimPrefix(a.url[name], a.base) }

// All are the files by their addresses on the site ("/static/app.0123456789.css").
func (a *Assets) All() map[string]*Asset {
	all := make(map[string]*Asset, len(a.byPath))
	for name, as := range a.byPath {
		all[prefix+name] = as
	}
	return all
}

// Lookup finds the file at a request's path, with or without the leading "/static/". known says that the fingerprint
// is this binary's: such an answer may be kept for a year. Else it is this binary's file under an older or newer
// page's address, or under its plain name, to be served with no-store. It returns nil where there is no such file.
func (a *Assets) Lookup(requestPath string) (as *Asset, known bool) {
	name := strings.TrimPrefix(requestPath, prefix)
	if as := a.byPath[name]; as != nil {
		return as, true
	}
	return a.byName[withoutFingerprint(name)], false
}

func withoutFingerprint(name string) string {
	ext := path.Ext(name)
	stem := strings.TrimSuffix(name, ext)
	hash := strings.TrimPrefix(path.Ext(stem), ".")
	if len(hash) != hashLength || strings.Trim(hash, "0123456789abcdef") != "" {
		return name
	}
	return strings.TrimSuffix(stem, "."+hash) + ext
}

// Encoded returns the smallest form that an Accept-Encoding header accepts. encoding is "br", "gzip" or "" for none.
// The forms are made at the first call and kept. An answer that depends on it needs "Vary: Accept-Encoding".
func (as *Asset) Encoded(accept string) (body []byte, encoding string) {
	if as.ContentType == "image/png" {
		return as.Body, ""
	}
	as.compress.Do(as.precompress)
	switch {
	case accepts(accept, "br") && len(as.brotli) < len(as.Body):
		return as.brotli, "br"
	case accepts(accept, "gzip") && len(as.gzip) < len(as.Body):
		return as.gzip, "gzip"
	}
	return as.Body, ""
}

func (as *Asset) precompress() {
	var b bytes.Buffer
	w := brotli.NewWriterLevel(&b, brotli.BestCompression)
	// Writing to a buffer cannot fail.
	_, _ = w.Write(as.Body)
	_ = w.Close()
	as.brotli = b.Bytes()

	var g bytes.Buffer
	z, _ := gzip.NewWriterLevel(&g, gzip.BestCompression)
	_, _ = z.Write(as.Body)
	_ = z.Close()
	as.gzip = g.Bytes()
}

// accepts reads the part of Accept-Encoding that browsers send: names, each perhaps with q=0.
func accepts(header, encoding string) bool {
	for part := range strings.SplitSeq(header, ",") {
		name, q, _ := strings.Cut(strings.TrimSpace(part), ";")
		if strings.EqualFold(strings.TrimSpace(name), encoding) {
			q = strings.ReplaceAll(q, " ", "")
			return q != "q=0" && q != "q=0.0" && q != "q=0.00" && q != "q=0.000"
		}
	}
	return false
}
