package templates

// SettingsExportView is /settings/export. Beginning posts password to it, /settings/export/drop removes the export or ends
// the work on it.
type SettingsExportView struct {
	State   string // "" for none, working, ready, failed
	Done    int    // photographs, of Total
	Total   int
	Missing int // photographs whose file was not there
	Parts   []DownloadView
	Made    When
	Expires string // a date
	Errors  FieldErrors
}

// DownloadView is a file to be downloaded.
type DownloadView struct {
	URL   string
	Label string
	Size  string // "1.2 GB"
}

// SettingsImportView is /settings/import. Its form sends files as archive to /settings/import/file; a script sends them in
// parts instead. look, begin (with visibility) and stop are posted to below it.
type SettingsImportView struct {
	State      string // "" for none; else as in the store: uploading, scanning, found, working, done, stopped, failed
	Files      []ImportFileView
	Ready      bool // all files are whole
	PartBytes  int
	Source     string // "Instagram", in words
	Posts      int
	Photos     int
	Years      []YearCount
	Albums     []string
	Left       []LeftView
	LeftFiles  []LeftView // some of them, by name
	Known      int
	Done       int // items, of Total
	Total      int
	Visibility string
	Error      string
	Errors     FieldErrors
}

// ImportFileView is a file that was sent, whole or in part.
type ImportFileView struct {
	Name  string
	Size  string
	Whole bool
}

// YearCount is how many photographs are of a year, "no date" too.
type YearCount struct {
	Year  string
	Count int
}

// LeftView is what is left out: a reason with a count, or a file with its reason.
type LeftView struct {
	Count int
	Name  string
	Why   string
}
