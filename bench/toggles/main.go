// Command toggles measures what scaling out costs, on servers and processes of one machine:
//
//   - CPU of the web tier and SQL statements a request, on three instances against one, both on the whole fleet;
//   - the share of read statements that replicas take under a mix of 95 reads to 5 writes, the look-ups of tokens and
//     sessions aside;
//   - what each toggle adds to the median time of a request, one by one, against the same site without it; the two run
//     side by side and are asked in turn, so that whatever else the machine does meets both;
//   - CPU of the web tier for an upload, with and without workers of their own, and how long people wait for it: it fails where
//     a worker apart, without Redis and SQS, adds more than 50 ms and two round trips;
//   - and, if asked for, the statements that each kind of request sends.
//
// Generator and servers share the machine, so times say little by themselves: compare them.
//
//	go run ./bench/toggles [-parts instances,replicas,each,upload,statements] [-people 60] [-for 30s] [-times 300] [-toggles MySQL,...] [-photos 15]
package main

import (
	"flag"
	"fmt"
	"slices"
	"strings"
	"time"

	"tintype/bench/rig"
	"tintype/internal/servertest"
)

// limits are out of the way of all sites here.
var limits = []string{
	"REGISTRATION=open", "SIGNUP_LIMIT=10000/1h", "UPLOAD_LIMIT=100000/1h", "POST_LIMIT=100000/1h", "API_LIMIT=10000000/1m", "DRAIN_DELAY=0s", "LOG_LEVEL=warn",
}

var (
	usual = []string{"instances", "replicas", "each", "upload"}
	parts = append(slices.Clone(usual), "statements")
)

func main() {
	which := flag.String("parts", strings.Join(usual, ","), "what to measure: "+strings.Join(parts, ", "))
	people := flag.Int("people", 60, "members and applications of the mix; each asks once a second, and every twentieth time it writes")
	length := flag.Duration("for", 30*time.Second, "how long each round of the mix takes")
	times := flag.Int("times", 300, "how often each site is asked for the median")
	only := flag.String("toggles", "", "the names of those to measure, with commas between them; empty is each")
	photos := flag.Int("photos", 15, "uploads with and without workers")
	flag.Parse()
	rig.Main(func(t *rig.T) error {
		for part := range strings.SplitSeq(*which, ",") {
			if !slices.Contains(parts, part) {
				return fmt.Errorf("no part is called %q: there are %s", part, strings.Join(parts, ", "))
			}
		}
		wanted := func(part string) bool { return slices.Contains(strings.Split(*which, ","), part) }
		if wanted("instances") || wanted("replicas") {
			if err := measureMix(t, *people, *length, wanted("instances"), wanted("replicas")); err != nil {
				return err
			}
		}
		if wanted("each") {
			if err := measureEach(t, *times, *only); err != nil {
				return err
			}
		}
		if wanted("statements") {
			if err := listStatements(t); err != nil {
				return err
			}
		}
		if wanted("upload") {
			return measureUploads(t, *photos)
		}
		return nil
	})
}

func newSite(t *rig.T, r servertest.Rung, env ...string) *servertest.Site {
	t.Logf("-- starting %s", r)
	return servertest.NewSite(t, r, append(slices.Clone(limits), env...)...)
}

// verdict says whether a goal is met.
func verdict(met bool) string {
	if met {
		return "met"
	}
	return "NOT MET"
}
