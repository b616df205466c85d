// Command pocketbase is PocketBase as its own documentation has one build it. It is not run: go run ./bench/build compares
// what building it costs with what building the site costs. It is a module of its own, so that the site needs nothing of it.
package main

import (
	"log"

	"github.com/pocketbase/pocketbase"
)

func main() {
	if err := pocketbase.New().Start(); err != nil {
		log.Fatal(err)
	}
}
