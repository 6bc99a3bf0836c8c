package config

import (
	"slices"

	"github.com/idpctl/idpctl/providers"
)

// Permissions are those of a provider that a configuration needs, each once, and
// without those that others of them include.
func (m *Module) Permissions(info providers.Info) []providers.Permission {
	var needed []providers.Permission
	names := map[string]bool{}
	for _, p := range info.Permissions {
		if !names[p.Name] && (p.Kind == "" || m.uses(info, p.Kind, p.Managed, p.Attributes)) {
			names[p.Name] = true
			needed = append(needed, p)
		}
	}
	return slices.DeleteFunc(needed, func(p providers.Permission) bool {
		return slices.ContainsFunc(p.Within, func(name string) bool { return names[name] })
	})
}
