package resource

import (
	"cmp"
	"fmt"
	"strconv"
	"strings"
)

// Mode tells things that idpctl manages from things that it only looks up.
type Mode uint8

const (
	// Managed is a block such as user "marty": created, changed, destroyed.
	Managed Mode = iota
	// Data is a block such as data "user" "emmett": looked up, never changed.
	Data
)

// Address names one instance of a block: user.marty, user.team["emmett"],
// data.users.admins, or a file of a cluster, cluster.production.appinstance.
// It is comparable, and its zero value names nothing.
type Address struct {
	Mode Mode
	// Kind is the block's type: "realm", "user", "cluster", …
	Kind string
	// Name is the block's label.
	Name string
	// Key is set for instances of a block with count or for_each.
	Key Key
	// Target is the nested block of a cluster that the address means, such as
	// "appinstance"; empty for everything else.
	Target string
}

// Key tells the instances of one block apart. The zero Key is that of a block
// with neither count nor for_each.
type Key struct {
	kind keyKind
	str  string
	num  int
}

type keyKind uint8

const (
	noKey keyKind = iota
	intKey
	stringKey
)

// IntKey is the key of instance n of a block with count.
func IntKey(n int) Key { return Key{kind: intKey, num: n} }

// StringKey is the key of an instance of a block with for_each.
func StringKey(s string) Key { return Key{kind: stringKey, str: s} }

// IsNone reports whether k is the key of a block with neither count nor for_each.
func (k Key) IsNone() bool { return k.kind == noKey }

// Int returns the index of an instance of a block with count.
func (k Key) Int() (int, bool) { return k.num, k.kind == intKey }

// Str returns the key of an instance of a block with for_each.
func (k Key) Str() (string, bool) { return k.str, k.kind == stringKey }

// String writes the key as it follows a block's name: "", "[0]", `["emmett"]`.
func (k Key) String() string {
	switch k.kind {
	case intKey:
		return "[" + strconv.Itoa(k.num) + "]"
	case stringKey:
		return "[" + strconv.Quote(k.str) + "]"
	default:
		return ""
	}
}

// String writes the address as a user types it.
func (a Address) String() string {
	if a == (Address{}) {
		return ""
	}
	var b strings.Builder
	if a.Mode == Data {
		b.WriteString("data.")
	}
	b.WriteString(a.Kind)
	b.WriteByte('.')
	b.WriteString(a.Name)
	b.WriteString(a.Key.String())
	if a.Target != "" {
		b.WriteByte('.')
		b.WriteString(a.Target)
	}
	return b.String()
}

// Block is the address of the whole block that a is an instance of.
func (a Address) Block() Address {
	a.Key, a.Target = Key{}, ""
	return a
}

// Compare orders addresses for output: by block, then instances by index or
// key, then targets.
func (a Address) Compare(b Address) int {
	return cmp.Or(
		cmp.Compare(a.Mode, b.Mode),
		cmp.Compare(a.Kind, b.Kind),
		cmp.Compare(a.Name, b.Name),
		cmp.Compare(a.Key.kind, b.Key.kind),
		cmp.Compare(a.Key.num, b.Key.num),
		cmp.Compare(a.Key.str, b.Key.str),
		cmp.Compare(a.Target, b.Target),
	)
}

// ParseAddress reads what [Address.String] writes. Its error says what an
// address looks like.
func ParseAddress(s string) (Address, error) {
	bad := func(why string) (Address, error) {
		return Address{}, fmt.Errorf("%q is not an address (%s): write it as in user.marty, user.team[\"emmett\"], data.user.doc or cluster.production.appinstance", s, why)
	}
	var a Address
	rest := s
	if after, ok := strings.CutPrefix(rest, "data."); ok {
		a.Mode, rest = Data, after
	}
	kind, rest, ok := strings.Cut(rest, ".")
	if !ok || !validName(kind) {
		return bad("it needs a kind and a name")
	}
	a.Kind = kind
	end := strings.IndexAny(rest, "[.")
	if end < 0 {
		end = len(rest)
	}
	if a.Name, rest = rest[:end], rest[end:]; !validName(a.Name) {
		return bad("its name is not one")
	}
	if strings.HasPrefix(rest, "[") {
		key, after, err := parseKey(rest)
		if err != nil {
			return bad(err.Error())
		}
		a.Key, rest = key, after
	}
	if after, ok := strings.CutPrefix(rest, "."); ok {
		if !validName(after) {
			return bad("its last part is not a name")
		}
		a.Target, rest = after, ""
	}
	if rest != "" {
		return bad("there is something after its end")
	}
	return a, nil
}

// parseKey reads the instance key at the start of s, which begins with "[".
func parseKey(s string) (Key, string, error) {
	body := s[1:]
	if strings.HasPrefix(body, `"`) {
		quoted, err := strconv.QuotedPrefix(body)
		if err != nil {
			return Key{}, "", fmt.Errorf("the quote in its key is not closed")
		}
		after, ok := strings.CutPrefix(body[len(quoted):], "]")
		if !ok {
			return Key{}, "", fmt.Errorf("the bracket of its key is not closed")
		}
		str, err := strconv.Unquote(quoted)
		if err != nil {
			return Key{}, "", fmt.Errorf("its key is not a string")
		}
		return StringKey(str), after, nil
	}
	digits, after, ok := strings.Cut(body, "]")
	if !ok {
		return Key{}, "", fmt.Errorf("the bracket of its key is not closed")
	}
	n, err := strconv.Atoi(digits)
	if err != nil || n < 0 {
		return Key{}, "", fmt.Errorf("its key is neither a number nor a quoted string")
	}
	return IntKey(n), after, nil
}

func validName(s string) bool {
	for i, r := range s {
		letter := r == '_' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r > 127
		if !letter && (i == 0 || r != '-' && (r < '0' || r > '9')) {
			return false
		}
	}
	return s != ""
}

// MarshalText writes the address as [Address.String] does.
func (a Address) MarshalText() ([]byte, error) { return []byte(a.String()), nil }

// UnmarshalText reads it back.
func (a *Address) UnmarshalText(text []byte) error {
	if len(text) == 0 {
		*a = Address{}
		return nil
	}
	parsed, err := ParseAddress(string(text))
	if err == nil {
		*a = parsed
	}
	return err
}
