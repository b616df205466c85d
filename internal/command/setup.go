package command

import (
	"context"
	"errors"
	"fmt"
	"time"

	"tintype/internal/session"
)

type setupGroup struct {
	Database setupDatabase `cmd:"" help:"Make the database and its three users: the schema's owner, the site's, and one that may only SELECT."`
	Dynamodb setupDynamoDB `cmd:"" help:"Make the DynamoDB table for sessions that SESSION_DYNAMODB_TABLE names."`
}

type setupDynamoDB struct{}

// setupPatience is how long a new table may take.
const setupPatience = 2 * time.Minute

func (setupDynamoDB) Run(c *call) error {
	cfg, err := c.config()
	if err != nil {
		return err
	}
	if cfg.SessionsInDatabase() {
		return errors.New("sessions are not kept in DynamoDB: set SESSION_STORE=dynamodb and SESSION_DYNAMODB_TABLE")
	}
	ctx, cancel := context.WithTimeout(c, setupPatience)
	defer cancel()
	awsConfig, err := c.program.AWS(ctx, cfg, c.logger(cfg))
	if err != nil {
		return err
	}
	err = session.CreateTable(ctx, awsConfig, cfg.SessionTable)
	if errors.Is(err, session.ErrNoSweep) {
		// The site works without; the table grows.
		fmt.Fprintf(c.env.Stderr, "tintype: expired sessions will not be removed: %v\n", err)
	} else if err != nil {
		return err
	}
	_, err = fmt.Fprintf(c.env.Stdout, "The table %s takes sessions.\n", cfg.SessionTable)
	return err
}
