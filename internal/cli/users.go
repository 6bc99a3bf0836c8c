package cli

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/zclconf/go-cty/cty"

	"github.com/idpctl/idpctl/cluster"
	"github.com/idpctl/idpctl/config"
	"github.com/idpctl/idpctl/diag"
	"github.com/idpctl/idpctl/internal/run"
	"github.com/idpctl/idpctl/internal/view"
	"github.com/idpctl/idpctl/resource"
)

// usersFlags are those of `idpctl users`.
type usersFlags struct {
	runFlags
	format, filter, group, in string
}

// usersCommand is `idpctl users`.
func (a *app) usersCommand() *cobra.Command {
	var flags usersFlags
	c := &cobra.Command{
		Use:   "users [CLUSTER]",
		Short: "List the admins with the ids that their tokens carry",
		Long: `users lists the admins of the clusters, with the ids that the identity provider
puts into their tokens; without a cluster block, all users that the configuration
manages or looks up. It reads the identity provider, changes nothing, and needs no
state: with -group it lists the members of a group there.

As yaml it is the list users of an AppInstance and of Helm values. In csv and
markdown, nothing in a name can become a formula or markup. Values that are
sensitive are masked, but in yaml.`,
		Example: "  idpctl users\n  idpctl users -group admins -format csv > admins.csv\n  idpctl users -filter mcfly -json",
		Args:    cobra.MaximumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			only := ""
			if len(args) > 0 {
				only = args[0]
			}
			both := a.json && c.Flags().Changed("format") && flags.format != jsonFormat
			if a.json && !both {
				flags.format = jsonFormat
			}
			a.json = a.json || flags.format == jsonFormat // errors too
			if err := flags.contradiction(both, only); err != nil {
				return err
			}
			return a.users(&flags, only)
		},
	}
	flags.add(c)
	c.Flags().StringVar(&flags.format, "format", tableFormat, "`FORM` of the list: "+strings.Join(userFormats(), ", "))
	c.Flags().StringVar(&flags.filter, "filter", "", "only users with this `TEXT` in their id, e-mail, name or address")
	c.Flags().StringVar(&flags.group, "group", "", "the members of this `GROUP` at the identity provider, instead of the admins")
	c.Flags().StringVar(&flags.in, "in", "", "`REALM` or tenant of the group, such as realm.influxdb, where there are several")
	c.Flags().BoolVar(&a.json, "json", false, "the same as -format json")
	return c
}

const (
	yamlFormat  = "yaml"
	jsonFormat  = "json"
	tableFormat = "table"
)

func userFormats() []string { return append(view.UserFormats(), yamlFormat) }

// contradiction says which flags and arguments are at odds with each other. both:
// there is -json, and another -format.
func (f *usersFlags) contradiction(both bool, only string) error {
	switch {
	case !slices.Contains(userFormats(), f.format):
		return fmt.Errorf("-format is %s, not %q", strings.Join(userFormats(), ", "), f.format)
	case both:
		return fmt.Errorf("-json is -format json, and there is -format %s too: leave one of them out", f.format)
	case f.in != "" && f.group == "":
		return errors.New("-in says where the group of -group is: add -group, or leave -in out")
	case f.group != "" && only != "":
		return fmt.Errorf("-group lists the members of a group, and %s names a cluster, whose admins are listed: leave one of them out", only)
	}
	return nil
}

func (a *app) users(flags *usersFlags, only string) error {
	var lists []run.Admins
	more := func(m *config.Module) (config.Source, diag.Diagnostics) {
		if flags.group == "" && hasClusters(m) {
			return config.Source{}, nil
		}
		return run.UsersSource(m, a.Providers, flags.group, flags.in)
	}
	told := func(int) string {
		if flags.group == "" {
			return ""
		}
		return "-group " + shellWord(flags.group)
	}
	flags.unread = true
	err := a.look(&flags.runFlags, more, told, func(ctx context.Context, r *run.Run) (diags diag.Diagnostics) {
		var ds diag.Diagnostics
		lists, diags = r.Users(ctx)
		if diags.HasErrors() || only == "" && len(r.ClusterBlocks()) == 0 || flags.group != "" {
			return diags
		}
		of := func(l run.Admins) resource.Address { return l.Cluster }
		lists, ds = chosen(r.ClusterBlocks(), lists, of, only)
		if ds.HasErrors() && only != "" {
			ds[0].Detail += fmt.Sprintf(" To find a user, write -filter %s.", shellWord(only))
		}
		if ds.HasErrors() || flags.format != yamlFormat || len(lists) < 2 {
			return append(diags, ds...)
		}
		return diags.Errorf("Several clusters", "There are %s, and a list in yaml is that of one. Name it, as in `idpctl users %s -format yaml`.", shortList(named(lists, of), 6), shellWord(lists[0].Cluster.String()))
	})
	if err != nil {
		return err
	}
	list, admins := rows(lists, flags)
	if flags.format != tableFormat && flags.format != jsonFormat { // a table is for people, and JSON has null
		for _, u := range admins {
			if u.ID == cluster.KnownAfterApply || u.ID == "" {
				return a.tell(diag.Diagnostics{}.Errorf("Not applied yet", "The id of %s will be known after an apply: run `idpctl apply` first. The list would be wrong without it.", u.Email), nil)
			}
		}
	}
	if flags.format == yamlFormat {
		_, err := a.Stdout.Write(cluster.UsersYAML(admins))
		return err
	}
	if len(list) == 0 && flags.format == tableFormat {
		if flags.filter != "" {
			fmt.Fprintf(a.Stderr, "No users with %q in their id, e-mail, name or address.\n", flags.filter)
			return nil
		}
		fmt.Fprintln(a.Stderr, "No users.")
		return nil
	}
	return a.view().UserList(list, flags.format)
}

// rows are the users that pass the filter, once for each cluster, and the same as
// admins of one, each once.
func rows(lists []run.Admins, flags *usersFlags) ([]view.User, []cluster.Admin) {
	var out []view.User
	var admins []cluster.Admin
	seen := map[string]bool{}
	for _, l := range lists {
		for _, u := range l.Users {
			row := view.User{Address: u.Address.String(), ID: u.ID, Email: u.Email, FirstName: u.FirstName, LastName: u.LastName, Groups: u.Groups}
			if l.Cluster.Name != "" && len(lists) > 1 {
				row.Cluster = l.Cluster.String()
			}
			if flags.group != "" {
				row.Address = "" // that of a block which idpctl made up
			}
			if !mentions(u, row.Address, flags.filter) {
				continue
			}
			out = append(out, row)
			a := cluster.Admin{ID: plainText(u.ID), FirstName: plainText(u.FirstName), LastName: plainText(u.LastName), Email: plainText(u.Email), UserGroups: u.Groups}
			if !seen[a.ID] {
				admins = append(admins, a)
			}
			seen[a.ID] = true
		}
	}
	return out, admins
}

// mentions reports whether a text is in what is shown of a user, in upper or lower
// case.
func mentions(u run.Admin, address, text string) bool {
	shown := []string{address}
	for _, v := range []cty.Value{u.ID, u.Email, u.FirstName, u.LastName} {
		if !v.IsMarked() { // what is found would tell what is masked
			shown = append(shown, plainText(v))
		}
	}
	return strings.Contains(strings.ToLower(strings.Join(shown, "\n")), strings.ToLower(text))
}

// plainText is a string without its marks, or what stands for one that is not known.
func plainText(v cty.Value) string {
	v, _ = v.Unmark()
	switch {
	case v == cty.NilVal:
		return ""
	case !v.IsKnown():
		return cluster.KnownAfterApply
	case v.IsNull() || v.Type() != cty.String:
		return ""
	}
	return v.AsString()
}
