// Package conformance is one test suite for every identity provider. It knows
// none by name: it reads from Info what kinds of objects there are and what
// their attributes are like, makes values that fit, and checks that List and
// Apply keep the contract of package providers.
//
// What was written must be read back as the plan wants it: package plan decides
// whether anything is left to do, as it does for users, and after every apply
// nothing may be.
//
// A provider's test says how to start a target, and gives values where they
// cannot be made up:
//
//	conformance.Run(t, conformance.Harness{
//		Start: func(t *testing.T) conformance.Target { … },
//		Samples: map[string]conformance.Sample{
//			"realm.login_theme": conformance.Values(cty.StringVal("keycloak"), cty.StringVal("base")),
//		},
//	})
package conformance

import (
	"context"
	"testing"

	"github.com/zclconf/go-cty/cty"

	"github.com/idpctl/idpctl/providers"
	"github.com/idpctl/idpctl/resource"
)

// Harness is what the suite has to know of one provider and its target.
type Harness struct {
	// Start makes a target ready; it is called once for every check, may
	// return the same server each time, and cleans up by t.Cleanup.
	Start func(t *testing.T) Target
	// Wrap runs a check. synctest.Test makes time virtual, and then Start is
	// called within its bubble; nil runs the check as it is.
	Wrap func(t *testing.T, check func(t *testing.T))

	// Pages are the page sizes at which the provider's answers are cut, by
	// kind: around each, the suite makes objects and counts them. A kind that is
	// not named is not tried.
	Pages map[string]int
	// Bulk is how many operations the provider sends in one request; the suite
	// tries one more. 0 where it sends each alone.
	Bulk int

	// Samples gives values for attributes that the suite finds none for, by
	// kind and attribute, also of a block: "user.phone", "realm.mail.host".
	Samples map[string]Sample
	// Always holds attributes that every object of a kind is given, and that
	// are not varied.
	Always map[string]map[string]cty.Value
	// Full holds attributes that objects are given on which everything is set
	// at once, where the samples of single attributes exclude each other. Null
	// leaves an attribute out.
	Full map[string]map[string]cty.Value
	// Refused gives values that the server refuses although the kinds' checks let
	// them pass, by kind and attribute, as in "user.username".
	Refused map[string][]cty.Value
	// Frozen names attributes that the target cannot vary, with the reason, as
	// in "tenant.region": "fixed by the contract". They are read only.
	Frozen map[string]string
	// Names gives further keys by which an object that can only be adopted is
	// found, such as the other domains of a tenant, by kind.
	Names map[string][]map[string]string
	// CreatedUnknown names the kinds of which the server does not tell when an
	// object was made.
	CreatedUnknown []string

	// Home prepares an object that others are about to be made in, beyond what
	// its attributes can say; nil if nothing has to be.
	Home func(t *testing.T, o resource.Object)
	// Stored returns a write-only value that the target holds, by the path of
	// its attribute ("pin", "mail.password"); nil if it cannot be looked at.
	Stored func(t *testing.T, o resource.Object, path string) string
	// SignIn reports whether a password is right, and whether it has to be
	// changed; nil if that cannot be tried.
	SignIn func(t *testing.T, o resource.Object, password string) (right, temporary bool)
}

// Target is a running identity provider and how to connect to it.
type Target struct {
	Provider providers.Provider
	// Config opens connections. Its Wait and Log are the suite's.
	Config providers.Config
	// Faults makes requests fail; nil if nothing can.
	Faults Faults
}

// Faults makes requests to a target fail.
type Faults interface {
	// Fail makes the next times requests fail that change objects, or with
	// reads those that read them; a negative number means all. A request for a
	// token or for discovery is neither.
	Fail(f Fault, reads bool, times int)
	// Heal ends what Fail began.
	Heal()
}

// Fault is a way to fail.
type Fault uint8

const (
	// TooManyRequests: 429 with Retry-After: 1; the server does nothing.
	TooManyRequests Fault = iota + 1
	// Unavailable: 503; the server does nothing.
	Unavailable
	// BadGateway and GatewayTimeout: 502 and 504; the server does nothing, which
	// the client cannot know.
	BadGateway
	GatewayTimeout
	// InternalError: 500; the server does nothing, which the client cannot know.
	InternalError
	// DropBefore: the connection ends before the server does anything.
	DropBefore
	// CommitThenDrop: the server does it, and the connection ends before the
	// answer.
	CommitThenDrop
)

// String names the fault.
func (f Fault) String() string {
	switch f {
	case TooManyRequests:
		return "429"
	case Unavailable:
		return "503"
	case BadGateway:
		return "502"
	case GatewayTimeout:
		return "504"
	case InternalError:
		return "500"
	case DropBefore:
		return "drop before"
	case CommitThenDrop:
		return "commit, then drop"
	default:
		return "none"
	}
}

// Sample makes values for one attribute.
type Sample struct {
	// Value returns the nth value; n counts from 0, and the values of any two
	// numbers that follow each other differ. For attributes of a key they all do.
	Value func(n int) cty.Value
	// With are attributes beside it (of the object, or of the same block) that
	// are set whenever it is.
	With map[string]cty.Value
	// Moves names attributes of the object that the server changes with it, of
	// its own accord.
	Moves []string
}

// Values is the sample that goes round through values, at least two.
func Values(v ...cty.Value) Sample {
	return Sample{Value: func(n int) cty.Value { return v[n%len(v)] }}
}

// Run runs the suite.
func Run(t *testing.T, h Harness) {
	t.Helper()
	wrap := h.Wrap
	if wrap == nil {
		wrap = func(t *testing.T, check func(t *testing.T)) { check(t) }
	}
	for _, c := range checks(h.info(t)) {
		t.Run(c.name, func(t *testing.T) {
			wrap(t, func(t *testing.T) {
				h.examine(t, c, func(problem string) { t.Error(problem) })
			})
		})
	}
}

// info starts a target to learn what kinds there are.
func (h *Harness) info(t *testing.T) (info providers.Info) {
	t.Helper()
	get := func(t *testing.T) { info = h.Start(t).Provider.Info() }
	if h.Wrap != nil {
		h.Wrap(t, get)
	} else {
		get(t)
	}
	return info
}

// check is one thing to look at. It finds its problems by itself.
type check struct {
	name string
	run  func(*run)
}

// examine runs one check on a target of its own.
func (h *Harness) examine(t *testing.T, c check, problem func(string)) {
	t.Helper()
	target := h.Start(t)
	r := newRun(t, h, target, problem)
	defer r.close()
	r.try("", func() {
		r.open()
		c.run(r)
	})
}

// checks are those that apply to the provider's kinds.
func checks(info providers.Info) []check {
	all := []check{
		{"info", (*run).checkInfo},
		{"connection", (*run).checkConnection},
	}
	for _, k := range info.Kinds {
		add := func(name string, f func(*run, resource.Kind)) {
			all = append(all, check{k.Name + "/" + name, func(r *run) { f(r, k) }})
		}
		if k.DataOnly {
			add("looked up", (*run).checkLookedUp)
			continue
		}
		if k.AdoptOnly {
			add("adopted", (*run).checkAdopted)
			continue
		}
		add("round trip", (*run).checkRoundTrip)
		add("each attribute alone", (*run).checkAlone)
		add("each attribute changed", (*run).checkChange)
		add("each attribute unset", (*run).checkUnset)
		add("odd texts", (*run).checkOddTexts)
		add("partial attributes", (*run).checkPartial)
		add("write-only attributes", (*run).checkWriteOnly)
		add("normalised attributes", (*run).checkNormalised)
		add("replace", (*run).checkReplace)
		add("ids and duplicates", (*run).checkIdentity)
		add("upsert key", (*run).checkUpsertKey)
		add("found by marker", (*run).checkFoundByMarker)
		add("delete", (*run).checkDelete)
		add("restored", (*run).checkRestored)
		add("marker", (*run).checkMarker)
		add("created", (*run).checkCreated)
		add("credential", (*run).checkCredential)
		add("contents", (*run).checkContents)
		add("queries", (*run).checkQueries)
		add("filters", (*run).checkFilters)
		add("pages", (*run).checkPages)
		add("absent parent", (*run).checkAbsentParent)
		add("batches", (*run).checkBatches)
		add("cancelled", (*run).checkCancelled)
		add("refusals foreseen", (*run).checkForeseen)
		add("strangers", (*run).checkStrangers)
		add("faults", (*run).checkFaults)
	}
	return all
}

// background is the context of what must happen although a check has failed.
func background() context.Context { return context.Background() }
