package auth0_test

import (
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/idpctl/idpctl/emulator/auth0"
)

// limits are the headers of an answer; reset as seconds from now on.
func (tn *tenant) limits(a answer) []string {
	reset, _ := strconv.ParseInt(a.header.Get("x-ratelimit-reset"), 10, 64)
	return []string{strconv.Itoa(a.status), a.header.Get("x-ratelimit-limit"), a.header.Get("x-ratelimit-remaining"), strconv.FormatInt(reset-tn.now.Unix(), 10)}
}

// A free tenant: two at once, two a second, by milliseconds (section 11).
func TestFreeRate(t *testing.T) {
	tn := start(t, auth0.Options{Rate: auth0.FreeRate()})
	tn.now = tn.now.Truncate(time.Second)
	for _, tt := range []struct {
		wait time.Duration
		want string
	}{
		{0, "200 2 1 1"}, {0, "200 2 0 1"}, {0, "429 2 0 1"}, {499 * time.Millisecond, "429 2 0 1"}, {time.Millisecond, "200 2 0 2"}, {time.Hour, "200 2 1 1"},
	} {
		tn.now = tn.now.Add(tt.wait)
		equal(t, tt.wait.String(), strings.Join(tn.limits(tn.do(t, "GET users", "")), " "), tt.want)
	}
	// The second 429 came too early: a token was there 500 ms after the first.
	equal(t, "violations", tn.Violations(), []auth0.Violation{{Request: "GET users", Early: time.Millisecond}})
	equal(t, "throttled", tn.Throttled(), 2)
	tn.do(t, "GET users", "")
	a := tn.do(t, "GET roles", "")
	equal(t, "error", []string{a.str("errorCode"), a.str("message"), a.header.Get("Retry-After")}, []string{"too_many_requests", "Global limit has been reached", ""})
}

// Essentials: a bucket for each group, refilled at whole seconds (section 11).
func TestEssentialsRate(t *testing.T) {
	rate := auth0.EssentialsRate()
	rate.RetryAfter = true
	tn := start(t, auth0.Options{Rate: rate})
	tn.now = tn.now.Truncate(time.Second)
	for _, tt := range []struct {
		request string
		burst   int
	}{{"GET users", 40}, {"POST users", 20}, {"DELETE users/x", 20}, {"GET clients", 5}, {"GET connections", 5}, {"GET roles", 10}} {
		for i := range tt.burst {
			a := tn.do(t, tt.request, "")
			if a.status == 429 || a.header.Get("x-ratelimit-remaining") != strconv.Itoa(tt.burst-1-i) {
				t.Fatalf("%s %d: %d %v", tt.request, i, a.status, a.header)
			}
		}
		if a := tn.do(t, tt.request, ""); a.status != 429 {
			t.Errorf("%s: %d", tt.request, a.status)
		}
	}
	// 100 a minute is one in 0.6 s, and it comes at the next whole second.
	equal(t, "Retry-After", tn.do(t, "GET clients", "").header.Get("Retry-After"), "1")
	tn.now = tn.now.Add(999 * time.Millisecond)
	equal(t, "before", tn.do(t, "GET clients", "").status, 429)
	tn.now = tn.now.Add(time.Millisecond)
	equal(t, "then", []int{tn.do(t, "GET clients", "").status, tn.do(t, "GET clients", "").status}, []int{200, 429})
	equal(t, "lookups of a role", tn.do(t, "GET roles/x", "").status, 404)
	tn.ResetRequests()
	equal(t, "violations", len(tn.Violations()), 0)
}
