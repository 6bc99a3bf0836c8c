package state

import (
	"bytes"
	"encoding/json"
	"maps"
	"slices"
	"time"

	"github.com/idpctl/idpctl/resource"
)

// Version is the version of the formats of snapshot and journal. A file of a
// newer version is refused.
const Version = 1

// State is what is known, at one moment. It is a value to read: whoever got it
// from a [Session] must not change what it refers to.
type State struct {
	// Version of the format; see the constant.
	Version int `json:"version"`
	// ToolVersion is the version of idpctl that wrote the snapshot.
	ToolVersion string `json:"tool_version,omitempty"`
	// Lineage is a UUID that all snapshots of one state share. Empty: there is
	// no state yet.
	Lineage string `json:"lineage"`
	// Serial grows by one with every snapshot that differs from the one before.
	// While a journal has changed something it is already the number that the
	// next snapshot will have, so that a saved plan can tell.
	Serial uint64 `json:"serial"`
	// Namespace is the name of the configuration.
	Namespace string `json:"namespace,omitempty"`
	// Servers that the objects are at, by the name of the provider block, as it
	// named them in the last run that changed something.
	Servers map[string]string `json:"servers,omitempty"`
	// Run is the id of the last run whose journal this snapshot contains.
	Run string `json:"run,omitempty"`

	// Objects, sorted by address.
	Objects []Object `json:"objects,omitempty"`
	// Targets are the files of clusters, sorted by address.
	Targets []Target `json:"targets,omitempty"`
	// Outputs of the configuration by name.
	Outputs map[string]Output `json:"outputs,omitempty"`
	// Pending are the credentials that were made and not yet delivered, in the
	// order in which they were made.
	Pending []Credential `json:"pending,omitempty"`
	// Intents were begun and are not known to be done, in the order in which
	// they were begun. Look before doing.
	Intents []Intent `json:"intents,omitempty"`
	// Gone are objects that were deleted where reads lag behind writes, in that
	// order: for a while they may still be shown.
	Gone []Gone `json:"gone,omitempty"`
}

// Gone is an object that was deleted a short while ago.
type Gone struct {
	Provider string `json:"provider"`
	Kind     string `json:"kind"`
	Parent   string `json:"parent,omitempty"`
	ID       string `json:"id"`
	// Written is when, by the server's clock.
	Written time.Time `json:"written"`
}

// goneFor is how long a deletion is remembered; no provider lags for so long.
const goneFor = 24 * time.Hour

func (g Gone) equal(h Gone) bool {
	same := g.Written.Equal(h.Written)
	g.Written = h.Written
	return same && g == h
}

// Origin says how an object came to be managed.
type Origin = resource.Origin

const (
	// Created by idpctl.
	Created = resource.Created
	// Adopted: it existed before.
	Adopted = resource.Adopted
)

// Object is what is known of one object at an identity provider.
type Object struct {
	Address resource.Address `json:"address"`
	Kind    string           `json:"kind"`
	// Provider names the provider block: "keycloak", or "keycloak.eu".
	Provider string `json:"provider"`
	// Parent is the value of the kind's parent attribute (a realm's name).
	Parent string `json:"parent,omitempty"`
	// ID is the provider's id.
	ID     string `json:"id"`
	Origin Origin `json:"origin"`
	// Attributes as they were after the last write or refresh, as JSON of the
	// kind's type. No write-only and no sensitive value is among them.
	Attributes json.RawMessage `json:"attributes,omitempty"`
	// Sensitive names the attributes that had a sensitive value, which is not
	// kept: what the provider shows of them is masked.
	Sensitive []string `json:"sensitive,omitempty"`
	// Owned are the elements of partial attributes that idpctl itself added,
	// by attribute; only those are ever removed.
	Owned map[string]json.RawMessage `json:"owned,omitempty"`
	// DependsOn gives the order of destruction when the configuration no
	// longer has the object.
	DependsOn      []resource.Address `json:"depends_on,omitempty"`
	PreventDestroy bool               `json:"prevent_destroy,omitempty"`
	ForceDestroy   bool               `json:"force_destroy,omitempty"`
	// OnDestroy is "delete", "release" or "", as in [resource.Desired].
	OnDestroy string `json:"on_destroy,omitempty"`
	// Written is the last write by the server's clock: a read may answer with
	// what was before for as long as the provider lags. Zero: unknown or long
	// ago.
	Written time.Time `json:"written,omitzero"`
}

// Target is one file of a cluster and what idpctl put there.
type Target struct {
	Address resource.Address `json:"address"`
	// Kind is the nested block: "appinstance".
	Kind string `json:"kind"`
	// Path of the file, as the configuration has it; of an object in Kubernetes that
	// of the kubeconfig, empty for the usual one.
	Path string `json:"path"`
	// Name and Namespace tell which of several AppInstances or profiles in the
	// file is meant; empty for the only one.
	Name      string `json:"name,omitempty"`
	Namespace string `json:"namespace,omitempty"`
	// Context of the kubeconfig, URL of the API server and the object's UID, of an
	// object in Kubernetes.
	Context string `json:"context,omitempty"`
	Server  string `json:"server,omitempty"`
	UID     string `json:"uid,omitempty"`
	// Release of the chart, which Chart names, in ReleaseNamespace: what helm installed
	// with a file of values.
	Release          string `json:"release,omitempty"`
	Chart            string `json:"chart,omitempty"`
	ReleaseNamespace string `json:"release_namespace,omitempty"`
	// Owned are the ids of the admins that idpctl put there, or the keys of a
	// profile, sorted; others are left alone.
	Owned []string `json:"owned,omitempty"`
	// Former are the ids of admins that idpctl put there once and took out, sorted:
	// an entry of one that comes back, as by a revert of a commit, is idpctl's.
	Former []string `json:"former,omitempty"`
	// Hidden are the keys whose values are sensitive there.
	Hidden []string `json:"hidden,omitempty"`
	// Groups: idpctl decides on the user groups of its admins there.
	Groups           bool   `json:"groups,omitempty"`
	IdentityProvider string `json:"identity_provider,omitempty"`
	JWKSEndpoint     string `json:"jwks_endpoint,omitempty"`
}

// Output is one output of the configuration. A sensitive one has no value here:
// it is evaluated again when somebody asks.
type Output struct {
	// Type is the cty type as JSON.
	Type json.RawMessage `json:"type,omitempty"`
	// Value as JSON of that type.
	Value     json.RawMessage `json:"value,omitempty"`
	Sensitive bool            `json:"sensitive,omitempty"`
}

// CredentialKind says what the user of a new account gets.
type CredentialKind string

const (
	// NoCredential: nothing.
	NoCredential CredentialKind = ""
	// Password: a generated one, shown once.
	Password CredentialKind = "password"
	// Invite: a mail by which the user sets one.
	Invite CredentialKind = "invite"
)

// Credential is one that was made and whose delivery is not confirmed. Its
// value is nowhere: a later run makes a new one and delivers that.
type Credential struct {
	Address resource.Address `json:"address"`
	// ID is the provider's id of the user.
	ID   string         `json:"id"`
	Kind CredentialKind `json:"kind"`
	// Intent is the number of the intent that made it; [Delivered] names it.
	Intent uint64 `json:"intent"`
}

// Object returns the object at an address.
func (s *State) Object(a resource.Address) (Object, bool) {
	i, ok := slices.BinarySearchFunc(s.Objects, a, func(o Object, a resource.Address) int { return o.Address.Compare(a) })
	if !ok {
		return Object{}, false
	}
	return s.Objects[i], true
}

// Target returns the cluster file at an address.
func (s *State) Target(a resource.Address) (Target, bool) {
	i, ok := slices.BinarySearchFunc(s.Targets, a, func(t Target, a resource.Address) int { return t.Address.Compare(a) })
	if !ok {
		return Target{}, false
	}
	return s.Targets[i], true
}

// Addresses lists what the state holds, objects and cluster files, in order.
// With filters it lists only what one of them means: an address itself, and
// for a block's address every instance and every file of it.
func (s *State) Addresses(filters ...resource.Address) []resource.Address {
	all := make([]resource.Address, 0, len(s.Objects)+len(s.Targets))
	add := func(a resource.Address) {
		if len(filters) == 0 || slices.ContainsFunc(filters, func(f resource.Address) bool { return covers(f, a) }) {
			all = append(all, a)
		}
	}
	for _, o := range s.Objects {
		add(o.Address)
	}
	for _, t := range s.Targets {
		add(t.Address)
	}
	slices.SortFunc(all, resource.Address.Compare)
	return all
}

// covers reports whether f means a: cluster.c["x"] also means its files, and
// user.team all of its instances.
func covers(f, a resource.Address) bool {
	if f.Target == "" {
		a.Target = ""
	}
	return f == a || f == a.Block()
}

// IsEmpty reports whether there is nothing that another run would need.
func (s *State) IsEmpty() bool {
	return len(s.Objects)+len(s.Targets)+len(s.Outputs)+len(s.Pending)+len(s.Intents) == 0
}

// sort brings s into the order that its fields promise.
func (s *State) sort() {
	slices.SortFunc(s.Objects, func(a, b Object) int { return a.Address.Compare(b.Address) })
	slices.SortFunc(s.Targets, func(a, b Target) int { return a.Address.Compare(b.Address) })
	slices.SortFunc(s.Pending, func(a, b Credential) int { return compareSeq(a.Intent, b.Intent) })
	slices.SortFunc(s.Intents, func(a, b Intent) int { return compareSeq(a.Seq, b.Seq) })
}

// sameContent reports whether two states of one lineage, both sorted, say the
// same: all but serial, run and version of the tool.
func (s *State) sameContent(o *State) bool {
	return s.Namespace == o.Namespace && maps.Equal(s.Servers, o.Servers) &&
		slices.EqualFunc(s.Objects, o.Objects, Object.equal) &&
		slices.EqualFunc(s.Targets, o.Targets, Target.equal) &&
		maps.EqualFunc(s.Outputs, o.Outputs, Output.equal) &&
		slices.Equal(s.Pending, o.Pending) &&
		slices.EqualFunc(s.Intents, o.Intents, Intent.equal) &&
		slices.EqualFunc(s.Gone, o.Gone, Gone.equal)
}

func (o Object) equal(p Object) bool {
	return o.Address == p.Address && o.Kind == p.Kind && o.Provider == p.Provider && o.Parent == p.Parent &&
		o.ID == p.ID && o.Origin == p.Origin && bytes.Equal(o.Attributes, p.Attributes) &&
		maps.EqualFunc(o.Owned, p.Owned, func(a, b json.RawMessage) bool { return bytes.Equal(a, b) }) &&
		slices.Equal(o.Sensitive, p.Sensitive) && slices.Equal(o.DependsOn, p.DependsOn) && o.PreventDestroy == p.PreventDestroy &&
		o.ForceDestroy == p.ForceDestroy && o.OnDestroy == p.OnDestroy && o.Written.Equal(p.Written)
}

func (t Target) equal(u Target) bool {
	return t.Address == u.Address && t.Kind == u.Kind && t.Path == u.Path && t.Name == u.Name && t.Namespace == u.Namespace &&
		t.Context == u.Context && t.Server == u.Server && t.UID == u.UID && slices.Equal(t.Owned, u.Owned) &&
		t.Release == u.Release && t.Chart == u.Chart && t.ReleaseNamespace == u.ReleaseNamespace &&
		slices.Equal(t.Former, u.Former) && slices.Equal(t.Hidden, u.Hidden) && t.Groups == u.Groups &&
		t.IdentityProvider == u.IdentityProvider && t.JWKSEndpoint == u.JWKSEndpoint
}

func (o Output) equal(p Output) bool {
	return o.Sensitive == p.Sensitive && bytes.Equal(o.Type, p.Type) && bytes.Equal(o.Value, p.Value)
}
