package cluster

import (
	"context"
	"os"
	"path/filepath"
	"runtime"

	"github.com/zclconf/go-cty/cty"

	"github.com/idpctl/idpctl/cluster/internal/tomledit"
	"github.com/idpctl/idpctl/diag"
	"github.com/idpctl/idpctl/resource"
)

// profileFile is a target that is influxctl's config.toml.
type profileFile struct {
	file
	Profile
	place Place
}

// stdout is the path that stands for standard output.
const stdout = "-"

// Printed reports whether a nested block of a cluster asks for a text on standard
// output rather than for a file. [OpenProfile] gives the text.
func Printed(kind string, attrs cty.Value) bool {
	attrs, _ = attrs.UnmarkDeep()
	v := resource.Attr(attrs, "path")
	return kind == kindInfluxctl && v.IsKnown() && !v.IsNull() && v.Type() == cty.String && v.AsString() == stdout
}

// IsProfile reports whether a kind of target is a profile of influxctl.
func IsProfile(kind string) bool { return kind == kindInfluxctl }

// OpenProfile is the profile that a nested block influxctl asks for. attrs conforms
// to the block's attributes in [Spec].
func OpenProfile(attrs cty.Value) (Profile, diag.Diagnostics) {
	p, _, ds := readProfile(attrs)
	return p, ds
}

// readProfile reads the arguments of a nested block influxctl.
func readProfile(attrs cty.Value) (p Profile, path string, ds diag.Diagnostics) {
	a := ReadArguments(kindInfluxctl, attrs)
	p = Profile{
		Name: a.Text("profile"), Host: a.Text("host"), Port: a.Text("port"),
		LegacyClientSecret: a.Flag("legacy_client_secret"), ReplaceToken: a.Flag("replace_token"),
	}
	if p.Name == "" {
		p.Name = defaultProfile
	}
	if v, ok := a.Get("scopes", cty.List(cty.String)); ok {
		p.SetScopes = true
		for _, s := range v.AsValueSlice() {
			if s.IsNull() {
				continue
			}
			p.Scopes = append(p.Scopes, s.AsString())
		}
	}
	for argument, key := range map[string]string{"host": hostKey, "port": portKey, "scopes": scopesKey} {
		if a.Secret(argument) {
			p.Hidden = append(p.Hidden, key)
		}
	}
	path = a.Text("path")
	return p, path, a.Problems
}

// openInfluxctl is the target of a nested block influxctl.
func openInfluxctl(attrs cty.Value, dir string) (Target, diag.Diagnostics) {
	p, path, ds := readProfile(attrs)
	if ds.HasErrors() {
		return nil, ds
	}
	t := &profileFile{Profile: p, place: Place{Path: path, Name: p.Name}, file: file{mode: 0o600}}
	if path == "" {
		base, err := os.UserConfigDir()
		if err != nil {
			return nil, ds.Errorf("The path is missing", "The block influxctl has no path, and the folder that influxctl reads is not known here: %v. Set path.", err)
		}
		t.place.Path, t.makeDir = filepath.Join(base, "influxctl", "config.toml"), true
	}
	t.path, ds = absolute(t.place.Path, dir)
	if ds.HasErrors() {
		return nil, ds
	}
	return t, nil
}

// influxctlAt is the target at a place of the state, which is about to be left.
// Its folder may be that of another user or machine, where the file was not made.
func influxctlAt(place Place, dir string) (Target, diag.Diagnostics) {
	path, ds := absolute(place.Path, dir)
	if ds.HasErrors() {
		return nil, ds
	}
	return &profileFile{Profile: Profile{Name: place.Name}, place: place, file: file{path: path, mode: 0o600, mayBeGone: true}}, nil
}

// Kind is "influxctl".
func (t *profileFile) Kind() string { return kindInfluxctl }

// Place is the file and the profile in it.
func (t *profileFile) Place() Place { return t.place }

// ListsAdmins is false: the file says how one signs in.
func (t *profileFile) ListsAdmins() bool { return false }

// Next is nothing: influxctl reads the file at its next run.
func (t *profileFile) Next([]byte) Next { return Next{} }

// Read reads the file, and warns of tokens in it that others can read.
func (t *profileFile) Read(ctx context.Context) (Live, diag.Diagnostics) {
	live, ds := t.read(ctx)
	if ds.HasErrors() || !live.Exists {
		return live, ds
	}
	f, err := tomledit.Parse(t.path, live.Content)
	if err != nil {
		return Live{}, problem(err)
	}
	info, err := os.Stat(t.path)
	if err != nil || runtime.GOOS == "windows" || info.Mode()&0o044 == 0 {
		return live, ds // Windows has no such mode
	}
	if n := secretIn(f); n != nil {
		d := f.Problem(n, "Others can read a secret of influxctl",
			"%s holds %s and has the mode %04o. Make it yours alone: chmod 600.", t.path, n.Name, info.Mode().Perm())
		d.Severity = diag.Warning
		ds = append(ds, d)
	}
	return live, ds
}

// secretIn is the first value in a config.toml that is a secret; nil if none is.
func secretIn(f *tomledit.File) *tomledit.Node {
	all, err := profiles(f)
	if err != nil {
		return nil
	}
	for _, p := range all {
		for _, n := range []*tomledit.Node{p.Get("token"), p.Get("mgmt_token"), p.At("auth", "oauth2", "client_secret")} {
			if n != nil && n.Kind == tomledit.Text && n.Value != "" {
				return n
			}
		}
	}
	return nil
}

// Merge makes the profile say how one signs in; see [Target].
func (t *profileFile) Merge(live Live, want Desired, own Ownership) (Change, diag.Diagnostics) {
	return t.Profile.Merge(t.path, live, want, own)
}

// Prune takes out what is owned, if nothing is wanted any more; see [Target].
func (t *profileFile) Prune(live Live, want Desired, own Ownership) (Change, diag.Diagnostics) {
	return t.Profile.Prune(t.path, live, want, own)
}
