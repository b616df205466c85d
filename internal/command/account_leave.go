package command

import (
	"tintype/internal/community"
	"tintype/internal/store"
)

type accountLeave struct {
	Username string `arg:""`
	Reason   string `help:"Why, for the log."`
}

func (a accountLeave) Run(c *call) error {
	return c.onMember(a.Username, "%s is closed, and deleted in a week.", func(site *community.Community) (*store.Account, error) {
		return site.LeaveMember(c, community.ByCommand(a.Reason), a.Username)
	})
}

type accountBringBack struct {
	Username string `arg:""`
	Reason   string `help:"Why, for the log."`
}

func (a accountBringBack) Run(c *call) error {
	return c.onMember(a.Username, "%s is back.", func(site *community.Community) (*store.Account, error) {
		return site.BringBackMember(c, community.ByCommand(a.Reason), a.Username)
	})
}
