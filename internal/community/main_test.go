package community

import (
	"context"
	"os"
	"testing"

	"tintype/internal/store"
	"tintype/internal/store/storetest"
)

func TestMain(m *testing.M) { os.Exit(storetest.Main(m)) }

// DeletePost is RemovePost by a member who gives no reason.
func (c *Community) DeletePost(ctx context.Context, acc *store.Account, id int64) (*Post, error) {
	return c.RemovePost(ctx, By{Account: acc, Via: viaOf(ctx)}, id, Sanction{})
}

// SuspendAccount suspends or restores an account by command.
func (c *Community) SuspendAccount(ctx context.Context, username string, suspend bool) (*store.Account, error) {
	if suspend {
		return c.SuspendMember(ctx, ByCommand(""), username, Sanction{})
	}
	return c.UnsuspendMember(ctx, ByCommand(""), username)
}
