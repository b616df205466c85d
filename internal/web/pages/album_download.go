package pages

import (
	"errors"
	"net/http"

	"github.com/gin-gonic/gin"

	"tintype/internal/community"
	"tintype/internal/store"
	"tintype/templates"
)

// lookAgain is after how many seconds the page of an archive that is being made is loaded again.
const lookAgain = "5"

func (p *Pages) albumDownload(c *gin.Context, acc *store.Account) error {
	return p.showAlbumDownload(c, http.StatusOK, acc, templates.AlbumDownloadView{})
}

func (p *Pages) showAlbumDownload(c *gin.Context, status int, acc *store.Account, v templates.AlbumDownloadView) error {
	al, err := p.albumAt(c)
	if err != nil {
		return err
	}
	d, err := p.Community.AlbumDownload(c.Request.Context(), acc)
	if err != nil && !isNotFound(err) {
		return err
	}
	pg, err := p.page(c, p.lang(c).T("Download %s", al.Title))
	if err != nil {
		return err
	}
	b := p.viewBuilder(c)
	v.Album, v.KeptOriginals = b.albumView(al), p.KeepOriginals
	switch {
	case d == nil || d.ExpiresAt.Time().Before(b.now):
	case d.AlbumID != al.ID:
		v.OtherURL = albumPath(d.AlbumID) + "/download"
	default:
		v.State, v.Done, v.Total = templates.AlbumDownloadState(d.State), d.Done, d.Total
		v.Size, v.Until = fileSize(pg.Lang, d.Bytes), pg.Lang.Date(d.ExpiresAt.Time(), "2 Jan 2006, 15:04")+" UTC"
		v.FileURL = "/downloads/" + d.Random
	}
	if v.State == templates.DownloadMaking && v.Errors == nil {
		c.Header("Refresh", lookAgain)
	}
	return p.render(c, status, templates.AlbumDownloadPage(pg, v))
}

func (p *Pages) startAlbumDownload(c *gin.Context, acc *store.Account) error {
	id, err := idParam(c, "id")
	if err != nil {
		return err
	}
	err = p.Community.StartAlbumDownload(c.Request.Context(), acc, id, on(c, "originals"))
	if errs, ok := p.fieldErrors(c, err, nil); ok {
		return p.showAlbumDownload(c, http.StatusUnprocessableEntity, acc, templates.AlbumDownloadView{Originals: on(c, "originals"), Errors: errs})
	}
	if err != nil {
		return err
	}
	return redirect(c, albumPath(id)+"/download")
}

// downloadFile sends a member's archive.
func (p *Pages) downloadFile(c *gin.Context, acc *store.Account) error {
	al, obj, err := p.Community.OpenAlbumDownload(c.Request.Context(), acc, c.Param("random"))
	if errors.Is(err, community.ErrAlbumChanged) {
		p.setFlash(c, "album-changed")
		return redirect(c, "/albums/yours")
	}
	if err != nil {
		return err
	}
	defer obj.Close()
	c.Header("Content-Type", "application/zip")
	c.Header("Content-Disposition", attachment(al.Title+".zip"))
	c.Header("Content-Security-Policy", "default-src 'none'; sandbox")
	c.Header("Cache-Control", "private, no-store")
	c.Header("ETag", obj.ETag)
	http.ServeContent(c.Writer, c.Request, "", obj.ModTime, obj)
	return nil
}
