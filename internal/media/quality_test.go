package media

import "testing"

func TestPreviewsAreCoarserThanWhatIsLookedAt(t *testing.T) {
	o := Options{Quality: 80}
	for width, want := range map[int]int{320: 66, 960: 66, 961: 80, 2560: 80} {
		if got := o.quality(width, false); got != want {
			t.Errorf("a variant %d pixels wide has quality %d, want %d", width, got, want)
		}
		if got := o.quality(width, true); got != 80 {
			t.Errorf("the largest variant, %d pixels wide, has quality %d, want 80", width, got)
		}
	}
	if got := (Options{Quality: 1}).quality(320, false); got != 1 {
		t.Errorf("the lowest quality becomes %d", got)
	}
}
