package pages

import (
	"encoding/json"
	"net/http"

	"github.com/gin-gonic/gin"

	"tintype/internal/community"
	"tintype/templates"
)

func (p *Pages) registerInstall(r Routes) {
	r.Cacheable(http.MethodGet, "/manifest.webmanifest", p.manifest)
	r.Cacheable(http.MethodGet, "/offline", p.offline)
	r.Asset(http.MethodGet, "/sw.js", p.serviceWorker)
}

type manifestIcon struct {
	Src     string `json:"src"`
	Sizes   string `json:"sizes"`
	Type    string `json:"type"`
	Purpose string `json:"purpose,omitempty"`
}

// manifest tells devices how the site is installed, and that it takes photos which other applications share.
func (p *Pages) manifest(c *gin.Context) error {
	icon := func(name, sizes, kind, purpose string) manifestIcon {
		return manifestIcon{Src: p.Assets.URL(name), Sizes: sizes, Type: kind, Purpose: purpose}
	}
	body, err := json.Marshal(map[string]any{
		"id": "/", "name": p.site(c).Name, "short_name": p.site(c).Name, "description": p.site(c).Description, "start_url": "/", "scope": "/",
		"display": "standalone", "background_color": "#F5F6F5", "theme_color": "#F5F6F5",
		"icons": []manifestIcon{
			icon("favicon.svg", "any", "image/svg+xml", ""), icon("icon-192.png", "192x192", "image/png", ""),
			icon("icon-512.png", "512x512", "image/png", ""), icon("icon-mask.png", "512x512", "image/png", "maskable"),
		},
		"shortcuts": []any{
			map[string]any{"name": p.lang(c).T("Post|verb"), "url": "/compose"},
			map[string]any{"name": p.lang(c).T("Notifications"), "url": "/notifications"},
		},
		"share_target": map[string]any{
			"action": "/compose/share", "method": "POST", "enctype": "multipart/form-data",
			"params": map[string]any{
				"title": "title", "text": "text", "url": "url",
				"files": []any{map[string]any{"name": "photos", "accept": []string{"image/*"}}},
			},
		},
	})
	if err != nil {
		return err
	}
	c.Data(http.StatusOK, "application/manifest+json", body)
	return nil
}

// offline is what the service worker shows while the network is away.
func (p *Pages) offline(c *gin.Context) error {
	pg, err := p.page(c, p.lang(c).T("Offline"))
	if err != nil {
		return err
	}
	pg.NoIndex, pg.Viewer = true, nil
	return p.render(c, http.StatusOK, templates.OfflinePage(pg))
}

// serviceWorker serves the script at the root, whose place decides for which pages it works. Browsers ask for it anew.
func (p *Pages) serviceWorker(c *gin.Context) error {
	asset, _ := p.Assets.Lookup("sw.js")
	if asset == nil {
		return community.ErrNotFound
	}
	return serveAsset(c, asset, false)
}
