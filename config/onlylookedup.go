package config

import (
	"fmt"
	"slices"

	"github.com/idpctl/idpctl/providers"
)

// onlyLookedUp says what to write instead of a block of a kind of which a provider has
// no such one, but a data block that finds one object; "" if it has not.
func onlyLookedUp(info providers.Info, b *block) string {
	k, ok := info.Kind(b.kindName)
	if !ok || len(k.Lookup) == 0 || b.typ == DataBlock && !b.plural {
		return ""
	}
	many := ""
	if b.typ == DataBlock {
		many = ", with for_each for several"
	} else if !k.DataOnly {
		return ""
	}
	var args []string
	for _, name := range slices.Concat([]string{k.Parent}, k.Lookup[0]) {
		if name != "" {
			args = append(args, name)
		}
	}
	with := ""
	if len(args) > 0 {
		with = " with " + list(args, "and")
	}
	why := "idpctl changes nothing there, and refers to what exists already"
	if b.typ == DataBlock {
		why = "Nobody can be searched for there"
	}
	return fmt.Sprintf(" %s: write data %q %q { … }%s%s.", why, k.Name, b.addr.Name, with, many)
}
