package move

import (
	"context"
	"fmt"
	"os"
	"time"

	"tintype/internal/sleep"
)

const (
	// aliveEvery is how often the run of a move says in the source that it is alive.
	aliveEvery = time.Second
	// aliveSilent is after how long without a word it is taken for gone, so that another one goes on with the move. The
	// gates' epochs hold it off should it wake.
	aliveSilent = 4 * time.Second
)

// An AtWorkError says that another process moves the database.
type AtWorkError struct {
	Name  string // of the machine and the process
	Since time.Time
}

func (e *AtWorkError) Error() string {
	return fmt.Sprintf("%s has been moving the database since %s; tintype move status tells how far it is, and once it has ended, this command goes on where it was", e.Name, e.Since.UTC().Format("2006-01-02 15:04:05 UTC"))
}

// moverName is what a run is called by people.
func moverName() string {
	host, err := os.Hostname()
	if err != nil {
		host = "this machine"
	}
	return fmt.Sprintf("%s, process %d", host, os.Getpid())
}

// alone has this run be the one that is at work, and keeps that known until stop is called. It returns an AtWorkError
// where another one is. Of one that was killed nobody knows so at once: then it waits until that has been silent for long
// enough.
func (d *Database) alone(ctx context.Context) (stop func(), err error) {
	source := d.o.Source
	var first *int64 // the beat of the one at work, when it was first read
	for begin := time.Now(); ; {
		m, err := source.Mover(ctx)
		if err != nil {
			return nil, err
		}
		if first == nil {
			first = &m.Beat
		}
		switch {
		case m.ID == "" || m.ID == d.mover || m.Age >= aliveSilent || *first == m.Beat && time.Since(begin) >= aliveSilent:
			ok, err := source.ReplaceMover(ctx, m, d.mover, moverName())
			if err != nil {
				return nil, err
			}
			if ok {
				return d.keepAlive(ctx), nil
			}
		case *first != m.Beat:
			return nil, &AtWorkError{m.Name, m.Since}
		}
		if err := sleep.For(ctx, aliveEvery/4); err != nil {
			return nil, err
		}
	}
}

// keepAlive says every now and then that this run is alive, until stop is called. Not in the middle of an attempt to
// switch: nothing else should ask for the source's lock then.
func (d *Database) keepAlive(ctx context.Context) (stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for sleep.For(ctx, aliveEvery) == nil {
			if time.Now().UnixNano() < d.attempt.Load() {
				continue
			}
			said, cancel := context.WithTimeout(ctx, aliveEvery)
			_, _ = d.o.Source.KeepMover(said, d.mover) // or it is said the next time; who takes over has the epoch
			cancel()
		}
	}()
	return func() {
		cancel()
		<-ended
	}
}

// leaveRow tells that this run has ended, so that another one need not wait.
func (d *Database) leaveRow(ctx context.Context) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
	defer cancel()
	_ = d.o.Source.DropMover(ctx, d.mover) // else it waits
}
