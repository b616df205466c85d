package media

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
	"time"

	"tintype/internal/budget"
)

// A disk that hangs (a network file system whose server stopped, a volume that lost its host) does not come back from a
// system call, and no context ends that. So every call runs in a goroutine of its own, which is left behind where the
// disk does not answer in time.

const (
	// diskPatience is how long one call may take that opens, reads or renames.
	diskPatience = 2 * time.Second
	// diskWrite is how long one call may take that writes or syncs: disks of small machines take their time.
	diskWrite = 20 * time.Second
	// diskCalls is how many calls may be under way, those that hang included.
	diskCalls = 128
	// diskHead is how many bytes are read together with the opening of an object, which for most variants is all.
	diskHead = 32 << 10
)

// diskCaller makes calls of the file system. The zero value can be used.
type diskCaller struct {
	once    sync.Once
	breaker *budget.Breaker
	places  chan struct{}
	probing chan struct{} // holds the probe that has not come back yet
	probe   func() error
}

func (c *diskCaller) start() {
	c.once.Do(func() {
		c.places, c.probing = make(chan struct{}, diskCalls), make(chan struct{}, 1)
		c.breaker = budget.NewBreaker(budget.BreakerOptions{Probe: c.ask, Cached: true})
	})
}

// ask makes a call that any disk answers. One that hangs is not joined by another.
func (c *diskCaller) ask(ctx context.Context) error {
	select {
	case c.probing <- struct{}{}:
	case <-ctx.Done():
		return ctx.Err()
	}
	came := make(chan struct{})
	go func() {
		_ = c.probe() // whatever it says, the disk answers
		<-c.probing
		close(came)
	}()
	select {
	case <-came:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// do makes a call. It is ErrUnavailable where the call does not come back within patience, or the budget of the request,
// or the disk is known not to answer. Then undo, if it is not nil, is run once the call has come back after all.
func (c *diskCaller) do(ctx context.Context, patience time.Duration, call func() error, undo func()) error {
	c.start()
	_, charge, end := budget.Take(ctx)
	defer end()
	defer charge()
	wait, cancel := context.WithTimeout(ctx, budget.Left(ctx, patience))
	defer cancel()
	var err error
	failed := c.breaker.Do(wait, func(ctx context.Context) error {
		select {
		case c.places <- struct{}{}:
		case <-ctx.Done():
			return ctx.Err()
		}
		came := make(chan error)
		go func() {
			err := call()
			<-c.places
			select {
			case came <- err:
			case <-ctx.Done():
				if err == nil && undo != nil {
					undo()
				}
			}
		}()
		select {
		case err = <-came:
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	}, func(failed error) bool { return failed == nil })
	switch {
	case failed == nil:
		return err
	case ctx.Err() != nil && errors.Is(ctx.Err(), context.Canceled):
		return ctx.Err()
	}
	return fmt.Errorf("%w: the disk does not answer: %w", ErrUnavailable, failed)
}

// diskBlocks are buffers for calls that read. Go clears each new one of that size, which costs as much as the call.
var diskBlocks = sync.Pool{New: func() any { return new([diskHead]byte) }}

// A diskFile reads an object. Its calls are those of the disk.
type diskFile struct {
	ctx  context.Context // of Open, without its budget: a long answer is no long wait
	c    *diskCaller
	f    *os.File
	size int64
	pos  int64
	head []byte // the first bytes
	// The block that holds head, and the one for the bytes after it. They go back when the file is closed, those of calls
	// that were left behind never.
	first, next *[diskHead]byte
}

// openFile opens an object and reads its head.
func (d *Disk) openFile(ctx context.Context, path string) (*diskFile, os.FileInfo, error) {
	o := &diskFile{ctx: budget.None(ctx), c: &d.caller}
	var st os.FileInfo
	err := d.caller.do(ctx, diskPatience, func() error {
		f, err := os.Open(path)
		if err != nil {
			return err
		}
		info, err := f.Stat()
		if err == nil && !info.Mode().IsRegular() {
			err = os.ErrNotExist
		}
		if err != nil {
			f.Close()
			return err
		}
		block := diskBlocks.Get().(*[diskHead]byte)
		n, err := f.ReadAt(block[:min(info.Size(), diskHead)], 0)
		if err != nil && err != io.EOF {
			diskBlocks.Put(block)
			f.Close()
			return err
		}
		o.f, o.size, o.head, o.first, st = f, info.Size(), block[:n], block, info // behind n there may be another object's bytes
		return nil
	}, func() { o.f.Close() })
	if err != nil {
		return nil, nil, diskError(err)
	}
	return o, st, nil
}

// Read implements io.Reader.
func (o *diskFile) Read(p []byte) (int, error) {
	if o.pos >= o.size {
		return 0, io.EOF
	}
	if len(p) == 0 {
		return 0, nil
	}
	if o.pos < int64(len(o.head)) {
		n := copy(p, o.head[o.pos:])
		o.pos += int64(n)
		return n, nil
	}
	// Into a buffer of its own: p is its owner's again while the call may still hang.
	if o.next == nil {
		o.next = diskBlocks.Get().(*[diskHead]byte)
	}
	buf, pos, n := o.next[:min(len(p), diskHead)], o.pos, 0
	err := o.c.do(o.ctx, diskPatience, func() error {
		var err error
		if n, err = o.f.ReadAt(buf, pos); n > 0 {
			err = nil
		}
		return err
	}, nil)
	if err != nil {
		o.next = nil
		return 0, err
	}
	copy(p, buf[:n])
	o.pos += int64(n)
	return n, nil
}

// Seek implements io.Seeker.
func (o *diskFile) Seek(offset int64, whence int) (int64, error) {
	at, err := seek(o.pos, o.size, offset, whence)
	if err == nil {
		o.pos = at
	}
	return at, err
}

// Close implements io.Closer. Nothing was written, so nobody need wait for it.
func (o *diskFile) Close() error {
	for _, block := range []*[diskHead]byte{o.first, o.next} {
		if block != nil {
			diskBlocks.Put(block)
		}
	}
	o.head, o.first, o.next = nil, nil, nil
	if o.c.breaker.Away() {
		go o.f.Close()
		return nil
	}
	return o.f.Close()
}

// A diskWriter writes to a file by calls. The bytes of one that hangs are not used again: whoever copies them gives up.
type diskWriter struct {
	f    *os.File
	call func(func() error) error
}

func (w diskWriter) Write(p []byte) (n int, err error) {
	var wrote int
	if err = w.call(func() (err error) { wrote, err = w.f.Write(p); return err }); errors.Is(err, ErrUnavailable) {
		return 0, err
	}
	return wrote, err
}
