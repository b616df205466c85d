package templates

// ReportRow is one line of /admin/reports.
type ReportRow struct {
	ID       string
	URL      string // "/admin/reports/ID"
	Reason   string // in words
	About    AccountView
	Reporter AccountView
	Created  When
	Closed   bool
}

// AdminReportsView is /admin/reports.
type AdminReportsView struct {
	Reports   []ReportRow
	Closed    bool // shows the closed ones
	OpenURL   string
	ClosedURL string
	Pager     Pager
}

// AdminReportView is /admin/reports/ID; its form posts to /admin/reports/ID/close.
type AdminReportView struct {
	Report   ReportRow
	Text     string // the reporter's, plain
	Excerpt  string // the words complained of, as they were then; plain
	Post     *PostView
	Comment  *CommentView
	ClosedBy string
	ClosedAt When
}

// AboutView is /about.
type AboutView struct {
	Members int
	Posts   int
	Version string
	Text    RichText // the operator's own words, or ""
}

// RulesView is /rules.
type RulesView struct {
	Rules []string
}

// PrivacyView is /privacy.
type PrivacyView struct {
	KeepOriginals bool
	DraftHours    int // how long an unfinished draft's photos wait
	CDN           bool
	Text          RichText // the operator's own words, or ""
}
