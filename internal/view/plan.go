package view

import (
	"fmt"
	"strings"
	"time"

	"github.com/idpctl/idpctl/diag"
	"github.com/idpctl/idpctl/plan"
	"github.com/idpctl/idpctl/resource"
)

// Plan shows what an apply would do, and the diagnostics of the run: as text,
// the plan on Out and the diagnostics on Err; as JSON, one object with both.
// p is nil if there is no plan because of the diagnostics.
func (v *View) Plan(p *plan.Plan, diags diag.Diagnostics, src Source) error {
	if v.opts.JSON {
		return v.planJSON(p, diags, src)
	}
	if p != nil {
		if err := v.write(v.planText(p)); err != nil {
			return err
		}
	}
	return v.Diagnostics(diags, src)
}

// planWriter writes one plan.
type planWriter struct {
	printer
	view *View
	// names of objects by their ids, to say whose an id is.
	names map[string]string
}

func (v *View) planText(p *plan.Plan) string {
	w := &planWriter{printer: printer{style: v.style, width: v.opts.Width, signs: true}, view: v, names: idNames(p)}
	for _, where := range p.Elsewhere {
		w.paragraph(where)
	}
	if len(p.Elsewhere) > 0 {
		w.WriteString("\n")
	}
	if p.Empty() {
		w.nothing(p)
		return w.String()
	}
	counts := p.Counts()
	w.drift(p)
	if signs := signsOf(p); len(signs) > 0 {
		w.legend(signs)
		w.objects(p.Changes)
		for _, t := range p.Targets {
			w.target(t)
		}
	}
	if counts.Outputs > 0 {
		w.outputs(p.Outputs)
	}
	if onlyOutputs(p) {
		w.paragraph("An apply saves these output values in the state. It changes nothing at the identity provider.")
		return w.String()
	}
	w.WriteString(w.style.bold("Plan:") + " " + summaryLine(counts) + "\n")
	for _, e := range p.Efforts {
		w.WriteString(effortLine(e) + "\n")
	}
	w.mayLag(p)
	return w.String()
}

// nothing says that there is nothing to do.
func (w *planWriter) nothing(p *plan.Plan) {
	head, detail := "Your identity provider matches the configuration.",
		"idpctl compared the configuration with the identity provider and the files of clusters, and found no differences."
	if p.Unrefreshed {
		head, detail = "The state matches the configuration.",
			"With -refresh=false, objects in the state were taken as they are there: what has changed at the identity provider since the last run was not looked for."
	}
	if p.Mode == plan.Destroy {
		head, detail = "There is nothing to destroy.", "The state knows no objects, or all of them are gone already. Whether the identity provider has what the configuration describes, without the state knowing it, is what `idpctl plan` tells."
	}
	w.WriteString(w.style.strong("32", "No changes.") + " " + w.style.bold(head) + "\n\n")
	w.paragraph(detail)
	w.mayLag(p)
}

// mayLag says what a search index may not have shown.
func (w *planWriter) mayLag(p *plan.Plan) {
	for _, s := range p.MayLag {
		w.WriteString("\n")
		w.paragraph(s)
	}
}

// effortLine is what an apply takes at one provider: "provider.auth0: about 340
// requests, about 3 min at this tenant's limit".
func effortLine(e plan.Effort) string {
	s := fmt.Sprintf("provider.%s: about %d requests", line(e.Provider), e.Requests)
	if e.Requests == 1 {
		s = fmt.Sprintf("provider.%s: about 1 request", line(e.Provider))
	}
	switch {
	case e.Duration >= 90*time.Second:
		s += fmt.Sprintf(", about %d min at its limit", int(e.Duration.Round(time.Minute)/time.Minute))
	case e.Duration >= time.Second:
		s += fmt.Sprintf(", about %d s at its limit", int(e.Duration.Round(time.Second)/time.Second))
	}
	return s + "."
}

func (w *planWriter) paragraph(text string) {
	w.WriteString(indent(wrap(text, w.width), ""))
}

// drift lists the objects that differ from what the last apply left.
func (w *planWriter) drift(p *plan.Plan) {
	type entry struct {
		sign sign
		name string
		what string
	}
	var entries []entry
	longest := 0
	for _, c := range p.Changes {
		e := entry{sign: signUpdate, name: line(c.Address.String())}
		var paths []string
		for _, a := range c.Attributes {
			if a.Drift {
				paths = append(paths, line(a.Path))
			}
		}
		e.what = strings.Join(paths, ", ")
		if c.Recreate {
			e.sign, e.what = signDelete, "is gone"
		}
		if e.what != "" {
			entries = append(entries, e)
			longest = max(longest, min(width(e.name), 40))
		}
	}
	if len(entries) == 0 {
		return
	}
	w.WriteString(w.style.strong("36", "Note:") + w.style.bold(" Objects have changed outside of idpctl") + "\n\n")
	w.paragraph("They differ from what the last apply left. The plan below puts them back as the configuration says; to keep a change, put it in the configuration.")
	w.WriteByte('\n')
	for _, e := range entries {
		head := "  " + w.style.sign(e.sign, string(e.sign)) + " " + pad(e.name, longest) + "  "
		for i, l := range wrap(e.what, max(20, w.width-longest-6)) {
			if i > 0 {
				head = strings.Repeat(" ", longest+6)
			}
			w.WriteString(head + l + "\n")
		}
	}
	w.WriteByte('\n')
}

// legends says what the symbols mean, in the order to show.
func legends() []legend {
	return []legend{
		{signCreate, "create"},
		{signUpdate, "update in place"},
		{signReplace, "destroy and then create anew"},
		{signDelete, "destroy"},
		{signAdopt, "adopt as it is"},
		{signForget, "stop managing"},
		{signRead, "read during apply"},
	}
}

type legend struct {
	sign sign
	text string
}

func (w *planWriter) legend(used map[sign]bool) {
	delete(used, signNone)
	if len(used) > 0 {
		w.paragraph("idpctl will perform the actions below, marked with these symbols:")
		for _, l := range legends() {
			if used[l.sign] {
				w.WriteString(w.style.sign(l.sign, fmt.Sprintf("%3s", l.sign)) + " " + l.text + "\n")
			}
		}
		w.WriteByte('\n')
	}
}

// signsOf returns the symbols that the objects and files of a plan need.
func signsOf(p *plan.Plan) map[sign]bool {
	used := map[sign]bool{}
	for _, c := range p.Changes {
		if shown(c) {
			used[signOf(c.Action, c.Adopt)] = true
		}
	}
	for _, t := range p.Targets {
		if t.Action != plan.NoOp {
			used[targetSign(t)] = true
		}
	}
	return used
}

func shown(c *plan.Change) bool { return c.IsChange() || c.Action == plan.Read }

func onlyOutputs(p *plan.Plan) bool {
	n := p.Counts()
	for _, c := range p.Changes {
		if c.IsChange() {
			return false
		}
	}
	return n.Targets == 0
}

func signOf(a plan.Action, adopt bool) sign {
	switch a {
	case plan.Create:
		return signCreate
	case plan.Update:
		return signUpdate
	case plan.Replace:
		return signReplace
	case plan.Delete:
		return signDelete
	case plan.Forget:
		return signForget
	case plan.Read:
		return signRead
	default:
		if adopt {
			return signAdopt
		}
		return signNone
	}
}

// summaryLine is the numbers of a plan in one line.
func summaryLine(n plan.Counts) string {
	s := fmt.Sprintf("%d to add, %d to change, %d to destroy", n.Add, n.Change, n.Destroy)
	if n.Adopt > 0 {
		s += fmt.Sprintf(", %d to adopt", n.Adopt)
	}
	if n.Forget > 0 {
		s += fmt.Sprintf(", %d to release", n.Forget)
	}
	if n.Targets > 0 {
		s += fmt.Sprintf(", %s to change", plural(n.Targets, "file"))
	}
	return s + "."
}

// outputs shows the changes to output values.
func (w *planWriter) outputs(changes []plan.OutputChange) {
	w.WriteString(w.style.bold("Changes to Outputs:") + "\n")
	var list []node
	for _, c := range changes {
		if c.Action == plan.NoOp {
			continue
		}
		before, after := orNull(c.Before), orNull(c.After)
		if c.Sensitive {
			before, after = before.Mark(resource.Sensitive), after.Mark(resource.Sensitive)
		}
		n := values{}.change(line(c.Name), before, after)
		switch c.Action { // a null value is one, for an output
		case plan.Create:
			n = values{}.whole(signCreate, line(c.Name), after)
		case plan.Delete:
			n = values{}.whole(signDelete, line(c.Name), before)
		case plan.Update:
			n.sign = signUpdate
		}
		list = append(list, n)
	}
	w.nodes(2, list)
	w.WriteByte('\n')
}

// idNames maps ids to addresses.
func idNames(p *plan.Plan) map[string]string {
	names := map[string]string{}
	for _, c := range p.Changes {
		if c.ID != "" {
			names[c.ID] = line(c.Address.String())
		}
	}
	return names
}
