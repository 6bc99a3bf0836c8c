package cli

import (
	"github.com/spf13/cobra"

	"github.com/idpctl/idpctl/config"
	"github.com/idpctl/idpctl/diag"
	"github.com/idpctl/idpctl/internal/run"
	"github.com/idpctl/idpctl/internal/view"
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
shows what apply would do. It changes nothing, anywhere. What apply would refuse
without further flags is a warning.`,
		Example: "  idpctl plan\n\n  # in a pipeline: 0 nothing, 1 error, 2 changes\n  idpctl plan -detailed-exitcode -no-color",
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
	opts, err := a.options(flags, state.LockIfPossible)
	if err != nil {
		return err
	}
	ctx, stop := a.interruptible()
	defer stop()
	r, module, diags := run.Open(ctx, opts)
	if diags.HasErrors() {
		return a.refusePlan(v, diags, module)
	}
	planned, ds := r.Plan(ctx, mode)
	diags = append(diags, ds...)
	closeRun(r, &diags)
	if diags.HasErrors() {
		if ctx.Err() != nil {
			diags = interrupted()
		}
		return a.refusePlan(v, diags, module)
	}
	warned := a.forewarn(planned, flags.input)
	diags = append(run.Superseded(diags, warned), warned...)
	if err := v.Plan(planned.Plan, diags, source(module)); err != nil {
		return err
	}
	if detailed && !planned.Empty() {
		return changes
	}
	return nil
}

// refusePlan shows why there is no plan; as JSON that is a plan object too.
func (a *app) refusePlan(v *view.View, diags diag.Diagnostics, module *config.Module) error {
	if !a.json {
		return a.tell(diags, source(module))
	}
	_ = v.Plan(nil, diags, source(module))
	return failure
}

// interrupted is the diagnostic of a run that was stopped before it began to
// change anything.
func interrupted() diag.Diagnostics {
	return diag.Diagnostics{{Summary: "Interrupted", Detail: "Nothing was changed."}}
}
