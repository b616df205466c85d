package templates

import (
	"context"
	"io"
	"strings"

	"github.com/a-h/templ"
)

// weave writes a translated sentence with markup in it: {1} stands for the first part, {2} for the second. So each
// language puts them where it wants them.
func weave(text string, parts ...templ.Component) templ.Component {
	return templ.ComponentFunc(func(ctx context.Context, w io.Writer) error {
		for {
			i := strings.IndexByte(text, '{')
			if i < 0 || i+2 >= len(text) || text[i+2] != '}' {
				_, err := io.WriteString(w, templ.EscapeString(text))
				return err
			}
			if _, err := io.WriteString(w, templ.EscapeString(text[:i])); err != nil {
				return err
			}
			if n := int(text[i+1] - '1'); n >= 0 && n < len(parts) {
				if err := parts[n].Render(ctx, w); err != nil {
					return err
				}
			}
			text = text[i+3:]
		}
	})
}
