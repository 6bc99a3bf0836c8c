// Package testfault has the requests to an emulator, or to a real server behind a proxy
// of ours, fail as the conformance suite asks for it. It is for tests alone.
package testfault

import (
	"net/http"
	"regexp"

	"github.com/idpctl/idpctl/emulator/fault"
	"github.com/idpctl/idpctl/providers/conformance"
)

// Faults make requests to one server fail. It is a [conformance.Faults].
type Faults struct {
	Injector *fault.Injector
	// Path is that of the requests that may fail.
	Path *regexp.Regexp
	// TooMany is how the server says that there are too many requests.
	TooMany func() fault.Action
	// Failed is what it answers with where it fails itself.
	Failed string
}

// Fail has the next requests fail; see [conformance.Faults].
func (f Faults) Fail(what conformance.Fault, reads bool, times int) {
	f.Injector.Reset()
	rule := fault.Rule{Times: max(times, 0), Path: f.Path, Mutating: !reads, Reading: reads}
	switch what {
	case conformance.TooManyRequests:
		rule.Do = f.TooMany()
	case conformance.Unavailable:
		rule.Do = fault.Status(http.StatusServiceUnavailable, f.Failed, nil)
	case conformance.BadGateway:
		rule.Do = gateway(http.StatusBadGateway)
	case conformance.GatewayTimeout:
		rule.Do = gateway(http.StatusGatewayTimeout)
	case conformance.InternalError:
		rule.Do = fault.Status(http.StatusInternalServerError, f.Failed, nil)
	case conformance.DropBefore:
		rule.Do = fault.DropBefore()
	case conformance.CommitThenDrop:
		rule.Do = fault.CommitThenDrop()
	}
	f.Injector.Add(rule)
}

// gateway is the answer of what stands before the server.
func gateway(status int) fault.Action {
	return fault.Status(status, "<html><body>"+http.StatusText(status)+"</body></html>", http.Header{"Content-Type": {"text/html"}})
}

// Heal ends all faults; see [conformance.Faults].
func (f Faults) Heal() { f.Injector.Reset() }
