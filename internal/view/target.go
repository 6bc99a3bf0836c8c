package view

import (
	"fmt"
	"strings"

	"github.com/idpctl/idpctl/plan"
)

// target writes what happens to a file of a cluster: whom it lets in and out,
// and the difference as text.
func (w *planWriter) target(t *plan.TargetChange) {
	if t.Action == plan.NoOp {
		return
	}
	path := line(t.Path)
	head, danger := line(t.Address.String()), ""
	switch t.Action {
	case plan.Create:
		head += " will be created (" + path + ")"
	case plan.Delete:
		danger = "will be removed from " + path
	case plan.Forget:
		head += " will no longer be managed (" + path + " stays as it is)"
		if t.Diff != "" {
			head = line(t.Address.String()) + " will no longer be managed (idpctl's entries leave " + path + ")"
		}
	case plan.Replace:
		danger = "must be replaced (" + path + ")"
	default:
		head += " will be updated in place (" + path + ")"
		if t.Diff == "" {
			head = line(t.Address.String()) + " will be recorded in the state (" + path + ")"
		}
	}
	if t.OutOfReach {
		head, danger = line(t.Address.String()), "stays as it is ("+path+")"
	}
	var remarks []string
	if t.Reason != "" {
		remarks = append(remarks, line(t.Reason))
	}
	w.comment(head, danger, remarks)
	s := targetSign(t)
	w.WriteString(w.style.sign(s, fmt.Sprintf("%3s", s)) + " " + line(t.Kind) + " " + quote(t.Path))
	listed := len(t.Added) + len(t.Updated) + len(t.Removed) + len(t.Fields)
	if listed == 0 && t.Diff == "" {
		w.WriteString("\n\n")
		return
	}
	w.WriteString(" {\n")
	admins := func(s sign, names []string) {
		for _, name := range names {
			w.WriteString("      " + w.style.sign(s, string(s)) + " admin " + line(name) + "\n")
		}
	}
	if t.OutOfReach {
		for _, name := range t.Added {
			w.WriteString("        admin " + line(name) + " is not added yet\n")
		}
		for _, name := range t.Removed {
			w.WriteString("        admin " + line(name) + " is left in it\n")
		}
	} else {
		admins(signCreate, t.Added)
		admins(signUpdate, t.Updated)
		admins(signDelete, t.Removed)
	}
	for _, f := range t.Fields {
		w.WriteString("      " + w.style.sign(signUpdate, "~") + " " + line(f) + "\n")
	}
	if t.Diff != "" {
		if listed > 0 {
			w.WriteByte('\n')
		}
		w.diff(t.Diff)
	}
	w.WriteString("    }\n\n")
}

// targetSign is the symbol of a file. One that is given up is changed, if
// something leaves it.
func targetSign(t *plan.TargetChange) sign {
	if t.Action == plan.Forget && t.Diff != "" {
		return signUpdate
	}
	return signOf(t.Action, false)
}

// diff writes a unified diff.
func (w *planWriter) diff(text string) {
	header := true // a removed "--" of YAML looks like one
	for l := range strings.SplitSeq(strings.TrimRight(text, "\n"), "\n") {
		header = header && !strings.HasPrefix(l, "@@")
		l = strings.TrimRight(maskURLs(verbatim(l)), " ")
		switch {
		case header:
			l = w.style.bold(l)
		case strings.HasPrefix(l, "@@"):
			l = w.style.cyan(l)
		case strings.HasPrefix(l, "+"):
			l = w.style.green(l)
		case strings.HasPrefix(l, "-"):
			l = w.style.red(l)
		}
		if l != "" {
			l = strings.Repeat(" ", 8) + l
		}
		w.WriteString(l + "\n")
	}
}
