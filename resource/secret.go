package resource

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"strings"
	"unique"

	"github.com/zclconf/go-cty/cty"
)

type valueMark string

// Sensitive marks a value that no output may show. It follows the value
// through every expression.
const Sensitive = valueMark("sensitive")

// IsSensitive reports whether v or anything in it is marked.
func IsSensitive(v cty.Value) bool {
	if v == cty.NilVal {
		return false
	}
	if v.Type().IsPrimitiveType() { // which is quicker to tell
		return v.HasMark(Sensitive)
	}
	if !IsMarked(v) {
		return false
	}
	_, marks := v.UnmarkDeep()
	_, ok := marks[Sensitive]
	return ok
}

// IsMarked reports whether a value, or anything in it, carries a mark. It is
// what v.ContainsMarked tells, and quicker for objects with simple attributes.
func IsMarked(v cty.Value) bool {
	if v == cty.NilVal {
		return false
	}
	typ := v.Type()
	switch {
	case v.IsMarked():
		return true
	case typ.IsPrimitiveType() || v.IsNull() || !v.IsKnown():
		return false
	case !typ.IsObjectType():
		return v.ContainsMarked()
	}
	for name := range typ.AttributeTypes() {
		if IsMarked(v.GetAttr(name)) {
			return true
		}
	}
	return false
}

// Secret is a string that prints itself masked, whatever verb is used. The
// zero Secret is none. Two secrets with the same content are equal.
type Secret struct {
	// A handle, as fmt calls no method of what is in an unexported field: it
	// would print a string, and prints an address.
	value unique.Handle[string]
}

// NewSecret wraps s.
func NewSecret(s string) Secret { return Secret{unique.Make(s)} }

// Reveal returns the secret; each call is a place to review.
func (s Secret) Reveal() string {
	if s == (Secret{}) {
		return ""
	}
	return s.value.Value()
}

// IsZero reports whether there is no secret.
func (s Secret) IsZero() bool { return s.Reveal() == "" }

// String masks.
func (Secret) String() string { return "(sensitive value)" }

// Format masks under every verb: without it %d prints the fields.
func (Secret) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, "(sensitive value)") }

// GoString masks.
func (Secret) GoString() string { return "(sensitive value)" }

// MarshalText masks, so that no encoder writes a secret by accident.
func (Secret) MarshalText() ([]byte, error) { return []byte("(sensitive value)"), nil }

// DefaultNamespace is that of a configuration which names none. Many have it,
// so that its markers prove little.
const DefaultNamespace = "default"

// adoptedSuffix ends the marker of an object that idpctl did not make: when the
// state is lost, it says that the object is to be released, not destroyed.
const adoptedSuffix = "-adopted"

// MarkerOf is what an object carries: its marker (see [MarkerFor]), with how it
// came under management.
func MarkerOf(marker string, origin Origin) string {
	if marker != "" && origin == Adopted {
		return marker + adoptedSuffix
	}
	return marker
}

// SplitMarker tells a marker that an object carries from its origin.
func SplitMarker(carried string) (marker string, origin Origin) {
	if m, ok := strings.CutSuffix(carried, adoptedSuffix); ok {
		return m, Adopted
	}
	return carried, Created
}

// CarriesMarker reports whether what an object carries is a marker, whichever way
// the object came under management.
func CarriesMarker(carried, marker string) bool {
	m, _ := SplitMarker(carried)
	return m != "" && m == marker
}

// MarkerFor is the marker of an object that belongs to addr in a namespace. It
// tells whose the object is when the state was lost, and nothing else.
func MarkerFor(namespace string, addr Address) string {
	sum := sha256.Sum256([]byte(namespace + "\x00" + addr.String()))
	return hex.EncodeToString(sum[:16])
}
