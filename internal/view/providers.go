package view

import (
	"slices"
	"strings"
)

// Provider is one identity provider that is built in.
type Provider struct {
	Type  string   `json:"type"`
	Name  string   `json:"name"`
	Kinds []string `json:"kinds"`
	// DataOnly are the kinds of which there are data blocks and no others.
	DataOnly []string `json:"data_only"`
	// Configured are the names of its provider blocks.
	Configured []string `json:"configured"`
}

// Providers lists them, one a row.
func (v *View) Providers(list []Provider) error {
	if v.opts.JSON {
		return v.object(struct {
			header
			Providers []Provider `json:"providers"`
		}{headerOf("providers"), list})
	}
	rows := make([][]string, len(list))
	for i, p := range list {
		kinds := slices.Clone(p.Kinds)
		for _, k := range p.DataOnly {
			kinds = append(kinds, "data "+k)
		}
		rows[i] = []string{p.Type, p.Name, strings.Join(kinds, ", "), strings.Join(p.Configured, ", ")}
	}
	return v.Table([]string{"type", "name", "kinds", "configured here"}, rows)
}

// Permission is one that the configuration needs.
type Permission struct {
	Provider   string `json:"provider"`
	Permission string `json:"permission"`
	// Why completes "It is needed to …".
	Why string `json:"needed_to"`
}

// Permissions lists them, one a row.
func (v *View) Permissions(list []Permission) error {
	if v.opts.JSON {
		return v.object(struct {
			header
			Permissions []Permission `json:"permissions"`
		}{headerOf("permissions"), list})
	}
	rows := make([][]string, len(list))
	for i, p := range list {
		rows[i] = []string{p.Provider, p.Permission, p.Why}
	}
	return v.Table([]string{"provider", "permission", "needed to"}, rows)
}
