package auth0

import (
	"math"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"
)

// pace keeps requests to the Management API within the tenant's limits, which each
// answer tells: it approaches them and does not hit them. Auth0 has token buckets,
// one for all requests or one for each group of them, and does not say which is
// which (https://auth0.com/docs/troubleshoot/customer-support/operational-policies/rate-limit-policy).
// Groups whose answers tell the same limit are taken for one bucket: then a request
// may come later than it could, and never too early.
type pace struct {
	mu      sync.Mutex
	buckets map[int]*bucket  // by the limit that they tell
	groups  map[string]int   // limit of the bucket of a group
	unknown int              // requests under way of groups that no answer told of
	waiting int              // requests that wait
	changed chan struct{}    // closed when something changes
	now     func() time.Time // the local clock
}

// bucket is one token bucket, as well as it is known.
type bucket struct {
	limit int
	// tokens there were at a time; what was sent since is taken off.
	tokens float64
	at     time.Time
	// rate is how many tokens come in a second.
	rate float64
	// closed: a 429 said not to come before it.
	closed time.Time
}

func newPace() *pace {
	return &pace{buckets: map[int]*bucket{}, groups: map[string]int{}, changed: make(chan struct{}), now: time.Now}
}

// refills are the documented tokens a second of buckets, by their limit: those of
// Free and of Essentials and Professional
// (https://auth0.com/docs/troubleshoot/customer-support/operational-policies/rate-limit-policy/rate-limit-configurations).
// Where two buckets have one limit, it is the slower one's.
func refills() map[int]float64 {
	return map[int]float64{freeLimit: 2, 5: 50.0 / 60, 10: 150.0 / 60, 20: 200.0 / 60, 40: 500.0 / 60}
}

// freeLimit is the limit of the Free plan, of which the rate is by the second.
const freeLimit = 2

// caution is the part of a known rate that is used: clocks are not the same.
const caution = 0.9

// noticed is how long a wait is that is told of.
const noticed = 900 * time.Millisecond

// Limit names the limit for progress; see [transport.Pacer].
func (p *pace) Limit() string { return "Auth0's rate limit" }

// group is what Auth0 may count a request by; empty: it is not counted.
func group(req *http.Request) string {
	path, ok := strings.CutPrefix(req.URL.EscapedPath(), "/api/v2/")
	if !ok {
		return ""
	}
	first, _, _ := strings.Cut(path, "/")
	verb := "write"
	switch req.Method {
	case http.MethodGet:
		verb = "read"
	case http.MethodDelete:
		verb = "delete"
	}
	if first == "users-by-email" {
		first = "users"
	}
	return verb + " " + first
}

// Enter waits for a token; see [transport.Pacer].
func (p *pace) Enter(req *http.Request, wait func(time.Duration)) error {
	g := group(req)
	if g == "" {
		return nil
	}
	waits := false
	defer func() {
		if waits {
			p.mu.Lock()
			defer p.mu.Unlock()
			p.waiting--
		}
	}()
	for {
		p.mu.Lock()
		d, ok := p.take(g)
		changed := p.changed
		var expected time.Duration
		if !ok && !waits {
			waits = true
			expected = d + p.queue(g)
			p.waiting++
		}
		p.mu.Unlock()
		if ok {
			return nil
		}
		if expected >= noticed {
			wait(expected)
		}
		var after <-chan time.Time
		var timer *time.Timer
		if d > 0 {
			timer = time.NewTimer(d)
			after = timer.C
		}
		select {
		case <-after:
		case <-changed:
		case <-req.Context().Done():
		}
		if timer != nil {
			timer.Stop()
		}
		if err := req.Context().Err(); err != nil {
			return err
		}
	}
}

// take takes a token for a group, or says how long to wait for one; 0: until
// something changes.
func (p *pace) take(g string) (time.Duration, bool) {
	limit, known := p.groups[g]
	if !known {
		// Until an answer tells, a group may be of any bucket: it goes alone, when
		// none of them is empty.
		for _, b := range p.buckets {
			if d := b.wait(p.now()); d > 0 {
				return d, false
			}
		}
		if p.unknown > 0 {
			return 0, false
		}
		p.unknown++
		for _, b := range p.buckets {
			b.spend(p.now())
		}
		return 0, true
	}
	b := p.buckets[limit]
	if d := b.wait(p.now()); d > 0 {
		return d, false
	}
	b.spend(p.now())
	return 0, true
}

// queue is how long those take who wait already.
func (p *pace) queue(g string) time.Duration {
	rate := 0.0
	for limit, b := range p.buckets {
		if known, is := p.groups[g]; (!is || known == limit) && b.rate > 0 && (rate == 0 || b.rate < rate) {
			rate = b.rate
		}
	}
	if rate == 0 {
		return 0
	}
	return time.Duration(float64(p.waiting) / rate * float64(time.Second))
}

// wait is how long until there is a token.
func (b *bucket) wait(now time.Time) time.Duration {
	if b.limit == 0 {
		return 0
	}
	if d := b.closed.Sub(now); d > 0 {
		return d
	}
	lacks := 1 - b.level(now)
	if lacks <= 0 {
		return 0
	}
	if b.rate <= 0 {
		return time.Second
	}
	d := time.Duration(math.Ceil(lacks/b.rate*1000)) * time.Millisecond
	if b.steps() {
		// They come by the second, counted from when it is not known.
		d = b.at.Add((now.Sub(b.at) + d + time.Second - 1).Truncate(time.Second)).Sub(now)
	}
	return d
}

// steps reports whether tokens come at whole seconds, as they do where the rate is
// by the minute; of a limit that is not documented that is supposed.
func (b *bucket) steps() bool { return b.limit != freeLimit }

// level is how many tokens there are.
func (b *bucket) level(now time.Time) float64 {
	passed := now.Sub(b.at)
	if b.steps() {
		passed = passed.Truncate(time.Second)
	}
	return min(float64(b.limit), b.tokens+passed.Seconds()*b.rate)
}

// spend takes a token. The time that was no whole step stays.
func (b *bucket) spend(now time.Time) {
	if b.limit == 0 {
		return
	}
	passed := now.Sub(b.at)
	if b.steps() {
		passed = passed.Truncate(time.Second)
	}
	b.tokens, b.at = b.level(now)-1, b.at.Add(passed)
}

// Leave takes what an answer tells; see [transport.Pacer].
func (p *pace) Leave(req *http.Request, resp *http.Response) {
	g := group(req)
	if g == "" {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	defer func() {
		close(p.changed)
		p.changed = make(chan struct{})
	}()
	now := p.now()
	if _, known := p.groups[g]; !known {
		p.unknown = max(0, p.unknown-1)
	}
	if resp == nil {
		return
	}
	limit, remaining, ok := told(resp)
	if !ok {
		if _, known := p.groups[g]; !known && resp.StatusCode < http.StatusBadRequest {
			p.free(g) // no limit is told: there is none
		}
		return
	}
	b := p.buckets[limit]
	if b == nil {
		b = &bucket{limit: limit, rate: refills()[limit] * caution, tokens: float64(remaining), at: now}
		p.buckets[limit] = b
	}
	p.groups[g] = limit
	reset := resetIn(resp)
	if b.rate == 0 && reset > 0 && limit > remaining {
		b.rate = float64(limit-remaining) / reset.Seconds() * caution
	}
	// Answers come in any order: what they tell can only be less than was thought.
	// There is more where time passed.
	if level := b.level(now); float64(remaining) < level {
		b.tokens, b.at = float64(remaining), now
	}
	if resp.StatusCode == http.StatusTooManyRequests {
		b.tokens, b.at, b.closed = 0, now, now.Add(max(reset, time.Second))
	}
}

// free notes a group without limit.
func (p *pace) free(g string) {
	if p.buckets[0] == nil {
		p.buckets[0] = &bucket{}
	}
	p.groups[g] = 0
}

// told reads x-ratelimit-limit and -remaining.
func told(resp *http.Response) (limit, remaining int, ok bool) {
	limit, err := strconv.Atoi(resp.Header.Get("x-ratelimit-limit"))
	if err != nil || limit <= 0 {
		return 0, 0, false
	}
	remaining, err = strconv.Atoi(resp.Header.Get("x-ratelimit-remaining"))
	return limit, max(0, min(remaining, limit)), err == nil
}

// longestReset bounds what a reset may ask for.
const longestReset = 5 * time.Minute

// resetIn is how long until x-ratelimit-reset (epoch seconds), by the clock of the
// answer itself.
func resetIn(resp *http.Response) time.Duration {
	reset, err := strconv.ParseInt(resp.Header.Get("x-ratelimit-reset"), 10, 64)
	if err != nil {
		return 0
	}
	date, err := http.ParseTime(resp.Header.Get("Date"))
	if err != nil {
		date = time.Now()
	}
	return min(max(time.Unix(reset, 0).Sub(date), 0), longestReset)
}

// RetryAfter is the time until the bucket is full again; see [transport.Pacer].
func (p *pace) RetryAfter(resp *http.Response) (time.Duration, bool) {
	if _, _, ok := told(resp); !ok {
		return 0, false
	}
	return max(resetIn(resp), time.Second), true
}

// estimate is how long n requests take at the slowest limit that was told; 0 if
// none was.
func (p *pace) estimate(n int) time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	var longest time.Duration
	for _, b := range p.buckets {
		if b.limit == 0 || b.rate <= 0 {
			continue
		}
		lacks := float64(n) - b.level(p.now())
		longest = max(longest, time.Duration(max(0, lacks)/b.rate*float64(time.Second)))
	}
	return longest
}
