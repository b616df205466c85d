package api

import (
	"net/http"
	"slices"
	"strings"

	"tintype/internal/community"
)

func (a *API) markerEndpoints() []endpoint {
	const path = "/api/v1/markers"
	return []endpoint{
		{method: http.MethodGet, path: path, access: members, scope: "read:statuses", answer: a.getMarkers},
		{method: http.MethodPost, path: path, access: members, scope: "write:statuses", answer: a.postMarkers},
	}
}

func (a *API) getMarkers(q *call) (any, error) {
	var asked []string
	names := q.params.list("timeline")
	for _, name := range names { // an unknown one has no marker
		if slices.Contains(community.Timelines, name) && !slices.Contains(asked, name) {
			asked = append(asked, name)
		}
	}
	if len(names) == 0 {
		asked = community.Timelines
	}
	found, err := a.Community.Markers(q.ctx(), q.account, asked)
	if err != nil {
		return nil, err
	}
	return markers(found), nil
}

func (a *API) postMarkers(q *call) (any, error) {
	positions := make(map[string]int64)
	for key := range q.params.values {
		name, ok := strings.CutSuffix(key, "[last_read_id]")
		if !ok {
			if name, _, _ := strings.Cut(key, "["); slices.Contains(community.Timelines, name) {
				return nil, invalid(name + ": has a last_read_id and nothing else")
			}
			continue
		}
		if !slices.Contains(community.Timelines, name) {
			return nil, invalid(name + ": markers are kept for " + strings.Join(community.Timelines, " and "))
		}
		id, ok := parseID(q.params.text(key))
		if !ok {
			return nil, invalid(name + ": last_read_id is not an id")
		}
		positions[name] = id
	}
	set, err := a.Community.SetMarkers(q.ctx(), q.account, positions)
	if err != nil {
		return nil, err
	}
	return markers(set), nil
}
