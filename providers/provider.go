// Package providers is what an identity provider must be able to do, and
// nothing of how one does it: the interface, its queries, operations and
// errors. The implementations stand below it, one folder each; conformance/ is
// the one suite that runs against all of them, and transport/ the HTTP layer
// that they share.
package providers

import (
	"context"
	"path/filepath"
	"slices"
	"time"

	"github.com/zclconf/go-cty/cty"

	"github.com/idpctl/idpctl/resource"
)

// Provider is one kind of identity provider. What it can do is data (Info), so
// that a configuration which asks for more is refused before any request.
type Provider interface {
	// Info is static: the same at every call, without I/O.
	Info() Info
	// Open prepares a connection. It sends no request: the first List or
	// Apply signs in. An error is one of the configuration's.
	Open(ctx context.Context, cfg Config) (Conn, error)
}

// Info describes a provider.
type Info struct {
	// Type is the label of the provider block: "keycloak".
	Type string
	// Name is for people: "Keycloak".
	Name string
	// Doc is a sentence of documentation, Markdown.
	Doc string
	// Example is a configuration that works, for the documentation.
	Example string
	// Config are the attributes of the provider block.
	Config []resource.Attribute
	// Env says from which environment variable an unset Config attribute is
	// taken, by attribute; the first one that is set counts.
	Env map[string][]string
	// Kinds of objects there are.
	Kinds []resource.Kind
	// ForeignKinds are kinds of other identity providers that this one does not
	// have; for messages.
	ForeignKinds map[string]resource.Foreign
	// IdentityProvider is the value of the AppInstance's identityProvider.
	IdentityProvider string
	// SubjectClaim is the token claim that holds a user's id: "sub" or "oid".
	SubjectClaim string
	// Scopes are those that influxctl asks for when a user signs in; "{client_id}"
	// stands for the client's id. Empty for none.
	Scopes []string
	// Origins are those beside the issuer's on which its discovery document may
	// have endpoints: "https://graph.microsoft.com".
	Origins []string
	// SignInHints say what to do when a user's sign-in is refused with one of the
	// server's own errors, by its code or by words that it says.
	SignInHints map[string]string
	// FromBlock names attributes of Config by which a provider block says itself what is
	// static here: see [Info.Of].
	FromBlock FromBlock
	// Permissions are the least rights that the account needs.
	Permissions []Permission
	// Lag is how long after a write a read may still answer with the old
	// state, where the provider block does not say otherwise; 0 for a provider
	// that reads its own writes. A run goes by [Conn.Lag].
	Lag time.Duration
}

// FromBlock names the attributes of a provider block that take the place of the
// fields of [Info] of these names, where they are set; empty for none. The first two
// are strings, the others sets or lists of them.
type FromBlock struct {
	IdentityProvider, SubjectClaim, Scopes, Origins string
}

// Of is i as one provider block has it: with what FromBlock names taken from attrs,
// which conforms to the object type of Config. What is unset there, or not known, stays
// as it is.
func (i Info) Of(attrs cty.Value) Info {
	text := func(name string, was string) string {
		v, _ := resource.Attr(attrs, name).Unmark()
		if v.IsNull() || !v.IsKnown() || v.Type() != cty.String {
			return was
		}
		return v.AsString()
	}
	texts := func(name string, was []string) []string {
		v, _ := resource.Attr(attrs, name).UnmarkDeep()
		if v.IsNull() || !v.IsWhollyKnown() || !v.CanIterateElements() {
			return was
		}
		out := []string{}
		for it := v.ElementIterator(); it.Next(); {
			if _, el := it.Element(); el.Type() == cty.String && !el.IsNull() {
				out = append(out, el.AsString())
			}
		}
		return out
	}
	i.IdentityProvider = text(i.FromBlock.IdentityProvider, i.IdentityProvider)
	i.SubjectClaim = text(i.FromBlock.SubjectClaim, i.SubjectClaim)
	i.Scopes = texts(i.FromBlock.Scopes, i.Scopes)
	i.Origins = texts(i.FromBlock.Origins, i.Origins)
	return i
}

// Permission is a right that idpctl's account needs for some configurations.
type Permission struct {
	// Name as the identity provider calls it: "User.ReadWrite.All".
	Name string
	// Why completes "It is needed to …": "create and change users".
	Why string
	// Kind of the objects that it is for; empty: for every configuration.
	Kind string
	// Managed: only for objects that are managed, not for those looked up.
	Managed bool
	// Attributes: only if one of them is written; empty: always.
	Attributes []string
	// Within names permissions that include it: with one of them it is not needed.
	Within []string
}

// Kind returns the kind called name.
func (i Info) Kind(name string) (resource.Kind, bool) {
	for _, k := range i.Kinds {
		if k.Name == name {
			return k, true
		}
	}
	return resource.Kind{}, false
}

// KindOfPlural returns the kind whose plural data block is called name.
func (i Info) KindOfPlural(name string) (resource.Kind, bool) {
	for _, k := range i.Kinds {
		if name != "" && k.Plural == name {
			return k, true
		}
	}
	return resource.Kind{}, false
}

// Config is what a connection is opened with.
type Config struct {
	// Attrs conforms to the object type of Info.Config; unmarked, known.
	Attrs cty.Value
	// Dir is the folder that relative paths in Attrs are relative to; empty for
	// the working directory.
	Dir string
	// Parallelism is how many requests may be under way at once; at least 1.
	Parallelism int
	// UserAgent is sent with every request.
	UserAgent string
	// Log is told of each request without bodies or credentials; nil for none.
	Log func(RequestLog)
	// Wait is told when a request waits to be repeated; nil for nobody.
	Wait func(reason string, d time.Duration)
}

// Path is a file that the provider block names, as it can be opened.
func (c Config) Path(file string) string {
	if c.Dir == "" || filepath.IsAbs(file) {
		return file
	}
	return filepath.Join(c.Dir, file)
}

// RequestLog is what may be said of one HTTP request. URL has no query values.
type RequestLog struct {
	Method, URL string
	Status      int
	Attempt     int
	Duration    time.Duration
	Err         error
}

// Conn is a connection to one identity provider. Its methods may be called
// concurrently. Every error that they return is an [*Error].
type Conn interface {
	// List returns the live objects that a query asks for; those that do not
	// exist are left out, and so is everything of a parent that does not
	// exist. The order means nothing. One object may be returned once only,
	// however many keys it matches.
	List(ctx context.Context, q Query) ([]resource.Object, error)
	// Check tells why the server would refuse operations, as far as that can be
	// known without doing them: errs[i] is about ops[i], and nil where it would
	// not, or where it cannot be told. It changes nothing. The operations are
	// those of a whole plan, in its order, so that what an earlier one makes or
	// changes counts for a later one; values that are not known yet are null.
	Check(ctx context.Context, ops []Operation) (errs []error)
	// Apply does a set of independent operations, concurrently or in bulk,
	// and reports each result exactly once as soon as it is known; report is
	// never called concurrently. When ctx ends, no new operation is begun:
	// those not begun are reported with the class [NotAttempted].
	Apply(ctx context.Context, ops []Operation, report func(Result))
	// Server tells one server, tenant or domain from another, as the provider
	// block names it: "https://sso.example.com".
	Server() string
	// Elsewhere says where requests go if that is not where the server of such a
	// provider is, because the provider block says so, and "" if it is: "signs in
	// at https://127.0.0.1:8443".
	Elsewhere() string
	// ServerTime is the server's clock, as well as it is known from its
	// answers; the local time before the first one.
	ServerTime() time.Time
	// Lag is how long after a write a read may still answer that the object is not
	// there, or as it was before: replicas may answer in turn. 0 where a read
	// sees what was written. It is the same throughout and needs no request.
	Lag() time.Duration
	// Close frees what the connection holds and ends its session.
	Close() error
}

// Defaulter is a [Conn] of a provider with kinds that have an attribute whose
// default is the server's ([resource.FromServer]).
type Defaulter interface {
	// Defaults are those of a kind, by attribute. Why there is none of one is said by
	// an error in the second map, such as that the server has two of what there
	// should be one. The error is about the request.
	Defaults(ctx context.Context, kind string) (map[string]cty.Value, map[string]error, error)
}

// Searcher is a [Conn] to a server that has a search index beside its objects.
type Searcher interface {
	// SearchLag is how long after a write a [Query.Quick] may be answered with what
	// was before. It is the same throughout and needs no request.
	SearchLag() time.Duration
}

// SearchLag is that of a connection; 0 where a quick query is as good as any other.
func SearchLag(c Conn) time.Duration {
	if s, is := c.(Searcher); is {
		return s.SearchLag()
	}
	return 0
}

// Estimator is a [Conn] to a server whose limits make themselves felt.
type Estimator interface {
	// Estimate is what operations will take, as well as it is known without asking.
	Estimate(ops []Operation) Estimate
}

// Estimate is what a set of operations takes; zero where nobody can say.
type Estimate struct {
	Requests int
	// Duration at the server's limit of requests, 0 if there is none.
	Duration time.Duration
}

// Query asks for objects of one kind in one parent. The selections are
// joined: an object that one of them finds is returned.
type Query struct {
	Kind string
	// Parent is the value of the kind's parent attribute (a realm's name);
	// empty for a kind without one.
	Parent string
	// IDs finds objects by id.
	IDs []string
	// Keys finds objects by attribute values, normalised: {"username": "x"}
	// or {"email": "y"}. A key matches when all its attributes do.
	Keys []map[string]string
	// UpsertKeys finds objects of a kind with [resource.Kind.UpsertKey] by the
	// key that they were created with; those found have it in UpsertKey.
	UpsertKeys []string
	// Markers finds objects of a kind that is Marked and has no Key by their
	// marker. It is asked of no other kind.
	Markers []string
	// Deleted asks for what is in the bin of a kind that Restores, and for nothing
	// else: by Keys, or of a kind without a Key by IDs and Markers.
	Deleted bool
	// All finds every object of the parent, and Filters those that meet them. Both
	// may be answered by a search index, as old as [SearchLag].
	All bool
	// Filters are the arguments of a plural data block (an object of
	// Kind.Filters, unmarked and known): what meets all that are set is found,
	// and everything if none is. cty.NilVal for no such block.
	Filters cty.Value
	// Quick: the answer of a search index will do, if that is cheaper, although it
	// may be as old as [SearchLag]. Who asks so has what matters confirmed without it.
	Quick bool
	// Brief: only ID, key, Builtin and Marker are needed.
	Brief bool
	// Omit names partial attributes of which nothing is managed. Where it makes
	// the answer cheaper to leave them null, an implementation does.
	Omit []string
}

// Omits reports whether an attribute may be left null.
func (q Query) Omits(attribute string) bool {
	return q.Brief || slices.Contains(q.Omit, attribute)
}
