package cli

import (
	"errors"
	"maps"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"github.com/spf13/cobra"
	"github.com/zclconf/go-cty/cty"

	"github.com/idpctl/idpctl/diag"
	"github.com/idpctl/idpctl/internal/run"
	"github.com/idpctl/idpctl/internal/view"
	"github.com/idpctl/idpctl/plan"
	"github.com/idpctl/idpctl/state"
)

// outputCommand is `idpctl output`.
func (a *app) outputCommand() *cobra.Command {
	var flags runFlags
	var raw bool
	c := &cobra.Command{
		Use:   "output [NAME]",
		Short: "Print output values of the last apply",
		Long: `output prints the outputs as the last apply left them. Sensitive values are not
stored: they are evaluated again, and printed only when asked for by name with
-raw or -json.`,
		Example: "  idpctl output\n  idpctl output -raw client_id\n  idpctl output -json",
		Args:    cobra.MaximumNArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			if raw && a.json {
				return errors.New("-raw prints a value as it is, and -json as JSON: leave one of them out")
			}
			return a.output(&flags, args, raw)
		},
	}
	flags.add(c)
	c.Flags().BoolVar(&raw, "raw", false, "print the value of one output as it is, without quotes or newline")
	c.Flags().BoolVar(&a.json, "json", false, "print JSON")
	return c
}

func outputValues(outputs map[string]plan.Output) []view.OutputValue {
	list := make([]view.OutputValue, 0, len(outputs))
	for _, name := range slices.Sorted(maps.Keys(outputs)) {
		list = append(list, view.OutputValue{Name: name, Value: outputs[name].Value, Sensitive: outputs[name].Sensitive})
	}
	return list
}

func (a *app) output(flags *runFlags, args []string, raw bool) error {
	s, err := a.readState()
	if err != nil {
		return err
	}
	stored, diags := run.StoredOutputs(s)
	if err := a.tell(diags, nil); err != nil {
		return err
	}
	if len(args) == 0 {
		if raw {
			return a.tell(diag.Diagnostics{}.Errorf("Name needed", "-raw prints one output: name it."), nil)
		}
		if len(stored) == 0 && !a.json {
			return a.tell(diag.Diagnostics{{
				Severity: diag.Warning, Summary: "No outputs found",
				Detail: "The state has no outputs: either none is declared, or nothing was applied yet.",
			}}, nil)
		}
		return a.view().Outputs(outputValues(stored))
	}
	o, ok := stored[args[0]]
	if !ok && len(stored) == 0 {
		return a.tell(diag.Diagnostics{}.Errorf("Output not found", "The state has no outputs at all: either none is declared, or nothing was applied yet. `idpctl apply` puts them there."), nil)
	}
	if !ok {
		return a.tell(diag.Diagnostics{}.Errorf("Output not found", "The state has no output %q. There is: %s. A new one appears after the next apply.",
			args[0], strings.Join(slices.Sorted(maps.Keys(stored)), ", ")), nil)
	}
	value := view.OutputValue{Name: args[0], Value: o.Value, Sensitive: o.Sensitive}
	if o.Sensitive && (raw || a.json) {
		v, err := a.evaluate(flags, args[0])
		if err != nil {
			return err
		}
		value.Value, value.Sensitive = v, false // asked for by name
	}
	if raw {
		return a.view().OutputRaw(value)
	}
	return a.view().Output(value)
}

// evaluate works a sensitive output out again.
func (a *app) evaluate(flags *runFlags, name string) (cty.Value, error) {
	opts, err := a.options(flags, state.NotLocked)
	if err != nil {
		return cty.NilVal, err
	}
	opts.NoRefresh = true
	ctx, stop := a.interruptible()
	defer stop()
	r, module, diags := run.Open(ctx, opts)
	if diags.HasErrors() {
		return cty.NilVal, a.tell(diags, source(module))
	}
	planned, ds := r.Plan(ctx, plan.Normal)
	closeRun(r, &ds)
	if ds.HasErrors() {
		return cty.NilVal, a.tell(ds, source(module))
	}
	for _, o := range planned.Outputs {
		if o.Name == name {
			v, _ := o.After.UnmarkDeep()
			return v, nil
		}
	}
	return cty.NilVal, a.tell(diag.Diagnostics{}.Errorf("Output not found", "The configuration has no output %q any more.", name), source(module))
}

// visible is a text that has names of files in it, with an escape such as \x1b for each
// character that a terminal would act on. Spaces stay: a name without them is another's.
func visible(s string) string {
	var b strings.Builder
	for _, r := range strings.ToValidUTF8(s, "\ufffd") {
		if unicode.IsPrint(r) {
			b.WriteRune(r)
			continue
		}
		b.WriteString(strings.Trim(strconv.QuoteRune(r), "'"))
	}
	return b.String()
}
