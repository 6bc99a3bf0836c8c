package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/idpctl/idpctl/diag"
	"github.com/idpctl/idpctl/internal/view"
	"github.com/idpctl/idpctl/resource"
	"github.com/idpctl/idpctl/state"
)

// Main runs one command and returns the exit code of the process.
func Main(ctx context.Context, args []string, env *Env) int {
	watched := *env
	var failed func() error
	watched.Stdout, failed = watch(env.Stdout)
	a := &app{Env: &watched, ctx: ctx}
	root := a.root()
	root.SetArgs(dashes(args))
	command, err := root.ExecuteContextC(ctx)
	var code exitError
	switch unwritten := failed(); {
	case unwritten != nil:
		a.json = false // which would go where nothing can be written
		_ = a.view().Diagnostics(diag.Diagnostics{{
			Summary: "Output could not be written",
			Detail:  unwritten.Error() + ". What is missing of it was not seen by anybody; what the command did is done.",
		}}, nil)
		return 1
	case err == nil:
		return 0
	case errors.As(err, &code):
		return int(code)
	default:
		_ = a.view().Diagnostics(diag.Diagnostics{{Summary: "Wrong usage", Detail: usage(command, err)}}, nil)
		return 1
	}
}

// exitError is an error that was told already and only sets the exit code.
type exitError int

func (c exitError) Error() string { return fmt.Sprintf("exit code %d", int(c)) }

const (
	failure = exitError(1)
	changes = exitError(2)
)

// app is one invocation: the environment and the global flags.
type app struct {
	*Env
	ctx context.Context

	// reading is the context of what may be interrupted; nil outside of it.
	reading context.Context

	chdir   string
	noColor bool
	json    bool
}

func (a *app) root() *cobra.Command {
	root := &cobra.Command{
		Use:   "idpctl",
		Short: "Set up the identity provider of an InfluxDB Clustered installation",
		Long: `idpctl reads *.idp.hcl files that describe the realm or tenant, the
device-flow client and the admin users of an InfluxDB Clustered installation. It
shows what would change at the identity provider (plan), makes it so (apply), and
puts the client ID, endpoints and user IDs where the cluster needs them.`,
		Example:           "  idpctl plan\n  idpctl apply",
		PersistentPreRunE: a.given,
		SilenceErrors:     true,
		SilenceUsage:      true,
	}
	root.SetUsageTemplate(strings.ReplaceAll(root.UsageTemplate(), ".FlagUsages", ".FlagUsagesWrapped 80"))
	root.SetIn(a.Stdin)
	root.SetOut(a.Stdout)
	root.SetErr(a.Stderr)
	f := root.PersistentFlags()
	f.StringVar(&a.chdir, "chdir", "", "switch to this `DIR` before anything else")
	f.BoolVar(&a.noColor, "no-color", false, "no colors, whatever the terminal")
	root.AddCommand(
		a.planCommand(), a.applyCommand(), a.destroyCommand(),
		a.outputCommand(), a.showCommand(), a.stateCommand(),
		a.validateCommand(), a.fmtCommand(), a.checkCommand(), a.verifyCommand(), a.usersCommand(), a.exportCommand(),
		a.emulatorCommand(), a.providersCommand(), a.versionCommand(), a.initCommand(),
	)
	root.InitDefaultCompletionCmd("completion") // else it is added at the end of Execute, without an example
	for _, c := range root.Commands() {
		if c.Name() == "completion" {
			c.Example = "  # in this shell\n  source <(idpctl completion bash)"
		}
	}
	fitTerminal(root)
	return root
}

// fitTerminal breaks what commands say of themselves into lines for 80 columns.
func fitTerminal(c *cobra.Command) {
	c.Long = view.Paragraphs(c.Long, 80)
	for _, sub := range c.Commands() {
		if c.Name() != "completion" { // those are cobra's own, with commands in their text
			fitTerminal(sub)
		}
	}
}

// dir is the folder of the configuration.
func (a *app) dir() (string, error) {
	if a.chdir == "" {
		return ".", nil
	}
	info, err := os.Stat(a.chdir)
	if err != nil || !info.IsDir() {
		return "", fmt.Errorf("-chdir: %s is not a folder", a.chdir)
	}
	return filepath.Clean(a.chdir), nil
}

// view is where everything is shown: to people, or as JSON with -json.
func (a *app) view() *view.View {
	color := !a.noColor && a.getenv("NO_COLOR") == "" && a.getenv("TERM") != "dumb"
	return view.New(view.Options{
		Out: a.Stdout, Err: a.Stderr, Width: width(a.Stdout), JSON: a.json,
		Color: color && isTerminal(a.Stdout), ErrColor: color && isTerminal(a.Stderr),
		Terminal: isTerminal(a.Stdout) && a.getenv("TERM") != "dumb",
		Size:     func() (int, int) { return size(a.Stdout) },
		Kind:     a.kind,
	})
}

// kind describes a kind of the provider behind a block's name.
func (a *app) kind(provider, name string) (resource.Kind, bool) {
	typ, _, _ := strings.Cut(provider, ".")
	for _, p := range a.Providers {
		if info := p.Info(); info.Type == typ {
			return info.Kind(name)
		}
	}
	return resource.Kind{}, false
}

// tell shows diagnostics, and turns errors among them into an exit code.
func (a *app) tell(diags diag.Diagnostics, source func(string) []byte) error {
	if len(diags) > 0 {
		_ = a.view().Diagnostics(diags, source)
	}
	if diags.HasErrors() {
		return failure
	}
	return nil
}

// backend is the tests' backend of the state, or nil.
func (a *app) backend(dir string) state.Backend {
	if a.Backend == nil {
		return nil
	}
	return a.Backend(dir)
}

// dashes lets long flags begin with one dash, as Terraform's do. What follows
// "--" is left alone.
func dashes(args []string) []string {
	out := make([]string, 0, len(args))
	for i, arg := range args {
		if arg == "--" {
			return append(out, args[i:]...)
		}
		if len(arg) > 2 && arg[0] == '-' && arg[1] != '-' && !strings.ContainsAny(arg[1:2], "0123456789.=") {
			arg = "-" + arg
		}
		out = append(out, arg)
	}
	return out
}
