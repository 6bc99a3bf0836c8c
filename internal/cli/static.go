package cli

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/idpctl/idpctl/config"
	"github.com/idpctl/idpctl/diag"
	"github.com/idpctl/idpctl/internal/run"
	"github.com/idpctl/idpctl/internal/view"
)

// validateCommand is `idpctl validate`.
func (a *app) validateCommand() *cobra.Command {
	var flags runFlags
	c := &cobra.Command{
		Use:   "validate",
		Short: "Check the configuration without sending any request",
		Long: `validate reads the configuration and checks everything that can be checked
without the identity provider and the state: syntax, names, types, references,
values. All mistakes are told at once.`,
		Example: "  idpctl validate\n  idpctl validate -json",
		Args:    cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			dir, err := a.dir()
			if err != nil {
				return err
			}
			a.inDir(flags.vars)
			module, diags := run.Load(run.Options{Dir: dir, Providers: a.Providers, Vars: flags.vars, Env: a.Environ, Version: a.Version, ValidateOnly: true})
			if a.json || len(diags) > 0 {
				_ = a.view().Diagnostics(diags, source(module))
			}
			if diags.HasErrors() {
				return failure
			}
			if !a.json {
				fmt.Fprintln(a.Stdout, "Success! The configuration is valid.")
			}
			return nil
		},
	}
	flags.varsFlags(c)
	c.Flags().BoolVar(&a.json, "json", false, "print diagnostics as JSON")
	return c
}

// fmtCommand is `idpctl fmt`.
func (a *app) fmtCommand() *cobra.Command {
	var check, recursive bool
	c := &cobra.Command{
		Use:   "fmt [PATH...]",
		Short: "Rewrite configuration files in the usual format",
		Long: `fmt aligns and indents *.idp.hcl and *.idpvars files and prints the names of
those that it changed. "-" formats standard input to standard output.`,
		Example: "  idpctl fmt\n  idpctl fmt -check -recursive   # in a pipeline: exit 3 if a file needs it",
		RunE: func(_ *cobra.Command, args []string) error {
			dir, err := a.dir()
			if err != nil {
				return err
			}
			if slices.Contains(args, stdoutPath) {
				if len(args) > 1 || recursive {
					return errors.New(`"-" is standard input, and stands alone: format files and folders by another command`)
				}
				return a.fmtStdin(check)
			}
			for i := range args {
				args[i] = a.below(args[i])
			}
			if len(args) == 0 {
				args = []string{dir}
			}
			return a.fmt(args, check, recursive)
		},
	}
	c.Flags().BoolVar(&check, "check", false, "change nothing; exit with 3 if a file is not formatted")
	c.Flags().BoolVar(&recursive, "recursive", false, "also look into the folders below")
	return c
}

func (a *app) fmtStdin(check bool) error {
	src, err := io.ReadAll(a.Stdin)
	if err != nil {
		return err
	}
	out, diags := config.Format(src, "<stdin>")
	if err := a.tell(diags, nil); err != nil { // no snippet: nobody knows what in a broken line is a secret
		return err
	}
	if check {
		if !bytes.Equal(src, out) {
			return exitError(3)
		}
		return nil
	}
	_, err = a.Stdout.Write(out)
	return err
}

func (a *app) fmt(paths []string, check, recursive bool) error {
	files, err := formattable(paths, recursive)
	if err != nil {
		return err
	}
	var failed, unformatted bool
	for _, path := range files {
		src, err := os.ReadFile(path)
		if err != nil {
			return a.tell(diag.Diagnostics{{Summary: "File cannot be read", Detail: err.Error() + "."}}, nil)
		}
		out, diags := config.Format(src, path)
		if a.tell(diags, nil) != nil { // as above
			failed = true
			continue
		}
		if bytes.Equal(src, out) {
			continue
		}
		unformatted = true
		if !check {
			if err := rewrite(path, out); err != nil {
				return a.tell(diag.Diagnostics{{Summary: "File cannot be written", Detail: err.Error() + "."}}, nil)
			}
		}
		fmt.Fprintln(a.Stdout, path)
	}
	switch {
	case failed:
		return failure
	case check && unformatted:
		return exitError(3)
	}
	return nil
}

// rewrite gives a file new content, and keeps it the same file: its owner, its
// mode and links to it stay. The content is on the disk beside it before, so
// that a full disk or a crash loses nothing.
func rewrite(path string, content []byte) error {
	f, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }() // what matters was synced
	spare, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*.tmp")
	if err != nil {
		return err
	}
	_, err = spare.Write(content)
	if err = errors.Join(err, spare.Sync(), spare.Close()); err != nil {
		return errors.Join(err, os.Remove(spare.Name()))
	}
	err = f.Truncate(0)
	if err == nil {
		_, err = f.Write(content)
	}
	if err == nil {
		err = f.Sync()
	}
	if err != nil {
		return fmt.Errorf("%w; its new content is in %s", err, spare.Name())
	}
	return os.Remove(spare.Name())
}

// formattable finds the files in native syntax among paths.
func formattable(paths []string, recursive bool) ([]string, error) {
	native := func(name string) bool {
		return strings.HasSuffix(name, ".idp.hcl") || strings.HasSuffix(name, ".idpvars")
	}
	var files []string
	for _, path := range paths {
		info, err := os.Stat(path)
		if err != nil {
			return nil, fmt.Errorf("%s: %w. Name files and folders that are there, or none for the folder of the configuration", path, bare(err))
		}
		if !info.IsDir() {
			files = append(files, path)
			continue
		}
		err = filepath.WalkDir(path, func(p string, d os.DirEntry, err error) error {
			switch {
			case err != nil:
				return err
			case d.IsDir() && p != path && (!recursive || strings.HasPrefix(d.Name(), ".")):
				return filepath.SkipDir
			case !d.IsDir() && native(d.Name()):
				files = append(files, p)
			}
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	slices.Sort(files)
	return files, nil
}

// providersCommand is `idpctl providers`.
func (a *app) providersCommand() *cobra.Command {
	c := &cobra.Command{
		Use:     "providers",
		Short:   "List the identity providers that are built in",
		Example: "  idpctl providers",
		Args:    cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			used := map[string][]string{}
			if dir, err := a.dir(); err == nil {
				if module, _ := run.Load(run.Options{Dir: dir, Providers: a.Providers, Env: a.Environ, Version: a.Version}); module != nil {
					for _, b := range module.Providers() {
						used[b.Type] = append(used[b.Type], b.Name)
					}
				}
			}
			list := make([]view.Provider, 0, len(a.Providers))
			for _, p := range a.Providers {
				info := p.Info()
				kinds, data := []string{}, []string{}
				for _, k := range info.Kinds {
					if k.DataOnly {
						data = append(data, k.Name)
					} else {
						kinds = append(kinds, k.Name)
					}
				}
				list = append(list, view.Provider{Type: info.Type, Name: info.Name, Kinds: kinds, DataOnly: data, Configured: append([]string{}, used[info.Type]...)})
			}
			return a.view().Providers(list)
		},
	}
	c.Flags().BoolVar(&a.json, "json", false, "print JSON")
	c.AddCommand(a.permissionsCommand())
	return c
}

// permissionsCommand is `idpctl providers permissions`.
func (a *app) permissionsCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "permissions",
		Short: "Print the least permissions that this configuration needs",
		Long: `permissions prints, for each identity provider of the configuration, the
permissions that idpctl's account needs there, and why. No request is sent.`,
		Example: "  idpctl providers permissions",
		Args:    cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			dir, err := a.dir()
			if err != nil {
				return err
			}
			module, diags := run.Load(run.Options{Dir: dir, Providers: a.Providers, Env: a.Environ, Version: a.Version, ValidateOnly: true})
			if diags.HasErrors() {
				return a.tell(diags, source(module))
			}
			list := []view.Permission{}
			for _, p := range a.Providers {
				info := p.Info()
				if !slices.ContainsFunc(module.Providers(), func(b config.ProviderBlock) bool { return b.Type == info.Type }) {
					continue
				}
				for _, need := range module.Permissions(info) {
					list = append(list, view.Permission{Provider: info.Type, Permission: need.Name, Why: need.Why})
				}
			}
			return a.view().Permissions(list)
		},
	}
	c.Flags().BoolVar(&a.json, "json", false, "print JSON")
	return c
}

// versionCommand is `idpctl version`.
func (a *app) versionCommand() *cobra.Command {
	c := &cobra.Command{
		Use:     "version",
		Short:   "Print the version",
		Example: "  idpctl version\n  idpctl version -json",
		Args:    cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			if a.json {
				return json.NewEncoder(a.Stdout).Encode(map[string]string{"version": a.Version, "platform": runtime.GOOS + "_" + runtime.GOARCH})
			}
			_, err := fmt.Fprintf(a.Stdout, "idpctl %s\non %s_%s\n", a.Version, runtime.GOOS, runtime.GOARCH)
			return err
		},
	}
	c.Flags().BoolVar(&a.json, "json", false, "print JSON")
	return c
}

// initCommand is `idpctl init`, which Terraform users type first.
func (a *app) initCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "init",
		Short:   "Not needed: providers are built in",
		Example: "  idpctl plan",
		Hidden:  true,
		RunE: func(*cobra.Command, []string) error {
			_, err := fmt.Fprintln(a.Stdout, "There is nothing to initialize: the providers are built in, and the state is made by the first apply.\nGo on with `idpctl plan`.")
			return err
		},
	}
}
