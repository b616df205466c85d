package command

import (
	"encoding/json"
	"fmt"
	"os"

	"tintype/internal/ladder"
)

type ladderCommand struct {
	JSON   bool   `name:"json" help:"As JSON: an object with rungs, signals, advice and waste."`
	Prices string `placeholder:"FILE" help:"Prices to go by, in the form of internal/ladder/prices.json; without it those of the program, which nobody has verified."`
}

func (l ladderCommand) Run(c *call) error {
	cfg, err := c.config()
	if err != nil {
		return err
	}
	prices := ladder.DefaultPrices()
	if l.Prices != "" {
		raw, err := os.ReadFile(l.Prices)
		if err == nil {
			prices, err = ladder.ReadPrices(raw)
		}
		if err != nil {
			return fmt.Errorf("--prices: %w", err)
		}
	}
	day, err := c.program.Day(c, cfg, c.logger(cfg))
	if err != nil {
		return err
	}
	report := ladder.Advise(day, prices)
	if l.JSON {
		out := json.NewEncoder(c.env.Stdout)
		out.SetIndent("", "  ")
		return out.Encode(report)
	}
	return ladder.WriteText(c.env.Stdout, report)
}
