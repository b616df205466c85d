package app

import (
	"context"
	"math/rand/v2"
	"time"

	"tintype/internal/config"
	"tintype/internal/sleep"
)

// rotateSecrets takes new values over while the site runs. Those that are looked
// at equally often are so together: at AWS they often are strings of one secret.
func (a *App) rotateSecrets(r *services) {
	together := make(map[time.Duration][]config.Follower)
	for _, secret := range r.secrets() {
		if every := secret.Every(); every > 0 {
			together[every] = append(together[every], secret)
		}
	}
	for every, list := range together {
		a.background("secrets", func(ctx context.Context) error {
			for {
				// Not all processes of a fleet look at once.
				if sleep.For(ctx, every/2+rand.N(every/2)) != nil {
					return nil
				}
				for _, secret := range list {
					secret.Look(ctx)
				}
			}
		})
	}
}

// secrets are those that these services hold on to.
func (r *services) secrets() []config.Follower {
	list := []config.Follower{r.keys}
	if r.signer != nil {
		list = append(list, r.signer)
	}
	return list
}
