package doctor

import (
	"encoding/json"
	"fmt"
	"io"
)

// WriteText writes checks as lines for people.
func WriteText(w io.Writer, checks []Check) error {
	var err error
	for _, c := range checks {
		if _, werr := fmt.Fprintf(w, "%-8s %-10s %s\n", c.Status, c.Name, c.Text); werr != nil {
			err = werr
		}
		if c.Advice != "" {
			fmt.Fprintf(w, "%19s %s\n", "", c.Advice)
		}
	}
	return err
}

// WriteJSON writes checks as an object with status, the worst, and checks.
func WriteJSON(w io.Writer, checks []Check) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(struct {
		Status string  `json:"status"`
		Checks []Check `json:"checks"`
	}{Worst(checks), checks})
}
