package cluster

import (
	"bytes"
	"regexp"
	"slices"

	"github.com/rogpeppe/go-internal/diff"

	"github.com/idpctl/idpctl/cluster/internal/yamledit"
)

// devNull is what a diff calls a file that is not there.
const devNull = "/dev/null"

// unified is the difference of two sections' files for people. All values that
// are not idpctl's are masked: the lines around a change may hold a dsn with
// its password.
func unified(oldName string, old *section, newName string, after *section) string {
	var oldText []byte
	if old != nil {
		oldText = old.shown()
	}
	return unifiedText(oldName, oldText, newName, after.shown())
}

// unifiedText is the difference of two texts for people.
func unifiedText(oldName string, old []byte, newName string, after []byte) string {
	out := diff.Diff(oldName, old, newName, after)
	// Its first line is a command line, which nobody can run.
	if i := bytes.IndexByte(out, '\n'); i >= 0 {
		out = out[i+1:]
	}
	return string(out)
}

// shown is the section's file with everything masked that is not idpctl's.
func (s *section) shown() []byte {
	text := s.file.Mask(func(doc int, path []string) bool {
		if doc == s.doc && len(path) > len(s.path) && slices.Equal(path[:len(s.path)], s.path) {
			switch rest := path[len(s.path):]; rest[0] {
			case keyProvider, keyJWKS:
				return true
			case keyUsers:
				return len(rest) < 3 || rest[2] == keyGroups || slices.Contains(textKeys[:], rest[2])
			}
		}
		return harmless(path)
	})
	return scrub(text)
}

// scrub takes what may be a secret out of comments and URLs, and the carriage
// returns that nobody sees in a diff.
func scrub(text []byte) []byte {
	text = bytes.ReplaceAll(text, []byte("\r\n"), []byte("\n"))
	text = userinfo.ReplaceAll(text, []byte("${1}"+yamledit.Masked+"@"))
	return commented.ReplaceAll(text, []byte("${1}"+yamledit.Masked))
}

var (
	// userinfo is the user and password of a URL, in comments too.
	userinfo = regexp.MustCompile(`([a-zA-Z][a-zA-Z0-9+.-]*://)[^\s/@]+@`)
	// commented is a value in a comment whose key sounds like a secret.
	commented = regexp.MustCompile(`(?i)(#.*(?:password|passwd|secret|token|credential|dsn|value|access_?key|private_?key|api_?key)["']?[ \t]*[:=][ \t]*)[^\s#].*`)
)

// harmless reports whether a value helps to find one's place in a file and
// cannot be a secret: what an object is, and the names in references.
func harmless(path []string) bool {
	if len(path) == 0 {
		return false
	}
	parent := ""
	if len(path) > 1 {
		parent = path[len(path)-2]
	}
	switch path[len(path)-1] {
	case "apiVersion", "kind":
		return true
	case "name", "namespace":
		return parent == "metadata" || parent == "secretKeyRef" || parent == "configMapKeyRef"
	case "key":
		return parent == "secretKeyRef" || parent == "configMapKeyRef"
	}
	return false
}
