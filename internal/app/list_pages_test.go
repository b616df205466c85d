package app

import (
	"net/http"
	"testing"
)

// People are added to a list on its own page, by their names.
func TestPeopleAreAddedToAListOnItsPage(t *testing.T) {
	_, front := siteWithFront(t)
	lea, leo := front.join("lea"), front.join("leo")
	front.join("lou")
	lea.Post("/@leo/follow").Want(http.StatusOK)
	leo.PublishPhoto(front.photo(), "caption", "A spider in the shed")
	lea.Get("/").Want(http.StatusOK).Has(`href="/lists"`)
	lea.Get("/@lea").Want(http.StatusOK).Has(`href="/lists"`)
	lea.Get("/lists").Want(http.StatusOK).Has("Make one, then add people to it.")
	list := lea.Post("/lists", "title", "The shed").Want(http.StatusOK).Has("Add people to the list").URL.Path
	lea.Get(list).Want(http.StatusOK).Has(`action="` + list + `/add"`)
	lea.Get(list + "/edit").Want(http.StatusOK).Has(`action="` + list + `/add"`).Lacks("@leo")
	lea.Post(list+"/add", "name", "nobody").Want(http.StatusUnprocessableEntity).Has("There is nobody by that name.", `value="nobody"`)
	lea.Post(list+"/add", "name", "@lou").Want(http.StatusUnprocessableEntity).Has("Only people you follow", `value="@lou"`)
	lea.Post(list+"/add", "name", "@Leo ").Want(http.StatusOK).Has("@leo")
	lea.Get(list).Want(http.StatusOK).Has("A spider in the shed")
	lea.Get(list).Want(http.StatusOK).Has(`action="` + list + `/add"`) // one at a time is added here as well
	lea.Post("/@lou/follow").Want(http.StatusOK)
	if at := lea.Post(list+"/add", "name", "lou", "return", list).Want(http.StatusOK).URL.Path; at != list {
		t.Errorf("one who was added on %s leads to %s", list, at)
	}
	leo.Post(list+"/add", "name", "lea").Want(http.StatusNotFound)
	front.visitor().Post(list+"/add", "name", "leo").Want(http.StatusUnauthorized)
}
