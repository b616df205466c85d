package session_test

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"os"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"tintype/internal/session"
)

// The rights that the guide and the policy of deploy/asg name are those of the calls that the store makes, neither
// fewer nor more.
func TestRightsAreThoseInUse(t *testing.T) {
	m := newMinidyn(t)
	var mu sync.Mutex
	used := map[string]bool{}
	m.intercept(func(w http.ResponseWriter, r *http.Request) bool {
		_, op, _ := strings.Cut(r.Header.Get("X-Amz-Target"), ".")
		mu.Lock()
		used[op] = true
		mu.Unlock()
		switch op { // which the server does not know
		case "DescribeTimeToLive":
			fmt.Fprint(w, `{"TimeToLiveDescription":{"TimeToLiveStatus":"DISABLED"}}`)
			return true
		case "UpdateTimeToLive":
			fmt.Fprint(w, `{"TimeToLiveSpecification":{"Enabled":true,"AttributeName":"expires_s"}}`)
			return true
		}
		return false
	})
	took := func() []string {
		mu.Lock()
		defer mu.Unlock()
		defer clear(used)
		return slices.Sorted(maps.Keys(used))
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()

	b := newTable(t, awsConfig(m.URL))
	setUp := took()
	now := time.Now().Truncate(time.Millisecond)
	for _, hash := range []string{"a", "b"} {
		if err := b.Put(ctx, &session.Record{AccountID: anna, Hash: hash, CreatedAt: now, UsedAt: now, ExpiresAt: now.Add(time.Hour)}); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := b.Get(ctx, anna, "a"); err != nil {
		t.Fatal(err)
	}
	if err := b.Touch(ctx, anna, "a", now, now.Add(2*time.Hour)); err != nil {
		t.Fatal(err)
	}
	if l, err := b.List(ctx, anna); err != nil || len(l) != 2 {
		t.Fatal(l, err)
	}
	if err := b.DeleteOthers(ctx, anna, "a"); err != nil {
		t.Fatal(err)
	}
	if err := b.Delete(ctx, anna, "a"); err != nil {
		t.Fatal(err)
	}
	if err := b.Check(ctx); err != nil {
		t.Fatal(err)
	}
	site := took()
	if _, err := b.Inspect(ctx); err != nil {
		t.Fatal(err)
	}
	examined := took()
	if _, err := b.Add(ctx, &session.Record{AccountID: anna, Hash: "c", CreatedAt: now, UsedAt: now, ExpiresAt: now.Add(time.Hour)}); err != nil {
		t.Fatal(err)
	}
	if err := b.Each(ctx, func(*session.Record) error { return nil }); err != nil {
		t.Fatal(err)
	}
	moved := took()

	policy, err := os.ReadFile("../../deploy/asg/rights.tf")
	if err != nil {
		t.Fatal(err)
	}
	allowed := func(sid string) (ops []string) {
		t.Helper()
		block := regexp.MustCompile(`"` + sid + `"\s+Effect\s+= "Allow"\s+Action\s+= \[([^\]]*)\]`).FindSubmatch(policy)
		if block == nil {
			t.Fatalf("deploy/asg/rights.tf has no %s", sid)
		}
		for _, op := range regexp.MustCompile(`"dynamodb:(\w+)"`).FindAllSubmatch(block[1], -1) {
			ops = append(ops, string(op[1]))
		}
		slices.Sort(ops)
		return ops
	}
	if got := allowed("Sessions"); !slices.Equal(got, site) {
		t.Errorf("deploy/asg allows %v, the site uses %v", got, site)
	}
	onlyDoctor := slices.DeleteFunc(slices.Clone(examined), func(op string) bool { return slices.Contains(site, op) })
	if got := allowed("SessionsExamine"); !slices.Equal(got, onlyDoctor) {
		t.Errorf("deploy/asg allows doctor %v, which uses %v", got, onlyDoctor)
	}
	onlyMove := slices.DeleteFunc(slices.Clone(moved), func(op string) bool { return slices.Contains(site, op) })
	if got := allowed("SessionsMove"); !slices.Equal(got, onlyMove) {
		t.Errorf("deploy/asg allows a move %v, which uses %v", got, onlyMove)
	}

	guide, err := os.ReadFile("../../docs/scaling.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rights, found := strings.Cut(string(guide), "on the table `dynamodb:")
	rights, _, _ = strings.Cut(rights, "On the bucket's objects")
	if !found {
		t.Fatal("docs/scaling.md names no rights on the table")
	}
	named := map[string]bool{}
	for _, op := range regexp.MustCompile("`?(?:dynamodb:)?([A-Z]\\w+)`").FindAllStringSubmatch(rights, -1) {
		named[op[1]] = true
	}
	want := slices.Compact(slices.Sorted(slices.Values(slices.Concat(site, onlyDoctor, onlyMove, setUp))))
	if got := slices.Sorted(maps.Keys(named)); !slices.Equal(got, want) {
		t.Errorf("docs/scaling.md names %v, used are %v", got, want)
	}
}
