package yamledit

import (
	"regexp"
	"strings"
	"unicode"

	"go.yaml.in/yaml/v3"

	"github.com/idpctl/idpctl/cluster/internal/textedit"
)

// retyped matches what a reader of YAML 1.1 or 1.2 may take for something
// other than a string when it is not quoted. It follows the type repository of
// YAML 1.1 (yaml.org/type: bool, int, float, null, timestamp, merge, value),
// the core schema of YAML 1.2, and what Go's strconv accepts beyond them, as
// kubectl and Helm read YAML with Go. It errs on the side of matching.
var retyped = regexp.MustCompile(`^(?i:` + strings.Join([]string{
	``, `~`, `null`, `=`, `<<`,
	`y|n|yes|no|true|false|on|off`,
	`[-+]?0x[0-9a-f_]+`, `[-+]?0o?[0-7_]+`, `[-+]?0b[01_]+`,
	`[-+]?[0-9][0-9_]*(:[0-9_]+)*(\.[0-9_.]*)?(e[-+]?[0-9_]*)?`,
	`[-+]?\.[0-9_.]+(e[-+]?[0-9]+)?`,
	`[-+]?\.(inf|nan)`,
	`[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}([t \t].*)?`,
}, `|`) + `)$`)

// Retyped reports whether a reader of YAML may take s, written without quotes,
// for a number, a truth value, a date or nothing.
func Retyped(s string) bool { return retyped.MatchString(s) }

// uuid is a string in every reading, although it may begin with a digit.
var uuid = regexp.MustCompile(`^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$`)

// plainSafe reports whether s may be written without quotes. It says no more
// often than it must: quotes do no harm.
func plainSafe(s string, flow bool) bool {
	if s == "" || Retyped(s) || strings.Contains(s, ": ") || strings.Contains(s, " #") || strings.HasSuffix(s, ":") || strings.HasSuffix(s, " ") {
		return false
	}
	for i, r := range s {
		switch {
		case unicode.IsLetter(r):
		case i == 0 && r == '(', i == 0 && r == '/':
		case unicode.IsDigit(r):
			if i == 0 && !uuid.MatchString(s) && !strings.Contains(s, "@") {
				return false
			}
		case i == 0:
			return false
		case unicode.IsMark(r), strings.ContainsRune(" _-./@:+()&=%~|", r):
		case !flow && r == '?':
		default:
			return false
		}
	}
	return true
}

// quote is how scalars are written.
type quote uint8

const (
	plain quote = iota
	single
	double
)

func quoteOf(n *yaml.Node) quote {
	switch {
	case n.Style&yaml.SingleQuotedStyle != 0:
		return single
	case n.Style&yaml.DoubleQuotedStyle != 0:
		return double
	default:
		return plain
	}
}

// scalarText writes a string as a YAML scalar on one line, in the style that
// is asked for if that keeps it what it is.
func scalarText(s string, q quote, flow bool) string {
	switch {
	case q == plain && plainSafe(s, flow):
		return s
	case q == single && printable(s):
		return "'" + strings.ReplaceAll(s, "'", "''") + "'"
	}
	return textedit.Quote(s)
}

// printable reports whether every character of s can stand for itself.
func printable(s string) bool {
	return strings.IndexFunc(s, func(r rune) bool { return !unicode.IsPrint(r) }) < 0
}

// blockSafe reports whether s can be the one line of a literal scalar.
func blockSafe(s string) bool {
	return s != "" && printable(s) && strings.TrimSpace(s) == s
}

// IsText reports whether n is a scalar that every reader takes for the string
// s. An alias counts as what it refers to.
func IsText(n *yaml.Node, s string) bool {
	if n != nil && n.Kind == yaml.AliasNode {
		n = n.Alias
	}
	if n == nil || n.Kind != yaml.ScalarNode || n.Value != s || n.ShortTag() != "!!str" {
		return false
	}
	quoted := n.Style&(yaml.SingleQuotedStyle|yaml.DoubleQuotedStyle|yaml.LiteralStyle|yaml.FoldedStyle|yaml.TaggedStyle) != 0
	return quoted || !Retyped(s)
}

// Text is what a scalar says, as text: null is "", a number is its digits. An
// alias counts as what it refers to. ok is false for anything but a scalar.
func Text(n *yaml.Node) (s string, ok bool) {
	if n != nil && n.Kind == yaml.AliasNode {
		n = n.Alias
	}
	switch {
	case n == nil || n.Kind != yaml.ScalarNode:
		return "", false
	case n.ShortTag() == "!!null":
		return "", true
	default:
		return n.Value, true
	}
}

// Quote writes s as a scalar for block style, quoted if it has to be.
func Quote(s string) string { return scalarText(s, plain, false) }
