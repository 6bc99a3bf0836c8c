package transport

import (
	"net/http"
	"sync"
	"time"
)

// Clock is a server's clock as seen from here. What the server says in an
// answer is never later than its time now, so the latest of what it said is
// kept and moved on by the time that has passed here. The zero Clock shows
// the local time.
type Clock struct {
	mu   sync.Mutex
	said time.Time
	at   time.Time // local time of it, with its monotonic reading
}

// Observe tells the clock that the server's time was not before said.
func (c *Clock) Observe(said time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := time.Now()
	if c.at.IsZero() || said.After(c.said.Add(now.Sub(c.at))) {
		c.said, c.at = said, now
	}
}

// Known reports whether the server ever told its time.
func (c *Clock) Known() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return !c.at.IsZero()
}

// Now is the server's time; the local one as long as it is not known.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.at.IsZero() {
		return time.Now()
	}
	return c.said.Add(time.Since(c.at))
}

func (c *Clock) observeDate(h http.Header) {
	if date, err := http.ParseTime(h.Get("Date")); err == nil {
		c.Observe(date)
	}
}
