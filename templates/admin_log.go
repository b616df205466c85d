package templates

import "tintype/internal/lang"

// AdminView is /admin.
type AdminView struct {
	Reports int // that wait for the viewer
	Appeals int // that wait for the viewer
	// OthersReports and OthersAppeals are about those who are not below the viewer.
	OthersReports, OthersAppeals int
	DeadJobs                     int
	System                       bool          // the viewer may see status, jobs and moves
	Checks                       []StatusCheck // those that are not well
	// Kept are those of backups and disks that are well; NoBackups says that nothing is to make any. Both are for System alone.
	Kept      []StatusCheck
	NoBackups bool
	// ChecksLate is set where something has not answered yet: Checks and Kept are of an earlier time, or none are known.
	ChecksLate bool
	Log        []AdminLogRow // the newest
	Held       int           // posts that wait
	Waiting    int           // who asked to join
	// Unreached are members to whom mail failed, UnreachedInvitations what was not sent to whom it is for.
	Unreached, UnreachedInvitations int
	// MailTo is whom the form of /admin/mail/test writes to, which is for System alone.
	MailTo string
	Errors FieldErrors
	// FirstSteps points at the page of first steps, which nobody has closed.
	FirstSteps bool
}

// AdminLogRow is one act of administration.
type AdminLogRow struct {
	Who    string // a username; "" for the command line, or the site itself
	Via    string
	Act    string
	Whom   string // a username, or ""
	Reason string
	Detail string
	When   When
}

func (r AdminLogRow) who(p *Page) string {
	switch {
	case r.Who != "":
		return "@" + r.Who
	case r.Via == "command":
		return p.T("command line")
	}
	return p.T("the site")
}

// wayWords are the ways by which somebody administers.
var wayWords = map[string]string{"page": lang.Key("By page"), "command": lang.Key("By command"), "api": lang.Key("By an application"), "job": lang.Key("By the site itself")}

// AdminLogView is /admin/log; its form asks for it with act, who, whom, way, from, to and q.
type AdminLogView struct {
	System          bool
	Acts, Ways      []string // that can be chosen
	Act, Way        string
	Who, Whom, Text string
	From, To        string // days
	Errors          FieldErrors
	Rows            []AdminLogRow
	CSVURL, JSONURL string
	Pager           Pager
}

// narrowed tells whether more than words narrows the list.
func (v AdminLogView) narrowed() bool {
	return v.Act+v.Way+v.Who+v.Whom+v.From+v.To != ""
}

func (v AdminLogView) ways(p *Page) []Option {
	list := []Option{{Label: p.T("Every way")}}
	for _, w := range v.Ways {
		list = append(list, Option{Value: w, Label: p.T(wayWords[w])})
	}
	return list
}

func (v AdminLogView) options(p *Page) []Option {
	list := []Option{{Label: p.T("Every act")}}
	for _, a := range v.Acts {
		list = append(list, Option{Value: a, Label: a})
	}
	return list
}
