package store

// Album visibilities: Public and Followers, as posts have them, and these.
const (
	AlbumMembers Visibility = "members" // everybody with an account
	AlbumInvited Visibility = "invited" // its owner and those who were invited
)

// Who adds photos to an album.
const (
	AddersOwner   = "owner"
	AddersInvited = "invited" // the owner and those who were invited
	AddersMembers = "members" // every member who may see it
)

// Orders of an album.
const (
	OrderByHand = "hand"
	OrderNewest = "newest" // by the time of the posts
	OrderOldest = "oldest"

	OrderAdded = "added" // what was added last comes first; of feeds, no album's own
)

// Album is a list of photos of posts.
type Album struct {
	ID           int64
	OwnerID      int64
	Title        string
	Description  string
	Visibility   Visibility
	Adders       string
	Ordering     string
	CoverPhotoID *int64  // may name a photo that the album has no more; then the first is the cover
	EndsAt       *Millis // nothing is added from then on
	CreatedAt    Millis
	UpdatedAt    Millis // when something was added, or its words were changed

	Invited bool `gorm:"-"` // the viewer for whom it was read
}

// AlbumPhoto is a photo of an album with the post that it belongs to.
type AlbumPhoto struct {
	PhotoID   int64
	Originals bool // its author lets those who download the album have the original
	Post      Post
}

// Album download states.
const (
	DownloadMaking = "making"
	DownloadReady  = "ready"
	DownloadFailed = "failed"
)

// AlbumDownload is the one archive of an album that an account has, or that is being made for it.
type AlbumDownload struct {
	ID        int64
	AccountID int64
	AlbumID   int64
	State     string
	Originals bool          // wanted where their authors allow it
	Done      int           // photos that are in it
	Total     int           // photos that it will have
	Random    string        // of its key, as that of an original; "" until it is ready
	Bytes     int64         // of the archive
	Photos    JSON[[]int64] // what it holds
	CreatedAt Millis
	ExpiresAt Millis
}
