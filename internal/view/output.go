package view

import (
	"fmt"

	"github.com/zclconf/go-cty/cty"

	"github.com/idpctl/idpctl/resource"
)

// OutputValue is the value of one output. A sensitive one is masked wherever it
// is shown; a command that has to reveal one on request hands it in without
// its mark and with Sensitive unset.
type OutputValue struct {
	Name      string
	Value     cty.Value
	Sensitive bool
}

func (o OutputValue) masked() cty.Value {
	if o.Sensitive {
		return orNull(o.Value).Mark(resource.Sensitive)
	}
	return orNull(o.Value)
}

// Outputs shows all outputs in the order given: on a terminal as a table, if
// each value fits on one line, and else as assignments.
func (v *View) Outputs(list []OutputValue) error {
	if v.opts.JSON {
		return v.outputsJSON(list)
	}
	if v.opts.Terminal {
		headers, rows := []string{"Name", "Value"}, make([][]string, len(list))
		for i, o := range list {
			rows[i] = []string{o.Name, compact(o.masked())}
		}
		if natural(headers, rows) <= v.opts.Width {
			return v.Table(headers, rows)
		}
	}
	p := printer{style: v.style, width: v.opts.Width}
	nodes := make([]node, len(list))
	for i, o := range list {
		nodes[i] = values{}.whole(signNone, line(o.Name), o.masked())
	}
	p.nodes(0, nodes)
	return v.write(p.String())
}

// Output shows one output: its value as an expression, or as JSON.
func (v *View) Output(o OutputValue) error {
	if v.opts.JSON {
		return v.object(jsonValue(o.masked()))
	}
	p := printer{style: v.style, width: v.opts.Width}
	p.nodes(0, []node{values{}.plain(signNone, o.masked())})
	return v.write(p.String())
}

// OutputRaw writes the text of one output and nothing else, not even a newline,
// for command substitution in a shell. It must be a string, number or bool that
// is set and not sensitive. On a terminal, what cannot be printed is replaced.
func (v *View) OutputRaw(o OutputValue) error {
	val := o.masked()
	name := line(o.Name)
	switch {
	case resource.IsSensitive(val):
		return fmt.Errorf("the output %q is sensitive and is not written with -raw", name)
	case val.IsNull():
		return fmt.Errorf("the output %q is null, for which there is no raw form; use -json", name)
	case !val.IsKnown():
		return fmt.Errorf("the output %q is not known before apply", name)
	case !val.Type().IsPrimitiveType():
		return fmt.Errorf("the output %q is %s; -raw writes strings, numbers and bools only, use -json", name, article(val.Type().FriendlyName()))
	}
	text := primitive(val)
	if v.opts.Terminal {
		text = cleanLines(text)
	}
	return v.write(text)
}

type jsonOutput struct {
	Sensitive bool `json:"sensitive"`
	// Type is the type as Terraform writes it: "string", ["map","string"].
	Type  any `json:"type"`
	Value any `json:"value"`
}

func (v *View) outputsJSON(list []OutputValue) error {
	return v.object(struct {
		header
		Outputs map[string]jsonOutput `json:"outputs"`
	}{headerOf("outputs"), outputMap(list)})
}

func outputMap(list []OutputValue) map[string]jsonOutput {
	out := map[string]jsonOutput{}
	for _, o := range list {
		val := o.masked()
		out[o.Name] = jsonOutput{Sensitive: resource.IsSensitive(val), Type: val.Type(), Value: jsonValue(val)}
	}
	return out
}

func article(noun string) string {
	if noun != "" && (noun[0] == 'o' || noun[0] == 'a') {
		return "an " + noun
	}
	return "a " + noun
}
