package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"time"

	"tintype/bench/rig"
	"tintype/internal/servertest"
)

// records is PocketBase's list of as many posts, each with its author. It counts no others, which it would do unless told.
const records = "/api/collections/posts/records?perPage=24&skipTotal=1&sort=-created&expand=author"

// startPocketBase builds PocketBase (bench/pocketbase) unless a program is named, and starts it with as many accounts and
// posts as the site has, whose lists are open to everybody.
func startPocketBase(t *rig.T, program string, accounts, posts int) (port, pid int, err error) {
	if program == "" {
		program = filepath.Join(t.TempDir(), "pocketbase")
		build := exec.Command("go", "build", "-o", program, ".")
		build.Dir, build.Env = filepath.Join("bench", "pocketbase"), append(os.Environ(), "CGO_ENABLED=0")
		if out, err := build.CombinedOutput(); err != nil {
			return 0, 0, fmt.Errorf("go build in %s: %w\n%s", build.Dir, err, out)
		}
	}
	const email, password = "bench@example.org", "a password for the bench"
	dir := "--dir=" + t.TempDir()
	if out, err := exec.Command(program, "superuser", "upsert", email, password, dir).CombinedOutput(); err != nil {
		return 0, 0, fmt.Errorf("pocketbase superuser: %w\n%s", err, out)
	}
	port = servertest.FreePort(t)
	address := "127.0.0.1:" + strconv.Itoa(port)
	serve := exec.Command(program, "serve", "--http="+address, dir)
	if err := serve.Start(); err != nil {
		return 0, 0, err
	}
	t.Cleanup(func() { _ = serve.Process.Kill(); _ = serve.Wait() })
	p := &pocketBase{address: "http://" + address}
	for since := time.Now(); ; time.Sleep(50 * time.Millisecond) {
		if err = p.call(http.MethodGet, "/api/health", nil, nil); err == nil || time.Since(since) > time.Minute {
			break
		}
	}
	if err == nil {
		err = p.fill(email, password, accounts, posts)
	}
	return port, serve.Process.Pid, err
}

type pocketBase struct{ address, token string }

// call sends in as JSON and reads the answer into out; both may be nil.
func (p *pocketBase) call(method, path string, in, out any) error {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	var body io.Reader
	if in != nil {
		b, err := json.Marshal(in)
		if err != nil {
			return err
		}
		body = bytes.NewReader(b)
	}
	req, err := http.NewRequestWithContext(ctx, method, p.address+path, body)
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Authorization", p.token)
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	answer, err := io.ReadAll(res.Body)
	if err == nil && res.StatusCode >= 300 {
		err = fmt.Errorf("pocketbase %s %s: %s %s", method, path, res.Status, answer)
	}
	if err == nil && out != nil {
		err = json.Unmarshal(answer, out)
	}
	return err
}

// fill makes the collections people and posts. A post has in its row what a post of the site shows of one photo.
func (p *pocketBase) fill(email, password string, accounts, posts int) error {
	type object = map[string]any
	var session struct{ Token string }
	if err := p.call(http.MethodPost, "/api/collections/_superusers/auth-with-password", object{"identity": email, "password": password}, &session); err != nil {
		return err
	}
	p.token = session.Token
	field := func(name, kind string) object { return object{"name": name, "type": kind} }
	var people struct{ ID string }
	if err := p.call(http.MethodPost, "/api/collections", object{
		"name": "people", "type": "base", "listRule": "", "viewRule": "",
		"fields": []object{field("username", "text"), field("name", "text"), field("note", "text"), field("followers", "number"), field("posts", "number")},
	}, &people); err != nil {
		return err
	}
	author := object{"name": "author", "type": "relation", "collectionId": people.ID, "maxSelect": 1}
	created := object{"name": "created", "type": "autodate", "onCreate": true}
	if err := p.call(http.MethodPost, "/api/collections", object{
		"name": "posts", "type": "base", "listRule": "", "viewRule": "", "indexes": []string{"CREATE INDEX posts_created ON posts (created)"},
		"fields": []object{
			author, created, field("caption", "text"), field("licence", "text"), field("likes", "number"), field("comments", "number"),
			field("photo", "text"), field("description", "text"), field("blurhash", "text"), field("width", "number"), field("height", "number"),
		},
	}, nil); err != nil {
		return err
	}
	ids := make([]string, accounts)
	for i := range ids {
		var made struct{ ID string }
		name := "member" + strconv.Itoa(i)
		if err := p.call(http.MethodPost, "/api/collections/people/records", object{
			"username": name, "name": name, "note": "Walks at dawn with an old camera.", "followers": i, "posts": i,
		}, &made); err != nil {
			return err
		}
		ids[i] = made.ID
	}
	for i := range posts {
		if err := p.call(http.MethodPost, "/api/collections/posts/records", object{
			"author": ids[i%accounts], "caption": "Early light over the harbour, one more morning in a row. #harbour", "licence": "cc-by-4.0", "likes": i, "comments": i,
			"photo": "pub/a0b1c2d3e4f5061728394a5b6c7d8e9f/1280.jpg", "description": "A harbour in the fog", "blurhash": "LEHV6nWB2yk8pyo0adR*.7kCMdnj", "width": 1280, "height": 853,
		}, nil); err != nil {
			return err
		}
	}
	return nil
}
