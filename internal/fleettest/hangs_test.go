package fleettest

import (
	"testing"

	"tintype/internal/servertest"
)

// R44: a backend that hangs costs no more than one that refuses, however it hangs.
func TestHangs(t *testing.T) {
	db := servertest.MariaDBReplicas(t, 2)
	primary, replicas := db.NewDatabase(t)
	sessions, bucket, cache, queue := servertest.DynamoDB(t), newBucket(t), servertest.Redis(t), servertest.SQS(t)
	front := func(port int) *servertest.Proxy { return servertest.NewProxy(t, port) }
	toPrimary, reader, second := front(db.Primary.Port), front(db.Replicas[0].Port), front(db.Replicas[1].Port)
	dynamo, s3, redis, sqs := front(sessions.Port), front(bucket.Port), front(cache.Port), front(portOf(t, queue.URL))

	env := append(s3Env(bucket), sessions.Env()...)
	env = append(env, queue.Env()...)
	f := prepare(t, 1, append(env,
		"DATABASE_URL="+throughProxy(t, primary, toPrimary),
		"DATABASE_REPLICA_URLS="+throughProxy(t, replicas[0], reader)+","+throughProxy(t, replicas[1], second),
		"AWS_ENDPOINT_URL_DYNAMODB="+throughProxy(t, sessions.URL, dynamo),
		"AWS_ENDPOINT_URL_S3="+throughProxy(t, bucket.URL, s3),
		"CACHE_URL="+throughProxy(t, cache.URL(), redis),
		"AWS_ENDPOINT_URL_SQS="+throughProxy(t, queue.URL, sqs))...)
	counted(t, f)
	f.start(t)
	site := f[0]
	if _, stderr, err := site.Command("setup", "dynamodb"); err != nil {
		t.Fatalf("%v\n%s", err, stderr)
	}
	h := newHungSite(t, site, -5)
	ready := func() bool { return came(site)-left(site) == 2 }
	servertest.Eventually(t, "the site reads both replicas", ready)
	for _, b := range []hanging{
		{"the primary", orStopped(proxied(t, toPrimary), func() { db.Primary.Hang(t) }, func() { db.Primary.Cont(t) }),
			[]timed{h.member(ok), h.client(ok), h.guest(ok), h.shown(ok, ok), h.stream(ok)},
			[]timed{h.comment(refused), h.upload(refused), h.edit(refused), h.logIn(refused), h.like(refused), h.send(refused)}},
		{"a replica", orStopped(proxied(t, reader), func() { db.Replicas[0].Hang(t) }, func() { db.Replicas[0].Cont(t) }),
			[]timed{h.guest(ok), h.member(ok), h.client(ok)}, []timed{h.comment(seen), h.like(ok)}},
		{"all replicas", orStopped(proxied(t, reader, second),
			func() { db.Replicas[0].Hang(t); db.Replicas[1].Hang(t) }, func() { db.Replicas[0].Cont(t); db.Replicas[1].Cont(t) }),
			[]timed{h.guest(ok), h.member(ok), h.client(ok), h.stream(ok)}, []timed{h.comment(seen), h.like(ok)}},
		{"the sessions", orStopped(proxied(t, dynamo), sessions.Hang, sessions.Resume),
			[]timed{h.member(refused), h.guest(ok), h.client(ok)}, []timed{h.comment(refused), h.logIn(refused), h.like(ok)}},
		{"the bucket", orStopped(proxied(t, s3), bucket.Hang, bucket.Resume),
			[]timed{h.shown(refused, ok), h.member(ok), h.guest(ok)}, []timed{h.upload(refused), h.edit(refused), h.send(refused), h.comment(seen)}},
		{"the cache", orStopped(proxied(t, redis), cache.Hang, cache.Resume),
			[]timed{h.guest(ok), h.client(ok), h.member(ok)}, []timed{h.comment(seen), h.like(ok)}},
		{"the queue", orStopped(proxied(t, sqs), queue.Hang, queue.Resume),
			[]timed{h.member(ok), h.guest(ok)}, []timed{h.comment(seen), h.upload(ok)}},
	} {
		b.measure(t, site, h.anna, ready)
	}
}

// always is for what is well as long as it answers.
func always() bool { return true }

// R44: the same where there is no replica that could answer instead: who needs the database hears that it is away.
func TestALoneDatabaseHangs(t *testing.T) {
	db := servertest.AnyFlavour(t).Own(t)
	address := db.NewDatabase(t)
	front := servertest.NewProxy(t, db.Port)
	f := prepare(t, 1, "DATABASE_URL="+throughProxy(t, address, front))
	counted(t, f)
	f.start(t)
	h := newHungSite(t, f[0], -6)
	hanging{
		"a lone database", orStopped(proxied(t, front), func() { db.Hang(t) }, func() { db.Cont(t) }),
		[]timed{h.member(refused), h.client(refused), h.guest(refused), h.shown(refused, ok), h.stream(refused)}, // whether a photo may still be seen stands in the database
		[]timed{h.comment(refused), h.upload(refused), h.logIn(refused), h.like(refused), h.send(refused)},
	}.measure(t, f[0], h.anna, always)
}

// R44: the same where others do the work: whoever uploads is told as soon, nobody's process ends, and the worker goes on
// when the database does.
func TestTheDatabaseOfWebAndWorkerHangs(t *testing.T) {
	db := servertest.AnyFlavour(t).Own(t)
	address := db.NewDatabase(t)
	front := servertest.NewProxy(t, db.Port)
	f := prepare(t, 2, "DATABASE_URL="+throughProxy(t, address, front))
	f[0].Set("ROLES=web")
	f[1].Set("ROLES=worker")
	counted(t, f)
	f.start(t)
	h := newHungSite(t, f[0], -7)
	hanging{
		"the database of web and worker", orStopped(proxied(t, front), func() { db.Hang(t) }, func() { db.Cont(t) }),
		[]timed{h.member(refused), h.guest(refused)}, []timed{h.upload(refused), h.comment(refused)},
	}.measure(t, f[0], h.anna, always)
	// The worker has work again: a photo is shown only once it is made.
	if posted := h.cat.PostPhoto(photo, "afterwards"); len(posted.Media) != 1 {
		t.Errorf("afterwards a post has %d photos", len(posted.Media))
	}
}

// R44: where readers are sent to the bucket for photos, they are sent there while it hangs: the site asks it for nothing.
func TestTheBucketOfRedirectsHangs(t *testing.T) {
	bucket := newBucket(t)
	front := servertest.NewProxy(t, bucket.Port)
	f := prepare(t, 1, append(s3Env(bucket), "MEDIA_S3_REDIRECT=true", "AWS_ENDPOINT_URL_S3="+throughProxy(t, bucket.URL, front))...)
	counted(t, f)
	f.start(t)
	h := newHungSite(t, f[0], -8)
	hanging{
		"the bucket of redirects", orStopped(proxied(t, front), bucket.Hang, bucket.Resume),
		[]timed{h.shown(found, found), h.member(ok), h.guest(ok)}, []timed{h.upload(refused), h.edit(refused), h.comment(seen)},
	}.measure(t, f[0], h.anna, always)
}
