package state

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"time"

	"github.com/idpctl/idpctl/resource"
)

// Record is one fact in the journal: a [Begin], [Intent], [Result],
// [Delivered], [Put], [Remove], [PutTarget], [RemoveTarget], [PutOutputs] or
// [End].
type Record interface{ record() wire }

// Begin says which run wrote the journal and which snapshot the journal
// continues. [Session.Begin] writes it.
type Begin struct {
	// Version of the format; see the constant.
	Version int `json:"version"`
	// Run is a UUID.
	Run string `json:"run"`
	// Lineage and Serial of the snapshot; serial 0 if there was none.
	Lineage   string `json:"lineage"`
	Serial    uint64 `json:"serial"`
	Namespace string `json:"namespace,omitempty"`
	// Servers that the run worked on, by the name of the provider block.
	Servers map[string]string `json:"servers,omitempty"`
	// Holder is who runs, and when it began by that machine's clock.
	Holder
}

// Verb is what an intent wants to do.
type Verb string

// The verbs. Replace is one intent for both halves: the object of the
// pre-image goes, a new one comes. TargetWrite changes a file of a cluster.
const (
	Create      Verb = "create"
	Update      Verb = "update"
	Delete      Verb = "delete"
	Replace     Verb = "replace"
	TargetWrite Verb = "target-write"
)

// Intent is recorded before a change is made. It holds what finds its object
// again and what was there before, even if the configuration is another one by
// then. It holds no secret.
type Intent struct {
	// Seq numbers the intents that are open; [Session.Intend] sets it.
	Seq     uint64           `json:"seq"`
	Verb    Verb             `json:"verb"`
	Address resource.Address `json:"address"`
	Kind    string           `json:"kind"`
	// Provider and Parent as in [Object]; empty for a file.
	Provider string `json:"provider,omitempty"`
	Parent   string `json:"parent,omitempty"`
	// Key is the natural key of the object that shall be there afterwards, or
	// for a deletion of the one that was.
	Key map[string]string `json:"key,omitempty"`
	// ID was chosen at random for this intent, where the API takes one; empty
	// where the server chooses.
	ID string `json:"id,omitempty"`
	// UpsertKey was, where the API takes a key to create an object by.
	UpsertKey string `json:"upsert_key,omitempty"`
	// Marker of the object that shall be there afterwards, where nothing else
	// finds it again: the kind has no natural key.
	Marker string `json:"marker,omitempty"`
	// Restore is the id of the deleted object that a creation brings back.
	Restore string `json:"restore,omitempty"`
	// Before is the pre-image; nil: the object was absent.
	Before *Image `json:"before,omitempty"`
	// After is what the state shall hold when it is done; its ID is empty
	// where the server chooses it. Nil for a deletion and for a file.
	After *Object `json:"after,omitempty"`
	// Target is the same for a file; nil if the file is to be left.
	Target *Target `json:"target,omitempty"`
	// Credential is what is made along with the object.
	Credential CredentialKind `json:"credential,omitempty"`
	// ServerTime is the provider's clock when the intent was made: an object
	// made before it is not ours.
	ServerTime time.Time `json:"server_time,omitzero"`
	// Since is that of an earlier intent for the same object, whose request may
	// have made it: then an object made before that is not ours.
	Since time.Time `json:"since,omitzero"`
}

// Image is what was there before a change.
type Image struct {
	// ID of the object; empty for a file.
	ID string `json:"id,omitempty"`
	// Parent is the value of the kind's parent attribute, if a replacement
	// moves the object to another parent; empty: that of the intent.
	Parent string `json:"parent,omitempty"`
	// Values that the change touches, as JSON that only the caller reads:
	// attributes, and of partial ones the elements.
	Values json.RawMessage `json:"values,omitempty"`
}

// Result settles an intent. At most one of ID, Object, Removed and Target is
// set; with none of them the intent turned out to have changed nothing. An outcome
// that is not known is not a result: the intent stays open.
type Result struct {
	// Intent is the number of the intent.
	Intent uint64 `json:"intent"`
	// ID is that of the object, which is as the intent says.
	ID string `json:"id,omitempty"`
	// Object is what the state holds now, where the answer said more.
	Object *Object `json:"object,omitempty"`
	// Removed: the object, or the file, left the state. A replacement of which
	// only the first half was done is this.
	Removed bool `json:"removed,omitempty"`
	// Written is when it was done by the provider's clock, where reads lag behind
	// writes; zero: when the intent was made.
	Written time.Time `json:"written,omitzero"`
	// Target is what the state holds now of the file.
	Target *Target `json:"target,omitempty"`
	// Error is what went wrong, for people; it may stand beside the others.
	Error string `json:"error,omitempty"`
}

// Delivered says that the credential made by an intent reached its receiver:
// it was written out and synced, or its mail was sent.
type Delivered struct {
	Intent uint64 `json:"intent"`
}

// Put records an object without an intent: adopted, or refreshed.
type Put struct{ Object Object }

// Remove takes an object out of the state without an intent: released, or
// found to be gone.
type Remove struct{ Address resource.Address }

// PutTarget records a file without an intent.
type PutTarget struct{ Target Target }

// RemoveTarget takes a file out of the state without an intent.
type RemoveTarget struct{ Address resource.Address }

// PutOutputs replaces all outputs.
type PutOutputs struct{ Outputs map[string]Output }

// End says that the run came to its end by itself. [Session.Close] writes it.
type End struct {
	Time time.Time `json:"time"`
}

// wire is a record as it stands in the file: an object with one field.
type wire struct {
	Begin        *Begin             `json:"begin,omitempty"`
	Intent       *Intent            `json:"intent,omitempty"`
	Result       *Result            `json:"result,omitempty"`
	Delivered    *Delivered         `json:"delivered,omitempty"`
	Put          *Object            `json:"put,omitempty"`
	Remove       *resource.Address  `json:"remove,omitempty"`
	PutTarget    *Target            `json:"put_target,omitempty"`
	RemoveTarget *resource.Address  `json:"remove_target,omitempty"`
	PutOutputs   *map[string]Output `json:"put_outputs,omitempty"`
	End          *End               `json:"end,omitempty"`
}

func (r Begin) record() wire        { return wire{Begin: &r} }
func (r Intent) record() wire       { return wire{Intent: &r} }
func (r Result) record() wire       { return wire{Result: &r} }
func (r Delivered) record() wire    { return wire{Delivered: &r} }
func (r Put) record() wire          { return wire{Put: &r.Object} }
func (r Remove) record() wire       { return wire{Remove: &r.Address} }
func (r PutTarget) record() wire    { return wire{PutTarget: &r.Target} }
func (r RemoveTarget) record() wire { return wire{RemoveTarget: &r.Address} }
func (r End) record() wire          { return wire{End: &r} }

func (r PutOutputs) record() wire {
	if r.Outputs == nil {
		r.Outputs = map[string]Output{}
	}
	return wire{PutOutputs: &r.Outputs}
}

// value is the record that w holds.
func (w wire) value() (Record, error) {
	var found []Record
	if w.Begin != nil {
		found = append(found, *w.Begin)
	}
	if w.Intent != nil {
		found = append(found, *w.Intent)
	}
	if w.Result != nil {
		found = append(found, *w.Result)
	}
	if w.Delivered != nil {
		found = append(found, *w.Delivered)
	}
	if w.Put != nil {
		found = append(found, Put{*w.Put})
	}
	if w.Remove != nil {
		found = append(found, Remove{*w.Remove})
	}
	if w.PutTarget != nil {
		found = append(found, PutTarget{*w.PutTarget})
	}
	if w.RemoveTarget != nil {
		found = append(found, RemoveTarget{*w.RemoveTarget})
	}
	if w.PutOutputs != nil {
		found = append(found, PutOutputs{*w.PutOutputs})
	}
	if w.End != nil {
		found = append(found, *w.End)
	}
	if len(found) != 1 {
		return nil, fmt.Errorf("a record has %d meanings instead of one", len(found))
	}
	return found[0], nil
}

// check refuses an intent that no run could settle.
func (r Intent) check() error {
	var zero resource.Address
	switch {
	case r.Seq == 0:
		return errors.New("an intent has no number")
	case r.Address == zero:
		return fmt.Errorf("intent %d has no address", r.Seq)
	case r.After != nil && r.After.Address != r.Address:
		return fmt.Errorf("intent %d is for %s and its object for %s", r.Seq, r.Address, r.After.Address)
	case r.Target != nil && r.Target.Address != r.Address:
		return fmt.Errorf("intent %d is for %s and its file for %s", r.Seq, r.Address, r.Target.Address)
	}
	switch r.Verb {
	case Create, Update, Replace:
		if r.After == nil || r.Target != nil {
			return fmt.Errorf("intent %d (%s %s) does not say what the state shall hold", r.Seq, r.Verb, r.Address)
		}
	case Delete:
		if r.After != nil || r.Target != nil {
			return fmt.Errorf("intent %d (%s %s) says what the state shall hold", r.Seq, r.Verb, r.Address)
		}
	case TargetWrite:
		if r.After != nil {
			return fmt.Errorf("intent %d (%s %s) holds an object", r.Seq, r.Verb, r.Address)
		}
	default:
		return fmt.Errorf("intent %d has the verb %q", r.Seq, r.Verb)
	}
	if (r.Verb == Update || r.Verb == Delete || r.Verb == Replace) && (r.Before == nil || r.Before.ID == "") {
		return fmt.Errorf("intent %d (%s %s) does not say which object it changes", r.Seq, r.Verb, r.Address)
	}
	return r.Credential.check()
}

func (k CredentialKind) check() error {
	switch k {
	case NoCredential, Password, Invite:
		return nil
	}
	return fmt.Errorf("there is no credential of kind %q", k)
}

func (o Object) check() error {
	switch {
	case o.Address == resource.Address{}:
		return errors.New("an object has no address")
	case o.Kind == "" || o.ID == "":
		return fmt.Errorf("the object %s has no kind or no id", o.Address)
	case o.Origin != Created && o.Origin != Adopted:
		return fmt.Errorf("the object %s has the origin %q, which is neither created nor adopted", o.Address, o.Origin)
	}
	return nil
}

func (t Target) check() error {
	if t.Address == (resource.Address{}) || t.Kind == "" {
		return fmt.Errorf("the cluster file %q has no address or no kind", t.Path)
	}
	return nil
}

func checkOutputs(outputs map[string]Output) error {
	for name, o := range outputs {
		if o.Sensitive && o.Value != nil {
			return fmt.Errorf("the output %q is sensitive and must not be stored with its value", name)
		}
		if !o.Sensitive && (o.Value == nil || o.Type == nil) {
			return fmt.Errorf("the output %q has no value or no type", name)
		}
	}
	return nil
}

func (r Intent) equal(p Intent) bool {
	image := func(a, b *Image) bool { return a.ID == b.ID && a.Parent == b.Parent && bytes.Equal(a.Values, b.Values) }
	return r.Seq == p.Seq && r.Verb == p.Verb && r.Address == p.Address && r.Kind == p.Kind &&
		r.Provider == p.Provider && r.Parent == p.Parent && maps.Equal(r.Key, p.Key) && r.ID == p.ID &&
		r.UpsertKey == p.UpsertKey && r.Restore == p.Restore && r.Marker == p.Marker && r.Since.Equal(p.Since) &&
		bothOr(r.Before, p.Before, image) &&
		bothOr(r.After, p.After, func(a, b *Object) bool { return a.equal(*b) }) &&
		bothOr(r.Target, p.Target, func(a, b *Target) bool { return a.equal(*b) }) &&
		r.Credential == p.Credential && r.ServerTime.Equal(p.ServerTime)
}

// bothOr compares what two pointers point to, if both do.
func bothOr[T any](a, b *T, equal func(a, b *T) bool) bool {
	if a == nil || b == nil {
		return a == b
	}
	return equal(a, b)
}

func compareSeq(a, b uint64) int { return cmp.Compare(a, b) }
