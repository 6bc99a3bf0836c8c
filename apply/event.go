package apply

import (
	"time"

	"github.com/idpctl/idpctl/diag"
	"github.com/idpctl/idpctl/plan"
	"github.com/idpctl/idpctl/resource"
	"github.com/idpctl/idpctl/state"
)

// EventKind says what happened to one object or file during an apply.
type EventKind uint8

const (
	// Started: its request is about to be sent.
	Started EventKind = iota
	// Done: it is done and recorded.
	Done
	// Failed: it could not be done; Message says why.
	Failed
	// Skipped: it was not tried, as something it needs failed or the run was
	// interrupted; Message says which.
	Skipped
	// Waiting: requests wait before they are repeated (rate limit, server not
	// ready); Message says for what and how long. It has no address.
	Waiting
	// Note: something that the user should know and that is no failure, such
	// as a mail that may arrive twice.
	Note
)

// Event is one step of an apply, for progress displays. Texts hold no secret.
type Event struct {
	Kind    EventKind
	Address resource.Address
	Action  plan.Action
	// Adopt: the object comes under management by this step.
	Adopt   bool
	ID      string
	Message string
	// At is when it happened, by the local clock.
	At time.Time
}

// Failure is one object or file that could not be done, or was not tried.
type Failure struct {
	Address resource.Address
	Action  plan.Action
	// Diagnostic says why, and points at the configuration.
	Diagnostic diag.Diagnostic
}

// Summary is what an apply did.
type Summary struct {
	Added, Changed, Destroyed, Adopted, Forgotten, Files int
	// Failed were tried and could not be done, or not wholly.
	Failed []Failure
	// NotTried depend on one that failed, or were left by an interruption.
	NotTried []Failure
	// Interrupted: the user stopped the run; what was in flight was finished.
	Interrupted bool
	// Credentials were made by this apply and are still to be shown, if it had
	// no Deliver; Shown settles them once they were.
	Credentials []Credential
	// Shown are the records that note the delivery of Credentials.
	Shown []state.Record
	// Diagnostics are the warnings and errors that concern no single object.
	Diagnostics diag.Diagnostics
}

// OK reports that everything was done.
func (s *Summary) OK() bool {
	return len(s.Failed) == 0 && len(s.NotTried) == 0 && !s.Interrupted && !s.Diagnostics.HasErrors()
}

// Credential is a first password that idpctl made.
type Credential struct {
	Address   resource.Address
	UserName  string
	Password  resource.Secret
	Temporary bool
}
