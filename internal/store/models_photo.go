package store

// Variant is one file of a photo's set; its key is kind/random/name.
type Variant struct {
	Name   string `json:"name"`
	Width  int    `json:"w"`
	Height int    `json:"h"`
	Bytes  int64  `json:"b"`
}

// PhotoMetadata is the part of a file's metadata that may be shown, or offered to its author.
type PhotoMetadata struct {
	TakenAt     string   `json:"taken_at,omitempty"` // 2006-01-02T15:04:05, with an offset if known; 2006-01-02 where the file tells no time
	Camera      string   `json:"camera,omitempty"`
	Lens        string   `json:"lens,omitempty"`
	FocalLength string   `json:"focal_length,omitempty"`
	Aperture    string   `json:"aperture,omitempty"`
	Exposure    string   `json:"exposure,omitempty"`
	ISO         string   `json:"iso,omitempty"`
	Title       string   `json:"title,omitempty"`
	Caption     string   `json:"caption,omitempty"`
	Keywords    []string `json:"keywords,omitempty"`
	AltText     string   `json:"alt_text,omitempty"`
	Creator     string   `json:"creator,omitempty"`
	Copyright   string   `json:"copyright,omitempty"`
	Licence     string   `json:"licence,omitempty"`
}

// Photo is a photograph from its upload on. The keys of its files are made of SetKind, SetRandom and a variant's name.
// The original lies under orig/OrigRandom, for its author alone.
type Photo struct {
	ID          int64
	AccountID   int64
	PostID      *int64
	Purpose     string
	Source      string
	Position    int
	State       string
	RefusalCode string
	Refusal     string // a sentence for people
	FileName    string
	MediaType   string // of the original
	Bytes       int64  // of the original
	SHA256      string `gorm:"column:sha256"`
	OrigRandom  string
	SetRandom   string
	SetKind     string // pub or priv
	Variants    JSON[[]Variant]
	Width       int // upright
	Height      int
	FocusX      float64 // -1 left to 1 right
	FocusY      float64 // -1 bottom to 1 top, as in Mastodon's API
	Description string
	Blurhash    string
	ColorTop    string // #rrggbb
	ColorBottom string
	Profile     string // srgb or p3
	Animated    bool   // the original moved; the variants show its first frame
	Metadata    JSON[PhotoMetadata]
	CreatedAt   Millis
	UpdatedAt   Millis
	AttachedAt  *Millis // of one that is kept: when it was taken out
}

// Key is the media key of a variant of the photo's current set, "" if it has none.
func (p *Photo) Key(variant string) string {
	if p.SetRandom == "" {
		return ""
	}
	return p.SetKind + "/" + p.SetRandom + "/" + variant + ".jpg"
}

// MediaObject is a set of files in the media store, written here before its first byte.
type MediaObject struct {
	Random    string
	PhotoID   int64
	Kind      string
	State     string
	Variants  JSON[[]string] // names, so that removal needs no listing of the store
	CreatedAt Millis
	GoneAt    *Millis
	RemovedAt *Millis // when its bytes were first removed; they are removed once more before the row goes
}
