package auth0

import (
	"math"
	"net/http"
	"slices"
	"strconv"
	"time"
)

// rateGroup is a group of operations that has a bucket of its own.
type rateGroup string

const (
	readUsers       rateGroup = "read users"
	writeUsers      rateGroup = "write users"
	deleteUsers     rateGroup = "delete users"
	readClients     rateGroup = "read clients"
	readConnections rateGroup = "read connections"
	others          rateGroup = ""
)

// Bucket is a token bucket: Burst requests at once, and Refill more in Per.
// Buckets that are refilled by the minute get their tokens at whole seconds
// (section 11).
type Bucket struct {
	Burst, Refill int
	Per           time.Duration
}

// Rate limits requests to the Management API (section 11). Buckets that are
// zero do not limit.
type Rate struct {
	// Global is for all requests together; the others are for one group each.
	Global                                                                     Bucket
	ReadUsers, WriteUsers, DeleteUsers, ReadClients, ReadConnections, AllOther Bucket
	// RetryAfter: a 429 has that header too. It is not documented, but Auth0's
	// own client looks for it (section 10).
	RetryAfter bool
}

// FreeRate is that of a free tenant: two a second (section 11).
func FreeRate() Rate { return Rate{Global: Bucket{2, 2, time.Second}} }

// EssentialsRate is that of the Essentials and Professional plans (section 11).
func EssentialsRate() Rate {
	m := time.Minute
	return Rate{ReadUsers: Bucket{40, 500, m}, WriteUsers: Bucket{20, 200, m}, DeleteUsers: Bucket{20, 200, m}, ReadClients: Bucket{5, 100, m},
		ReadConnections: Bucket{5, 50, m}, AllOther: Bucket{10, 150, m}}
}

// of is the bucket of a group, and which one it is.
func (r Rate) of(g rateGroup) (Bucket, string) {
	b := map[rateGroup]Bucket{readUsers: r.ReadUsers, writeUsers: r.WriteUsers, deleteUsers: r.DeleteUsers, readClients: r.ReadClients,
		readConnections: r.ReadConnections, others: r.AllOther}[g]
	return b, "group " + string(g)
}

// level is how full a bucket is. A token is as much credit as Bucket.Per has
// nanoseconds, and each nanosecond brings Bucket.Refill: so nothing is rounded.
type level struct {
	credit int64
	at     time.Time
	// told is when the first 429 was given that is not over yet, until is when
	// there is a token again.
	told, until time.Time
}

type meter struct {
	levels     map[string]*level
	refused    int
	violations []Violation
}

// Violation is a request that came before the bucket that an earlier 429 was
// about had a token again.
type Violation struct {
	// Request is the route, such as "GET users/{id}".
	Request string
	// Early is how much too early it came.
	Early time.Duration
}

// underWay is how long requests may be on their way.
const underWay = 100 * time.Millisecond

// limit takes a token, from the bucket for everything first (section 11).
func (c *call) limit() error {
	group, name := c.opts.Rate.of(c.rt.group)
	if err := c.take(c.opts.Rate.Global, "global"); err != nil {
		return err
	}
	return c.take(group, name)
}

func (c *call) take(b Bucket, name string) error {
	if b.Burst == 0 {
		return nil
	}
	now := c.now()
	l := c.meter.level(b, name, now)
	l.refill(b, now)
	if early := l.until.Sub(now); early > 0 && now.After(l.told.Add(underWay)) {
		c.meter.violations = append(c.meter.violations, Violation{c.rt.name(), early})
	}
	refused := l.credit < int64(b.Per)
	if !refused {
		l.credit -= int64(b.Per)
	}
	full := l.when(b, int64(b.Burst)*int64(b.Per))
	h := c.header
	h.Set("x-ratelimit-limit", strconv.Itoa(b.Burst))
	h.Set("x-ratelimit-remaining", strconv.FormatInt(l.credit/int64(b.Per), 10))
	h.Set("x-ratelimit-reset", strconv.FormatInt(ceilUnix(full), 10))
	if !refused {
		return nil
	}
	c.meter.refused++
	if !now.Before(l.until) {
		l.told = now
	}
	l.until = l.when(b, int64(b.Per))
	e := fail(http.StatusTooManyRequests, "too_many_requests", "Global limit has been reached")
	if c.opts.Rate.RetryAfter {
		e.header = http.Header{"Retry-After": {strconv.Itoa(int(math.Ceil(l.until.Sub(now).Seconds())))}}
	}
	return e
}

func ceilUnix(t time.Time) int64 {
	if t.Nanosecond() > 0 {
		return t.Unix() + 1
	}
	return t.Unix()
}

func (m *meter) level(b Bucket, name string, now time.Time) *level {
	if m.levels == nil {
		m.levels = map[string]*level{}
	}
	l := m.levels[name]
	if l == nil {
		l = &level{credit: int64(b.Burst) * int64(b.Per), at: now}
		m.levels[name] = l
	}
	return l
}

// step is how often tokens come: each millisecond, or each second where the
// rate is one by the minute.
func (b Bucket) step() time.Duration {
	if b.Per > time.Second {
		return time.Second
	}
	return time.Millisecond
}

func (l *level) refill(b Bucket, now time.Time) {
	passed := now.Sub(l.at).Truncate(b.step())
	l.at = l.at.Add(passed)
	l.credit = min(int64(b.Burst)*int64(b.Per), l.credit+int64(b.Refill)*int64(passed))
}

// when is the time at which there is as much credit.
func (l *level) when(b Bucket, credit int64) time.Time {
	refill, step := int64(b.Refill), int64(b.step())
	wait := (max(credit-l.credit, 0) + refill - 1) / refill
	return l.at.Add(time.Duration((wait + step - 1) / step * step))
}

// Violations returns the requests that came before the end of an earlier 429.
func (s *Server) Violations() []Violation {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.meter.violations)
}

// Throttled returns how many requests got a 429 by a rate limit.
func (s *Server) Throttled() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.meter.refused
}
