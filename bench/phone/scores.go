package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"

	"tintype/bench/rig"
	"tintype/internal/servertest"
)

// goalScore is of a hundred, in each of Lighthouse's categories.
const goalScore = 95

var categories = []string{"performance", "accessibility", "best-practices", "seo"}

// scoreFigures are what Lighthouse gives a page: of each category one figure a run.
type scoreFigures struct {
	Page   string               `json:"page"`
	Scores map[string][]float64 `json:"scores"`
	// Lacking are the audits that cost points in the last run, with their categories.
	Lacking []string `json:"lacking"`
}

// A lighthouse is the program and what it needs.
type lighthouse struct{ program, chromium, home string }

// scores has Lighthouse judge a page as on a phone, with its own simulated network and processor.
func (l *lighthouse) scores(url string, cookies []*http.Cookie, runs int) (f scoreFigures, err error) {
	f.Scores = make(map[string][]float64)
	args := []string{url, "--output=json", "--quiet", "--only-categories=" + strings.Join(categories, ","), "--chrome-flags=" + strings.Join(servertest.ChromiumFlags(), " ")}
	if len(cookies) > 0 {
		var pairs []string
		for _, c := range cookies {
			pairs = append(pairs, c.Name+"="+c.Value)
		}
		headers, err := json.Marshal(map[string]string{"Cookie": strings.Join(pairs, "; ")})
		if err != nil {
			return f, err
		}
		// The cookie is a secret, which others would see among the arguments.
		file := filepath.Join(l.home, "headers.json")
		if err := os.WriteFile(file, headers, 0o600); err != nil {
			return f, err
		}
		args = append(args, "--extra-headers="+file)
	}
	for range runs {
		cmd := exec.Command(l.program, args...)
		cmd.Env = append(os.Environ(), "CHROME_PATH="+l.chromium, "HOME="+l.home)
		var errs bytes.Buffer
		cmd.Stderr = &errs
		out, err := cmd.Output()
		if err != nil {
			return f, fmt.Errorf("%w\n%s", err, errs.String())
		}
		var report struct {
			RuntimeError *struct{ Message string }
			Categories   map[string]struct {
				Score     float64
				AuditRefs []struct {
					ID     string
					Weight float64
				}
			}
			Audits map[string]struct {
				Score        *float64
				DisplayValue string
			}
		}
		if err := json.Unmarshal(out, &report); err != nil {
			return f, err
		}
		if report.RuntimeError != nil {
			return f, fmt.Errorf("lighthouse: %s", report.RuntimeError.Message)
		}
		f.Lacking = nil
		for _, name := range categories {
			c, found := report.Categories[name]
			if !found {
				return f, fmt.Errorf("lighthouse did not judge %s", name)
			}
			f.Scores[name] = append(f.Scores[name], 100*c.Score)
			for _, ref := range c.AuditRefs {
				if a := report.Audits[ref.ID]; ref.Weight > 0 && a.Score != nil && *a.Score < 0.9 {
					f.Lacking = append(f.Lacking, strings.TrimSpace(fmt.Sprintf("%s: %s %s", name, ref.ID, a.DisplayValue)))
				}
			}
		}
	}
	return f, nil
}

// measureScores judges each page.
func (r *report) measureScores(t *rig.T, pages []page, site, chromium string) error {
	l := &lighthouse{program: servertest.Tool(t, "lighthouse", "npm install lighthouse@12.8.2"), chromium: chromium, home: t.TempDir()}
	for _, p := range pages {
		f, err := l.scores(site+p.path, p.as.Cookies(), *runs)
		if err != nil {
			return fmt.Errorf("%s: %w", p.name, err)
		}
		f.Page = p.name
		r.Scores = append(r.Scores, f)
		t.Logf("%s: %v %s", p.name, f.Scores, strings.Join(f.Lacking, "; "))
	}
	return nil
}

// rows are those of the report's table.
func (f scoreFigures) rows() (rows [][]string) {
	for _, name := range categories {
		rows = append(rows, []string{f.Page + ", " + name, fmt.Sprintf("%.0f", median(f.Scores[name])), strconv.Itoa(goalScore), all(f.Scores[name], 0)})
	}
	return rows
}
