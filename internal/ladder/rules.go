package ladder

import (
	"fmt"
	"strconv"
)

// A Rule advises a step where a signal was beyond a bound for long enough.
type Rule struct {
	Name    string
	Rung    int
	Title   string
	Signal  string  // the name of a Signal
	Bound   float64 // which is reached from below, or from above where little is bad
	Minutes int     // of the day in which it must have been reached
	Why     string  // what the signal means for people
	Climbs  bool    // the step costs something every month: a waste as long as the signal is low
	applies func(*Day) bool
	step    func(*Day) Step
	// held replaces Day.held where the signal is made of the whole day.
	held func(*Day) (level float64, reached int)
}

// A Step is what to do.
type Step struct {
	Text     string   `json:"text"`
	Settings []string `json:"settings,omitempty"` // as they are written into the environment, on all processes
	Commands []string `json:"commands,omitempty"` // without the program's name
	cost     map[string]int
}

// The rungs, as docs/scaling.md numbers them.
const (
	rungMachine   = 1
	rungDatabase  = 2
	rungInstances = 3
	rungCDN       = 4
	rungReplicas  = 5
	rungCache     = 6
	rungWorkers   = 7
	rungGroup     = 8
)

// enoughMachine is how many processors one machine should have before several are less trouble than a bigger one.
const enoughMachine = 8

// Rules are looked at one by one. Those that cost nothing stand before those that cost a server.
var Rules = []Rule{
	{
		Name: "photo-memory", Rung: rungMachine, Title: "more memory for photos", Signal: PhotoWait, Bound: 0.2, Minutes: 10,
		Why:     "photos wait until others give memory back, and their uploaders with them",
		applies: func(d *Day) bool { return d.Site.PhotoMemory > 0 },
		step: func(d *Day) Step {
			want := 2 * d.Site.PhotoMemory
			if d.Site.Memory > 0 && want > d.Site.Memory/2 {
				return biggerMachine(d, "PHOTO_MEMORY has its share of this machine already.")
			}
			return Step{
				Text:     "Give photos twice the memory; the machine has it.",
				Settings: []string{fmt.Sprintf("PHOTO_MEMORY=%dMiB", want>>20)},
			}
		},
	},
	{
		Name: "admission", Rung: rungMachine, Title: "more requests at once", Signal: Refused, Bound: 0.1, Minutes: 5,
		Why:     "people get 503, because MAX_IN_FLIGHT requests are in work already",
		applies: func(d *Day) bool { return d.Site.MaxInFlight > 0 },
		step: func(d *Day) Step {
			if level, _ := d.held(CPU, 0, 5); level >= busyCPU {
				return biggerMachine(d, "The processors are busy as well: more requests at once would only be slower.")
			}
			return Step{
				Text:     "Let twice as many in: the processors are not what is short. If they wait for the database or the disk, that is the place to look.",
				Settings: []string{"MAX_IN_FLIGHT=" + strconv.Itoa(2*d.Site.MaxInFlight)},
			}
		},
	},
	{
		Name: "connections", Rung: rungDatabase, Title: "more connections to the database", Signal: DatabaseWait, Bound: 0.1, Minutes: 10,
		Why:     "requests wait for a connection to the database, which might have answered them",
		applies: func(d *Day) bool { return !d.Site.SQLite && d.Site.Connections > 0 },
		step: func(d *Day) Step {
			all := d.Site.Reserved + 2*d.Site.Connections*max(d.Site.Processes, 1)
			return Step{
				Text:     "Let the database server take twice as many (max_connections), and say so.",
				Settings: []string{"DATABASE_MAX_CONNECTIONS=" + strconv.Itoa(all)},
				Commands: []string{"doctor"},
			}
		},
	},
	{
		Name: "jobs", Rung: rungWorkers, Title: "more hands for jobs", Signal: JobAge, Bound: 10, Minutes: 10,
		Why: "jobs that are due wait: uploads show as being prepared for longer than people like",
		step: func(d *Day) Step {
			works := false
			for _, p := range d.Processes {
				works = works || p.There && p.Facts.Worker
			}
			level, _ := d.held(CPU, 0, 10)
			switch {
			case !works:
				return Step{Text: "No process does jobs: start one with this setting, or give it to one that is there.", Settings: []string{"ROLES=web,worker"}}
			case level < busyCPU:
				return Step{Text: "Prepare more photos at once; the processors have time.", Settings: []string{"JOB_WORKERS=" + strconv.Itoa(2*max(d.Site.JobWorkers, 1))}}
			case d.Site.SQLite || !d.Site.S3:
				return biggerMachine(d, "")
			}
			return workersOfTheirOwn(d)
		},
	},
	{
		Name: "machine", Rung: rungMachine, Title: "a bigger machine", Signal: CPU, Bound: busyCPU, Minutes: 30, Climbs: true,
		Why:     "the processors are busy, so that everything waits for them",
		applies: func(d *Day) bool { return d.Site.Webs == 1 && d.Site.CPUs < enoughMachine },
		step:    func(d *Day) Step { return biggerMachine(d, "") },
	},
	{
		Name: "memory", Rung: rungMachine, Title: "a machine with more memory", Signal: Memory, Bound: 0.9, Minutes: 15,
		Why:  "memory is nearly used up: the program collects garbage instead of working, and is killed in the end",
		step: func(d *Day) Step { return biggerMachine(d, "Or lower PHOTO_MEMORY, if photos may wait.") },
	},
	{
		Name: "database", Rung: rungDatabase, Title: "the database on its own", Signal: DatabaseWait, Bound: 0.2, Minutes: 15, Climbs: true,
		Why:     "writes wait for SQLite's one write connection",
		applies: func(d *Day) bool { return d.Site.SQLite },
		step:    func(d *Day) Step { return databaseOnItsOwn() },
	},
	{
		Name: "alone", Rung: rungInstances, Title: "two instances", Signal: Instances, Bound: 3, Minutes: 3, Climbs: true,
		Why:     "nobody answered for minutes: one process is missed while it restarts or its machine is replaced",
		applies: func(d *Day) bool { return d.Site.Webs <= 1 },
		step:    func(d *Day) Step { return severalInstances(d, 2) },
		held:    func(d *Day) (float64, int) { return float64(d.away), d.away },
	},
	{
		Name: "instances", Rung: rungInstances, Title: "one more instance", Signal: CPU, Bound: busyCPU, Minutes: 30, Climbs: true,
		Why:     "the processors are busy, and a bigger machine is no longer the easier way",
		applies: func(d *Day) bool { return d.Site.Webs > 1 || d.Site.CPUs >= enoughMachine },
		step:    func(d *Day) Step { return severalInstances(d, d.Site.Webs+1) },
	},
	{
		Name: "disk", Rung: rungInstances, Title: "photos in a bucket", Signal: DiskFree, Bound: 0.15, Minutes: 15, Climbs: true,
		Why:     "the disk fills up; a full one stops uploads, and the site with SQLite altogether",
		applies: func(d *Day) bool { return !d.Site.S3 },
		step:    func(d *Day) Step { return photosInABucket() },
	},
	{
		Name: "cdn", Rung: rungCDN, Title: "photos from a CDN", Signal: SentPhotos, Bound: 50, Minutes: 30, Climbs: true,
		Why:     "photos take the network that pages need",
		applies: func(d *Day) bool { return d.Site.CDN == "" },
		step: func(d *Day) Step {
			return Step{
				Text:     "Put a CDN in front of the photos, as docs/scaling.md describes it. No row knows its name: the setting can go again.",
				Settings: []string{"MEDIA_BASE_URL=https://cdn.example.org/media"},
				Commands: []string{"doctor"},
				cost:     map[string]int{thingCDN: max(1, int(d.median(SentPhotos)*0.324))}, // Mbit/s to TB a month
			}
		},
	},
	{
		Name: "replicas", Rung: rungReplicas, Title: "reads from a replica", Signal: DatabaseBusy, Bound: 0.6, Minutes: 30, Climbs: true,
		Why: "most connections to the primary are busy, and most of what it answers are reads",
		applies: func(d *Day) bool {
			return !d.Site.SQLite && len(d.Site.Replicas) == 0 && d.median(Reads) >= 2*d.median(Writes)
		},
		step: func(d *Day) Step {
			return Step{
				Text:     "Add a replica, and name it on all processes at once.",
				Settings: []string{"DATABASE_REPLICA_URLS_FILE=/etc/tintype/reader.url"},
				Commands: []string{"doctor"},
				cost:     map[string]int{thingReplica: 1},
			}
		},
	},
	{
		Name: "late-replicas", Rung: rungReplicas, Title: "replicas that keep up", Signal: LateReads, Bound: 0.3, Minutes: 30,
		Why:     "the primary answers what replicas are there for, because they are behind or away",
		applies: func(d *Day) bool { return len(d.Site.Replicas) > 0 },
		step: func(d *Day) Step {
			return Step{
				Text:     "See by the doctor which replica it is. One that is behind applies too slowly: let it apply in parallel, with replica_preserve_commit_order=ON, or give it a bigger machine.",
				Commands: []string{"doctor"},
			}
		},
	},
	{
		Name: "cache", Rung: rungCache, Title: "a shared cache", Signal: CacheLoads, Bound: 20, Minutes: 30, Climbs: true,
		Why:     "each process makes what another has made already",
		applies: func(d *Day) bool { return d.Site.Webs > 1 && !d.Site.Redis },
		step: func(d *Day) Step {
			return Step{
				Text:     "Let the processes share a Redis or Valkey. Nobody needs to keep its data.",
				Settings: []string{"CACHE_URL_FILE=/etc/tintype/cache.url"},
				Commands: []string{"doctor"},
				cost:     map[string]int{thingCache: 1},
			}
		},
	},
	{
		Name: "cache-away", Rung: rungCache, Title: "a cache that answers", Signal: RedisAway, Bound: 0.2, Minutes: 10,
		Why:     "Redis does not answer in time, and is bypassed",
		applies: func(d *Day) bool { return d.Site.Redis },
		step: func(d *Day) Step {
			return Step{
				Text:     "Bring it nearer, give it a bigger machine, or do without: remove CACHE_URL.",
				Commands: []string{"doctor"},
			}
		},
	},
	{
		Name: "workers", Rung: rungWorkers, Title: "workers of their own", Signal: PhotoWork, Bound: 0.4, Minutes: 30, Climbs: true,
		Why:     "photos take the processors that pages need",
		applies: func(d *Day) bool { return d.Site.Workers == 0 && d.Site.Webs > 0 && !d.Site.SQLite && d.Site.S3 },
		step:    workersOfTheirOwn,
	},
	{
		Name: "group", Rung: rungGroup, Title: "instances that come and go", Signal: Cores, Bound: 1, Minutes: 1, Climbs: true,
		Why:     "the busiest half hour of the day needs more than an instance more than the quietest",
		applies: func(d *Day) bool { return d.Site.Webs > 1 },
		step: func(d *Day) Step {
			return Step{
				Text: "Let a group start and end instances: deploy/ami and deploy/asg. It spares about an instance for half of the day.",
			}
		},
		held: func(d *Day) (float64, int) {
			// In instances that are busy, so that the bound is the same on every machine.
			level := d.swing(Cores) / (busyCPU * float64(max(d.Site.CPUs, 1)))
			if level >= 1 && d.peak(Instances) == d.median(Instances) {
				return level, 1
			}
			return level, 0
		},
	},
}

// busyCPU is the share of its processors from which a process is busy.
const busyCPU = 0.7

func biggerMachine(d *Day, first string) Step {
	next := bigger(d.Site.CPUs)
	n := max(d.Site.Webs, 1)
	if next == 0 {
		return Step{Text: sentences(first, "There is no bigger machine in the table of prices: take one more instance instead.")}
	}
	return Step{
		Text: sentences(first, fmt.Sprintf("Move to a machine of twice the size: %d processors. Pools, PHOTO_MEMORY and GOMEMLIMIT follow it without a setting.", next)),
		cost: map[string]int{machine(next): n, machine(d.Site.CPUs): -n},
	}
}

func sentences(first, second string) string {
	if first == "" {
		return second
	}
	return first + " " + second
}

func databaseOnItsOwn() Step {
	return Step{
		Text:     "Move the database to a MySQL or MariaDB server, in the same region, while people use the site: docs/scaling.md has each step, in order.",
		Settings: []string{"DATABASE_NEXT_FILE=/etc/tintype/app.url"},
		Commands: []string{"setup database --into /etc/tintype", "move database --dry-run", "move database", "move finish database"},
		cost:     map[string]int{thingDatabase: 1},
	}
}

func photosInABucket() Step {
	return Step{
		Text:     "Move the photos to a bucket while people use the site (docs/scaling.md has each step, in order), or add a disk.",
		Settings: []string{"MEDIA_NEXT=s3://tintype-photos"},
		Commands: []string{"move media --dry-run", "move media", "media check", "move finish media"},
		cost:     map[string]int{thingBucket: 1},
	}
}

// severalInstances is so many in all, with what they must have in common.
func severalInstances(d *Day, n int) Step {
	s := Step{cost: map[string]int{machine(d.Site.CPUs): n - max(d.Site.Webs, 1)}}
	take := func(other Step) {
		s.Settings, s.Commands = append(s.Settings, other.Settings...), append(s.Commands, other.Commands...)
		for thing, n := range other.cost {
			s.cost[thing] += n
		}
	}
	if d.Site.SQLite {
		take(databaseOnItsOwn())
	}
	if !d.Site.S3 {
		take(photosInABucket())
	}
	if d.Site.Webs <= 1 {
		s.cost[thingBalancer] = 1
		if !d.Site.DynamoDB {
			take(Step{
				Settings: []string{"SESSION_NEXT=dynamodb:tintype-sessions"}, cost: map[string]int{thingSessions: 1},
				Commands: []string{"setup dynamodb", "move sessions", "move finish sessions"},
			})
		}
		s.Settings = append(s.Settings, "STATELESS=true")
		s.Text = "Move what lives on the instance to servers that several can share, while people use the site (docs/scaling.md has each step, in order); then start a second one behind a balancer, in another zone."
	} else {
		s.Text = "Start one more like the others, behind the same balancer."
	}
	if d.Site.Processes > 1 {
		s.Settings = append(s.Settings, "FLEET_MAX_PROCESSES="+strconv.Itoa(d.Site.Processes+1))
	}
	return s
}

func workersOfTheirOwn(d *Day) Step {
	return Step{
		Text:     "Start a process for jobs alone (ROLES=worker) on a machine of its own; then take jobs from the others.",
		Settings: []string{"QUEUE_URL=https://sqs.eu-central-1.amazonaws.com/123456789012/tintype", "ROLES=web"},
		Commands: []string{"doctor"},
		cost:     map[string]int{machine(2): 1, thingQueue: 1},
	}
}

// A Surplus is a rung that a site is on and does not use.
type Surplus struct {
	Name    string
	Rung    int
	Title   string
	Signal  string
	Bound   float64 // which the signal did not reach in any minute
	Why     string
	applies func(*Day) bool
	step    func(*Day) Step
	level   func(*Day) float64 // replaces the signal's peak
}

// surplusMinutes is of how many minutes something must be known before a rung is called a waste.
const surplusMinutes = 60

// Surpluses are looked at one by one.
var Surpluses = []Surplus{
	{
		Name: "big-machine", Rung: rungMachine, Title: "the size of the machine", Signal: CPU, Bound: 0.15,
		Why:     "its processors had nothing to do",
		applies: func(d *Day) bool { return d.Site.Webs == 1 && d.Site.CPUs > 2 },
		step: func(d *Day) Step {
			return Step{
				Text: "A machine of half the size would do.",
				cost: map[string]int{machine(d.Site.CPUs): -1, machine(d.Site.CPUs / 2): 1},
			}
		},
	},
	{
		Name: "many-instances", Rung: rungInstances, Title: "so many instances", Signal: Cores, Bound: 0.3,
		Why:     "all others together could have done the work of the last",
		applies: func(d *Day) bool { return d.Site.Webs > 2 },
		step: func(d *Day) Step {
			return Step{Text: "Stop one. Two remain, so that one may be missed.", cost: map[string]int{machine(d.Site.CPUs): -1}}
		},
		level: func(d *Day) float64 { return d.peak(Cores) / float64((d.Site.Webs-1)*max(d.Site.CPUs, 1)) },
	},
	{
		Name: "idle-replicas", Rung: rungReplicas, Title: "the replicas", Signal: ReplicaReads, Bound: 5,
		Why:     "they answered nearly nothing",
		applies: func(d *Day) bool { return len(d.Site.Replicas) > 0 },
		step: func(d *Day) Step {
			return Step{
				Text: "Remove DATABASE_REPLICA_URLS on all processes at once, unless reads must outlive the writer.",
				cost: map[string]int{thingReplica: -len(d.Site.Replicas)},
			}
		},
	},
	{
		Name: "idle-cache", Rung: rungCache, Title: "the shared cache", Signal: RedisHits, Bound: 1,
		Why:     "nearly nothing was found in it",
		applies: func(d *Day) bool { return d.Site.Redis },
		step: func(d *Day) Step {
			return Step{Text: "Remove CACHE_URL, unless API limits must hold over all processes.", cost: map[string]int{thingCache: -1}}
		},
	},
	{
		Name: "idle-workers", Rung: rungWorkers, Title: "workers of their own", Signal: PhotoWork, Bound: 0.05,
		Why:     "they had nearly nothing to do",
		applies: func(d *Day) bool { return d.Site.Workers > 0 && d.Site.Webs > 0 },
		step: func(d *Day) Step {
			return Step{
				Text: "Let the processes for the web do the jobs, and stop the workers.", Settings: []string{"ROLES=web,worker"},
				cost: map[string]int{machine(2): -d.Site.Workers},
			}
		},
	},
}
