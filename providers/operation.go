package providers

import (
	"github.com/zclconf/go-cty/cty"

	"github.com/idpctl/idpctl/resource"
)

// Verb is what an operation does.
type Verb uint8

const (
	// Create makes a new object.
	Create Verb = iota + 1
	// Update changes an existing one in place.
	Update
	// Delete removes one. An object that is not there is a success.
	Delete
)

// String is "create", "update" or "delete".
func (v Verb) String() string {
	switch v {
	case Create:
		return "create"
	case Update:
		return "update"
	case Delete:
		return "delete"
	default:
		return "none"
	}
}

// Operation is one change to make at the identity provider.
type Operation struct {
	Verb Verb
	Kind string
	// Address is for messages and progress only.
	Address resource.Address
	// ID of the object. For Create it is the id to give it if the kind has
	// ChosenID, the key to create it by if the kind has UpsertKey, and empty
	// otherwise. Where an object with the upsert key exists, a Create makes it as
	// After says and is done: sent twice it is as good as once.
	ID string
	// Restore is the id of the deleted object that a Create brings back instead of
	// making one; it then becomes as After says.
	Restore string
	// Before is the live object (null for Create), After what it shall be
	// (null for Delete): objects of the kind's type, wholly known, unmarked.
	// A null attribute of After that is Computed stays as it is. Those for the
	// creation are in After of an Update, too, and mean nothing there by
	// themselves. Partial
	// attributes hold only what is managed: what is in After and not in
	// Before is added, what is in Before and not in After is removed.
	Before, After cty.Value
	// Changed names the attributes that differ, for Update; write-only ones
	// that are to be sent are among them.
	Changed []string
	// Old: the object of an Update or Delete was last written longer ago than
	// [Conn.Lag], so that what is not found is gone, and not to be waited for.
	Old bool
	// Marker is written to the object if the kind is Marked.
	Marker string
	// Password is a first password to set with the operation; zero for none.
	Password resource.Secret
	// PasswordTemporary: the user has to change it at the first sign-in.
	PasswordTemporary bool
	// Invite: have the provider send the mail that lets the user set one.
	Invite bool
	// Secrets are the texts in Before and After that came from sensitive
	// values: no error may repeat them.
	Secrets []resource.Secret
}

// Result is what became of the operation at Index of the set.
type Result struct {
	Index int
	// ID of the object, as the server has it; set when an operation other than Delete was done,
	// even if a later step of it failed (Err is set too, then).
	ID string
	// Object is the object as the server answered; nil if the answer did not
	// hold it, and the caller reads it.
	Object *resource.Object
	// Err is an [*Error], or nil.
	Err error
}
