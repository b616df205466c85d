// Command shots photographs the pages of a running preview at phone, tablet and desktop width, light and dark, and
// reports what can be measured: sideways scrolling, text under 13 px, targets under 24 px, what the console says.
//
//	go run ./dev/preview &
//	go run ./dev/preview/shots -out /tmp/shots -only home,explore [-noscript]
package main

import (
	"context"
	"flag"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"

	"tintype/dev/preview/sample"
)

const measure = `(() => {
  const found = [];
  const doc = document.documentElement;
  if (doc.scrollWidth > innerWidth) {
    for (const el of document.querySelectorAll('body *')) {
      const box = el.getBoundingClientRect();
      if (box.right > innerWidth + 1 && !el.closest('.strip,.vh,.reel')) { found.push('wider than the window: ' + el.localName + '.' + el.className); break; }
    }
    found.push('scrolls sideways: ' + doc.scrollWidth);
  }
  const small = new Set();
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const el = walker.currentNode.parentElement;
    if (!walker.currentNode.textContent.trim() || el.closest('.vh,template,dialog,svg')) continue;
    const size = parseFloat(getComputedStyle(el).fontSize);
    if (size < 13 && el.offsetParent) small.add(size + ' ' + el.className + ' ' + el.textContent.trim().slice(0, 20));
  }
  for (const s of small) found.push('small text: ' + s);
  for (const el of document.querySelectorAll('button,.button,.act,.nav a,input,select,summary')) {
    const box = el.getBoundingClientRect();
    if (box.width && el.offsetParent && !el.closest('.vh') && !el.matches('.vh,[type=hidden],[type=radio],[type=checkbox]') && (box.height < 43.5 || box.width < 43.5)) found.push('small target: ' + el.localName + '.' + el.className + ' ' + Math.round(box.width) + 'x' + Math.round(box.height));
  }
  const rows = {};
  for (const tile of document.querySelectorAll('.grid>.tile')) { const b = tile.getBoundingClientRect(); (rows[Math.round(b.top)] ||= []).push(b.height); }
  for (const [top, heights] of Object.entries(rows)) if (Math.max(...heights) - Math.min(...heights) > 1.5) found.push('uneven row at ' + top + ': ' + heights.map(Math.round));
  return found;
})()`

// loaded tells whether the photographs in sight are there. The page is asked again and again: no promise is kept on one
// without scripts.
const loaded = `[...document.images].every((i) => i.complete || i.getBoundingClientRect().top >= innerHeight)`

func main() {
	log.SetFlags(0)
	at := flag.String("at", "http://localhost:8090", "the preview")
	out := flag.String("out", "shots", "where the pictures go")
	only := flag.String("only", "", "comma-separated paths without the leading slash; all where empty")
	browser := flag.String("browser", "chromium", "the browser's command")
	language := flag.String("lang", "", "the pages' language: de, fr")
	noScript := flag.Bool("noscript", false, "without the pages' scripts")
	flag.Parse()
	if err := os.MkdirAll(*out, 0o755); err != nil {
		log.Fatal(err)
	}
	opts := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(*browser), chromedp.NoSandbox, chromedp.Flag("disable-quic", true), chromedp.Flag("hide-scrollbars", false))
	alloc, stop := chromedp.NewExecAllocator(context.Background(), opts...)
	defer stop()
	ctx, cancel := chromedp.NewContext(alloc)
	defer cancel()
	messages := chromedp.Console(ctx)
	go func() {
		for m, err := range messages {
			if err != nil {
				return
			}
			if m.Type == "error" || m.Type == chromedp.ConsoleException {
				log.Printf("console: %s", m.Text)
			}
		}
	}()
	if *noScript { // what shots evaluates runs nevertheless
		if _, err := chromedp.Call(ctx, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true}); err != nil {
			log.Fatal(err)
		}
	}
	for _, p := range sample.Pages() {
		name := strings.TrimPrefix(p.Path, "/")
		if *only != "" && !strings.Contains(","+*only+",", ","+name+",") {
			continue
		}
		for _, size := range [][2]int64{{390, 844}, {768, 1024}, {1440, 900}} {
			for _, theme := range []string{"light", "dark"} {
				where := fmt.Sprintf("%s %d %s", name, size[0], theme)
				shot, found, err := take(ctx, *at+p.Path+"?lang="+*language, size[0], size[1], theme)
				if err != nil {
					log.Printf("%s: %v", where, err)
					continue
				}
				for _, f := range found {
					if theme == "light" {
						log.Printf("%s: %s", where, f)
					}
				}
				file := fmt.Sprintf("%s-%d-%s.png", strings.ReplaceAll(name, "/", "_"), size[0], theme)
				if err := os.WriteFile(filepath.Join(*out, file), shot, 0o644); err != nil {
					log.Fatal(err)
				}
			}
		}
	}
}

func take(ctx context.Context, url string, width, height int64, theme string) (shot []byte, found []string, err error) {
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	media := emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: theme}}}
	if err := chromedp.Do(ctx, chromedp.EmulateViewport(width, height)); err != nil {
		return nil, nil, err
	}
	if _, err := chromedp.Call(ctx, emulation.SetEmulatedMedia, media); err != nil {
		return nil, nil, err
	}
	if err := chromedp.Do(ctx, chromedp.Navigate(url)); err != nil {
		return nil, nil, err
	}
	for range 80 {
		there, err := chromedp.Run(ctx, chromedp.Evaluate[bool](loaded))
		if err != nil {
			return nil, nil, err
		}
		time.Sleep(100 * time.Millisecond) // between two looks, or for what is drawn
		if there {
			break
		}
	}
	if found, err = chromedp.Run(ctx, chromedp.Evaluate[[]string](measure)); err != nil {
		return nil, nil, err
	}
	shot, err = chromedp.Run(ctx, chromedp.CaptureScreenshot())
	return shot, found, err
}
