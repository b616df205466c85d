package community

import (
	"slices"

	"tintype/internal/lang"
)

// Licence is what an author allows others to do with a post's photos.
type Licence struct {
	ID   string // as kept in the database
	Name string
	URL  string // "" where all rights are reserved
}

// AllRightsReserved is the licence of authors who choose none.
const AllRightsReserved = "all-rights-reserved"

// Licences are those to choose from, the usual one first.
func Licences() []Licence { return slices.Clone(licences[:]) }

var licences = [...]Licence{
	{AllRightsReserved, lang.Key("All rights reserved"), ""},
	{"cc-by-4.0", "CC BY 4.0", "https://creativecommons.org/licenses/by/4.0/"},
	{"cc-by-sa-4.0", "CC BY-SA 4.0", "https://creativecommons.org/licenses/by-sa/4.0/"},
	{"cc-by-nc-4.0", "CC BY-NC 4.0", "https://creativecommons.org/licenses/by-nc/4.0/"},
	{"cc-by-nc-sa-4.0", "CC BY-NC-SA 4.0", "https://creativecommons.org/licenses/by-nc-sa/4.0/"},
	{"cc-by-nd-4.0", "CC BY-ND 4.0", "https://creativecommons.org/licenses/by-nd/4.0/"},
	{"cc-by-nc-nd-4.0", "CC BY-NC-ND 4.0", "https://creativecommons.org/licenses/by-nc-nd/4.0/"},
	{"cc0-1.0", lang.Key("CC0 1.0 (no rights reserved)"), "https://creativecommons.org/publicdomain/zero/1.0/"},
}

// LicenceByID finds one of Licences.
func LicenceByID(id string) (Licence, bool) {
	for _, l := range licences {
		if l.ID == id {
			return l, true
		}
	}
	return Licence{}, false
}
