package app

import (
	"path/filepath"
	"testing"
)

// TestPredecessor has processes take a folder one after the other. Only one that has ended is known to be dead.
func TestPredecessor(t *testing.T) {
	dir := t.TempDir()
	if p, err := takePredecessor(filepath.Join(dir, "none")); p != nil || err != nil {
		t.Errorf("without a folder: %v, %v", p, err)
	}
	first, err := takePredecessor(dir)
	if err != nil || first == nil || first.id != 0 {
		t.Fatalf("%v, %v", first, err)
	}
	if err := first.become(987654321); err != nil {
		t.Fatal(err)
	}
	if p, err := takePredecessor(dir); p != nil || err != nil {
		t.Errorf("while the first lives: %v, %v", p, err)
	}
	if err := first.release(); err != nil {
		t.Fatal(err)
	}
	second, err := takePredecessor(dir)
	if err != nil || second == nil || second.id != 987654321 {
		t.Fatalf("%v, %v", second, err)
	}
	if err := second.become(1); err != nil {
		t.Fatal(err)
	}
	if err := second.release(); err != nil {
		t.Fatal(err)
	}
	third, err := takePredecessor(dir)
	if err != nil || third == nil || third.id != 1 {
		t.Fatalf("%v, %v", third, err)
	}
	if err := third.release(); err != nil {
		t.Fatal(err)
	}
}
