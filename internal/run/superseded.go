package run

import (
	"slices"

	"github.com/idpctl/idpctl/diag"
)

// noAdmin is the summary of the warning that a target lists nobody.
const noAdmin = "No admin"

// Superseded is diags without the warnings of a plan that others say as well, and more:
// that a target would list no admin any more, which an apply refuses.
func Superseded(diags, others diag.Diagnostics) diag.Diagnostics {
	return slices.DeleteFunc(slices.Clone(diags), func(d diag.Diagnostic) bool {
		return d.Severity == diag.Warning && d.Summary == noAdmin &&
			slices.ContainsFunc(others, func(o diag.Diagnostic) bool { return o.Address == d.Address })
	})
}
