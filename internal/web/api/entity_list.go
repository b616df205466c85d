package api

import "tintype/internal/store"

// List is a list of accounts.
type List struct {
	ID            string `json:"id"`
	Title         string `json:"title"`
	RepliesPolicy string `json:"replies_policy"` // followed, list, none
	Exclusive     bool   `json:"exclusive"`
}

func listEntity(l store.List) List {
	return List{ID: formatID(l.ID), Title: l.Title, RepliesPolicy: l.RepliesPolicy, Exclusive: l.Exclusive}
}

func listEntities(lists []store.List) []List {
	all := make([]List, 0, len(lists))
	for _, l := range lists {
		all = append(all, listEntity(l))
	}
	return all
}
