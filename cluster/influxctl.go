package cluster

import (
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/idpctl/idpctl/cluster/internal/textedit"
	"github.com/idpctl/idpctl/cluster/internal/tomledit"
	"github.com/idpctl/idpctl/diag"
)

// The keys of a profile that idpctl sets, as [Change.Owned] has them.
const (
	profileKey   = "profile" // the array of profiles; as an owned key, the whole profile
	nameKey      = "name"
	productKey   = "product"
	hostKey      = "host"
	portKey      = "port"
	oauthKey     = "auth.oauth2"
	tokenKey     = "auth.token"
	clientKey    = oauthKey + ".client_id"
	secretKey    = oauthKey + ".client_secret"
	scopesKey    = oauthKey + ".scopes"
	deviceKey    = oauthKey + ".device_url"
	tokenURLKey  = oauthKey + ".token_url"
	paramsKey    = oauthKey + ".parameters"
	audienceKey  = paramsKey + ".audience"
	clustered    = "clustered" // the only product that an identity provider is for
	profileLabel = "config.toml"
)

// Profile is a connection profile in influxctl's config.toml: how one signs in to
// a cluster with influxctl. It does no I/O.
type Profile struct {
	// Name is what influxctl's flag --profile takes; "default" needs none.
	Name string
	// Host and Port of the cluster; what is empty stays as it is in the file.
	Host, Port string
	// Scopes to ask for, if SetScopes is true; else those of [SignIn].
	Scopes    []string
	SetScopes bool
	// LegacyClientSecret adds the key client_secret, empty, as influxctl demanded
	// it before 2.9.8.
	LegacyClientSecret bool
	// ReplaceToken removes [profile.auth.token], by which the profile passes the
	// identity provider by.
	ReplaceToken bool
	// Hidden are the keys whose values are sensitive, for [Section.Hidden].
	Hidden []string
}

// profileEdit is one edit of the profile in a file.
type profileEdit struct {
	Profile
	label  string
	file   *tomledit.File
	at     *tomledit.Node // nil for a profile that is to be made
	edits  *tomledit.Edits
	owned  map[string]bool
	hidden []string
	exists bool // the file
	c      Change
}

// open parses the file and finds the profile in it.
func (p Profile) open(label string, live Live, want Desired, own Ownership) (*profileEdit, error) {
	f, err := tomledit.Parse(label, live.Content)
	if err != nil {
		return nil, err
	}
	at, err := p.find(f)
	if err != nil {
		return nil, err
	}
	e := &profileEdit{Profile: p, label: label, file: f, at: at, edits: f.Edit(), owned: map[string]bool{}, exists: live.Exists, hidden: want.Hidden, c: Change{Content: live.Content}}
	if at != nil {
		e.owned = set(own.Owned)
	}
	return e, nil
}

// find returns the profile of the name, nil if there is none.
func (p Profile) find(f *tomledit.File) (*tomledit.Node, error) {
	all, err := profiles(f)
	if err != nil {
		return nil, err
	}
	var found *tomledit.Node
	for _, n := range all {
		name := n.Get(nameKey)
		if name == nil || name.Kind != tomledit.Text || name.Value != p.Name {
			continue
		}
		if found != nil {
			return nil, f.Problem(n, "Two profiles have one name",
				"The profile %q is at %s already, and influxctl demands that names are unique. Rename or remove one of them.", p.Name, f.Range(found))
		}
		found = n
	}
	if found == nil {
		return nil, nil
	}
	return found, sameCase(f, found)
}

// profiles are the tables of the file's profiles.
func profiles(f *tomledit.File) ([]*tomledit.Node, error) {
	for _, k := range f.Root().Keys() {
		if k.Name != profileKey && strings.EqualFold(k.Name, profileKey) {
			return nil, otherCase(f, k, profileKey)
		}
	}
	all := f.Root().Get(profileKey)
	if all == nil {
		return nil, nil
	}
	if all.Kind == tomledit.Table {
		return []*tomledit.Node{all}, nil
	}
	for _, n := range all.Items {
		if n.Kind != tomledit.Table {
			return nil, f.Problem(n, "A profile is no table", "There is a %s. Write each profile under a header [[profile]].", n.Kind)
		}
	}
	if all.Kind != tomledit.Tables && all.Kind != tomledit.List {
		return nil, f.Problem(all, "The profiles are no tables", "There is a %s. Write each profile under a header [[profile]].", all.Kind)
	}
	return all.Items, nil
}

// sameCase refuses keys that influxctl takes for those that idpctl sets although
// they are written otherwise.
func sameCase(f *tomledit.File, at *tomledit.Node) error {
	for path := range strings.SplitSeq(strings.Join([]string{
		nameKey, productKey, hostKey, portKey, clientKey, secretKey, scopesKey, deviceKey, tokenURLKey, audienceKey, tokenKey,
	}, " "), " ") {
		n := at
		for step := range strings.SplitSeq(path, ".") {
			for _, k := range n.Keys() {
				if k.Name != step && strings.EqualFold(k.Name, step) && path != audienceKey {
					return otherCase(f, k, step)
				}
			}
			if n = n.Get(step); n == nil {
				break
			}
		}
	}
	return nil
}

func otherCase(f *tomledit.File, k *tomledit.Node, want string) error {
	return f.Problem(k, "A key is written in another case", "influxctl takes %s for %s, so that there would be two of them. Write it as %s and run again.", k.Name, want, want)
}

// get is the entry at a key such as "auth.oauth2.client_id".
func (e *profileEdit) get(key string) *tomledit.Node { return e.at.At(strings.Split(key, ".")...) }

// Merge makes live say how one signs in; see [Target]. label names the file.
func (p Profile) Merge(label string, live Live, want Desired, own Ownership) (Change, diag.Diagnostics) {
	e, err := p.open(label, live, want, own)
	if err != nil {
		return Change{}, problem(err)
	}
	if p.SetScopes {
		want.Scopes = p.Scopes
	}
	for _, v := range append([]string{p.Name, p.Host, p.Port, want.ClientID, want.DeviceURL, want.TokenURL, want.Audience}, want.Scopes...) {
		if !utf8.ValidString(v) {
			return Change{}, diag.Diagnostics{}.Errorf("A value is not text in UTF-8", "The value %q cannot be written to %s.", v, label)
		}
	}
	if e.at == nil {
		err = e.make(want.SignIn)
	} else {
		err = e.merge(want.SignIn)
	}
	if err == nil {
		err = e.finish()
	}
	if err != nil {
		return Change{}, problem(err)
	}
	e.c.Unknown = unknownSignIn(want.SignIn)
	e.c.Created = !live.Exists
	return e.c, e.warnings(live)
}

// unknownSignIn reports whether anything of it is known only after apply.
func unknownSignIn(s SignIn) bool {
	return slices.ContainsFunc(append([]string{s.ClientID, s.DeviceURL, s.TokenURL, s.Audience}, s.Scopes...),
		func(v string) bool { return strings.Contains(v, KnownAfterApply) })
}

// make appends the profile to the file.
func (e *profileEdit) make(s SignIn) error {
	for _, v := range []struct{ key, value, example string }{{hostKey, e.Host, "cluster-host.com"}, {portKey, e.Port, "443"}} {
		if v.value == "" {
			return diag.Diagnostic{
				Summary: "The profile has no " + v.key,
				Detail: "There is no profile " + e.Name + " in " + e.label + " yet, and influxctl needs to know where the cluster is. Add this line to the block influxctl:\n\n  " +
					v.key + " = \"" + v.example + "\"",
			}
		}
	}
	entries := []tomledit.Entry{}
	add := func(key string, v tomledit.Value) {
		entries = append(entries, tomledit.Entry{Path: strings.Split(key, "."), Value: v})
		e.owned[key] = true
	}
	add(nameKey, tomledit.String(e.Name))
	add(productKey, tomledit.String(clustered))
	add(hostKey, tomledit.String(e.Host))
	add(portKey, tomledit.String(e.Port))
	add(clientKey, tomledit.String(s.ClientID))
	if e.LegacyClientSecret {
		add(secretKey, tomledit.String(""))
	}
	if len(s.Scopes) > 0 {
		add(scopesKey, tomledit.Strings(s.Scopes))
	}
	add(deviceKey, tomledit.String(s.DeviceURL))
	add(tokenURLKey, tomledit.String(s.TokenURL))
	if s.Audience != "" {
		add(paramsKey, tomledit.Inline(tomledit.Field{Key: "audience", Text: s.Audience}))
		e.owned[audienceKey] = true
	}
	e.owned[profileKey], e.owned[oauthKey] = true, true
	return e.edits.Append(profileKey, entries)
}

func (e *profileEdit) field(key, before, after string) {
	e.c.Fields = append(e.c.Fields, FieldChange{Name: key, Before: textedit.URL(before), After: textedit.URL(after)})
}

// merge edits the profile that is there.
func (e *profileEdit) merge(s SignIn) error {
	if err := e.product(); err != nil {
		return err
	}
	if t := e.get(tokenKey); t != nil {
		if !e.ReplaceToken {
			return e.file.Problem(t, "The profile signs in with an admin token",
				"[profile.auth.token] passes the identity provider by, and influxctl takes one way to sign in only. Remove it, or set replace_token = true in the block influxctl, which removes it. Anybody who has the token file is an admin until the token is revoked.")
		}
		if err := e.remove(tokenKey); err != nil {
			return err
		}
	}
	texts := []struct{ key, value string }{{hostKey, e.Host}, {portKey, e.Port}, {clientKey, s.ClientID}, {deviceKey, s.DeviceURL}, {tokenURLKey, s.TokenURL}}
	for _, v := range texts {
		if v.value == "" && (v.key == hostKey || v.key == portKey) {
			continue
		}
		if err := e.text(v.key, v.value); err != nil {
			return err
		}
		if v.key == clientKey {
			if err := e.secretAndScopes(s); err != nil {
				return err
			}
		}
	}
	return e.audience(s.Audience)
}

// product sets the product if there is none, and refuses another one.
func (e *profileEdit) product() error {
	p := e.get(productKey)
	if p != nil && (p.Kind != tomledit.Text || p.Value != clustered) {
		return e.file.Problem(p, "The profile is of another product",
			"The profile %s is not for InfluxDB Clustered, and is left alone. Set profile in the block influxctl to another name.", e.Name)
	}
	return e.text(productKey, clustered)
}

// text makes a key say a text.
func (e *profileEdit) text(key, value string) error {
	old := e.get(key)
	if old != nil && old.Kind == tomledit.Text && old.Value == value {
		return nil
	}
	before := ""
	if old != nil {
		before = old.Value
	}
	e.field(key, before, value)
	return e.set(key, tomledit.String(value))
}

// set writes a value, which is idpctl's from then on, and so are the tables that
// are made for it.
func (e *profileEdit) set(key string, v tomledit.Value) error {
	e.owned[key] = true
	if strings.HasPrefix(key, oauthKey+".") && e.get(oauthKey) == nil {
		e.owned[oauthKey] = true
	}
	return e.edits.Set(e.at, strings.Split(key, "."), v)
}

// remove takes a key out if it is there.
func (e *profileEdit) remove(key string) error {
	n := e.get(key)
	delete(e.owned, key)
	if n == nil {
		return nil
	}
	e.field(key, "", "")
	return e.edits.Remove(n)
}

// finish makes the edits and describes them.
func (e *profileEdit) finish() error {
	at := e.at
	if e.edits.Changed() {
		content, err := e.edits.Bytes()
		if err != nil {
			return err
		}
		after, err := tomledit.Parse(e.label, content)
		if err != nil {
			return err
		}
		if at, err = e.find(after); err != nil {
			return err
		}
		old, name := []byte(nil), devNull
		if e.exists {
			old, name = e.shown(e.file), e.label
		}
		e.c.Changed, e.c.Content = true, content
		e.c.Diff = unifiedText(name, old, e.label, e.shown(after))
	}
	for key := range e.owned {
		if ownable(key) && (key == profileKey || at.At(strings.Split(key, ".")...) != nil) {
			e.c.Owned = append(e.c.Owned, key)
		}
	}
	slices.Sort(e.c.Owned)
	return nil
}

// ownable reports whether a key is one that idpctl sets or makes.
func ownable(key string) bool {
	return slices.Contains([]string{
		profileKey, productKey, hostKey, portKey, oauthKey, clientKey, secretKey, scopesKey, deviceKey, tokenURLKey, paramsKey, audienceKey,
	}, key)
}

// Text is a file that holds the profile alone.
func (p Profile) Text(want Desired) (string, diag.Diagnostics) {
	c, ds := p.Merge(profileLabel, Live{}, want, Ownership{})
	return string(c.Content), ds
}
