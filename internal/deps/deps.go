//go:build deps

package deps

import (
	_ "github.com/a-h/templ"
	_ "github.com/alecthomas/kong"
	_ "github.com/andybalholm/brotli"
	_ "github.com/bep/imagemeta"
	_ "github.com/buckket/go-blurhash"
	_ "github.com/chromedp/chromedp"
	_ "github.com/gin-contrib/sessions"
	_ "github.com/gin-gonic/gin"
	_ "github.com/go-sql-driver/mysql"
	_ "github.com/golang-migrate/migrate/v4"
	_ "github.com/golang-migrate/migrate/v4/database/mysql"
	_ "github.com/golang-migrate/migrate/v4/database/sqlite"
	_ "github.com/golang-migrate/migrate/v4/source/iofs"
	_ "github.com/klauspost/compress/gzip"
	_ "github.com/mattn/go-mastodon"
	_ "github.com/maypok86/otter/v2"
	_ "golang.org/x/crypto/argon2"
	_ "golang.org/x/image/webp"
	_ "golang.org/x/net/html"
	_ "golang.org/x/sync/errgroup"
	_ "golang.org/x/text/unicode/norm"
	_ "gorm.io/driver/mysql"
	_ "gorm.io/gorm"
	_ "modernc.org/sqlite"
)
