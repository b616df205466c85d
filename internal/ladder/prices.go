package ladder

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"
)

//go:embed prices.json
var pricesFile []byte

// Prices are what things cost a month.
type Prices struct {
	Date     string           `json:"date"` // of which they are, as 2006-01-02
	Verified bool             `json:"verified"`
	Source   string           `json:"source"`
	Currency string           `json:"currency"`
	Monthly  map[string]Price `json:"monthly"`
}

// Price is that of one thing.
type Price struct {
	What string  `json:"what"`
	Cost float64 `json:"cost"` // a month
}

// DefaultPrices are those that the program has.
func DefaultPrices() Prices {
	p, err := ReadPrices(pricesFile)
	if err != nil {
		panic(err) // the embedded file is wrong
	}
	return p
}

// ReadPrices reads a table of prices, in the form of prices.json. It must name each thing that the rules advise.
func ReadPrices(raw []byte) (Prices, error) {
	var p Prices
	d := json.NewDecoder(bytes.NewReader(raw))
	d.DisallowUnknownFields()
	if err := d.Decode(&p); err != nil {
		return p, fmt.Errorf("the prices: %w", err)
	}
	var errs []error
	if _, err := time.Parse(time.DateOnly, p.Date); err != nil {
		errs = append(errs, fmt.Errorf("the prices: the date is %q, not as 2026-11-29", p.Date))
	}
	if p.Currency == "" {
		errs = append(errs, errors.New("the prices have no currency"))
	}
	for _, thing := range things {
		if price, known := p.Monthly[thing]; !known || price.Cost < 0 {
			errs = append(errs, fmt.Errorf("the prices: monthly has no %s, or less than 0", thing))
		}
	}
	for thing := range p.Monthly {
		if !slices.Contains(things, thing) {
			errs = append(errs, fmt.Errorf("the prices: nothing costs as much as %q", thing))
		}
	}
	return p, errors.Join(errs...)
}

// Things that cost something.
const (
	thingDatabase = "database"
	thingReplica  = "replica"
	thingBalancer = "balancer"
	thingSessions = "sessions"
	thingBucket   = "bucket"
	thingCDN      = "cdn"
	thingCache    = "cache"
	thingQueue    = "queue"
)

// machines are the sizes that have a price, by processors.
var machines = []int{2, 4, 8, 16}

// machine is the smallest that has at least so many processors.
func machine(cpus int) string {
	for _, n := range machines {
		if n >= cpus {
			return fmt.Sprintf("machine-%d", n)
		}
	}
	return fmt.Sprintf("machine-%d", machines[len(machines)-1])
}

// bigger is the next larger number of processors, 0 where there is none.
func bigger(cpus int) int {
	for _, n := range machines {
		if n > cpus {
			return n
		}
	}
	return 0
}

var things = []string{machine(2), machine(4), machine(8), machine(16), thingDatabase, thingReplica, thingBalancer, thingSessions, thingBucket, thingCDN, thingCache, thingQueue}

// A Bill is what a step costs a month.
type Bill struct {
	Monthly float64    `json:"monthly"` // less than 0 where it spares
	Items   []BillItem `json:"items,omitempty"`
}

// BillItem is a line of a Bill.
type BillItem struct {
	What  string  `json:"what"`
	Count int     `json:"count"` // less than 0 for what is given up
	Cost  float64 `json:"cost"`  // of all of them
}

// bill adds up things by their number.
func (p Prices) bill(cost map[string]int) Bill {
	var b Bill
	for _, thing := range things {
		if n := cost[thing]; n != 0 {
			item := BillItem{What: p.Monthly[thing].What, Count: n, Cost: float64(n) * p.Monthly[thing].Cost}
			b.Items = append(b.Items, item)
			b.Monthly += item.Cost
		}
	}
	return b
}
