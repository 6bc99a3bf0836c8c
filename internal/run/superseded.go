package run

import (
	"slices"

	"github.com/idpctl/idpctl/diag"
)

// The summaries of warnings that nobody could administer a cluster by a target.
const (
	noAdmin       = "No admin"
	noAdminSignIn = "No admin can sign in"
)

// Superseded is diags without the warnings of a plan that others say as well: that a
// target would leave its cluster without an admin, which an apply refuses.
func Superseded(diags, others diag.Diagnostics) diag.Diagnostics {
	return slices.DeleteFunc(slices.Clone(diags), func(d diag.Diagnostic) bool {
		return d.Severity == diag.Warning && (d.Summary == noAdmin || d.Summary == noAdminSignIn) &&
			slices.ContainsFunc(others, func(o diag.Diagnostic) bool { return o.Address == d.Address })
	})
}
