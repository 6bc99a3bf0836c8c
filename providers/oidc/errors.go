package oidc

import (
	"errors"
	"slices"
	"strings"

	"github.com/idpctl/idpctl/oidc"
	"github.com/idpctl/idpctl/providers"
)

// explain turns an error of package oidc into one of a provider. Those of the
// transport pass through it, and say more about connections and the provider block.
func (c *conn) explain(err error) error {
	var ours *providers.Error
	if errors.As(err, &ours) {
		if ours.Attribute == "" {
			told := *ours
			told.Attribute = "issuer"
			return &told
		}
		return ours
	}
	var summaries, hints []string
	out := &providers.Error{Class: providers.Invalid, Attribute: "issuer", Err: err}
	for _, e := range all(err) {
		summaries = append(summaries, e.Summary)
		if hint := strings.TrimSpace(e.Hint); hint != "" && !slices.Contains(hints, hint) {
			hints = append(hints, hint)
		}
		if e.Kind == oidc.ForeignOrigin {
			hints = append(hints, "To allow it, write the origin in allowed_origins of the provider block.")
		}
		if e.Status != 0 {
			out.Status, out.RetryAfter = e.Status, e.RetryAfter
		}
		out.Class = class(e.Kind)
	}
	if len(summaries) == 0 {
		return &providers.Error{Class: providers.Internal, Summary: "The issuer could not be looked at", Err: err}
	}
	out.Summary, out.Hint = capital(strings.Join(summaries, "; ")), strings.Join(hints, " ")
	return out
}

// all are the errors of package oidc that err is or joins.
func all(err error) []*oidc.Error {
	var joined interface{ Unwrap() []error }
	if errors.As(err, &joined) {
		var out []*oidc.Error
		for _, e := range joined.Unwrap() {
			out = append(out, all(e)...)
		}
		return out
	}
	var e *oidc.Error
	if errors.As(err, &e) {
		return []*oidc.Error{e}
	}
	return nil
}

// class says what a kind of error means to a run.
func class(kind oidc.ErrorKind) providers.Class {
	switch kind {
	case oidc.Interrupted:
		return providers.NotAttempted
	case oidc.Unreachable, oidc.Untrusted, oidc.TimedOut:
		return providers.Unreachable
	default:
		return providers.Invalid
	}
}

// capital begins a sentence, unless it begins with an address or a member's name.
func capital(s string) string {
	first, _, _ := strings.Cut(s, " ")
	if s == "" || strings.ContainsAny(first, ":_") {
		return s
	}
	return strings.ToUpper(s[:1]) + s[1:]
}
