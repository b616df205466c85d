// Package migrations holds the schema's golang-migrate files, the same versions for both dialects.
//
// On MySQL a migration is one DDL statement, because DDL commits by itself there. The first line of each
// file, `-- done: SELECT …`, is a query whose single number is not 0 once the file has taken effect; it
// settles what a killed migrator left behind.
package migrations

import "embed"

// FS holds sqlite/ and mysql/.
//
//go:embed sqlite/*.sql mysql/*.sql
var FS embed.FS
