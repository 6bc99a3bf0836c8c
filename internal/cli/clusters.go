package cli

import (
	"slices"
	"strings"

	"github.com/idpctl/idpctl/config"
	"github.com/idpctl/idpctl/diag"
	"github.com/idpctl/idpctl/resource"
)

// chosen are those of all clusters that a user means by name: an instance, or all of a
// block; an empty name means all there are. blocks are the configuration's, and address
// is that of the instance which an element is about. It is an error if nothing is left
// to do, as a pipeline must not take that for success.
func chosen[T any](blocks []config.Block, all []T, address func(T) resource.Address, name string) ([]T, diag.Diagnostics) {
	var out []T
	var there []string
	for _, el := range all {
		at := address(el)
		there = append(there, at.String())
		if name == "" || isNamed(at.String(), name) || isNamed(at.Block().String(), name) {
			out = append(out, el)
		}
	}
	if len(out) > 0 {
		return out, nil
	}
	var diags diag.Diagnostics
	for _, b := range blocks {
		at := b.Address.String()
		if name != "" && !isNamed(at, name) {
			there = append(there, at)
			continue
		}
		if !slices.ContainsFunc(all, func(el T) bool { return address(el).Block() == b.Address }) {
			diags = append(diags, diag.Diagnostic{
				Summary: "The cluster has no instance", Subject: b.Range, Address: at,
				Detail: at + " has no instance: its count is 0, or its for_each has no element. So there is nothing that this command could be about. Give it an instance, or take the block out of the configuration.",
			})
		}
	}
	switch {
	case len(diags) > 0:
		return nil, diags
	case len(blocks) == 0:
		return nil, diags.Errorf("No cluster block", "The configuration has no cluster block, and this command is about one. Add one, or go to the folder whose configuration has it (-chdir).")
	}
	slices.Sort(there)
	return nil, diags.Errorf("No such cluster", "There is no cluster %q in the configuration. There is: %s.", name, shortList(slices.Compact(there), 6))
}

// named are the addresses of clusters.
func named[T any](list []T, address func(T) resource.Address) []string {
	out := make([]string, len(list))
	for i, el := range list {
		out[i] = address(el).String()
	}
	return out
}

// isNamed reports whether a cluster's address is what a user calls it. A shell takes
// the quotes of a key away.
func isNamed(address, name string) bool {
	return slices.Contains([]string{address, strings.ReplaceAll(address, `"`, "")}, name) ||
		!strings.HasPrefix(name, "cluster.") && isNamed(address, "cluster."+name)
}
