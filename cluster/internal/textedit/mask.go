package textedit

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/idpctl/idpctl/diag"
)

// Masked stands for what is not shown.
const Masked = "(not shown)"

// Look says how a part of a file is shown.
type Look uint8

const (
	// Hidden is shown as [Masked]: it is somebody else's, and may be a secret.
	Hidden Look = iota
	// Shown is shown.
	Shown
	// Secret is shown as [diag.Masked]. In a diff one can see that it changed; see [Mask].
	Secret
)

// Part is a value or a key of a file, and how it is shown.
type Part struct {
	Start, End int
	Look       Look
}

// Mask is a file as it may be shown to people: without the parts that may not be,
// without what may be a secret in its comments (see [Comment]), without the user
// and password in URLs, and with line feeds for all line breaks. The number of
// lines stays. Behind what is secret stands a mark, the same for the same text, so that
// a diff of two masked files has the lines in which it differs: [Unmark] removes it.
//
// parts are all values and keys of the file. A # outside of them begins a comment,
// in YAML and in TOML alike.
func Mask(src []byte, parts []Part) []byte {
	slices.SortFunc(parts, func(a, b Part) int { return cmp.Compare(a.Start, b.Start) })
	m := masker{}
	pos := 0
	for _, p := range parts {
		if p.Start < pos || p.End <= p.Start {
			continue
		}
		m.between(lineFeeds(src[pos:p.Start]))
		m.part(lineFeeds(src[p.Start:p.End]), p.Look)
		pos = p.End
	}
	m.between(lineFeeds(src[pos:]))
	return m.out.Bytes()
}

// Unmark removes the marks of [Mask] from a text. No file in YAML or TOML has such a
// character.
func Unmark(text []byte) []byte { return mark.ReplaceAll(text, nil) }

func lineFeeds(text []byte) string {
	return strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(string(text))
}

type masker struct {
	out bytes.Buffer
	// used is true if something other than a comment stands in this line.
	used bool
	// hiding is true if the comment of the line before is hidden up to its end: it
	// goes on in a line of its own that begins as that one does, with indent. Such
	// lines stay together in every edit, so that a line which nobody touches
	// is shown the same before and after it.
	hiding bool
	indent string
}

func (m *masker) part(text string, look Look) {
	lines := strings.Repeat("\n", strings.Count(text, "\n"))
	switch look {
	case Shown:
		m.out.WriteString(URL(text))
	case Secret:
		fmt.Fprintf(&m.out, "%s\x00%x\x00%s", diag.Masked, sha256.Sum256([]byte(text)), lines)
	default:
		m.out.WriteString(Masked + lines)
	}
	m.used, m.hiding = true, false
}

// between masks the text between two parts.
func (m *masker) between(text string) {
	for line := range strings.Lines(text) {
		text, comment, found := strings.Cut(line, "#")
		indent := strings.TrimPrefix(text, "\uFEFF")
		m.used = m.used || strings.TrimSpace(indent) != ""
		m.out.WriteString(URL(text))
		if found {
			comment, end := strings.CutSuffix(comment, "\n")
			m.out.WriteString("#" + m.comment(comment, indent))
			if end {
				m.out.WriteString("\n")
			}
		}
		if strings.HasSuffix(line, "\n") {
			m.used, m.hiding = false, m.hiding && found
		}
	}
}

// comment masks a line's comment.
func (m *masker) comment(text, indent string) string {
	if m.hiding && !m.used && indent == m.indent {
		if content := strings.TrimLeft(text, " \t"); strings.TrimSpace(content) != "" {
			return text[:len(text)-len(content)] + Masked
		}
		return text
	}
	text, hidden := Comment(text)
	m.hiding, m.indent = hidden && !m.used, indent
	return text
}

var (
	mark = regexp.MustCompile("\x00[0-9a-f]*\x00")
	// userinfo is the user and password of a URL. The last @ counts: not every
	// password is encoded as it should be.
	userinfo = regexp.MustCompile(`([a-zA-Z][a-zA-Z0-9+.-]*://)[^\s"']*@`)
	// bare is user:password@host without a scheme.
	bare = regexp.MustCompile(`[^\s:/"'@]+:[^\s/@][^\s@]*@`)
	// random is a word that looks as if a machine had made it: with letters and digits,
	// or long.
	random = regexp.MustCompile(`\S*(?:\pL\S*\d|\d\S*\pL)\S*|\S{20,}`)
	// known is a token that tells by its beginning what it is: GitHub's, GitLab's, that of
	// an API with sk-, Slack's, an access key of AWS, a JSON web token.
	known = regexp.MustCompile(`\b(?:gh[pousr]_\w{8,}|github_pat_\w+|glpat-[\w-]{8,}|sk-[\w-]{12,}|xox[a-z]-[\w-]{8,}|A[KS]IA[A-Z0-9]{12,}|eyJ[\w-]+(?:\.[\w-]*)+)`)
	// telling is a word of a comment that a secret may follow, up to where that begins.
	telling = regexp.MustCompile(`(?i)(?:passw(?:or[dt]|d)|passphrase|passcode|\bpass\b|pwd|pgpass|kennwort|secret|token|credential|\bcreds?\b|dsn|bearer|` +
		`cookie|session|-----BEGIN[A-Z ]*|(?:pw|auth|key)["']?[ \t]*=|(?:\bpw|auth|private)["']?[ \t]*:|` +
		`(?:^|\s)(?:-u[ \t=]+|-u[^\s:]*:|--(?:proxy-)?user[ \t=]+)|` +
		`(?:api|access|private|signing|encryption)[ \t_.-]*key|(?:value|authorization)["']?[ \t]*[:=])s?["'` + "`" + `]?[ \t]*[:=]?[ \t]*`)
)

// URL is a text without the user and password of URLs in it.
func URL(text string) string {
	return userinfo.ReplaceAllString(text, "${1}"+Masked+"@")
}

// Comment is the text of one line's comment without what may be a secret: all that
// follows a word such as password or token, what looks like a secret before it, tokens
// of well-known forms, and user:password in a URL or before a host. hidden reports whether there is such a word:
// the secret may be in the next line of the comment.
func Comment(text string) (shown string, hidden bool) {
	text = known.ReplaceAllString(text, Masked)
	at := telling.FindStringIndex(text)
	if at == nil {
		return bare.ReplaceAllString(URL(text), Masked+"@"), false
	}
	before := URL(random.ReplaceAllString(text[:at[0]], Masked))
	word, after := text[at[0]:at[1]], text[at[1]:]
	if strings.Trim(after, " \t.,;:)]}'\"`!?") == "" {
		return before + word + after, true // the sentence ends here
	}
	return before + word + Masked, true
}
