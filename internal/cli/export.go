package cli

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/idpctl/idpctl/cluster"
	"github.com/idpctl/idpctl/config"
	"github.com/idpctl/idpctl/diag"
	"github.com/idpctl/idpctl/internal/run"
	"github.com/idpctl/idpctl/resource"
)

// formatWithProfile is the only form that says where the cluster is.
const formatWithProfile = "influxctl"

// exportFlags are those of `idpctl export`.
type exportFlags struct {
	runFlags
	cluster, client, admins, out string
	profile                      cluster.Profile
	check                        bool
}

// exportCommand is `idpctl export`.
func (a *app) exportCommand() *cobra.Command {
	var flags exportFlags
	c := &cobra.Command{
		Use:   "export FORMAT",
		Short: "Print what the cluster needs, instead of merging it into files",
		Long: `export prints what a cluster block would put into its files, with the ids and
endpoints that the identity provider has now: as ` + strings.Join(cluster.Formats(), ", ") + `.
Without a cluster block it takes the only client and all users, or those that
-client and -admins name. It changes nothing.

With -check, nothing is printed: the exit code is 2 if a file is not as it should
be. Without a FORMAT those are the files of the cluster blocks, with one the file
that -out names.

What is exported holds everything that the cluster needs, values among it that
are sensitive in the configuration.`,
		Example: "  idpctl export helm > idp-values.yaml\n  idpctl export json -client client.influxctl -admins '[user.marty]'\n" +
			"  idpctl export -check               # in a pipeline: do all files agree?\n  eval \"$(idpctl export env)\"",
		Args:      cobra.MaximumNArgs(1),
		ValidArgs: cluster.Formats(),
		RunE: func(_ *cobra.Command, args []string) error {
			format := ""
			if len(args) > 0 {
				format = args[0]
			}
			if err := flags.contradiction(format); err != nil {
				return err
			}
			if flags.out == stdoutPath {
				flags.out = ""
			}
			flags.out = a.below(flags.out)
			return a.export(&flags, format)
		},
	}
	flags.add(c)
	c.Flags().StringVar(&flags.cluster, "cluster", "", "`NAME` of the cluster block, where there are several")
	c.Flags().StringVar(&flags.client, "client", "", "`CLIENT` that influxctl signs in with, such as client.influxctl, instead of a cluster block's; with -admins where there is one")
	c.Flags().StringVar(&flags.admins, "admins", "", "`ADMINS` as an expression, such as '[user.marty, data.users.team]', instead of a cluster block's")
	c.Flags().StringVar(&flags.profile.Name, "profile", "", "`NAME` of the profile for influxctl, instead of that of a cluster block")
	c.Flags().StringVar(&flags.profile.Host, "host", "", "`HOST` of the cluster for influxctl, instead of that of a cluster block")
	c.Flags().StringVar(&flags.profile.Port, "port", "", "`PORT` of the cluster for influxctl, instead of that of a cluster block")
	c.Flags().StringVar(&flags.out, "out", "", "write to this `FILE` instead of standard output, which is -")
	c.Flags().BoolVar(&flags.check, "check", false, "write nothing; exit with 2 if a file differs")
	return c
}

// contradiction says which flags are at odds with each other or with a format: what
// would be ignored is refused.
func (f *exportFlags) contradiction(format string) error {
	instead := firstSet("client", f.client, "admins", f.admins)
	profile := firstSet("profile", f.profile.Name, "host", f.profile.Host, "port", f.profile.Port)
	switch of := cmp.Or(instead, profile, firstSet("out", f.out)); {
	case format == "" && !f.check:
		return fmt.Errorf("say what to export: %s", strings.Join(cluster.Formats(), ", "))
	case format != "" && !slices.Contains(cluster.Formats(), format):
		return fmt.Errorf("there is no export %q; there is %s", format, strings.Join(cluster.Formats(), ", "))
	case format == "" && of != "":
		return fmt.Errorf("-check without a FORMAT looks at the files of the cluster blocks, and %s says something about an export: add one of %s, or leave %s out", of, strings.Join(cluster.Formats(), ", "), of)
	case f.check && format != "" && (f.out == "" || f.out == stdoutPath):
		return errors.New("-check with a format needs -out, the file to compare")
	case f.cluster != "" && instead != "":
		return fmt.Errorf("-cluster exports a cluster block, and %s is instead of one: leave one of them out", instead)
	case profile != "" && format != formatWithProfile:
		return fmt.Errorf("%s is part of influxctl's profile, and %s holds none: leave it out, or export influxctl", profile, format)
	case run.OwnFile(f.out):
		return fmt.Errorf("%s is named like a file that idpctl keeps or reads itself: name another for -out", f.out)
	}
	if f.client != "" && !config.IsExpression(f.client) {
		return fmt.Errorf("-client %s is no expression: name a block, as in -client client.influxctl", shellWord(f.client))
	}
	if f.admins != "" && !config.IsExpression(f.admins) {
		return fmt.Errorf("-admins %s is no expression: write a list of blocks, as in -admins '[user.marty, user.emmett]'", shellWord(f.admins))
	}
	return errors.Join(profileFlag("profile", f.profile.Name), profileFlag("host", f.profile.Host), profileFlag("port", f.profile.Port))
}

func (a *app) export(flags *exportFlags, format string) error {
	made := false
	more := func(m *config.Module) (config.Source, diag.Diagnostics) {
		if made = format != "" && flags.cluster == "" && (flags.client != "" || flags.admins != "" || !hasClusters(m)); !made {
			return config.Source{}, nil
		}
		if flags.admins == "" && hasClusters(m) {
			return config.Source{}, diag.Diagnostics{}.Errorf("The admins are not clear",
				"With -client no cluster block is exported, and all users of the configuration would be admins. Say with -admins who they are, as in -admins '[user.marty]', or leave -client out.")
		}
		return run.ExportSource(m, a.Providers, flags.client, flags.admins)
	}
	var exports []run.Export
	var text []byte
	told := func(line int) string { // of what was made up
		switch {
		case line == run.ExportClientLine && flags.client != "":
			return "-client " + shellWord(flags.client)
		case line >= run.ExportAdminsLine && flags.admins != "":
			return "-admins " + shellWord(flags.admins)
		}
		return ""
	}
	flags.unread = format != ""
	err := a.look(&flags.runFlags, more, told, func(ctx context.Context, r *run.Run) (diags diag.Diagnostics) {
		exports, diags = r.Exports(ctx)
		if diags.HasErrors() {
			return diags
		}
		var ds diag.Diagnostics
		if made {
			exports = slices.DeleteFunc(exports, func(e run.Export) bool { return !run.IsExport(e.Cluster) })
		} else if exports, ds = chosen(r.ClusterBlocks(), exports, clusterOf, flags.cluster); ds.HasErrors() {
			return append(diags, ds...)
		}
		if format == "" {
			return diags
		}
		text, ds = exported(exports, format, flags.profile)
		return append(diags, ds...)
	})
	switch {
	case err != nil:
		return err
	case format == "":
		return a.checkTargets(exports)
	}
	for _, e := range exports {
		for _, t := range e.Targets {
			if flags.out != "" && t.Identity == cluster.FileIdentity(flags.out) {
				return a.tell(unusable(flags.out, fmt.Errorf("%s merges into it, and an export is a text of its own", e.Cluster)), nil)
			}
		}
	}
	return a.deliver(flags, text)
}

func clusterOf(e run.Export) resource.Address { return e.Cluster }

// exported is the one export that was asked for.
func exported(exports []run.Export, format string, profile cluster.Profile) ([]byte, diag.Diagnostics) {
	var diags diag.Diagnostics
	name, of := exports[0].Cluster.String(), exports[0].Cluster.String()
	if run.IsExport(exports[0].Cluster) { // a block that nobody wrote
		name, of = "", "what is exported"
	}
	switch {
	case len(exports) > 1:
		return nil, diags.Errorf("Several clusters", "There are %s, and an export is of one: say which, as in `-cluster %s`.", shortList(named(exports, clusterOf), 6), shellWord(exports[0].Cluster.String()))
	case len(exports[0].Missing) > 0:
		return nil, diags.Errorf("Not applied yet", "%s of %s will be known after an apply: run `idpctl apply` first.", shortList(exports[0].Missing, 6), of)
	}
	e := exports[0]
	if e.Profile.Host, e.Profile.Port = cmp.Or(profile.Host, e.Profile.Host), cmp.Or(profile.Port, e.Profile.Port); format == formatWithProfile && (e.Profile.Host == "" || e.Profile.Port == "") {
		return nil, diags.Errorf("The profile has no host or no port", "influxctl needs to know where the cluster is. Add -host and -port, as in `-host cluster-host.com -port 443`, or a block influxctl with both to the cluster block.")
	}
	facts := cluster.Facts{Cluster: name, Issuer: e.Issuer, Profile: e.Profile}
	facts.Profile.Name = cmp.Or(profile.Name, facts.Profile.Name, "default")
	if i := slices.IndexFunc(e.Targets, func(t run.Target) bool { return cluster.IsAppInstance(t.Change.Kind) }); i >= 0 {
		facts.Place = e.Targets[i].Place
	}
	return cluster.Export(format, e.Desired, facts)
}

// deliver prints a text, writes it to a file, or compares it with one.
func (a *app) deliver(flags *exportFlags, text []byte) error {
	if flags.out == "" {
		_, err := a.Stdout.Write(text)
		return err
	}
	info, err := os.Stat(flags.out)
	// /dev/stdout is a link to the file that the shell has opened, which would be replaced.
	if err == nil && (!info.Mode().IsRegular() || strings.HasPrefix(filepath.Clean(flags.out), "/dev/")) {
		return a.tell(unusable(flags.out, errors.New("it is a folder, a device or a pipe, and no file; standard output is -out -")), nil)
	}
	if _, there := os.Lstat(flags.out); there == nil && errors.Is(err, fs.ErrNotExist) {
		return a.tell(unusable(flags.out, errors.New("it is a symbolic link, and what it leads to is not there")), nil)
	}
	had, err := os.ReadFile(flags.out)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return a.tell(unusable(flags.out, err), nil)
	}
	same := err == nil && bytes.Equal(had, text)
	switch {
	case same:
		return nil
	case !flags.check && isCredentials(had):
		return a.tell(unusable(flags.out, errors.New("it holds first passwords that `idpctl apply` has delivered, which are told once only, and is not overwritten")), nil)
	case !flags.check:
		if err := cluster.WriteFile(a.ctx, flags.out, text); err != nil {
			return a.tell(unusable(flags.out, err), nil)
		}
		return nil
	case err != nil:
		fmt.Fprintf(a.Stdout, "%s is not there.\n", flags.out)
	default:
		fmt.Fprintf(a.Stdout, "%s is not what would be exported.\n", flags.out)
	}
	return changes
}

// unusable says what is wrong with the file of -out.
func unusable(file string, err error) diag.Diagnostics {
	err = bare(err)
	return diag.Diagnostics{}.Errorf("The file of -out cannot be used", "%s: %v. Name another file, or correct that.", file, err)
}

// bare is what the operating system says without the file that it says it of: that may
// be the temporary one beside the file in question.
func bare(err error) error {
	var link *os.LinkError
	var path *fs.PathError
	switch {
	case errors.As(err, &link):
		return link.Err
	case errors.As(err, &path):
		return path.Err
	}
	return err
}

// checkTargets says which files of the clusters are not as the configuration says.
func (a *app) checkTargets(exports []run.Export) error {
	differ, files := false, 0
	for _, e := range exports {
		files += len(e.Targets)
		for _, t := range e.Targets {
			if t.Differs() {
				differ = true
				fmt.Fprintf(a.Stdout, "%s: %s %s.\n", t.Change.Address, visible(t.Change.Path), difference(t))
			}
		}
	}
	switch {
	case differ:
		return changes
	case files == 0:
		fmt.Fprintf(a.Stderr, "No file was checked: %s has none that idpctl merges into.\n", shortList(named(exports, clusterOf), 6))
	}
	return nil
}
