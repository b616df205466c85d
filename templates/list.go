package templates

// ListRow is a list of accounts in a list of them.
type ListRow struct {
	ID, Title, URL string
	Exclusive      bool
	On             bool // the person of the page is in it
}

// ListsView is /lists; its form posts there.
type ListsView struct {
	Lists    []ListRow
	Title    string // as typed
	TitleMax int
	Errors   FieldErrors
}

// ListView is /lists/ID: the feed of a list.
type ListView struct {
	List   ListRow
	Posts  []PostView
	Pager  Pager
	Newest []PostView // to look at where there is nothing
}

// ListEditView is /lists/ID/edit; its forms post to /lists/ID, /lists/ID/add, /lists/ID/remove and /lists/ID/delete.
type ListEditView struct {
	List     ListRow
	TitleMax int
	People   []PersonView
	Name     string // as typed, of somebody to add
	Errors   FieldErrors
}

// PersonListsView is /@NAME/lists; its form posts there, with list_ID for each list that the person is in.
type PersonListsView struct {
	Account AccountView
	Lists   []ListRow
	Return  string
	Errors  FieldErrors
}

// FilterPlace is a place where a filter works, a checkbox in_NAME.
type FilterPlace struct {
	Name, Label string
	On          bool
}

// FilterForm is a filter as it is typed. It posts to URL.
type FilterForm struct {
	URL, Title, Words string
	TitleMax          int
	Whole, Hide       bool
	Places            []FilterPlace
	Ends              string
	EndsIn            []Option
	Posts             []FilterPostView // that it names besides
	Errors            FieldErrors
}

// FilterPostView is a post that a filter names, by who posted it and when. Drop has the filter no longer name it.
type FilterPostView struct {
	ID, Words string
	URL       string // "" where the member sees it no more
	Drop      bool
}

// FilterRow is a filter in the list of /settings/filters.
type FilterRow struct{ Title, URL, What string }

// SettingsFiltersView is /settings/filters.
type SettingsFiltersView struct {
	Filters []FilterRow
	Form    FilterForm
}

// SettingsFilterView is /settings/filters/ID; it is deleted at URL/delete.
type SettingsFilterView struct {
	Title, URL string
	Form       FilterForm
}
