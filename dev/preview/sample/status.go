package sample

import (
	"github.com/a-h/templ"

	t "tintype/templates"
)

func statuses(add adder) {
	jobs := []t.JobRow{
		{ID: "115592840138358784", Kind: "photo.process", State: "dead", Attempts: 8, Created: t.When{At: now}, Error: "open the original: media: the store of photos does not answer: read orig/5f0c2d7a9be1436f8d5c20b7a1e4f963: operation error S3: GetObject, exceeded maximum number of attempts, 4, https response error StatusCode: 503", Retry: true},
		{ID: "115592840138358999", Kind: "media.remove", State: "dead", Attempts: 8, Created: t.When{At: now}, Error: "the process that worked on it ended before it was done, again and again", Retry: true},
	}
	full := t.StatusView{
		Release: "0.4.0", Process: "ip-10-0-3-17, process 2211", Roles: "web", Started: t.When{At: now, Text: "3 h ago"},
		Checks: []t.StatusCheck{
			{Name: "settings", Status: "ok", Text: "https://photos.example, database mysql, sessions dynamodb, photos s3, cache redis, queue sqs, roles web"},
			{Name: "database", Status: "ok", Text: "mysql://tintype_app:(hidden)@tintype.cluster-cxyz0123456789.eu-central-1.rds.amazonaws.com:3306/tintype answers (8.0.39, Aurora 3.08.0, TLS, 700µs a statement), and takes a write (rolled back)"},
			{Name: "replicas", Status: "warning", Text: "10.0.4.12:3306 (server reader-2) is not read: lags 42s behind the primary", Advice: "see that it runs and follows the primary; it comes back by itself"},
			{Name: "cache", Status: "failure", Text: "redis://cache.example:6379/0: dial tcp 10.0.5.9:6379: connect: connection refused", Advice: "the site bypasses it meanwhile; see that it runs, takes writes, and that its user may GET, SET, DEL and EVAL the keys tintype:*"},
			{Name: "queue", Status: "ok", Text: "0 jobs are due"},
		},
		Systems: []t.StatusSystem{
			{Name: "Requests", Backend: "https://photos.example", Counts: []t.StatusCount{{Label: "answered", Value: "48 211"}, {Label: "in flight", Value: "3"}, {Label: "refused", Value: "0"}}},
			{Name: "Database", Backend: "mysql://tintype_app:(hidden)@tintype.cluster-cxyz0123456789.eu-central-1.rds.amazonaws.com:3306/tintype", Counts: []t.StatusCount{{Label: "connections open", Value: "7"}, {Label: "of at most", Value: "20"}, {Label: "waits for one", Value: "0"}}},
			{Name: "Sessions", Backend: "dynamodb, table sessions", Counts: []t.StatusCount{{Label: "read", Value: "9 001"}, {Label: "written", Value: "44"}, {Label: "failed", Value: "0"}}},
			{Name: "Jobs", Backend: "https://sqs.eu-central-1.amazonaws.com/123456789012/tintype", Counts: []t.StatusCount{{Label: "the oldest waits", Value: "0s"}, {Label: "failed for good", Value: "2"}}},
		},
		Instances: []t.StatusInstance{
			{Process: "ip-10-0-3-17, process 2211", Release: "0.4.0", Roles: "web", Started: "3 h ago", Seen: "4 s ago"},
			{Process: "ip-10-0-4-9, process 1804", Release: "0.4.0", Roles: "web", Started: "3 h ago", Seen: "9 s ago"},
			{Process: "ip-10-0-3-88, process 977", Release: "0.4.0", Roles: "worker", Started: "2 days ago", Seen: "1 s ago"},
		},
		Replicas: []t.StatusReplica{
			{Address: "10.0.3.12:3306", Server: "reader-1", State: "read", Behind: "12 ms", Reads: "31 007"},
			{Address: "10.0.4.12:3306", Server: "reader-2", State: "not read: lags 42s behind the primary", Behind: "42000 ms", Reads: "12 930"},
		},
		Dead: jobs, DeadJobs: 2,
	}
	add("/admin/status", "Status", true, func(p *t.Page) templ.Component { return t.AdminStatusPage(p, full) })
	add("/admin/status-late", "Status, something does not answer", true, func(p *t.Page) templ.Component {
		late := full
		late.ChecksLate, late.ChecksOf = true, t.When{At: now, Text: "3 min ago"}
		return t.AdminStatusPage(p, late)
	})
	add("/admin/status-well", "Status, all well", true, func(p *t.Page) templ.Component {
		well := full
		well.Checks = []t.StatusCheck{full.Checks[0], full.Checks[1]}
		well.Dead, well.DeadJobs, well.Replicas = nil, 0, nil
		return t.AdminStatusPage(p, well)
	})
	add("/admin/jobs", "Jobs", true, func(p *t.Page) templ.Component { return t.AdminJobsPage(p, t.AdminJobsView{State: "dead", Jobs: jobs}) })
	add("/admin/moves", "Moves", true, func(p *t.Page) templ.Component {
		return t.AdminMovesPage(p, t.AdminMovesView{Live: true, Moves: []t.MoveRow{
			{
				Part: "database", State: "The database is moving from sqlite:/var/lib/tintype/tintype.db to mysql://db.internal:3306/tintype.", Live: true,
				InCharge: "sqlite:/var/lib/tintype/tintype.db", Source: "sqlite:/var/lib/tintype/tintype.db", Target: "mysql://db.internal:3306/tintype",
				Percent: 37, Work: "412 000 of about 1 100 000 rows, 61MiB, 41 200 a second, about 17s left; 12 writes behind", Writes: "none waits now (in this process)",
			},
			{
				Part: "sessions", State: "The sessions are moving from sql: to dynamodb:tintype-sessions. ip-10-0-3-17, process 4401 is at work, heard of 1 s ago.",
				InCharge: "sql:", Source: "sql:", Target: "dynamodb:tintype-sessions", Mover: "ip-10-0-3-17, process 4401", Percent: 42, Work: "pass 1, 4120 of about 9800 sessions, 410 a second, about 14s left",
			},
		}})
	})
	add("/admin/moves-back", "Moves, the way back is kept open", true, func(p *t.Page) templ.Component {
		return t.AdminMovesPage(p, t.AdminMovesView{Moves: []t.MoveRow{{
			Part: "database", State: "The database is in mysql://db.internal:3306/tintype; it has moved from sqlite:/var/lib/tintype/tintype.db.",
			InCharge: "mysql://db.internal:3306/tintype", Source: "sqlite:/var/lib/tintype/tintype.db", Target: "mysql://db.internal:3306/tintype", Percent: -1,
			WayBack: "sqlite:/var/lib/tintype/tintype.db is kept up for the way back: it is 3 writes behind, and had everything 1s ago; that lasts until 2026-08-22 09:41 UTC. tintype move back database goes there and copies nothing; tintype move finish database gives that up.",
		}}})
	})
	add("/admin/moves-none", "Moves, none", true, func(p *t.Page) templ.Component { return t.AdminMovesPage(p, t.AdminMovesView{}) })
	add("/admin/ladder", "Ladder", true, func(p *t.Page) templ.Component {
		return t.AdminLadderPage(p, t.LadderView{
			Verdict: "One step is worth taking: the database on its own.", Minutes: 1380,
			Rungs: []t.LadderRung{
				{Part: "Machine", Rung: 0, Backend: "2 processors, 3.8 GiB of memory", Uses: []t.LadderUse{{Process: "photos, process 2211", Counts: "48211 requests, 9120 CPU seconds"}}},
				{Part: "Database", Rung: 0, Backend: "sqlite:/var/lib/tintype/tintype.db", Uses: []t.LadderUse{{Process: "photos, process 2211", Counts: "310448 reads, 20117 writes"}}},
				{Part: "Photos", Rung: 0, Backend: "disk:/var/lib/tintype/media", Uses: []t.LadderUse{{Process: "photos, process 2211", Counts: "8117 files"}}},
			},
			Signals: []t.LadderSignal{
				{Name: "cpu", About: "share of its processors in use, of the busiest process", Now: "12 %", Median: "9 %", Worst: "61 %"},
				{Name: "database_wait", About: "seconds waited in each second for a connection to the primary; with SQLite, for the one writer", Now: "0.012", Median: "0.004", Worst: "0.91"},
			},
			Advice: []t.LadderStep{{
				Rung: 2, Title: "the database on its own", Cost: "costs about 62 USD a month more",
				Why:      "writes wait for SQLite's one writer: database_wait was 0.31 in 42 minutes; database_wait of 0.2 in 15 minutes is too much",
				Text:     "Move the database to a MySQL or MariaDB server, in the same region, while people use the site: docs/scaling.md has each step, in order.",
				Settings: []string{"DATABASE_NEXT_FILE=/etc/tintype/app.url"},
				Commands: []string{"tintype setup database --into /etc/tintype", "tintype move database --dry-run", "tintype move database", "tintype move finish database"},
			}},
			Waste:  []t.LadderStep{{Rung: 4, Title: "photos from a CDN", Why: "it would pay from sent_photos of 50 Mbit/s in 30 minutes of a day; it reached 3.1 Mbit/s", Cost: "costs about 85 USD a month more"}},
			Prices: "Prices of 2026-11-29, unverified: look each up.",
		})
	})
	add("/admin/ladder-none", "Ladder, nothing measured", true, func(p *t.Page) templ.Component {
		return t.AdminLadderPage(p, t.LadderView{Verdict: "Nothing has been measured in the last day. A process of the site measures itself by the minute while it runs."})
	})
	add("/admin/jobs-empty", "Jobs, none", true, func(p *t.Page) templ.Component { return t.AdminJobsPage(p, t.AdminJobsView{State: "ready"}) })
}
