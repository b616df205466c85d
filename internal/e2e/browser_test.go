package e2e

import (
	"context"
	"errors"
	"fmt"
	"image"
	"image/jpeg"
	"math"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"

	"tintype/internal/phototest"
	"tintype/internal/servertest"
)

// browser is a tab of a real browser. What the page's console complains of fails the test.
type browser struct {
	t   testing.TB
	ctx context.Context
	// forgives are complaints that belong to the test.
	forgives []string
}

func openBrowser(t testing.TB) *browser {
	t.Helper()
	options := []chromedp.ExecAllocatorOption{chromedp.ExecPath(servertest.Chromium(t)), chromedp.UserDataDir(t.TempDir()), chromedp.WSURLReadTimeout(time.Minute)}
	for _, f := range servertest.ChromiumFlags() {
		name, value, has := strings.Cut(strings.TrimLeft(f, "-"), "=")
		if has {
			options = append(options, chromedp.Flag(name, value))
		} else {
			options = append(options, chromedp.Flag(name, true))
		}
	}
	actx, cancelAlloc := chromedp.NewExecAllocator(context.Background(), options...)
	ctx, cancel := chromedp.NewContext(actx)
	t.Cleanup(cancelAlloc)
	t.Cleanup(cancel)
	b := &browser{t: t, ctx: ctx}
	var mu sync.Mutex
	var complaints []string
	err := chromedp.Listen(ctx, func(ev any) {
		if t.Context().Err() != nil {
			return // the test is over: its site stops under the page in view
		}
		mu.Lock()
		defer mu.Unlock()
		switch e := ev.(type) {
		case *runtime.EventExceptionThrown:
			complaints = append(complaints, fmt.Sprintf("%+v", e.ExceptionDetails))
		case *log.EventEntryAdded:
			// 503 is what a machine that is too busy makes the site say; what should come of it is waited for.
			if e.Entry.Level == "error" && !strings.Contains(e.Entry.Text, "status of 4") && !strings.Contains(e.Entry.Text, "status of 503") {
				complaints = append(complaints, e.Entry.Text+" "+e.Entry.URL)
			}
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		mu.Lock()
		defer mu.Unlock()
		for _, c := range complaints {
			if !slices.ContainsFunc(b.forgives, func(belongs string) bool { return strings.Contains(c, belongs) }) {
				t.Errorf("the browser's console: %s", c)
			}
		}
	})
	b.size(390, 844)
	// A click during the transition from page to page lands on its picture.
	still := emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{{Name: "prefers-reduced-motion", Value: "reduce"}}}
	if _, err := chromedp.Call(ctx, emulation.SetEmulatedMedia, still); err != nil {
		t.Fatal(err)
	}
	return b
}

// forgiveAway is for a test that takes a site away from a page in view. Connections are refused then; the page's stream may
// also be answered with a 503, by the balancer or by an instance that is stopping.
func (b *browser) forgiveAway(site string) {
	b.forgives = append(b.forgives, "ERR_CONNECTION_REFUSED", site+"/live?")
}

func (b *browser) run(actions ...chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	// The tab belongs to b.ctx: a shorter context for one step must not close it.
	ctx, cancel := context.WithTimeout(b.ctx, 60*time.Second)
	defer cancel()
	for _, a := range actions {
		err := chromedp.Do(ctx, a)
		// A script may replace a node between its being found and its being used: nothing was done then.
		for n := 0; n < 5 && err != nil && strings.Contains(err.Error(), "Could not find node"); n++ {
			err = chromedp.Do(ctx, a)
		}
		if err != nil {
			b.fail(err)
		}
	}
}

// fail ends the test with what the page shows.
func (b *browser) fail(err error) {
	b.t.Helper()
	short, done := context.WithTimeout(b.ctx, 5*time.Second)
	defer done()
	where, _ := chromedp.Run(short, chromedp.Location())
	text, _ := chromedp.Run(short, chromedp.Evaluate[string](`document.body.innerText.slice(0,800)`))
	b.shot("failure")
	b.t.Fatalf("browser: %v at %s:\n%s", err, where, text)
}

func (b *browser) size(w, h int64) {
	b.t.Helper()
	if _, err := chromedp.Call(b.ctx, emulation.SetDeviceMetricsOverride, emulation.SetDeviceMetricsOverrideParams{Width: w, Height: h, DeviceScaleFactor: 1, Mobile: w < 500}); err != nil {
		b.t.Fatal(err)
	}
}

// shot saves a picture of the page where SCREENSHOTS names a folder.
func (b *browser) shot(name string) {
	b.t.Helper()
	dir := os.Getenv("SCREENSHOTS")
	if dir == "" {
		return
	}
	ctx, cancel := context.WithTimeout(b.ctx, 20*time.Second)
	defer cancel()
	png, err := chromedp.Run(ctx, chromedp.FullScreenshot(100))
	if err != nil {
		b.t.Logf("screenshot %s: %v", name, err)
		return
	}
	if err := os.WriteFile(filepath.Join(dir, name+".png"), png, 0o644); err != nil {
		b.t.Error(err)
	}
}

// click clicks until what should come of it is there: a page that still moves makes a click miss, as it does people's.
func (b *browser) click(selector, then string) {
	b.t.Helper()
	var err error
	for range 8 {
		ctx, cancel := context.WithTimeout(b.ctx, 8*time.Second)
		err = chromedp.Do(ctx, chromedp.Click(chromedp.CSS(selector)), chromedp.WaitVisible(chromedp.CSS(then)))
		cancel()
		if err == nil {
			return
		}
		// The first click may have been taken after all.
		ctx, cancel = context.WithTimeout(b.ctx, 2*time.Second)
		there := chromedp.Do(ctx, chromedp.WaitVisible(chromedp.CSS(then)))
		cancel()
		if there == nil {
			return
		}
	}
	b.fail(fmt.Errorf("click %s: %w", selector, err))
}

func (b *browser) number(js string) float64 {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, 30*time.Second)
	defer cancel()
	n, err := chromedp.Run(ctx, chromedp.Evaluate[float64](js, chromedp.EvalAwaitPromise))
	if err != nil {
		b.t.Fatalf("browser: %v", err)
	}
	return n
}

// becomes waits until a condition of the page holds.
func (b *browser) becomes(js string) {
	b.t.Helper()
	b.becomesWithin(90*time.Second, js)
}

// becomesWithin asks the page that the tab shows, again and again: what waits in a page never answers once that is left.
func (b *browser) becomesWithin(patience time.Duration, js string) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	again := time.NewTicker(100 * time.Millisecond)
	defer again.Stop()
	for {
		try, cancel := context.WithTimeout(ctx, 10*time.Second)
		holds, err := chromedp.Run(try, chromedp.Evaluate[bool]("(async () => !!(await ("+js+")))()", chromedp.EvalAwaitPromise))
		cancel()
		if err == nil && holds {
			return
		}
		select {
		case <-ctx.Done():
			b.fail(fmt.Errorf("%w: %s", errors.Join(ctx.Err(), err), js))
		case <-again.C:
		}
	}
}

func (b *browser) signUp(site, name string) {
	b.t.Helper()
	b.run(
		chromedp.Navigate(site+"/signup"),
		chromedp.SendKeys(chromedp.CSS(`input[name=name]`), name),
		chromedp.SendKeys(chromedp.CSS(`input[name=email]`), name+"@example.org"),
		chromedp.SendKeys(chromedp.CSS(`input[name=password]`), password),
		chromedp.Click(chromedp.CSS(`input[name=agree]`)),
	)
	b.click(`main form button.button`, `nav a[href="/compose"]`)
}

const allLoaded = `[...document.querySelectorAll('main img')].filter(i => i.getBoundingClientRect().top < innerHeight).every(i => i.complete && i.naturalWidth > 0) && document.querySelectorAll('main img').length > 0`

// Photographs are posted in a real browser, on a phone and on a desktop; what came of it?
func inABrowser(t *testing.T, site stage) {
	servertest.Chromium(t)
	b := openBrowser(t)
	b.signUp(site.URL, "dora")
	b.shot("home-empty-390")

	dir := t.TempDir()
	var files []string
	for i, o := range []phototest.Options{
		{Width: 1600, Height: 1067, Orientation: 6, GPS: true, Seed: 1, Detail: true, Make: "NIKON", Model: "D3100"},
		{Width: 800, Height: 1200, Orientation: 3, GPS: true, Seed: 2},
		{Width: 500, Height: 500, Seed: 3, Profile: "p3"},
	} {
		path := filepath.Join(dir, fmt.Sprintf("photo-%d.jpg", i+1))
		if err := os.WriteFile(path, phototest.JPEG(o), 0o600); err != nil {
			t.Fatal(err)
		}
		files = append(files, path)
	}
	bad := filepath.Join(dir, "notes.jpg")
	if err := os.WriteFile(bad, []byte("no photograph"), 0o600); err != nil {
		t.Fatal(err)
	}

	b.run(
		chromedp.Navigate(site.URL+"/compose"),
		chromedp.SetUploadFiles(chromedp.CSS(`input[type=file]`), append(files, bad)),
	)
	b.becomes(`document.querySelectorAll('#photos [data-state=ready]').length === 3 && document.querySelectorAll('#photos [data-state=refused]').length === 1`)
	b.shot("compose-390")
	b.run(
		chromedp.SendKeys(chromedp.CSS(`textarea[name=caption]`), "Three of a #harbour in fog"),
	)
	b.click(`#publish`, `form[action$="/like"]`)
	b.becomes(`location.pathname.startsWith('/@dora/')`)
	b.becomes(allLoaded)
	b.shot("post-390")
	postURL, err := chromedp.Run(b.ctx, chromedp.Location())
	if err != nil {
		t.Fatal(err)
	}

	t.Run("upright, everywhere", func(t *testing.T) {
		m := site.visitor(t)
		p := m.Get(strings.TrimPrefix(postURL, site.URL)).Want(200).Has("Three of a")
		n := 0
		for _, u := range p.Photos() {
			img, err := jpeg.Decode(strings.NewReader(m.Get(u).Want(200).Body))
			if err != nil {
				t.Fatal(err)
			}
			if strings.Contains(u, "square") {
				continue
			}
			n++
			if err := phototest.Upright(img); err != nil {
				t.Errorf("%s: %v", u, err)
			}
		}
		if n < 6 {
			t.Errorf("only %d variants are on the page", n)
		}
	})

	t.Run("a like without a reload", func(t *testing.T) {
		b.t = t
		b.number(`window.stayed = 1`)
		b.click(`form[action$="/like"] button`, `form[action$="/unlike"] button`)
		b.becomes(`window.stayed && document.querySelector('form[action$="/unlike"] button[aria-pressed=true]') !== null`)
		b.run(chromedp.SendKeys(chromedp.CSS(`textarea[name=text]`), "Nobody saw the boats"), chromedp.Click(chromedp.CSS(`#comment button, form[action$="/comments"] button`)))
		b.becomes(`window.stayed && document.body.innerText.includes('Nobody saw the boats') && document.querySelector('textarea[name=text]').value === ''`)
		// The act and the live stream tell of the same comment.
		b.becomes(`document.querySelector('[data-comment] .n').textContent.trim() === '1' && document.querySelector('#comments-head').textContent === '1 comment'`)
	})
	b.t = t

	t.Run("grid keeps order and does not shift", func(t *testing.T) {
		b.t = t
		poster := site.join(t, "poster")
		for i := range 8 {
			poster.PublishPhoto(phototest.JPEG(phototest.Options{Width: 400 + 90*i, Height: 420, Seed: int64(10 + i)}), "caption", fmt.Sprintf("Tile %d", i))
		}
		for _, w := range []int64{390, 768, 1440} {
			b.size(w, 900)
			b.run(chromedp.Navigate(site.URL + "/explore"))
			b.becomes(allLoaded)
			if wide := b.number(`document.documentElement.scrollWidth - document.documentElement.clientWidth`); wide > 0 {
				t.Errorf("%d: scrolls sideways by %g px", w, wide)
			}
			// A busy machine paints a page that has come in part, and its last row then fills up: what shifts of
			// itself does so each time.
			least := math.Inf(1)
			for try := 0; try < 4 && least > 0.01; try++ {
				if try > 0 {
					b.run(chromedp.Navigate(site.URL + "/explore"))
					b.becomes(allLoaded)
				}
				least = min(least, b.number(`new Promise(done => { let s = 0; new PerformanceObserver(l => { for (const e of l.getEntries()) s += e.value }).observe({type: 'layout-shift', buffered: true}); setTimeout(() => done(s), 300) })`))
			}
			if least > 0.01 {
				t.Errorf("%d: the layout shifted by %g", w, least)
			}
			b.shot(fmt.Sprintf("explore-%d", w))
		}
	})
	b.t = t

	t.Run("without scripts", func(t *testing.T) {
		withoutScripts(t, site, files[:2])
	})
}

// TestPhotosDir puts the photographs of PHOTOS_DIR through the site.
func TestPhotosDir(t *testing.T) {
	dir := os.Getenv("PHOTOS_DIR")
	if dir == "" {
		t.Skip("PHOTOS_DIR names no folder of photographs")
	}
	site := start(t, "UPLOAD_LIMIT=1000/1h", "POST_LIMIT=1000/1h")
	m := servertest.NewClient(t, site.URL).SignUp("ada")
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	scenes := map[string]image.Image{}
	for _, e := range entries {
		name := e.Name()
		if strings.HasSuffix(name, ".md") {
			continue
		}
		data, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		u, err := m.Upload(name, data)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if u.State == "refused" {
			if !strings.HasPrefix(name, "corrupt") && !strings.HasSuffix(name, ".heic") {
				t.Errorf("%s was refused: %s", name, u.Error)
			}
			if u.Error == "" {
				t.Errorf("%s was refused without a sentence", name)
			}
			m.Post("/compose/photos/" + u.ID + "/remove").Want(200)
			continue
		}
		p := m.Publish("caption", name).Want(http.StatusOK)
		urls := p.Photos()
		var smallest image.Image
		widest := 0
		for _, u := range urls {
			body := m.Get(u).Want(200).Body
			// Only what stands before the scan: there, three letters mean something.
			head, _, _ := strings.Cut(body, "\xff\xda")
			if strings.Contains(head, "GPS") || strings.Contains(head, "exif:") || strings.Contains(head, "Exif\x00\x00MM") && strings.Contains(head, "\x88\x25") {
				t.Errorf("%s: %s holds metadata", name, u)
			}
			img, err := jpeg.Decode(strings.NewReader(body))
			if err != nil {
				t.Fatalf("%s: %s: %v", name, u, err)
			}
			widest = max(widest, img.Bounds().Dx())
			if path, _ := url.Parse(u); strings.HasSuffix(path.Path, "/320.jpg") {
				smallest = img
			}
		}
		if widest == 0 || widest > 320 && len(urls) < 2 { // none is larger than its photo
			t.Errorf("%s has %d variants on its page", name, len(urls))
		}
		if scene, _, ok := strings.Cut(name, "_"); ok && (scene == "Landscape" || scene == "Portrait") {
			if smallest == nil {
				t.Errorf("%s has no variant of 320", name)
				continue
			}
			if first := scenes[scene]; first == nil {
				scenes[scene] = smallest
			} else if d := difference(first, smallest); d > 12 {
				t.Errorf("%s does not look like the others of its scene: %.1f of 255 on average", name, d)
			}
		}
	}
}

// difference is the mean difference of two pictures' greys, 255 where they are not of one size.
func difference(a, b image.Image) float64 {
	if a.Bounds().Dx() != b.Bounds().Dx() || abs(a.Bounds().Dy()-b.Bounds().Dy()) > 1 {
		return 255
	}
	sum, n := 0.0, 0
	for y := 0; y < min(a.Bounds().Dy(), b.Bounds().Dy()); y += 2 {
		for x := 0; x < a.Bounds().Dx(); x += 2 {
			sum += float64(abs(grey(a, x, y) - grey(b, x, y)))
			n++
		}
	}
	return sum / float64(n)
}

func grey(m image.Image, x, y int) int {
	r, g, b, _ := m.At(m.Bounds().Min.X+x, m.Bounds().Min.Y+y).RGBA()
	return int((299*r + 587*g + 114*b) / 1000 >> 8)
}

func abs(n int) int {
	if n < 0 {
		return -n
	}
	return n
}
