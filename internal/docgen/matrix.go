package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/idpctl/idpctl/providers"
	"github.com/idpctl/idpctl/resource"
)

// matrixPage says which block and which attribute exists with which provider.
func matrixPage(infos []providers.Info) string {
	var b strings.Builder
	b.WriteString(generated + "# The providers side by side\n\n" +
		"What a provider does not have is refused with the line where it stands, and with what to write instead.\n\n## Blocks\n\n")
	var names, rule []string
	for _, info := range infos {
		names, rule = append(names, info.Name), append(rule, "---")
	}
	head := func(what string) {
		fmt.Fprintf(&b, "| %s | %s |\n|---|%s|\n", what, strings.Join(names, " | "), strings.Join(rule, "|"))
	}
	row := func(name string, in func(providers.Info) string) {
		cells := make([]string, len(infos))
		for i, info := range infos {
			cells[i] = cell(in(info))
		}
		fmt.Fprintf(&b, "| %s | %s |\n", name, strings.Join(cells, " | "))
	}
	kinds := kindNames(infos)
	head("block")
	for _, name := range kinds {
		row("`"+name+"`", func(info providers.Info) string { return blockCell(info, name) })
	}
	for _, name := range kinds {
		row("`data \""+name+"\"`", func(info providers.Info) string { return dataCell(info, name) })
		if plural := pluralOf(infos, name); plural != "" {
			row("`data \""+plural+"\"`", func(info providers.Info) string {
				k, ok := kind(info, name)
				return yes(ok && k.Plural == plural)
			})
		}
	}
	for _, name := range append([]string{homeRow}, kinds...) {
		if isHome(infos, name) {
			continue
		}
		title := name
		if name == homeRow {
			title = strings.Join(homes(infos), ", ")
		}
		fmt.Fprintf(&b, "\n## %s\n\n", title)
		head("attribute")
		for _, attribute := range attributeNames(infos, name) {
			row("`"+attribute+"`", func(info providers.Info) string { return attributeCell(info, name, attribute) })
		}
	}
	return b.String()
}

// homeRow stands for the home of each provider: a realm here, a tenant there.
const homeRow = ""

func kind(info providers.Info, name string) (resource.Kind, bool) {
	if name == homeRow {
		name = home(info)
	}
	i := slices.IndexFunc(info.Kinds, func(k resource.Kind) bool { return k.Name == name })
	if i < 0 {
		return resource.Kind{}, false
	}
	return info.Kinds[i], true
}

// kindNames are the kinds of all providers, homes first.
func kindNames(infos []providers.Info) []string {
	all := homes(infos)
	for _, info := range infos {
		for _, k := range info.Kinds {
			if !slices.Contains(all, k.Name) {
				all = append(all, k.Name)
			}
		}
	}
	return all
}

func homes(infos []providers.Info) []string {
	var all []string
	for _, info := range infos {
		if name := home(info); !slices.Contains(all, name) {
			all = append(all, name)
		}
	}
	return all
}

func isHome(infos []providers.Info, name string) bool { return slices.Contains(homes(infos), name) }

func pluralOf(infos []providers.Info, name string) string {
	for _, info := range infos {
		if k, ok := kind(info, name); ok && k.Plural != "" {
			return k.Plural
		}
	}
	return ""
}

// attributeNames are those of a kind with any provider, in their order.
func attributeNames(infos []providers.Info, name string) []string {
	var all []string
	for _, info := range infos {
		k, _ := kind(info, name)
		for _, a := range k.Attributes {
			if !slices.Contains(all, a.Name) {
				all = append(all, a.Name)
			}
		}
	}
	return all
}

func yes(is bool) string {
	if is {
		return "yes"
	}
	return "–"
}

func blockCell(info providers.Info, name string) string {
	k, ok := kind(info, name)
	switch {
	case !ok:
		return "–" + instead(info.ForeignKinds[name])
	case k.DataOnly:
		return "– (write [`data \"" + name + "\"`](" + info.Type + "/" + name + ".md))"
	case k.AdoptOnly:
		return "[yes](" + info.Type + "/" + name + ".md), adopted only"
	}
	return "[yes](" + info.Type + "/" + name + ".md)"
}

func dataCell(info providers.Info, name string) string {
	k, ok := kind(info, name)
	if !ok || len(k.Lookup) == 0 {
		return "–"
	}
	switch {
	case k.Given:
		return "says itself what it is"
	case len(k.Lookup[0]) == 0:
		return "the only one"
	}
	ways := make([]string, len(k.Lookup))
	for i, names := range k.Lookup {
		ways[i] = list(names)
	}
	return "by " + strings.Join(ways, ", ")
}

func attributeCell(info providers.Info, name, attribute string) string {
	k, _ := kind(info, name)
	a, ok := k.Attribute(attribute)
	switch {
	case !ok:
		return "–" + instead(k.Foreign[attribute])
	case a.Required:
		return "required"
	case a.Computed && !a.Optional:
		return "set by the server"
	}
	return "yes"
}

// instead is what to write where there is no such name.
func instead(f resource.Foreign) string {
	if f.Instead == "" {
		return ""
	}
	return " (" + strings.ToLower(f.Instead[:1]) + f.Instead[1:] + ")"
}
