package oidc

import "fmt"

// Status is the outcome of a [Check].
type Status uint8

const (
	// Passed: as it has to be.
	Passed Status = iota
	// Failed: InfluxDB or influxctl would not work with it.
	Failed
	// Warned: it works, and somebody should look at it.
	Warned
	// Skipped: could not be looked at, or does not apply; Hint says why.
	Skipped
)

// String is "passed", "failed", "warned" or "skipped".
func (s Status) String() string {
	switch s {
	case Passed:
		return "passed"
	case Failed:
		return "failed"
	case Warned:
		return "warned"
	case Skipped:
		return "skipped"
	default:
		return fmt.Sprintf("status %d", uint8(s))
	}
}

// MarshalText writes the status as String does.
func (s Status) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// Check is one thing that was looked at: what was found, what was wanted, and
// what to do. Its texts hold no secret and no control characters.
type Check struct {
	// ID names the check for machines: "issuer.match", "token.signature". It
	// never changes its meaning.
	ID string `json:"id"`
	// Name names it for people.
	Name   string `json:"name"`
	Status Status `json:"status"`
	// Value is what was found; may be empty.
	Value string `json:"value,omitempty"`
	// Want is what was wanted, where that is not plain from the name.
	Want string `json:"want,omitempty"`
	// Hint says why it failed and what to do, in whole sentences. Empty if
	// there is nothing to do.
	Hint string `json:"hint,omitempty"`
}

// AnyFailed reports whether a check failed. Warned and skipped ones have not.
func AnyFailed(checks []Check) bool {
	for _, c := range checks {
		if c.Status == Failed {
			return true
		}
	}
	return false
}

// failure turns an error into a failed check.
func failure(id, name string, err error) Check {
	e := asError(err)
	return Check{ID: id, Name: name, Status: Failed, Value: e.Summary, Hint: e.Hint}
}
