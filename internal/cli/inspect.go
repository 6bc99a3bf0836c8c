package cli

import (
	"encoding/json"
	"fmt"
	"slices"

	"github.com/spf13/cobra"

	"github.com/idpctl/idpctl/diag"
	"github.com/idpctl/idpctl/internal/run"
	"github.com/idpctl/idpctl/plan"
	"github.com/idpctl/idpctl/resource"
	"github.com/idpctl/idpctl/state"
)

// stateCommand is `idpctl state`.
func (a *app) stateCommand() *cobra.Command {
	c := &cobra.Command{
		Use:     "state",
		Short:   "Look into the state",
		Example: "  idpctl state list",
		Args:    cobra.NoArgs,
		RunE:    func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	list := &cobra.Command{
		Use:     "list [ADDRESS...]",
		Short:   "List what the state holds",
		Long:    "list prints the addresses in the state, one a line; with addresses, only those\nand what is below them.",
		Example: "  idpctl state list\n  idpctl state list user.team\n  idpctl state list -long",
		RunE: func(c *cobra.Command, args []string) error {
			long, _ := c.Flags().GetBool("long")
			return a.stateList(args, long)
		},
	}
	list.Flags().Bool("long", false, "as a table with kind, id and origin")
	list.Flags().BoolVar(&a.json, "json", false, "print JSON")
	c.AddCommand(list)
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

func (a *app) stateList(args []string, long bool) error {
	filters, err := a.filters(args)
	if err != nil {
		return err
	}
	s, err := a.readState()
	if err != nil {
		return err
	}
	addrs := s.Addresses(filters...)
	if len(filters) > 0 && len(addrs) == 0 {
		return a.tell(diag.Diagnostics{}.Errorf("Not in the state", "Nothing in the state has the address %s. `idpctl state list` shows what there is.", filters[0]), nil)
	}
	if a.json {
		return a.printJSON(addrs)
	}
	if long {
		rows := make([][]string, 0, len(addrs))
		for _, addr := range addrs {
			rows = append(rows, stateRow(s, addr))
		}
		return a.view().Table([]string{"address", "kind", "id", "origin"}, rows)
	}
	for _, addr := range addrs {
		fmt.Fprintln(a.Stdout, addr)
	}
	return nil
}

func stateRow(s *state.State, addr resource.Address) []string {
	if o, ok := s.Object(addr); ok {
		return []string{addr.String(), o.Kind, o.ID, string(o.Origin)}
	}
	t, _ := s.Target(addr)
	return []string{addr.String(), t.Kind, t.Path, "file"}
}

// printJSON prints a value as indented JSON.
func (a *app) printJSON(v any) error {
	enc := json.NewEncoder(a.Stdout)
	enc.SetIndent("", "  ")
	return enc.Encode(v)
}

// showCommand is `idpctl show`.
func (a *app) showCommand() *cobra.Command {
	c := &cobra.Command{
		Use:     "show [ADDRESS...]",
		Short:   "Show the objects of the state with their attributes",
		Long:    "show prints what the state holds of each object, or of those at the given\naddresses. Nothing secret is in it.",
		Example: "  idpctl show\n  idpctl show realm.influxdb",
		RunE: func(_ *cobra.Command, args []string) error {
			filters, err := a.filters(args)
			if err != nil {
				return err
			}
			s, err := a.readState()
			if err != nil {
				return err
			}
			shown := *s
			if len(filters) > 0 {
				keep := s.Addresses(filters...)
				if len(keep) == 0 {
					return a.tell(diag.Diagnostics{}.Errorf("Not in the state", "Nothing in the state has the address %s.", filters[0]), nil)
				}
				shown.Objects = slices.DeleteFunc(slices.Clone(s.Objects), func(o state.Object) bool { return !slices.Contains(keep, o.Address) })
				shown.Targets = slices.DeleteFunc(slices.Clone(s.Targets), func(t state.Target) bool { return !slices.Contains(keep, t.Address) })
			}
			if a.json {
				return a.printJSON(shown)
			}
			return a.show(&shown)
		},
	}
	c.Flags().BoolVar(&a.json, "json", false, "print JSON")
	return c
}

// show prints objects with their attributes, and the outputs.
func (a *app) show(s *state.State) error {
	priors, diags := run.Priors(s, a.kind)
	if err := a.tell(diags, nil); err != nil {
		return err
	}
	objects := make([]*plan.Prior, 0, len(s.Objects))
	for _, o := range s.Objects {
		objects = append(objects, priors[o.Address])
	}
	outputs, diags := run.StoredOutputs(s)
	if err := a.tell(diags, nil); err != nil {
		return err
	}
	if err := a.view().Show(objects, outputValues(outputs)); err != nil {
		return err
	}
	for _, t := range s.Targets {
		fmt.Fprintf(a.Stdout, "\n# %s: %s, %d admins of idpctl\n", t.Address, t.Path, len(t.OwnedIDs))
	}
	return nil
}
