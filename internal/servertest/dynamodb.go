package servertest

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"
)

// DynamoDBServer is a server that speaks DynamoDB's API (dynalite): strict about
// sizes, keys and reserved words, without transactions. What it holds is in
// memory.
type DynamoDBServer struct {
	*Process
	URL string
}

// DynamoDB starts an empty server, which ends with the test.
func DynamoDB(t testing.TB) *DynamoDBServer {
	t.Helper()
	tool := Tool(t, "dynalite", "npm package dynalite")
	port, survives := FreePort(t), filepath.Join(t.TempDir(), "survives.cjs")
	must(t, os.WriteFile(survives, []byte(survivesAborts), 0o600))
	return &DynamoDBServer{
		startProcess(t, port, func() *exec.Cmd {
			c := exec.Command(tool, "--host", "127.0.0.1", "--port", strconv.Itoa(port), "--createTableMs", "0")
			c.Env = []string{"NODE_OPTIONS=--require=" + survives}
			return c
		}),
		fmt.Sprintf("http://127.0.0.1:%d", port),
	}
}

// survivesAborts: dynalite ends when a client lets go in the middle of a request, as one does whose patience ends.
const survivesAborts = `process.on('uncaughtException', e => {
  if (e.code === 'ECONNRESET') return
  console.error(e)
  process.exit(1)
})
`

// Env are the settings with which a process keeps its sessions here, in a table
// that `tintype setup dynamodb` makes. Any credentials will do.
func (d *DynamoDBServer) Env() []string {
	return []string{"SESSION_STORE=dynamodb", "SESSION_DYNAMODB_TABLE=sessions", "AWS_ENDPOINT_URL_DYNAMODB=" + d.URL}
}
