package command

import (
	"fmt"

	"tintype/internal/community"
)

type mailGroup struct {
	Test mailTest `cmd:"" help:"Send a mail to an address, at once, to see whether it comes."`
}

type mailTest struct {
	Address string `arg:"" help:"Whom to write to."`
	Reason  string `help:"Why, for the log."`
}

func (m mailTest) Run(c *call) error {
	return c.with(func(site *community.Community) error {
		where, err := site.SendTest(c, community.ByCommand(m.Reason), m.Address)
		if err != nil {
			return err
		}
		_, err = fmt.Fprintf(c.env.Stdout, "Sent: %s. Check that it arrives, and not in the spam folder.\n", where)
		return err
	})
}
