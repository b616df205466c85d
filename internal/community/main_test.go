package community

import (
	"os"
	"testing"

	"tintype/internal/store/storetest"
)

func TestMain(m *testing.M) { os.Exit(storetest.Main(m)) }
