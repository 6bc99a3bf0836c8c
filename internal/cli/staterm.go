package cli

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/idpctl/idpctl/diag"
	"github.com/idpctl/idpctl/internal/run"
	"github.com/idpctl/idpctl/resource"
	"github.com/idpctl/idpctl/state"
)

// stateRmCommand is `idpctl state rm`.
func (a *app) stateRmCommand() *cobra.Command {
	var lockTimeout time.Duration
	var dry bool
	c := &cobra.Command{
		Use:   "rm ADDRESS...",
		Short: "Forget what the state holds, and change nothing else",
		Long: `rm takes what has these addresses, and what is below them, out of the state. Nothing
is changed at the identity provider, in a file or in a cluster: it is for what is
gone for good, or shall be somebody else's. What the configuration still has is
looked for by the next plan, which takes it back or shows an adoption.`,
		Example: "  idpctl state rm cluster.production.kubernetes\n  idpctl state rm -dry-run 'user.team[\"ada\"]'",
		Args:    cobra.MinimumNArgs(1),
		RunE:    func(_ *cobra.Command, args []string) error { return a.stateRm(args, lockTimeout, dry) },
	}
	c.Flags().DurationVar(&lockTimeout, "lock-timeout", 0, "how long to wait for another run's lock on the state, a `TIME` such as 10s or 5m (default: not at all)")
	c.Flags().BoolVar(&dry, "dry-run", false, "only list what would be forgotten")
	return c
}

func (a *app) stateRm(args []string, lockTimeout time.Duration, dry bool) error {
	filters, err := a.filters(args)
	if err != nil {
		return err
	}
	dir, err := a.dir()
	if err != nil {
		return err
	}
	lock := state.Locked
	if dry {
		lock = state.NotLocked
	}
	session, diags := run.OpenState(a.ctx, run.Options{Dir: dir, Backend: a.backend(dir), Lock: lock, LockTimeout: lockTimeout, Version: a.Version, Command: "idpctl state rm"})
	if err := a.tell(diags, nil); err != nil {
		return err
	}
	forgotten, err := a.forget(session, filters, dry)
	if err = errors.Join(err, session.Close()); err != nil {
		return err
	}
	for _, addr := range forgotten {
		fmt.Fprintf(a.Stdout, "%s %s\n", map[bool]string{true: "Would forget", false: "Forgot"}[dry], addr)
	}
	return nil
}

// forget takes what is at or below the addresses out of the state: all or nothing.
func (a *app) forget(session *state.Session, filters []resource.Address, dry bool) ([]resource.Address, error) {
	s := session.View()
	var diags diag.Diagnostics
	for _, f := range filters {
		if len(s.Addresses(f)) == 0 {
			diags = diags.Errorf("Not in the state", "Nothing in the state has the address %s. `idpctl state list` shows what there is.", f)
		}
	}
	all := s.Addresses(filters...)
	for _, in := range s.Intents {
		if slices.Contains(all, in.Address) {
			diags = diags.Errorf("A run was interrupted", "What it did to %s is not settled yet. Run `idpctl apply` first, which looks.", in.Address)
		}
	}
	if err := a.tell(diags, nil); err != nil || dry {
		return all, err
	}
	if err := session.Begin(s.Namespace, s.Servers); err != nil {
		return nil, err
	}
	records := make([]state.Record, len(all))
	for i, addr := range all {
		if addr.Target == "" {
			records[i] = state.Remove{Address: addr}
		} else {
			records[i] = state.RemoveTarget{Address: addr}
		}
	}
	return all, session.Append(records...)
}
