package pages

import (
	"cmp"
	"errors"
	"io"
	"maps"
	"net/http"
	"slices"
	"strconv"

	"github.com/gin-gonic/gin"

	"tintype/internal/community"
	"tintype/internal/lang"
	"tintype/internal/store"
	"tintype/templates"
)

func (p *Pages) registerImport(r Routes) {
	get, post := http.MethodGet, http.MethodPost
	r.Personal(get, "/settings/import", p.member(p.importForm))
	r.Large(post, "/settings/import/file", community.MaxImportBytes, p.member(p.importFile))
	r.Personal(post, "/settings/import/start", p.member(p.importStart))
	r.Large(post, "/settings/import/part", community.ImportPartBytes, p.member(p.importPart))
	r.Personal(post, "/settings/import/look", p.member(p.importStep(func(c *gin.Context, acc *store.Account) error {
		return p.Community.LookThroughImport(c.Request.Context(), acc)
	})))
	r.Personal(post, "/settings/import/begin", p.member(p.importStep(func(c *gin.Context, acc *store.Account) error {
		return p.Community.BeginImport(c.Request.Context(), acc, store.Visibility(c.PostForm("visibility")))
	})))
	r.Personal(post, "/settings/import/stop", p.member(p.importStep(func(c *gin.Context, acc *store.Account) error {
		return p.Community.StopImport(c.Request.Context(), acc)
	})))
}

// importStep is a form of the page that leads back to it.
func (p *Pages) importStep(do func(*gin.Context, *store.Account) error) func(*gin.Context, *store.Account) error {
	return func(c *gin.Context, acc *store.Account) error {
		err := do(c, acc)
		if errs, ok := p.fieldErrors(c, err, nil); ok {
			return p.showImport(c, http.StatusUnprocessableEntity, acc, errs)
		}
		if err != nil {
			return err
		}
		return redirect(c, "/settings/import")
	}
}

func (p *Pages) importForm(c *gin.Context, acc *store.Account) error {
	return p.showImport(c, http.StatusOK, acc, nil)
}

// importSources names whose archive it is.
var importSources = map[string]string{
	"photographs": lang.Key("your files"), "tintype": lang.Key("an export of a site like this"), "instagram": lang.Key("an archive of Instagram"), "facebook": lang.Key("an archive of Facebook"),
	"flickr": lang.Key("an archive of Flickr"), "google": lang.Key("an archive of Google Photos"),
}

// importReasons say why files are left out.
var importReasons = map[string]string{
	"video": lang.Key("videos, which this site does not show"), "heic": lang.Key("HEIC or AVIF, which this site cannot read: convert them to JPEG and import those"),
	"other": lang.Key("files that are damaged, or are not photographs this site can read"), "unposted": lang.Key("pictures of stories, messages or profiles, not of posts"),
	"trashed": lang.Key("pictures from the bin"), "large": lang.Key("pictures that are too large for this site"), "missing": lang.Key("pictures that the archive names but does not have: perhaps another of its files does"),
	"held":    lang.Key("pictures that a moderator has to see first: post them by hand"),
	"refused": lang.Key("pictures that this site could not prepare"), "locked": lang.Key("files that are locked with a password"),
	"no_room": lang.Key("pictures for which you have no room left: delete some photographs here, and import these again"),
}

func (p *Pages) showImport(c *gin.Context, status int, acc *store.Account, errs templates.FieldErrors) error {
	i, err := p.Community.ImportOf(c.Request.Context(), acc)
	if err != nil {
		return err
	}
	pg, err := p.page(c, p.lang(c).T("Import"))
	if err != nil {
		return err
	}
	v := templates.SettingsImportView{Errors: errs, PartBytes: community.ImportPartBytes, Visibility: string(acc.DefaultVisibility)}
	if i != nil {
		fillImport(pg.Lang, &v, i)
	}
	if v.State == store.ImportScanning || v.State == store.ImportWorking {
		c.Header("Refresh", takeoutRefresh)
	}
	return p.render(c, status, templates.SettingsImportPage(pg, v))
}

func fillImport(l *lang.Language, v *templates.SettingsImportView, i *store.Import) {
	found, report := i.Found.V, i.Report.V
	v.State, v.Ready = i.State, len(i.Files.V) > 0
	for n := range i.Files.V {
		f := &i.Files.V[n]
		v.Files = append(v.Files, templates.ImportFileView{Name: f.Name, Size: fileSize(l, f.Received()), Whole: f.Whole})
		v.Ready = v.Ready && f.Whole
	}
	v.Source = l.T(cmp.Or(importSources[found.Source], "your files"))
	left := report.Left
	v.Posts, v.Photos, v.Known, v.Done, v.Total, v.Error = report.Posts, report.Photos, report.Known, i.Next, found.Posts, l.T(report.Error)
	if i.State == store.ImportFound {
		v.Posts, v.Photos, v.Albums, left = found.Posts, found.Photos, found.Albums, found.Left
		for _, year := range slices.Backward(slices.Sorted(maps.Keys(found.Years))) {
			name := strconv.Itoa(year)
			if year == 0 {
				name = l.T("Without a date")
			}
			v.Years = append(v.Years, templates.YearCount{Year: name, Count: found.Years[year]})
		}
	}
	for _, why := range slices.Sorted(maps.Keys(left)) {
		if left[why] > 0 && importReasons[why] != "" {
			v.Left = append(v.Left, templates.LeftView{Count: left[why], Why: l.T(importReasons[why])})
		}
	}
	for _, f := range report.Files {
		v.LeftFiles = append(v.LeftFiles, templates.LeftView{Name: f.Name, Why: l.T(importReasons[f.Why])})
	}
}

// importFile takes whole files, from a browser without scripts.
func (p *Pages) importFile(c *gin.Context, acc *store.Account) error {
	mr, err := c.Request.MultipartReader()
	if err != nil {
		return &community.Invalid{Fields: []community.FieldError{{Field: "archive", Code: "blank", Message: lang.Key("Choose a zip file first.")}}}
	}
	files := 0
	for {
		part, err := mr.NextPart()
		if err == io.EOF { // not errors.Is: a body that ends before its last boundary is an EOF wrapped
			break
		}
		if err != nil {
			return interrupted(err)
		}
		if part.FormName() != "archive" || part.FileName() == "" {
			continue
		}
		files++
		err = p.Community.ImportWholeFile(c.Request.Context(), acc, part.FileName(), part)
		if errs, ok := p.fieldErrors(c, err, map[string]string{"file": "archive"}); ok {
			return p.showImport(c, http.StatusUnprocessableEntity, acc, errs)
		}
		if err != nil {
			return err
		}
	}
	if files == 0 {
		return p.showImport(c, http.StatusUnprocessableEntity, acc, templates.FieldErrors{{Field: "archive", Message: p.lang(c).T("Choose a zip file first.")}})
	}
	return redirect(c, "/settings/import")
}

// importStart tells a script how much of a file has come.
func (p *Pages) importStart(c *gin.Context, acc *store.Account) error {
	size, err := strconv.ParseInt(c.PostForm("size"), 10, 64)
	if err != nil || size < 1 {
		return &community.Invalid{Fields: []community.FieldError{{Field: "archive", Code: "blank", Message: lang.Key("The file is empty.")}}}
	}
	received, err := p.Community.StartImportFile(c.Request.Context(), acc, c.PostForm("name"), size)
	return p.answerReceived(c, received, err)
}

// importPart takes a part of the file that was begun last.
func (p *Pages) importPart(c *gin.Context, acc *store.Account) error {
	at, err := strconv.ParseInt(c.Query("after"), 10, 64)
	if err != nil || at < 0 {
		return &community.Invalid{Fields: []community.FieldError{{Field: "at", Code: "invalid", Message: lang.Key("Begin again: choose your file once more.")}}}
	}
	received, err := p.Community.AddImportPart(c.Request.Context(), acc, at, c.Request.Body)
	return p.answerReceived(c, received, err)
}

func (p *Pages) answerReceived(c *gin.Context, received int64, err error) error {
	if errors.Is(err, community.ErrImportPlace) {
		c.JSON(http.StatusConflict, gin.H{"received": -1})
		return nil
	}
	if err != nil {
		return err
	}
	c.JSON(http.StatusOK, gin.H{"received": received})
	return nil
}
