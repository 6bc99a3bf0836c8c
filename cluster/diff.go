package cluster

import (
	"bytes"
	"slices"

	"github.com/rogpeppe/go-internal/diff"

	"github.com/idpctl/idpctl/cluster/internal/textedit"
)

// devNull is what a diff calls a file that is not there.
const devNull = "/dev/null"

// unified is the difference of two sections' files for people. All values that
// are not idpctl's are masked: the lines around a change may hold a dsn with
// its password. So are those of the keys of users that are hidden.
func unified(oldName string, old *section, newName string, after *section, hidden []string) string {
	var oldText []byte
	if old != nil {
		oldText = old.shown(hidden)
	}
	return unifiedText(oldName, oldText, newName, after.shown(hidden))
}

// unifiedText is the difference of two texts for people.
func unifiedText(oldName string, old []byte, newName string, after []byte) string {
	out := diff.Diff(oldName, old, newName, after)
	// Its first line is a command line, which nobody can run.
	if i := bytes.IndexByte(out, '\n'); i >= 0 {
		out = out[i+1:]
	}
	return string(textedit.Unmark(out))
}

// shown is the section's file with everything masked that is not idpctl's, for people
// alone: what is written is never masked.
func (s *section) shown(hidden []string) []byte {
	return s.file.Mask(func(doc int, path []string) textedit.Look {
		if doc == s.doc && len(path) > len(s.path) && slices.Equal(path[:len(s.path)], s.path) {
			switch rest := path[len(s.path):]; rest[0] {
			case keyProvider, keyJWKS:
				return textedit.Shown
			case keyUsers:
				switch {
				case len(rest) > 2 && slices.Contains(hidden, rest[2]):
					return textedit.Secret
				case len(rest) < 3 || rest[2] == keyGroups || slices.Contains(textKeys[:], rest[2]):
					return textedit.Shown
				}
			}
		}
		if harmless(path) {
			return textedit.Shown
		}
		return textedit.Hidden
	})
}

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
