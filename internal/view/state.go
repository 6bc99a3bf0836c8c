package view

import (
	"fmt"
	"strings"

	"github.com/zclconf/go-cty/cty"

	"github.com/idpctl/idpctl/plan"
	"github.com/idpctl/idpctl/resource"
)

// StateFile is a file of a cluster that the state knows.
type StateFile struct {
	Address resource.Address
	Kind    string
	Path    string
	// Admins is how many users in it idpctl put there.
	Admins int
	// Profile is the profile of influxctl in it; empty for a file that lists admins.
	Profile string
}

// StateList shows what the state knows: a table on a terminal, or if it is
// asked for, and elsewhere the addresses alone, one a line, for scripts.
func (v *View) StateList(objects []*plan.Prior, files []StateFile, table bool) error {
	switch {
	case v.opts.JSON:
		return v.stateJSON("state_list", objects, files, nil, false)
	case table || v.opts.Terminal:
		rows := make([][]string, 0, len(objects)+len(files))
		for _, o := range objects {
			rows = append(rows, []string{o.Address.String(), o.ID, string(o.Origin), o.Provider})
		}
		for _, f := range files {
			rows = append(rows, []string{f.Address.String(), f.Path, "file", ""})
		}
		return v.Table([]string{"Address", "ID", "Origin", "Provider"}, rows)
	}
	var b strings.Builder
	for _, o := range objects {
		b.WriteString(line(o.Address.String()) + "\n")
	}
	for _, f := range files {
		b.WriteString(line(f.Address.String()) + "\n")
	}
	return v.write(b.String())
}

// Show shows objects as the state has them, a block for each, files and
// outputs.
func (v *View) Show(objects []*plan.Prior, files []StateFile, outputs []OutputValue) error {
	if v.opts.JSON {
		return v.stateJSON("state", objects, files, outputs, true)
	}
	w := &planWriter{printer: printer{style: v.style, width: v.opts.Width}, view: v, names: map[string]string{}}
	for _, o := range objects {
		w.names[o.ID] = line(o.Address.String())
	}
	between := func() {
		if w.Len() > 0 {
			w.WriteByte('\n')
		}
	}
	for _, o := range objects {
		between()
		kind, _ := v.kind(o.Provider, o.Kind)
		w.WriteString(w.style.dim("# "+line(o.Address.String())+" ("+remark(o)+")") + "\n")
		w.WriteString(blockLabel(o.Address) + " {\n")
		id := values{}.whole(signNone, "id", cty.StringVal(o.ID))
		w.nodes(2, append([]node{id}, w.all(signNone, kind.Attributes, v.recorded(o))...))
		w.WriteString("}\n")
	}
	for _, f := range files {
		between()
		what := plural(f.Admins, "admin") + " of idpctl"
		if f.Profile != "" {
			what = "profile " + line(f.Profile)
		}
		w.WriteString(w.style.dim(fmt.Sprintf("# %s: %s (%s)", line(f.Address.String()), line(f.Path), what)) + "\n")
	}
	if len(outputs) == 0 {
		return v.write(w.String())
	}
	between()
	w.WriteString(w.style.bold("Outputs:") + "\n\n")
	if err := v.write(w.String()); err != nil {
		return err
	}
	return v.Outputs(outputs)
}

// remark says how the object came under management, and by which provider.
func remark(o *plan.Prior) string {
	text := line(string(o.Origin))
	if o.Provider != "" {
		text += ", provider " + line(o.Provider)
	}
	if o.Undelivered {
		text += ", first password not delivered yet"
	}
	return text
}

// recorded is what the state has of an object; nothing sensitive is in it, and
// what its kind calls so is masked all the same.
func (v *View) recorded(o *plan.Prior) cty.Value {
	attrs := orNull(o.Attrs.Value())
	if kind, ok := v.kind(o.Provider, o.Kind); ok {
		attrs = markSpec(kind.All(), attrs)
	}
	return attrs
}

type jsonObject struct {
	Address   string          `json:"address"`
	Mode      string          `json:"mode"`
	Kind      string          `json:"kind"`
	Name      string          `json:"name"`
	Index     any             `json:"index,omitempty"`
	Provider  string          `json:"provider"`
	ID        string          `json:"id"`
	Origin    resource.Origin `json:"origin"`
	DependsOn []string        `json:"depends_on"`
	Values    any             `json:"values,omitempty"`
}

type jsonFile struct {
	Address string `json:"address"`
	Kind    string `json:"kind"`
	Path    string `json:"path"`
	Admins  int    `json:"admins"`
}

func (v *View) stateJSON(kind string, objects []*plan.Prior, files []StateFile, outputs []OutputValue, whole bool) error {
	list := []jsonObject{}
	for _, o := range objects {
		j := jsonObject{
			Address: o.Address.String(), Mode: modeOf(o.Address), Kind: o.Address.Kind, Name: o.Address.Name, Index: index(o.Address.Key),
			Provider: o.Provider, ID: o.ID, Origin: o.Origin, DependsOn: []string{},
		}
		for _, d := range o.DependsOn {
			j.DependsOn = append(j.DependsOn, d.String())
		}
		if whole {
			j.Values = jsonValue(v.recorded(o))
		}
		list = append(list, j)
	}
	paths := []jsonFile{}
	for _, f := range files {
		paths = append(paths, jsonFile{f.Address.String(), f.Kind, f.Path, f.Admins})
	}
	state := struct {
		header
		Resources []jsonObject          `json:"resources"`
		Files     []jsonFile            `json:"files"`
		Outputs   map[string]jsonOutput `json:"outputs,omitempty"`
	}{headerOf(kind), list, paths, nil}
	if whole {
		state.Outputs = outputMap(outputs)
	}
	return v.object(state)
}
