package command

import (
	"io"

	"github.com/alecthomas/kong"

	"tintype/internal/config"
)

type configCommand struct {
	JSON bool `name:"json" help:"As JSON."`
}

func (s configCommand) Run(c *call) error {
	cfg, err := c.config()
	if err != nil {
		return err
	}
	if s.JSON {
		return cfg.WriteJSON(c.env.Stdout)
	}
	return cfg.WriteText(c.env.Stdout)
}

// helpWithSettings adds the table of settings to the program's help.
func helpWithSettings(options kong.HelpOptions, ctx *kong.Context) error {
	if err := kong.DefaultHelpPrinter(options, ctx); err != nil {
		return err
	}
	if selected := ctx.Selected(); selected != nil && selected.Name != "serve" {
		return nil
	}
	_, err := io.WriteString(ctx.Stdout, config.Help())
	return err
}
