package community

import (
	"context"

	"tintype/internal/store"
)

// Relationship is how one account stands to another.
type Relationship = store.Relationship

// pair locks both accounts and reads how actor stands to other, as it is now. It is the first step of every
// transaction that changes what is between two accounts, so these come one after the other, in every process.
func pair(ctx context.Context, tx *store.Store, actorID, otherID int64) (actor, other *store.Account, rel Relationship, err error) {
	accounts, err := tx.LockAccounts(ctx, actorID, otherID)
	if err != nil {
		return nil, nil, rel, err
	}
	actor, other = accounts[actorID], accounts[otherID]
	if actor == nil || !actor.Active() {
		return nil, nil, rel, ErrUnauthenticated
	}
	if other == nil {
		return nil, nil, rel, ErrNotFound
	}
	rels, err := tx.Relationships(ctx, actorID, []int64{otherID})
	if err != nil {
		return nil, nil, rel, err
	}
	return actor, other, rels[0], nil
}
