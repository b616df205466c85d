package templates

// AlbumView is what every page of an album shows of it.
type AlbumView struct {
	ID         string
	URL        string // "/albums/ID"
	Title      string
	Text       RichText
	Owner      AccountView
	Visibility string // "public", "members", "followers" or "invited"
	Adders     string // "owner", "invited" or "members"
	LastDay    string // "30 Nov 2026", "" for none
	Over       bool   // the last day is
	Own        bool   // the viewer's
	Invited    bool   // the viewer
	MayAdd     bool   // the viewer may add photos now
	ByHand     bool   // its order
}

// AlbumCardView is an album in a list. Without a Cover there is no photo in it that the viewer may see.
type AlbumCardView struct {
	AlbumView
	Cover *AlbumItemView
}

// AlbumItemView is a photo in an album.
type AlbumItemView struct {
	Post  PostView
	Photo PhotoView
	URL   string // its page in the album
}

// AlbumsKind says which albums a list has.
type AlbumsKind string

const (
	AlbumsAll   AlbumsKind = "all"
	AlbumsYours AlbumsKind = "yours"
	AlbumsOf    AlbumsKind = "of" // Owner
)

// AlbumsView is /albums, /albums/yours or /@NAME/albums.
type AlbumsView struct {
	Kind   AlbumsKind
	Owner  AccountView
	Own    bool // Owner is the viewer
	Albums []AlbumCardView
	Pager  Pager
	Newest []PostView // to begin with, where there is none
}

// AlbumPageView is /albums/ID.
type AlbumPageView struct {
	Album     AlbumView
	Items     []AlbumItemView
	Total     int
	Pager     Pager
	SlidesURL string // the slideshow, "" where nothing is to be seen
	ShareURL  string // absolute, "" where not everybody may open it
}

// AlbumSlideView is /albums/ID/photos/PHOTO. Its form posts photo to /albums/ID/remove.
type AlbumSlideView struct {
	Album          AlbumView
	Item           AlbumItemView
	Place, Total   int // from 1
	Previous, Next string
	AlbumURL       string // the page of the album that the photo is on
	MayRemove      bool
}

// AlbumEditView is GET /albums/new and /albums/ID/edit, and the refused form. It posts title, description, visibility, adders,
// ordering and last_day to Action. For an album that is there already, its further forms post name to /albums/ID/invite and
// account to /albums/ID/uninvite.
type AlbumEditView struct {
	Album       *AlbumView // nil for a new one
	Action      string
	Title       string
	Description string
	Visibility  string
	Adders      string
	Ordering    string
	LastDay     string
	TitleMax    int
	TextMax     int
	Invited     []AccountView
	Name        string // whom to invite, as entered
	Return      string
	Errors      FieldErrors
}

// AlbumArrangeView is /albums/ID/arrange. Its forms post photo and to (earlier, later, first, last) to /albums/ID/order, and
// photo to /albums/ID/cover and /albums/ID/remove. A script posts photo, to=before and before.
type AlbumArrangeView struct {
	Album AlbumView
	Items []AlbumItemView
	Pager Pager
}

// AlbumAddView is /albums/ID/add: some of the viewer's own photos, to choose from. It posts photos and originals.
type AlbumAddView struct {
	Album  AlbumView
	Items  []AlbumItemView
	Pager  Pager
	Chosen map[string]bool
	// Originals is whether those who download the album get the originals; KeptOriginals is whether the site has any.
	Originals, KeptOriginals bool
	Errors                   FieldErrors
}

// PostAlbumsView is /posts/ID/albums: the photos of an own post, and the albums to which they may be added. It posts album, photos and
// originals.
type PostAlbumsView struct {
	Post                     PostView
	Unseen                   int // albums that have its photos and that its author does not see
	Albums                   []AlbumView
	Album                    string // chosen
	Chosen                   map[string]bool
	Originals, KeptOriginals bool
	Errors                   FieldErrors
}

// AlbumDeleteView asks before an album goes: GET /albums/ID/delete.
type AlbumDeleteView struct {
	Album AlbumView
}

// AlbumDownloadState is what has become of the viewer's archive.
type AlbumDownloadState string

const (
	DownloadNone   AlbumDownloadState = ""
	DownloadMaking AlbumDownloadState = "making"
	DownloadReady  AlbumDownloadState = "ready"
	DownloadFailed AlbumDownloadState = "failed"
)

// AlbumDownloadView is /albums/ID/download. It posts originals. While the archive is being made, the browser loads the page again
// by itself.
type AlbumDownloadView struct {
	Album                    AlbumView
	State                    AlbumDownloadState
	Done, Total              int
	FileURL                  string // where it is ready
	Size                     string // "12 MB"
	Until                    string // "30 Nov 2026, 15:04 UTC"
	OtherURL                 string // the page of another album whose archive the viewer has or waits for, or ""
	Originals, KeptOriginals bool
	Errors                   FieldErrors
}
