// Package e2e tests the program as people meet it: the real binary, HTTP and a real browser.
package e2e

import (
	"testing"

	"tintype/internal/servertest"
)

const password = servertest.Password

func start(t testing.TB, env ...string) *servertest.Instance {
	t.Helper()
	return servertest.Tintype(t, append([]string{"SIGNUP_LIMIT=1000/1h"}, env...)...)
}
