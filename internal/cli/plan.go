package cli

import (
	"github.com/spf13/cobra"

	"github.com/idpctl/idpctl/diag"
	"github.com/idpctl/idpctl/internal/run"
	"github.com/idpctl/idpctl/plan"
	"github.com/idpctl/idpctl/state"
)

// planCommand is `idpctl plan`.
func (a *app) planCommand() *cobra.Command {
	var flags runFlags
	var detailed, destroy bool
	c := &cobra.Command{
		Use:   "plan",
		Short: "Show what apply would change",
		Long: `plan compares the configuration with the identity provider and the state, and
shows what apply would do. It changes nothing, anywhere.`,
		Example: "  idpctl plan\n  idpctl plan -detailed-exitcode -no-color   # in a pipeline: 0 nothing, 1 error, 2 changes",
		Args:    cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			mode := plan.Normal
			if destroy {
				mode = plan.Destroy
			}
			return a.plan(&flags, mode, detailed)
		},
	}
	flags.add(c)
	c.Flags().BoolVar(&detailed, "detailed-exitcode", false, "exit with 0 for no changes, 1 for an error, 2 for changes")
	c.Flags().BoolVar(&destroy, "destroy", false, "show what destroy would do")
	c.Flags().BoolVar(&a.json, "json", false, "print the plan as one JSON object")
	return c
}

func (a *app) plan(flags *runFlags, mode plan.Mode, detailed bool) (err error) {
	v := a.view()
	opts, err := a.options(flags, state.LockIfPossible, v)
	if err != nil {
		return err
	}
	ctx, stop := a.interruptible()
	defer stop()
	r, module, diags := run.Open(ctx, opts)
	if diags.HasErrors() {
		return a.tell(diags, source(module))
	}
	planned, ds := r.Plan(ctx, mode)
	diags = append(diags, ds...)
	closeRun(r, &diags)
	if diags.HasErrors() {
		return a.tell(diags, source(module))
	}
	v.Plan(planned.Plan, diags, source(module))
	if detailed && !planned.Empty() {
		return changes
	}
	return nil
}

// interrupted is the diagnostic of a run that was stopped before it began to
// change anything.
func interrupted() diag.Diagnostics {
	return diag.Diagnostics{{Summary: "Interrupted", Detail: "Nothing was changed."}}
}
