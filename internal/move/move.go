// Package move takes the parts of a site (sessions, photos, the database) from one place to another while people use it,
// and lists the processes of the site (Presence).
//
// Sessions and photos move by a PartMover, which `tintype move sessions` and `tintype move media` run. A row of the site's
// database says how far the move is, and every process acts by what it has read of that row within a lease (Part).
//
// The protocol of the database is two pure state machines. A Mover copies, switches and finishes; every process of the site
// has a Follower, which tells where that process may read and write. Neither does anything by itself: Step takes what
// happened and answers with what to do next, so that the very code that ships runs in the simulation of this package's
// tests. A driver does the work: Database for `tintype move database`, ProcessFollower in the processes of the site.
//
// Each of the two places has a gate, one row that says what the place is for (see Mode). Triggers in each place read
// that row with a lock before every write, so no write can commit after the place was sealed. One conditional update in
// the source decides a switch: from sealed to moved. The only other way out of sealed is back to open under a higher
// epoch. Whichever update comes first decides; nobody decides by looking. Whoever finds moved finishes.
//
// The place that was left can be kept up (WayBack). The new one logs what is written from the moment it is opened, and a
// Mover that never switches, the replayer, brings that to the old one: it turns it from moved to filling, under its own
// epoch, once the new one is open. To move back is then an ordinary switch with nothing to copy. One process at a time
// replays, under a lease; that one which hangs past its lease does no harm is the epochs' doing. A mover back stops
// replayers by turning the log into that of a move: they claim the source's epoch only while it is one for the way back.
package move

import "time"

// Mode says what a place is for.
type Mode string

// The modes of a place.
const (
	// Open: the place is in charge. It is read and written.
	Open Mode = "open"
	// Filling: a mover writes into the place, and nobody else does.
	Filling Mode = "filling"
	// Sealed: nothing is written until the switch is decided.
	Sealed Mode = "sealed"
	// Moved: the other place is in charge.
	Moved Mode = "moved"
)

// Side is one of the two databases of a move, which a driver knows as a store.Place.
type Side int

// The sides of a move.
const (
	Source Side = iota
	Target
)

func (s Side) String() string { return [...]string{"source", "target"}[s] }

// Other is the side at the other end.
func (s Side) Other() Side { return 1 - s }

// Gate is the row that a place keeps of itself.
type Gate struct {
	Mode Mode
	// Generation counts the moves of the site. The place in charge has the highest.
	Generation int64
	// Epoch counts the movers and the attempts that were given up. The target refuses a mover's writes under any epoch but
	// the gate's.
	Epoch int64
	// Mover names who holds the epoch.
	Mover string
	// Watch asks every process for short leases: a switch is near.
	Watch bool
	// Hold is the attempt for which processes hold new writes back, 0 for none.
	Hold int64
	// Move is which move the place takes part in, or took part in last. OpSwapGate leaves it as it is.
	Move string
}

// The times of the protocol. Processes measure them with clocks of their own, which may run up to a twentieth faster or
// slower than the truth.
const (
	// LongLease is for how long a process may read a place after it has asked its gate, while no switch is near.
	LongLease = 2 * time.Minute
	// ShortLease is the same while a switch is near. It bounds how long nobody can write when a process hangs.
	ShortLease = time.Second
	// ReplicaLease is for how long a process may read a place's replicas after one of them has told, in the primary's stead,
	// that no switch is near. The mover waits for a LongLease once it has said that one is. So it is safe while the replica is
	// less than LongLease - ReplicaLease behind.
	ReplicaLease = 10 * time.Second
	// ReplicaBehind is how far a replica may be behind that tells it. The rest is for what nobody measures.
	ReplicaBehind = LongLease - ReplicaLease - 20*time.Second
	// HoldLease is a ShortLease while writes are held. Who decides waits for the leases from before the hold, and for these.
	HoldLease = 500 * time.Millisecond
	// AttemptTime is how long a switch may take from the first held write to the decision.
	AttemptTime = time.Second
	// AbandonAfter is how long a process finds a place sealed before it opens it again in the mover's stead.
	AbandonAfter = 1500 * time.Millisecond

	idlePoll   = 10 * time.Second
	watchPoll  = 200 * time.Millisecond
	urgentPoll = 50 * time.Millisecond
)

// passed is how long to wait by this process's clock until a lease has surely passed by the clock of whoever holds it.
func passed(lease time.Duration) time.Duration { return lease + lease/5 }

// Op is what an Effect asks for.
type Op int

// The operations of a driver. Each answers with one Event.
const (
	// OpNone: there is nothing to do.
	OpNone Op = iota
	// OpPause: wait for Effect.For.
	OpPause
	// OpReadGate: read the gate of Effect.Side into Event.Gate.
	OpReadGate
	// OpReadReplica: read the gate of Effect.Side into Event.Gate, as its most advanced replica has it. It is an error where
	// the primary is not known to be away.
	OpReadReplica
	// OpSwapGate: in one transaction, replace the gate of Effect.Side by Effect.To if it is still Effect.From.
	// Event.OK tells whether it was. To wait for its lock longer than Effect.For is an error, after which nothing has
	// happened; after any other error the swap may have happened.
	OpSwapGate
	// OpProcesses: list the processes that are registered in Effect.Side in Event.Processes.
	OpProcesses
	// OpCopy: read the next range of the source, from its primary, into Event.Batch. Event.Done says that nothing is left.
	OpCopy
	// OpReadLog: read the first Effect.Limit entries of the source's log into Event.Log.
	OpReadLog
	// OpReadRows: read the rows that Effect.Log names from the source's primary into Event.Batch. It begins after the
	// log was read. Where the rows are too large together, Event.Log is the first entries, whose rows were read.
	OpReadRows
	// OpWriteRows: write Effect.Batch into the target, in a transaction that first locks its gate and finds it in mode
	// Filling under Effect.Epoch, by Effect.Mover. Event.OK is false, and nothing is written, where it is not.
	OpWriteRows
	// OpDeleteLog: delete exactly the numbers of Effect.Log from the source's log, if its gate names Effect.Mover. It is an
	// error where that does not.
	OpDeleteLog
	// OpCompare: compare what was not compared since the last clean pass. Event.OK tells whether both places agree, but
	// for what the source's log names.
	OpCompare
	// OpEndSleepers: end connections of this user to the place that have slept for long: they may hold a transaction open.
	OpEndSleepers
	// OpAnswer: write Effect.Answer into the process's own row in Effect.Side, registering the process if need be.
	OpAnswer
	// OpDone: the machine has come to its end, with Effect.Outcome.
	OpDone
)

// Outcome is how a mover ended.
type Outcome int

// The outcomes.
const (
	// Finished: the target is in charge.
	Finished Outcome = iota + 1
	// TakenOver: another mover holds the epoch.
	TakenOver
	// Differs: the places do not agree although everything was copied.
	Differs
	// Unfit: the gates are in a state from which this move cannot begin.
	Unfit
)

// Process is a process of the site as it registered itself.
type Process struct {
	ID     string
	Name   string // for people
	Answer Answer
}

// Answer is what a process says of itself to a mover.
type Answer struct {
	// Watch is the epoch for which the process has given up its long lease.
	Watch int64
	// Hold is the attempt for which the process holds new writes.
	Hold int64
	// Generation is that of the place which the process serves.
	Generation int64
}

// LogEntry names a row that was written, by the number of its entry in the log.
type LogEntry struct {
	Number int64
	Table  string
	Key    string
}

// Batch is rows on their way to the target, of the driver's own type.
type Batch any

// Effect is one thing to do.
type Effect struct {
	Op       Op
	Side     Side
	From, To Gate
	Epoch    int64
	Mover    string // under whose epoch
	Log      []LogEntry
	Limit    int
	Batch    Batch
	Answer   Answer
	// For is how long a pause lasts. For anything else it bounds how long the answer may take; 0: as the driver likes.
	For     time.Duration
	Outcome Outcome
}

// Event is what came of an Effect. The first one a machine gets is empty.
type Event struct {
	Err       error
	OK        bool
	Done      bool
	Gate      Gate
	Log       []LogEntry
	Batch     Batch
	Processes []Process
}
