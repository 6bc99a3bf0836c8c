package keycloak

import (
	"math"
	"net/http"
	"time"
)

// loginFailures are the failed sign-ins of a user in a realm with brute force
// protection.
type loginFailures struct {
	count, lockouts int64
	last            time.Time
	until           time.Time // locked until then
	permanent       bool
}

// lockedOut reports whether a user may not sign in for now.
func (rm *realm) lockedOut(u *user, now time.Time) bool {
	f := rm.failures[u.id]
	return is(rm.rep, "bruteForceProtected") && f != nil && (f.permanent || now.Before(f.until))
}

// signInAllowed checks a password. With brute force protection it counts
// failures, and refuses the right password while the user is locked out, with
// the same answer.
func (c *call) signInAllowed(u *user, value string) bool {
	now := c.now()
	if c.realm.lockedOut(u, now) {
		return false
	}
	if u.password.matches(value) {
		delete(c.realm.failures, u.id)
		return true
	}
	if is(c.realm.rep, "bruteForceProtected") {
		c.realm.countFailure(u, now)
	}
	return false
}

// countFailure notes a failed sign-in. Source:
// org.keycloak.services.managers.DefaultBruteForceProtector.
func (rm *realm) countFailure(u *user, now time.Time) {
	f := rm.failures[u.id]
	if f == nil || now.After(f.last.Add(rm.seconds("maxDeltaTimeSeconds"))) {
		f = &loginFailures{}
		rm.failures[u.id] = f
	}
	quick, _ := number(rm.rep, "quickLoginCheckMilliSeconds")
	tooQuick := !f.last.IsZero() && now.Sub(f.last) < time.Duration(quick)*time.Millisecond
	f.count++
	f.last = now
	factor, _ := number(rm.rep, "failureFactor")
	limit, _ := number(rm.rep, "maxTemporaryLockouts")
	if f.count < max(factor, 1) {
		if tooQuick {
			f.until = now.Add(rm.seconds("minimumQuickLoginWaitSeconds"))
		}
		return
	}
	if is(rm.rep, "permanentLockout") && f.lockouts >= limit {
		f.permanent = true
		u.enabled = false
		if u.attributes == nil {
			u.attributes = map[string][]string{}
		}
		u.attributes["disabledReason"] = []string{"permanentLockout"}
		return
	}
	times := f.count / max(factor, 1)
	if str(rm.rep, "bruteForceStrategy") == "LINEAR" {
		times = f.count - factor + 1
	}
	wait := min(rm.seconds("waitIncrementSeconds")*time.Duration(times), rm.seconds("maxFailureWaitSeconds"))
	f.lockouts++
	f.until = now.Add(wait)
}

// getFailures is GET /attack-detection/brute-force/users/{id}.
func (c *call) getFailures() (reply, error) {
	o := object{"failedLoginNotBefore": 0, "numFailures": 0, "numTemporaryLockouts": 0, "disabled": false,
		"numSecondaryAuthFailures": 0, "lastIPFailure": "n/a", "lastFailure": 0}
	if f := c.realm.failures[c.params["id"]]; f != nil {
		o["numFailures"], o["numTemporaryLockouts"] = f.count, f.lockouts
		o["lastIPFailure"], o["lastFailure"] = "127.0.0.1", f.last.UnixMilli()
		o["disabled"] = f.permanent || c.now().Before(f.until)
		if f.permanent {
			o["failedLoginNotBefore"] = int64(math.MaxInt64)
		} else if !f.until.IsZero() {
			o["failedLoginNotBefore"] = f.until.Unix()
		}
	}
	return ok(o)
}

// clearFailures is DELETE of one user's failures, or of all.
func (c *call) clearFailures() (reply, error) {
	if id, one := c.params["id"]; one {
		delete(c.realm.failures, id)
	} else {
		clear(c.realm.failures)
	}
	return reply{status: http.StatusNoContent}, nil
}
