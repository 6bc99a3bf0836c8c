package cli

import (
	"errors"
	"fmt"
	"slices"

	"github.com/spf13/cobra"

	"github.com/idpctl/idpctl/diag"
	"github.com/idpctl/idpctl/internal/run"
	"github.com/idpctl/idpctl/internal/view"
	"github.com/idpctl/idpctl/plan"
	"github.com/idpctl/idpctl/resource"
	"github.com/idpctl/idpctl/state"
)

// stateCommand is `idpctl state`.
func (a *app) stateCommand() *cobra.Command {
	c := &cobra.Command{
		Use:     "state",
		Short:   "Look into the state, or forget some of it",
		Example: "  idpctl state list",
		Args:    cobra.NoArgs,
		RunE:    func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	list := &cobra.Command{
		Use:     "list [ADDRESS...]",
		Short:   "List what the state holds",
		Long:    "list prints what is in the state: as a table on a terminal, and elsewhere the\naddresses alone, one a line; with addresses, only those and what is below them.",
		Example: "  idpctl state list\n  idpctl state list user.team\n  idpctl state list -long",
		RunE: func(c *cobra.Command, args []string) error {
			long, _ := c.Flags().GetBool("long")
			if long && a.json {
				return errors.New("-long prints a table, and -json JSON, which holds all of it: leave one of them out")
			}
			return a.stateList(args, long)
		},
	}
	list.Flags().Bool("long", false, "as a table wherever it goes")
	list.Flags().BoolVar(&a.json, "json", false, "print JSON")
	c.AddCommand(list, a.stateRmCommand())
	return c
}

// readState reads the state without a lock, to look at it.
func (a *app) readState() (*state.State, error) {
	dir, err := a.dir()
	if err != nil {
		return nil, err
	}
	session, diags := run.OpenState(a.ctx, run.Options{Dir: dir, Backend: a.backend(dir), Lock: state.NotLocked, Version: a.Version})
	if err := a.tell(diags, nil); err != nil {
		return nil, err
	}
	s := session.View()
	return s, session.Close()
}

// filters parses addresses given as arguments; all mistakes are told.
func (a *app) filters(args []string) ([]resource.Address, error) {
	var diags diag.Diagnostics
	var out []resource.Address
	for _, arg := range args {
		addr, err := resource.ParseAddress(arg)
		if err != nil {
			diags = diags.Errorf("Invalid address", "%s.", err)
			continue
		}
		out = append(out, addr)
	}
	return out, a.tell(diags, nil)
}

func (a *app) stateList(args []string, table bool) error {
	s, err := a.selected(args)
	if err != nil {
		return err
	}
	objects, err := a.priors(s)
	if err != nil {
		return err
	}
	return a.view().StateList(objects, stateFiles(s), table)
}

// selected is the state, reduced to what is at or below the given addresses,
// if there are any.
func (a *app) selected(args []string) (*state.State, error) {
	filters, err := a.filters(args)
	if err != nil {
		return nil, err
	}
	s, err := a.readState()
	if err != nil || len(filters) == 0 {
		return s, err
	}
	keep := s.Addresses(filters...)
	if len(keep) == 0 {
		return nil, a.tell(diag.Diagnostics{}.Errorf("Not in the state", "Nothing in the state has the address %s. `idpctl state list` shows what there is.", filters[0]), nil)
	}
	some := *s
	some.Objects = slices.DeleteFunc(slices.Clone(s.Objects), func(o state.Object) bool { return !slices.Contains(keep, o.Address) })
	some.Targets = slices.DeleteFunc(slices.Clone(s.Targets), func(t state.Target) bool { return !slices.Contains(keep, t.Address) })
	return &some, nil
}

// priors are the objects of a state, in its order.
func (a *app) priors(s *state.State) ([]*plan.Prior, error) {
	priors, diags := run.Priors(s, a.kind)
	if err := a.tell(diags, nil); err != nil {
		return nil, err
	}
	objects := make([]*plan.Prior, 0, len(s.Objects))
	for _, o := range s.Objects {
		objects = append(objects, priors[o.Address])
	}
	return objects, nil
}

func stateFiles(s *state.State) []view.StateFile {
	files := make([]view.StateFile, 0, len(s.Targets))
	for _, t := range s.Targets {
		f := view.StateFile{Address: t.Address, Kind: t.Kind, Path: run.TargetPath(t)}
		if run.ListsAdmins(t) {
			f.Admins = len(t.Owned)
		} else {
			f.Profile = t.Name
		}
		files = append(files, f)
	}
	return files
}

// showCommand is `idpctl show`.
func (a *app) showCommand() *cobra.Command {
	c := &cobra.Command{
		Use:     "show [ADDRESS...]",
		Short:   "Show the objects of the state with their attributes",
		Long:    "show prints what the state holds of each object, or of those at the given\naddresses. Nothing secret is in it.",
		Example: "  idpctl show\n  idpctl show realm.influxdb",
		RunE:    func(_ *cobra.Command, args []string) error { return a.show(args) },
	}
	c.Flags().BoolVar(&a.json, "json", false, "print JSON")
	return c
}

// show prints objects with their attributes, files, and the outputs if no
// address was given.
func (a *app) show(args []string) error {
	s, err := a.selected(args)
	if err != nil {
		return err
	}
	objects, err := a.priors(s)
	if err != nil {
		return err
	}
	var outputs map[string]plan.Output
	if len(args) == 0 {
		var diags diag.Diagnostics
		outputs, diags = run.StoredOutputs(s)
		if err := a.tell(diags, nil); err != nil {
			return err
		}
	}
	if len(objects) == 0 && len(s.Targets) == 0 && len(outputs) == 0 && !a.json {
		fmt.Fprintln(a.Stderr, "The state is empty: nothing has been applied in this folder, or all of it is destroyed.")
		return nil
	}
	return a.view().Show(objects, stateFiles(s), outputValues(outputs))
}
