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
	Assigned string // a username, or ""
}

// AdminReportsView is /admin/reports.
type AdminReportsView struct {
	System    bool // the viewer may see status, jobs and moves
	Reports   []ReportRow
	Closed    bool // shows the closed ones
	OpenURL   string
	ClosedURL string
	Pager     Pager
}

// AdminReportView is /admin/reports/ID. Its forms post decision, words, until and reason to /admin/reports/ID/decide, category,
// rules (each that was broken) and edit_reason to /edit, and nothing to /assign, /unassign and /reopen.
type AdminReportView struct {
	Report                        ReportRow
	Rule                          string // that it breaks, or ""
	AboutPost                     bool
	AboutComment                  bool      // under a post, or an announcement
	Target, Reporter              *SideView // nil where the account is gone
	ThreadURL                     string    // of a comment: the post under which it stands
	AssignedTo                    string    // a username, "" for nobody
	Mine                          bool      // assigned to the viewer
	Takers                        []Option  // other moderators, whom it can be given to
	Taker                         string    // of them, as it was chosen
	MayAct                        bool
	Decision                      string // of a closed report
	KeptDays                      int
	Verdict, Words, Until, Reason string
	Alike                         bool // photographs like those of a removed post are kept out
	Errors                        FieldErrors
	Category                      string // of Categories, or ""
	Categories                    []Option
	RuleChoices                   []RuleChoice
	AboutTyped                    bool // Category and RulesTyped are what was typed
	RulesTyped                    []string
	WasCategory                   string // what the form was made with
	WasRules                      []string
	EditReason                    string
	Text                          string      // the reporter's, plain
	Excerpt                       string      // the words complained of, as they were then; plain
	Kept                          []PhotoView // of a post that is deleted, or that an edit took out of it
	ProfileThen                   []PhotoView // avatar and header of the account that it is about
	OtherProfile                  bool        // one of them was replaced
	Post                          *PostView
	Comment                       *CommentView
	Hidden                        bool // the viewer has no other page with it
	Changed                       bool // it has other words now than Excerpt
	OtherPhotos                   bool // it has other photos now than when it was reported
	ClosedBy                      string
	ClosedAt                      When
}

// RuleChoice is a rule that may have been broken.
type RuleChoice struct {
	Words  string
	Broken bool
}

// SideView is the history of one side of a report.
type SideView struct {
	URL                       string // "/admin/members/NAME"
	Name                      string
	State                     string // in words, "" for none
	Joined                    When
	ReportsAbout, ReportsMade int
	Removed, Warnings         int
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
	ReportDays    int      // how long what was reported is kept once that is decided
	Text          RichText // the operator's own words, or ""
}
