package entra

import (
	"math"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// meter is what an application has used of its quota (section 7).
type meter struct {
	unitsFrom, writesFrom time.Time
	units, writes         float64
	// refused counts the 429s, until is when the last one's Retry-After is over.
	refused int
	until   time.Time
	// told is when the first of the 429s was given that are not over.
	told       time.Time
	violations []Violation
}

// Violation is a request that came before the Retry-After of a 429 was over.
type Violation struct {
	// Request is the route, such as "GET users/{id}".
	Request string
	// Early is how much too early it came.
	Early time.Duration
}

// cost is what the request costs in resource units.
func (c *call) cost() float64 {
	units := max(c.rt.units, 1)
	if c.query.Has("$select") {
		units--
	}
	if top, err := strconv.Atoi(c.query.Get("$top")); err == nil && top < 20 {
		units--
	}
	if c.query.Has("$expand") {
		units++
	}
	return max(units, 1)
}

// underWay is how long requests may be on their way.
const underWay = 100 * time.Millisecond

// throttle charges the request, and refuses it if the quota is used up.
// Requests that are refused count as well.
func (c *call) throttle() error {
	cost, m, limit, now := c.cost(), &c.meter, c.opts.Throttle, c.now()
	c.header.Set("x-ms-resource-unit", strconv.FormatFloat(cost, 'f', -1, 64))
	if !limit.On {
		return nil
	}
	// What was under way when the 429 was given could not know of it.
	if early := m.until.Sub(now); early > 0 && now.After(m.told.Add(underWay)) {
		m.violations = append(m.violations, Violation{c.rt.name(), early})
	}
	if !now.Before(m.unitsFrom.Add(limit.UnitWindow)) {
		m.unitsFrom, m.units = now, 0
	}
	if !now.Before(m.writesFrom.Add(limit.WriteWindow)) {
		m.writesFrom, m.writes = now, 0
	}
	m.units += cost
	write := c.rt.method != http.MethodGet && !c.rt.harmless
	if write {
		m.writes++
	}
	used := m.units / limit.Units
	wait := time.Duration(0)
	if m.units > limit.Units {
		wait = m.unitsFrom.Add(limit.UnitWindow).Sub(now)
	}
	if write && m.writes > limit.Writes {
		used = max(used, m.writes/limit.Writes)
		wait = max(wait, m.writesFrom.Add(limit.WriteWindow).Sub(now))
	}
	if used >= 0.8 {
		c.header.Set("x-ms-throttle-limit-percentage", strconv.FormatFloat(min(used, 1.8), 'f', 1, 64))
	}
	if wait == 0 {
		return nil
	}
	m.refused++
	e := graphError(http.StatusTooManyRequests, "TooManyRequests", "Too many requests.")
	e.header = http.Header{"X-Ms-Throttle-Scope": {"Tenant_Application/ReadWrite/" + c.caller.appID + "/" + c.opts.TenantID}}
	if n := limit.OmitRetryAfter; n > 0 && m.refused%n == 0 {
		return e
	}
	after := strconv.Itoa(int(math.Ceil(wait.Seconds())))
	if c.batched && limit.Decimal {
		// Rounded up, as the quota is there after it.
		after = strconv.FormatFloat(math.Ceil(wait.Seconds()*1000)/1000, 'f', 3, 64)
		if !strings.Contains(strings.TrimRight(after, "0"), ".") || strings.HasSuffix(after, ".000") {
			after = strconv.FormatFloat(wait.Seconds()+0.001, 'f', 3, 64)
		}
	}
	seconds, _ := strconv.ParseFloat(after, 64)
	if !now.Before(m.until) {
		m.told = now
	}
	m.until = now.Add(min(wait, time.Duration(seconds*float64(time.Second))))
	e.header.Set("Retry-After", after)
	return e
}

// Violations returns the requests that came before the Retry-After of an
// earlier 429 was over.
func (s *Server) Violations() []Violation {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.meter.violations)
}

// Throttled returns how many requests got a 429.
func (s *Server) Throttled() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.meter.refused
}
