package templates

// PhotoState is the state of an uploaded photo. The values are those in the JSON of /compose/photos.
type PhotoState string

const (
	PhotoWaiting     PhotoState = "waiting"
	PhotoUploading   PhotoState = "uploading"
	PhotoPreparing   PhotoState = "preparing"
	PhotoReady       PhotoState = "ready"
	PhotoRefused     PhotoState = "refused"
	PhotoInterrupted PhotoState = "interrupted"
	PhotoRemoved     PhotoState = "removed"
)

// DraftPhotoView is one photo of the draft.
type DraftPhotoView struct {
	ID             string
	Name           string // the file's, as uploaded
	State          PhotoState
	Error          string // the reason, for refused and interrupted
	Note           string // what the reader should know, such as "Only the first frame was kept."
	PreviewURL     string // the 640 variant; "" while there is none
	Attached       bool   // it is in a post already: taking it out is part of saving the edit
	Width, Height  int
	ColorTop       string
	ColorBottom    string
	Description    string
	FocusX, FocusY int    // -1, 0 or 1
	Meta           string // "4000 × 3000 · 35 mm f/1.8 1/250 s ISO 100"
}

// ComposeView is /compose. Without photos it is page one, which picks files; else the draft.
//
// The draft is one form. POST /compose publishes it with caption, visibility, warning, licence, show_exif ("on"), comments_from,
// album (an id, or ""), idempotency_key, each ("on": one post for every photo), and for each photo description-ID, focus-ID ("x,y", see
// ParseFocus) and order-ID (a number from 1).
// Its other buttons send the same fields elsewhere by formaction, so that what was typed can be saved:
// /compose/photos (multipart, files in photos), /compose/photos/ID/remove, /compose/photos/ID/retry, and /compose/order
// (with order-ID of every photo, or move=ID:-1 and move=ID:1 from the Earlier and Later buttons).
// Scripts send each file alone to /compose/photos, and ask GET /compose/photos/ID for one that is being prepared: both
// answer JSON with id, state, error, note, preview, meta, description and caption.
// They send description, focus_x, focus_y to /compose/photos/ID and order=ID,ID,… to /compose/order.
type ComposeView struct {
	Photos         []DraftPhotoView
	Waiting        []DraftPhotoView // uploaded by applications, in no post yet
	Caption        string
	CaptionMax     int
	Visibility     string // "public", "unlisted" or "followers"
	Warning        string
	Licence        string
	Licences       []Option
	ShowExif       bool
	CommentsFrom   string // "everyone", "followers" or "nobody"
	Each           bool   // a post for every photo
	Album          string // into which the photos go as well, "" for none
	Albums         []Option
	IdempotencyKey string
	MaxPhotos      int // of a post
	MaxDraft       int // of the draft, which may become several posts
	MaxBytes       int64
	Limit          string // in words: "40 MB and 100 megapixels"
	Accept         string // for the file control, beginning with image/jpeg
	HEIC           bool   // this site reads HEIC
	HEICHelp       string // what to do where it does not
	KeepOriginals  bool
	Errors         FieldErrors
}
