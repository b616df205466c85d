package command

import (
	"context"
	"errors"
	"fmt"
	"time"

	"tintype/internal/config"
	"tintype/internal/session"
)

type setupGroup struct {
	Database setupDatabase `cmd:"" help:"Make the database and its three users: the schema's owner, the site's, and one that may only SELECT."`
	Dynamodb setupDynamoDB `cmd:"" help:"Make the DynamoDB tables for sessions that SESSION_DYNAMODB_TABLE and SESSION_NEXT name."`
}

type setupDynamoDB struct{}

// setupPatience is how long a new table may take.
const setupPatience = 2 * time.Minute

func (setupDynamoDB) Run(c *call) error {
	cfg, err := c.config()
	if err != nil {
		return err
	}
	tables := tablesOf(cfg)
	if len(tables) == 0 {
		return errors.New("sessions are not kept in DynamoDB: set SESSION_STORE=dynamodb and SESSION_DYNAMODB_TABLE, or SESSION_NEXT=dynamodb:TABLE to move them there")
	}
	ctx, cancel := context.WithTimeout(c, setupPatience)
	defer cancel()
	awsConfig, err := c.program.AWS(ctx, cfg, c.logger(cfg))
	if err != nil {
		return err
	}
	for _, table := range tables {
		err = session.CreateTable(ctx, awsConfig, table)
		if errors.Is(err, session.ErrNoSweep) {
			// The site works without; the table grows.
			fmt.Fprintf(c.env.Stderr, "tintype: expired sessions will not be removed: %v\n", err)
		} else if err != nil {
			return err
		}
		fmt.Fprintf(c.env.Stdout, "The table %s takes sessions.\n", table)
	}
	return nil
}

// tablesOf are the tables in which sessions are, or are to be.
func tablesOf(cfg *config.Config) []string {
	var tables []string
	if table := cfg.SessionPlace().Table; table != "" {
		tables = append(tables, table)
	}
	if next := cfg.SessionNext; next != nil && next.Table != "" {
		tables = append(tables, next.Table)
	}
	return tables
}
