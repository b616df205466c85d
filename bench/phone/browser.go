package main

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/tracing"
	"github.com/chromedp/chromedp"

	"tintype/bench/rig"
	"tintype/internal/servertest"
)

// A phone is a browser, of which each measurement gets a tab that shares nothing with others.
type phone struct {
	ctx  context.Context
	site string
	runs int
}

const (
	latency  = 150       // milliseconds
	download = 1.6e6 / 8 // bytes a second
	upload   = 750e3 / 8
	slower   = 4
)

func start(t *rig.T, program, site string, runs int) (*phone, error) {
	options := []chromedp.ExecAllocatorOption{chromedp.ExecPath(program), chromedp.UserDataDir(t.TempDir()), chromedp.WSURLReadTimeout(time.Minute)}
	for _, f := range servertest.ChromiumFlags() {
		name, value, has := strings.Cut(strings.TrimLeft(f, "-"), "=")
		if has {
			options = append(options, chromedp.Flag(name, value))
		} else {
			options = append(options, chromedp.Flag(name, true))
		}
	}
	ctx, stop := chromedp.NewExecAllocator(context.Background(), options...)
	t.Cleanup(stop)
	ctx, closeBrowser := chromedp.NewContext(ctx)
	t.Cleanup(closeBrowser)
	return &phone{ctx, site, runs}, chromedp.Do(ctx)
}

// tab gives do a new one of the phone, with somebody's cookies.
func (p *phone) tab(cookies []*http.Cookie, slowNetwork bool, do func(ctx context.Context) error) error {
	ctx, cancel := context.WithTimeout(p.ctx, 2*time.Minute)
	defer cancel()
	ctx, closeTab := chromedp.NewContext(ctx, chromedp.WithNewBrowserContext())
	defer closeTab()
	if _, err := chromedp.Call(ctx, emulation.SetDeviceMetricsOverride, emulation.SetDeviceMetricsOverrideParams{Width: 390, Height: 844, DeviceScaleFactor: 2, Mobile: true}); err != nil {
		return err
	}
	if _, err := chromedp.Call(ctx, emulation.SetTouchEmulationEnabled, emulation.SetTouchEmulationEnabledParams{Enabled: true, MaxTouchPoints: 1}); err != nil {
		return err
	}
	if _, err := chromedp.Call(ctx, emulation.SetCPUThrottlingRate, emulation.SetCPUThrottlingRateParams{Rate: slower}); err != nil {
		return err
	}
	if _, err := chromedp.Call(ctx, network.Enable, network.EnableParams{}); err != nil {
		return err
	}
	if slowNetwork {
		slow := []*network.Conditions{{Latency: latency, DownloadThroughput: download, UploadThroughput: upload}}
		if _, err := chromedp.Call(ctx, network.EmulateNetworkConditionsByRule, network.EmulateNetworkConditionsByRuleParams{MatchedNetworkConditions: slow}); err != nil {
			return err
		}
	}
	for _, c := range cookies {
		if _, err := chromedp.Call(ctx, network.SetCookie, network.SetCookieParams{Name: c.Name, Value: c.Value, URL: p.site}); err != nil {
			return err
		}
	}
	return do(ctx)
}

func number(ctx context.Context, script string) (float64, error) {
	return chromedp.Run(ctx, chromedp.Evaluate[float64](script, chromedp.EvalAwaitPromise))
}

// observed has a page tell what it observed of a kind, a second after it has loaded: nothing tells that no more comes.
const observed = `new Promise((done) => { const all = []; new PerformanceObserver((l) => all.push(...l.getEntries())).observe({ type: '%s', buffered: true }); setTimeout(() => done(%s), 1000); })`

// page opens a page again and again, each time for the first time.
func (p *phone) page(path string, cookies []*http.Cookie) (f pageFigures, err error) {
	for range p.runs {
		err := p.tab(cookies, true, func(ctx context.Context) error {
			if err := chromedp.Do(ctx, chromedp.Navigate(p.site+path)); err != nil {
				return err
			}
			paint, err := number(ctx, fmt.Sprintf(observed, "largest-contentful-paint", "all.at(-1).startTime"))
			if err != nil {
				return err
			}
			shift, err := number(ctx, fmt.Sprintf(observed, "layout-shift", "all.reduce((sum, e) => sum + (e.hadRecentInput ? 0 : e.value), 0)"))
			f.Paints, f.Shifts = append(f.Paints, paint), append(f.Shifts, shift)
			return err
		})
		if err != nil {
			return f, err
		}
	}
	return f, nil
}

// act taps on an element of a page that has come to rest, and waits until what should come of it is there.
func (p *phone) act(name, path, before, on, after string, cookies []*http.Cookie) (actFigures, error) {
	f := actFigures{Act: name}
	err := p.tab(cookies, false, func(ctx context.Context) error {
		for n := range p.runs {
			if err := chromedp.Do(ctx, chromedp.Navigate(p.site+path)); err != nil {
				return err
			}
			point, err := chromedp.Run(ctx, chromedp.Evaluate[[]float64](`(async () => {
				`+before+`;
				const el = document.querySelector(`+"`"+on+"`"+`);
				el.scrollIntoView({ block: 'center' });
				await new Promise((done) => setTimeout(done, 1500)); // what loads late has loaded, and nothing tells it
				window.acts = [];
				new PerformanceObserver((l) => acts.push(...l.getEntries())).observe({ type: 'event', durationThreshold: 16 });
				const at = el.getBoundingClientRect();
				return [at.x + at.width / 2, at.y + at.height / 2];
			})()`, chromedp.EvalAwaitPromise))
			if err != nil {
				return err
			}
			end := func() error { return nil }
			if *traces != "" {
				if end, err = trace(ctx, filepath.Join(*traces, fmt.Sprintf("%s-%d.json", strings.ReplaceAll(name, " ", "-"), n+1))); err != nil {
					return err
				}
			}
			if err := tap(ctx, point[0], point[1]); err != nil {
				return err
			}
			times, err := chromedp.Run(ctx, chromedp.Evaluate[[]float64](`(async () => {
				for (let n = 0; !(`+after+`) && n < 100; n++) await new Promise((done) => setTimeout(done, 100));
				if (!(`+after+`)) throw new Error('nothing came of the tap');
				await new Promise((done) => setTimeout(done, 500)); // the observer is told later
				const of = acts.filter((e) => e.interactionId);
				const e = of.reduce((most, e) => (most && most.duration >= e.duration ? most : e), null);
				return e ? [e.duration, e.processingStart - e.startTime, e.processingEnd - e.processingStart, e.startTime + e.duration - e.processingEnd] : [0, 0, 0, 0];
			})()`, chromedp.EvalAwaitPromise))
			if err != nil {
				return err
			}
			if err := end(); err != nil {
				return err
			}
			f.Times = append(f.Times, actTimes{times[0], times[1], times[2], times[3]})
		}
		return nil
	})
	return f, err
}

// tap touches the page for the time that a finger does.
func tap(ctx context.Context, x, y float64) error {
	if _, err := chromedp.Call(ctx, input.DispatchTouchEvent, input.DispatchTouchEventParams{Type: "touchStart", TouchPoints: []*input.TouchPoint{{X: x, Y: y}}}); err != nil {
		return err
	}
	time.Sleep(60 * time.Millisecond)
	_, err := chromedp.Call(ctx, input.DispatchTouchEvent, input.DispatchTouchEventParams{Type: "touchEnd", TouchPoints: []*input.TouchPoint{}})
	return err
}

// images adds up those of a page.
func (p *phone) images(path string) ([]imageFigures, error) {
	loaded, scrolled := imageFigures{When: "loaded"}, imageFigures{When: "scrolled through"}
	for range p.runs {
		err := p.tab(nil, false, func(ctx context.Context) error {
			if err := chromedp.Do(ctx, chromedp.Navigate(p.site+path)); err != nil {
				return err
			}
			// Those of further pages, which scrolling adds, do not count.
			sums, err := chromedp.Run(ctx, chromedp.Evaluate[[]float64](`(async () => {
				const pause = (ms) => new Promise((done) => setTimeout(done, ms));
				const first = [...document.querySelectorAll('main img')];
				const sum = () => {
					const shown = new Set(first.filter((i) => i.complete && i.naturalWidth).map((i) => i.currentSrc));
					return performance.getEntriesByType('resource').filter((e) => shown.has(e.name)).reduce((sum, e) => sum + e.encodedBodySize, 0);
				};
				performance.setResourceTimingBufferSize(2000);
				await pause(1000);
				const before = first.filter((i) => i.complete && i.naturalWidth).length;
				const sums = [sum(), before];
				for (const img of first) {
					img.scrollIntoView({ block: 'center' });
					for (let n = 0; !img.complete && n < 100; n++) await pause(50);
				}
				await pause(500);
				return [...sums, sum(), first.length];
			})()`, chromedp.EvalAwaitPromise))
			if err != nil {
				return err
			}
			loaded.Bytes, loaded.Count = append(loaded.Bytes, int64(sums[0])), int(sums[1])
			scrolled.Bytes, scrolled.Count = append(scrolled.Bytes, int64(sums[2])), int(sums[3])
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	return []imageFigures{loaded, scrolled}, nil
}

// trace has the browser note what it does. What is returned ends that and writes it to a file.
func trace(ctx context.Context, file string) (end func() error, err error) {
	var events [][]byte
	complete := make(chan struct{})
	err = chromedp.Listen(ctx, func(ev any) {
		switch e := ev.(type) {
		case *tracing.EventDataCollected:
			for _, v := range e.Value {
				events = append(events, slices.Clone(v))
			}
		case *tracing.EventTracingComplete:
			select {
			case <-complete: // that of an earlier run was heard by this one's
			default:
				close(complete)
			}
		}
	})
	if err != nil {
		return nil, err
	}
	what := &tracing.TraceConfig{IncludedCategories: []string{"devtools.timeline", "disabled-by-default-devtools.timeline", "disabled-by-default-devtools.timeline.stack", "blink.user_timing", "loading", "toplevel"}}
	if _, err := chromedp.Call(ctx, tracing.Start, tracing.StartParams{TraceConfig: what}); err != nil {
		return nil, err
	}
	return func() error {
		if _, err := chromedp.Call(ctx, tracing.End, cdp.Empty{}); err != nil {
			return err
		}
		select {
		case <-complete:
		case <-ctx.Done():
			return ctx.Err()
		}
		return os.WriteFile(file, slices.Concat([]byte("["), bytes.Join(events, []byte(",\n")), []byte("]")), 0o644)
	}, nil
}
