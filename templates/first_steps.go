package templates

// FirstStepsView is /admin/first-steps. Its forms post to /admin/site, /admin/site/picture and /admin/invitations, which lead
// back here by return, and to /admin/first-steps/close.
type FirstStepsView struct {
	Site    AdminSiteView
	Invited bool // an invitation was made
	Closed  bool
}
