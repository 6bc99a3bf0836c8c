package cli

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/idpctl/idpctl/apply"
	"github.com/idpctl/idpctl/diag"
	"github.com/idpctl/idpctl/internal/run"
	"github.com/idpctl/idpctl/internal/view"
	"github.com/idpctl/idpctl/plan"
	"github.com/idpctl/idpctl/resource"
	"github.com/idpctl/idpctl/state"
)

// applyFlags are those of apply and destroy.
type applyFlags struct {
	runFlags
	autoApprove      bool
	allowAdopt       bool
	allowEmptyAdmins bool
	credentialsOut   string
}

func (f *applyFlags) addTo(c *cobra.Command, a *app) {
	f.add(c)
	c.Flags().BoolVar(&f.autoApprove, "auto-approve", false, "do not ask for approval")
	c.Flags().BoolVar(&f.allowEmptyAdmins, "allow-empty-admins", false, "let a cluster lose its last admin, or the last who can sign in")
	c.Flags().BoolVar(&a.json, "json", false, "print progress and result as JSON, one object a line")
}

// addForApply adds what matters only to what is made.
func (f *applyFlags) addForApply(c *cobra.Command) {
	c.Flags().BoolVar(&f.allowAdopt, "allow-adopt", false, "with -auto-approve: let objects that exist already come under management")
	c.Flags().StringVar(&f.credentialsOut, "credentials-out", "", "write generated first passwords to this `FILE` (mode 0600) instead of showing them once")
}

// applyCommand is `idpctl apply`.
func (a *app) applyCommand() *cobra.Command {
	var flags applyFlags
	c := &cobra.Command{
		Use:   "apply",
		Short: "Change the identity provider and the files of the cluster",
		Long: `apply plans, asks for approval, and does what the plan showed, or stops. Every
change is recorded before it is sent: after a crash, one more apply completes
it.`,
		Example: "  idpctl apply\n\n  # in a pipeline\n  idpctl apply -auto-approve -input=false -credentials-out first-passwords.json",
		Args:    cobra.NoArgs,
		RunE:    func(*cobra.Command, []string) error { return a.apply(&flags, plan.Normal) },
	}
	flags.addTo(c, a)
	flags.addForApply(c)
	return c
}

// destroyCommand is `idpctl destroy`.
func (a *app) destroyCommand() *cobra.Command {
	var flags applyFlags
	c := &cobra.Command{
		Use:   "destroy",
		Short: "Remove everything that idpctl made",
		Long: `destroy removes every object of the state that idpctl made, and releases those
that it adopted. Admins are taken out of the cluster's files first; where nobody would
be left in one, the question says so, and -auto-approve needs -allow-empty-admins.`,
		Example: "  idpctl destroy\n\n  # in a pipeline\n  idpctl destroy -auto-approve -allow-empty-admins",
		Args:    cobra.NoArgs,
		RunE:    func(*cobra.Command, []string) error { return a.apply(&flags, plan.Destroy) },
	}
	flags.addTo(c, a)
	return c
}

// apply plans and, once that is approved, applies.
func (a *app) apply(flags *applyFlags, mode plan.Mode) error {
	v := a.view()
	if err := noFile("credentials-out", flags.credentialsOut, "leave it out at a terminal, and the passwords are shown there once"); err != nil {
		return err
	}
	opts, err := a.options(&flags.runFlags, state.Locked)
	if err != nil {
		return err
	}
	flags.credentialsOut = a.below(flags.credentialsOut)
	var progress *view.Progress
	opts.Wait = waiting(&progress, opts.Wait)
	ctx, stopReading := a.interruptible()
	r, module, diags := run.Open(ctx, opts)
	src := source(module)
	if diags.HasErrors() {
		stopReading()
		return a.tell(diags, src)
	}
	planned, ds := r.Plan(ctx, mode)
	stopped := ctx.Err() != nil
	stopReading()
	if diags = append(diags, ds...); stopped {
		diags = interrupted()
	}
	if !diags.HasErrors() {
		refused := a.refuse(flags, planned)
		diags = append(run.Superseded(diags, refused), refused...)
	}
	if diags.HasErrors() {
		closeRun(r, &diags)
		return a.tell(diags, src)
	}
	if !a.json || planned.Empty() {
		_ = v.Plan(planned.Plan, diags, src)
	}
	if planned.Empty() && len(planned.Recovered) == 0 {
		closing := r.Settle(planned)
		if !a.json && mode == plan.Normal {
			closing = append(closing, a.profiles(r, planned)...)
		}
		closeRun(r, &closing)
		return a.tell(closing, src)
	}
	if ok, err := a.approved(flags, planned); err != nil || !ok {
		var closing diag.Diagnostics
		closeRun(r, &closing)
		if err != nil {
			closing = closing.Errorf("Not approved", "%s.", err)
		} else {
			fmt.Fprintln(a.Stdout, "Cancelled. Nothing was changed.")
		}
		_ = a.tell(closing, src)
		return failure
	}
	progress = v.Progress(planned.Plan)
	stop, done := a.graceful(progress.Message)
	summary, ds := r.Apply(a.ctx, planned, run.ApplyOptions{
		Deliver: a.deliverer(flags), Event: progress.Event, Stop: stop,
	})
	done()
	_ = progress.Close() // if Out is broken, the exit code still tells
	if summary == nil {
		closeRun(r, &ds)
		return a.tell(ds, src)
	}
	if len(summary.Credentials) > 0 {
		if err := v.Credentials(summary.Credentials); err != nil {
			ds = ds.Errorf("First passwords could not be shown", "%s. Apply again: new ones will be made.", err)
		} else {
			ds = append(ds, r.Shown(summary)...)
		}
	}
	outputs, more := r.Outputs()
	ds = append(ds, more...)
	closeRun(r, &ds)
	if ds.HasErrors() { // what went wrong afterwards is not "complete" either
		summary.Diagnostics = append(summary.Diagnostics, ds...)
		ds = nil
	}
	_ = v.Summary(summary, mode, src)
	if !a.json && summary.OK() {
		if mode == plan.Normal {
			_ = a.results(v, r, planned, outputs)
		}
		_ = a.nextCommands(r, planned)
	}
	if err := a.tell(ds, src); err != nil || !summary.OK() {
		return failure
	}
	return nil
}

// results shows what an apply is done for: who the admins are, and the outputs.
func (a *app) results(v *view.View, r *run.Run, planned *run.Planned, outputs map[string]plan.Output) error {
	for _, c := range r.Admins(planned) {
		users := make([]view.User, len(c.Users))
		for i, u := range c.Users {
			users[i] = view.User{Address: u.Address.String(), ID: u.ID, Email: u.Email, FirstName: u.FirstName, LastName: u.LastName}
		}
		if err := v.Users("Admins of "+c.Cluster.String(), users); err != nil {
			return err
		}
	}
	if len(outputs) > 0 {
		if _, err := fmt.Fprint(a.Stdout, "\nOutputs:\n\n"); err != nil {
			return err
		}
		if err := v.Outputs(outputValues(outputs)); err != nil {
			return err
		}
	}
	return a.tell(a.profiles(r, planned), nil)
}

// profiles prints the profiles of influxctl that go to no file.
func (a *app) profiles(r *run.Run, planned *run.Planned) diag.Diagnostics {
	list, diags := r.Profiles(planned)
	for _, p := range list {
		if _, err := fmt.Fprintf(a.Stdout, "\nFor influxctl's config.toml (%s):\n\n%s", p.Address, p.Text); err != nil {
			return diags.Errorf("The profile could not be printed", "%s: %s.", p.Address, err)
		}
	}
	return diags
}

// nextCommands shows what is left to do by hand.
func (a *app) nextCommands(r *run.Run, planned *run.Planned) error {
	next := r.NextCommands(planned)
	if len(next) == 0 {
		return nil
	}
	for i, command := range next {
		next[i] = visible(command)
	}
	_, err := fmt.Fprintf(a.Stdout, "\nNext, tell the cluster:\n\n  %s\n", strings.Join(next, "\n  "))
	return err
}

// waiting shows pauses in the progress display, once there is one; until then
// planning is told.
func waiting(progress **view.Progress, planning func(string, time.Duration)) func(string, time.Duration) {
	return func(reason string, d time.Duration) {
		switch p := *progress; {
		case p == nil:
			planning(reason, d)
		case d >= time.Second: // else it is over before anybody has read it
			p.Event(apply.Event{Kind: apply.Waiting, Message: fmt.Sprintf("%s: %s", reason, apply.Seconds(d)), At: time.Now()})
		}
	}
}

// approved asks for approval if there is anything to ask for.
func (a *app) approved(flags *applyFlags, p *run.Planned) (bool, error) {
	if flags.autoApprove || p.Empty() {
		return true, nil
	}
	if a.json {
		return false, errors.New("Nobody can be asked among JSON: add -auto-approve to -json")
	}
	if !flags.input {
		return false, fmt.Errorf("-input=false needs -auto-approve")
	}
	if p.Mode == plan.Destroy {
		explanation := "There is no undo. What was adopted is released, not destroyed."
		if files := p.Emptied(); len(files) > 0 {
			explanation += fmt.Sprintf("\n  Nobody could administer the cluster, as no admin would be left in\n  %s.", visible(shortList(files, 4)))
		}
		return a.approve("Do you really want to destroy all of this?", explanation)
	}
	return a.approve("Do you want to perform these actions?", "idpctl will do what is described above, or stop.")
}

// refuse is what stops an apply although the plan is sound: what an unattended
// run must not decide, and passwords that nobody would get.
func (a *app) refuse(flags *applyFlags, p *run.Planned) diag.Diagnostics {
	var diags diag.Diagnostics
	if flags.autoApprove && !flags.allowAdopt {
		diags = append(diags, adoptions(p)...)
	}
	if !flags.allowEmptyAdmins && (p.Mode != plan.Destroy || flags.autoApprove) { // else the question says it
		diags = append(diags, p.LosesLastAdmin()...)
	}
	if a, ok := p.Writes(flags.credentialsOut); ok && flags.credentialsOut != "" {
		return diags.Errorf("Credentials file cannot be used", "%s is the file that %s writes: name another for -credentials-out.", flags.credentialsOut, a)
	}
	users := p.NeedsDelivery()
	switch {
	case len(users) == 0:
	case flags.credentialsOut != "":
		if err := (credentialsFile{flags.credentialsOut}).check(); err != nil {
			diags = diags.Errorf("Credentials file cannot be used", "%s.", err)
		}
	case a.json || !isTerminal(a.Stdout):
		diags = append(diags, nobodyGets(users)...)
	}
	return diags
}

// adoptions say what would come under management, which an unattended run must not
// decide.
func adoptions(p *run.Planned) diag.Diagnostics {
	var diags diag.Diagnostics
	for _, c := range p.Adoptions() {
		what := fmt.Sprintf("exists already (id %s) and would come under management", c.ID)
		if c.Restore != "" {
			what = fmt.Sprintf("was deleted (id %s), and would come back as it was, although idpctl is not known to have made it", c.Restore)
		}
		diags = append(diags, diag.Diagnostic{
			Summary: "Adoption needs approval", Subject: c.Range, Address: c.Address.String(),
			Detail: fmt.Sprintf("%s %s. If it is the right one, add -allow-adopt, or approve the plan at a terminal.", c.Address, what),
		})
	}
	return diags
}

// nobodyGets says whose first passwords could not be shown.
func nobodyGets(users []resource.Address) diag.Diagnostics {
	names := make([]string, len(users))
	for i, u := range users {
		names[i] = u.String()
	}
	return diag.Diagnostics{}.Errorf("Nobody would get the first passwords",
		"A password would be made for %s, and there is no terminal to show it on. Name a file with -credentials-out.", shortList(names, 5))
}

// forewarn is what an apply would refuse of a plan, as warnings. What it refuses only
// where nobody can be asked or told is left out where somebody can.
func (a *app) forewarn(p *run.Planned, input bool) diag.Diagnostics {
	var diags diag.Diagnostics
	unattended, command := a.json || !input || !isTerminal(a.Stdin), "apply"
	if p.Mode == plan.Destroy {
		command = "destroy"
	}
	if p.Mode != plan.Destroy || unattended {
		diags = append(diags, p.LosesLastAdmin()...)
	}
	if unattended {
		diags = append(diags, adoptions(p)...)
		if users := p.NeedsDelivery(); len(users) > 0 && (a.json || !isTerminal(a.Stdout)) {
			diags = append(diags, nobodyGets(users)...)
		}
	}
	for i := range diags {
		diags[i].Severity = diag.Warning
		diags[i].Detail += fmt.Sprintf(" Else `idpctl %s` refuses this plan.", command)
	}
	return diags
}

func shortList(names []string, most int) string {
	if len(names) <= most {
		return strings.Join(names, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(names[:most], ", "), len(names)-most)
}

// deliverer writes passwords to a file. Without one they are shown at the
// terminal, once, after the run.
func (a *app) deliverer(flags *applyFlags) func([]apply.Credential) error {
	if flags.credentialsOut == "" {
		return nil
	}
	return credentialsFile{flags.credentialsOut}.deliver
}
