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
			{Name: "cache", Status: "failure", Text: "redis://cache.example:6379/0: dial tcp 10.0.5.9:6379: connect: connection refused", Advice: "the site passes it by meanwhile; see that it runs, takes writes, and that its user may GET, SET, DEL and EVAL the keys tintype:*"},
			{Name: "queue", Status: "ok", Text: "0 jobs are due"},
		},
		Systems: []t.StatusSystem{
			{Name: "Requests", Backend: "https://photos.example", Counts: []t.StatusCount{{Label: "answered", Value: "48 211"}, {Label: "in flight", Value: "3"}, {Label: "refused", Value: "0"}}},
			{Name: "Database", Backend: "mysql://tintype_app:(hidden)@tintype.cluster-cxyz0123456789.eu-central-1.rds.amazonaws.com:3306/tintype", Counts: []t.StatusCount{{Label: "connections open", Value: "7"}, {Label: "of at most", Value: "20"}, {Label: "waits for one", Value: "0"}}},
			{Name: "Sessions", Backend: "dynamodb, table sessions", Counts: []t.StatusCount{{Label: "read", Value: "9 001"}, {Label: "written", Value: "44"}, {Label: "failed", Value: "0"}}},
			{Name: "Jobs", Backend: "https://sqs.eu-central-1.amazonaws.com/123456789012/tintype", Counts: []t.StatusCount{{Label: "the oldest waits", Value: "0s"}, {Label: "failed for good", Value: "2"}}},
		},
		Replicas: []t.StatusReplica{
			{Address: "10.0.3.12:3306", Server: "reader-1", State: "read", Behind: "12 ms", Reads: "31 007"},
			{Address: "10.0.4.12:3306", Server: "reader-2", State: "not read: lags 42s behind the primary", Behind: "42000 ms", Reads: "12 930"},
		},
		Dead: jobs, DeadJobs: 2,
	}
	add("/admin/status", "Status", true, func(p *t.Page) templ.Component { return t.AdminStatusPage(p, full) })
	add("/admin/status-well", "Status, all well", true, func(p *t.Page) templ.Component {
		well := full
		well.Checks = []t.StatusCheck{full.Checks[0], full.Checks[1]}
		well.Dead, well.DeadJobs, well.Replicas = nil, 0, nil
		return t.AdminStatusPage(p, well)
	})
	add("/admin/jobs", "Jobs", true, func(p *t.Page) templ.Component { return t.AdminJobsPage(p, t.AdminJobsView{State: "dead", Jobs: jobs}) })
	add("/admin/jobs-empty", "Jobs, none", true, func(p *t.Page) templ.Component { return t.AdminJobsPage(p, t.AdminJobsView{State: "ready"}) })
}
