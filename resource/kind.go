package resource

import (
	"slices"

	"github.com/zclconf/go-cty/cty"
)

// Kind describes one kind of object at an identity provider, as data: the
// configuration is checked against it, plan diffs by it, and the reference
// page in docs/ is generated from it.
type Kind struct {
	// Name is the block's type: "realm", "client", "user", "group".
	Name string
	// Doc is one sentence of documentation, Markdown.
	Doc string
	// Example is a whole configuration that uses the kind; a test applies it.
	Example string
	// Attributes, in the order of the documentation. The attribute "id" is
	// not listed: every kind has it, computed by the provider.
	Attributes []Attribute
	// ID is the attribute "id", where the kind's is another one than [IDAttribute].
	ID *Attribute

	// Key names the attributes that identify an object within its parent
	// (the natural key): an object with the same key is the same object. Empty
	// where nothing that people choose does, as names are not unique: the kind is
	// Marked then, and without the state an object is found by its marker only.
	Key []string
	// LooseKey: the server lets several objects have the key. Then it means none of
	// them, and an error lists them.
	LooseKey bool
	// Unique names further sets of attributes that no two objects of one
	// parent share, such as a user's e-mail. A kind without a Key is adopted by
	// such a set, if the configuration writes it.
	Unique [][]string
	// Parent is the attribute that refers to the object's home, "realm" or
	// "tenant"; empty for the home itself.
	Parent string
	// Lookup lists the sets of attributes by which a data block finds one
	// object; exactly one set must be given. Empty: no data block of this kind. A set
	// without attributes finds the only object that there is; it stands alone.
	Lookup [][]string
	// Plural is the data block that finds many objects, such as "users", and
	// the attribute that holds them by their key; empty if there is none.
	Plural string
	// Filters are the arguments of the plural data block.
	Filters []Attribute

	// ChosenID: the API honours an id chosen by the caller at creation. IDPrefix is
	// what such an id begins with; the rest is a UUID.
	ChosenID bool
	IDPrefix string
	// UpsertKey: the server chooses the id, and the API takes a key at creation by
	// which the object is found, and the same creation sent again makes no second
	// object. Not together with ChosenID.
	UpsertKey bool
	// Marked: the object has a hidden place for idpctl's marker.
	Marked bool
	// AdoptOnly: the API cannot create or delete it.
	AdoptOnly bool
	// DataOnly: there are data blocks of it and no others, as nothing of it can be
	// created, changed or deleted.
	DataOnly bool
	// Given: of a kind that is DataOnly, nothing can be looked up either. A data
	// block says itself what its object is, and is believed: its arguments are the
	// attributes that are not Computed, and its id is the value of Key, which is one
	// attribute. The provider is never asked for one.
	Given bool
	// Restores: a deleted object stays in a bin for a while, and creating one with
	// the same key (without a Key: the same id or marker) restores it, with its id,
	// rather than making another one.
	Restores bool
	// Contains names the kinds that go when an object of this kind is deleted.
	Contains []string
	// Credential names the attributes by which a first password is set, if
	// objects of this kind sign in.
	Credential *Credential
	// Enabled names the bool attribute that is false for who cannot sign in, Disabled
	// one that is true; empty if there is none.
	Enabled, Disabled string
	// DeviceFlow names attributes of a client and the values without which
	// influxctl cannot sign in with it.
	DeviceFlow map[string]cty.Value
	// Audience names the attribute of a client that refers to what its users' tokens
	// are for. Without it they are no tokens that a cluster can check: one is needed
	// where a cluster uses the client. Empty where tokens need no audience.
	Audience string
	// Foreign are names of attributes and nested blocks that people know from
	// other identity providers or tools, and that the kind does not have; for
	// messages.
	Foreign map[string]Foreign

	// all and objectType are what All and Type return, once worked out.
	all        []Attribute
	objectType cty.Type
}

// Foreign is a name that is known from somewhere else.
type Foreign struct {
	// Of says where it is known from, such as "Microsoft Entra ID".
	Of string
	// Instead says what to do, as a sentence without its full stop; empty if
	// nothing has to be done.
	Instead string
}

// Credential names the attributes of a kind that decide on a first password.
type Credential struct {
	// Password is the write-only attribute with the password itself.
	Password string
	// Temporary is the bool attribute that says whether Password has to be
	// changed at the first sign-in; unset means yes.
	Temporary string
	// SignIn is the attribute that a person types to sign in; empty: the natural key.
	SignIn string
	// Lasting: the server has no passwords that must be changed at the first sign-in.
	Lasting bool
	// Generate is the bool attribute that asks idpctl to make one.
	Generate string
	// Invite is the bool attribute that has the provider send a mail.
	Invite string
	// Elsewhere is the bool attribute of those who have no password here, as they
	// sign in elsewhere; empty if there are none.
	Elsewhere string
}

// Attribute describes one attribute of a kind, as data.
//
// An attribute that is neither Required nor Computed is optional: unset means
// its Default, or empty at the provider. One that is Computed and Optional may
// be left to the server: unset means "as it is".
type Attribute struct {
	Name string
	// Type is the type in the configuration. For references (Ref) it is that
	// of what travels: a string, or a set of strings.
	Type cty.Type
	// Doc is one sentence of documentation, Markdown.
	Doc string

	// Required: must be set in the configuration.
	Required bool
	// Optional: may be set although it is Computed.
	Optional bool
	// Computed: the server decides on it when it is not set.
	Computed bool
	// ForceNew: cannot be changed in place; a change replaces the object.
	ForceNew bool
	// WriteOnly: is sent, never read back, and stands in no state or plan.
	WriteOnly bool
	// Version names the attribute whose change sends a write-only one again.
	Version string
	// Sensitive: masked in every output.
	Sensitive bool
	// OnCreate: has a meaning only when the object is created; it is not
	// compared afterwards.
	OnCreate bool
	// Local: kept in the state only; the provider never sees a change of it.
	Local bool
	// Trigger: of a Local one, a change is sent after all, as it asks for something
	// to be done. What it is at creation or adoption asks for nothing.
	Trigger bool
	// Partial: a set or map of which only the elements that the configuration
	// names are managed; others stay as they are.
	Partial bool
	// Exclusive names the bool attribute that makes a Partial one the whole.
	Exclusive string

	// Ref is set if the value is a reference to another block.
	Ref *Ref
	// Default is the value when unset; cty.NilVal for none.
	Default cty.Value
	// DefaultFrom names what an unset attribute is taken from: another
	// attribute, at creation only; or [FromLabel] for the block's label
	// (required under for_each and count); or [FromServer].
	DefaultFrom string
	// Initial is the value that an Optional and Computed attribute has on a new object
	// when it is unset; cty.NilVal where only the server knows.
	Initial cty.Value
	// MadeOf names attributes that the server, or a provider, makes the value of when
	// it is unset: if one of them is sensitive, so is what is made of it.
	MadeOf []string
	// Always lists elements that a set of strings has even where it is written
	// without them, as the server or the product needs them there.
	Always []string
	// Normalize is done to strings before they are compared or sent.
	Normalize Normalization
	// Check is what a value must meet.
	Check Check
	// Block: written as a nested block with these attributes, not as an
	// argument; Type is then their object type (see [BlockType]).
	Block []Attribute
	// Elsewhere says what to write instead with a provider that lacks this
	// attribute; for messages.
	Elsewhere string
}

// FromLabel is the [Attribute.DefaultFrom] of what the block's label names.
const FromLabel = "label"

// FromServer is the [Attribute.DefaultFrom] of what the server has only one of, so
// that it need not be named: it is asked when the plan is made (see
// [providers.Defaulter]). The attribute is Optional and Computed; of an object that
// exists it stays as it is.
const FromServer = "server"

// Ref says what an attribute refers to.
type Ref struct {
	// Kinds of the blocks that may be referred to, managed or data.
	Kinds []string
	// Attr is the attribute of the referred object that travels: "id", "name".
	Attr string
}

// Normalization is what a server does to a string before it stores it.
type Normalization uint8

const (
	// AsIs: nothing.
	AsIs Normalization = iota
	// Lower: lower-cased and trimmed, as Keycloak does to user names and e-mails.
	Lower
)

// Check is what a known value must meet, checked before any request is sent.
// The zero Check accepts everything.
type Check struct {
	// MinLen and MaxLen bound a string's length in characters, or a
	// collection's in elements; 0 for no bound.
	MinLen, MaxLen int
	// Min and Max bound a number, when HasRange is set.
	Min, Max int64
	HasRange bool
	// OneOf lists the strings allowed.
	OneOf []string
	// Email: must be an e-mail address.
	Email bool
	// URL: must be an absolute http or https URL.
	URL bool
	// Pattern is a regular expression (RE2) that the whole string matches, and
	// PatternDoc says in words what it allows.
	Pattern, PatternDoc string
	// NotOneOf lists strings that are not allowed although they meet the rest,
	// and NotOneOfDoc says why: "a client of Keycloak's own".
	NotOneOf    []string
	NotOneOfDoc string
}

// IDAttribute is the attribute that every kind has beside its own, if [Kind.ID]
// does not say otherwise: the id by which the provider knows the object. Set in a configuration it says which
// existing object to adopt.
func IDAttribute() Attribute {
	return Attribute{
		Name: "id", Type: cty.String, Computed: true, Optional: true,
		Doc: "The identity provider's id of the object. Set it to adopt exactly that object.",
	}
}

// Ready returns k with what All and Type return worked out, for those who ask
// with each of thousands of objects. Its attributes must not change any more.
func (k Kind) Ready() Kind {
	k.all, k.objectType = slices.Clip(k.All()), k.Type()
	return k
}

// Identities are the sets of attributes that no two objects of one parent
// share: the natural key, if there is one, and those of Unique.
func (k Kind) Identities() [][]string {
	if len(k.Key) == 0 {
		return k.Unique
	}
	return append([][]string{k.Key}, k.Unique...)
}

// All returns the attributes of k with "id" first. They are not to be changed.
func (k Kind) All() []Attribute {
	if k.all != nil {
		return k.all
	}
	return append([]Attribute{k.id()}, k.Attributes...)
}

// id is the attribute "id" of k.
func (k Kind) id() Attribute {
	if k.ID != nil {
		return *k.ID
	}
	return IDAttribute()
}

// Attribute returns the attribute called name; "id" is one.
func (k Kind) Attribute(name string) (Attribute, bool) {
	if name == "id" {
		return k.id(), true
	}
	for _, a := range k.Attributes {
		if a.Name == name {
			return a, true
		}
	}
	return Attribute{}, false
}

// Type is the object type of k's attributes, "id" included.
func (k Kind) Type() cty.Type {
	if k.objectType != cty.NilType {
		return k.objectType
	}
	return BlockType(k.All())
}

// BlockType is the object type of a list of attributes.
func BlockType(attrs []Attribute) cty.Type {
	types := make(map[string]cty.Type, len(attrs))
	for _, a := range attrs {
		types[a.Name] = a.Type
		if a.Block != nil {
			types[a.Name] = BlockType(a.Block)
		}
	}
	return cty.Object(types)
}
