package media_test

import (
	"testing"
	"time"

	"tintype/internal/media"
)

// wrapped stands between a store and who uses it, twice.
type wrapped struct{ media.Store }

func (w wrapped) Unwrap() media.Store { return w.Store }

func TestAWrapperHidesNoAbility(t *testing.T) {
	dir := t.TempDir()
	disk, err := media.NewDisk(dir)
	if err != nil {
		t.Fatal(err)
	}
	s := media.Store(wrapped{wrapped{disk}})
	if sweeper, ok := media.As[media.TempSweeper](s); !ok {
		t.Error("the sweeper is hidden")
	} else if n, err := sweeper.SweepTemp(t.Context(), time.Hour); n != 0 || err != nil {
		t.Errorf("%d %v", n, err)
	}
	if folder, ok := media.As[media.Folder](s); !ok || folder.Dir() != dir || s.String() != "disk, "+dir {
		t.Errorf("%v %q", ok, s)
	}
	if own, ok := media.As[*media.Disk](s); !ok || own != disk {
		t.Error("the driver is hidden")
	}
	if _, ok := media.As[media.Presigner](s); ok {
		t.Error("a disk signs addresses")
	}
	if _, ok := media.As[media.Folder](nil); ok {
		t.Error("no store has an ability")
	}
}
