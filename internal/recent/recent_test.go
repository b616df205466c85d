package recent_test

import (
	"strconv"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"tintype/internal/recent"
)

// What is kept is found until its time or the memory is over, and nothing else is.
func TestMap(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := recent.New[string, int](100_000, time.Minute)
		has := func(k string, want int) bool {
			v, ok := m.Get(k)
			if ok && v != want {
				t.Errorf("%s is %d, want %d", k, v, want)
			}
			return ok
		}
		m.Put("first", 1, 10)
		time.Sleep(35 * time.Second) // in a bubble, where it takes no time
		m.Put("second", 2, 10)
		if !has("first", 1) || !has("second", 2) || has("third", 3) {
			t.Error("after 35 seconds both are there, and nothing else")
		}
		m.Put("second", 3, 10)
		if !has("second", 3) {
			t.Error("the later value is the one")
		}
		time.Sleep(25 * time.Second)
		if has("first", 1) || !has("second", 3) {
			t.Error("after a minute the first is gone, and the second is there")
		}
		time.Sleep(35 * time.Second)
		if has("second", 3) {
			t.Error("after another minute both are gone")
		}
		for i := range 1000 {
			m.Put(strconv.Itoa(i), i, 1000)
			if !has(strconv.Itoa(i), i) {
				t.Errorf("%d is not there", i)
			}
		}
		kept := 0
		for i := range 1000 {
			if has(strconv.Itoa(i), i) {
				kept++
			}
		}
		if kept > 110 || kept < 40 {
			t.Errorf("100 kB hold %d values of 1 kB each", kept)
		}
		var none *recent.Map[string, int]
		none.Put("a", 1, 1)
		if _, ok := none.Get("a"); ok {
			t.Error("nil keeps something")
		}
	})
}

func TestMapAtOnce(t *testing.T) {
	m := recent.New[int, int](10_000, time.Minute)
	var wg sync.WaitGroup
	for w := range 4 {
		wg.Go(func() {
			for i := range 2000 {
				m.Put(i%50, i%50, 100)
				m.Each([]int{w, i % 50, 1000}, func(at, v int) {
					if want := [...]int{w, i % 50, -1}[at]; v != want {
						t.Errorf("%d is %d", want, v)
					}
				})
			}
		})
	}
	wg.Wait()
}
