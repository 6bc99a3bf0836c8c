package e2e

import (
	"bytes"
	"crypto/rand"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
)

// canaries are secrets that must not turn up anywhere. They may be used
// concurrently.
type canaries struct {
	mu   sync.Mutex
	list []canary
	told map[string]bool
}

// once is true at the first time of a key: a secret that stays in a file is
// told once.
func (c *canaries) once(key string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.told == nil {
		c.told = map[string]bool{}
	}
	first := !c.told[key]
	c.told[key] = true
	return first
}

// canary is one secret: what it is, and the pieces of text by which it is
// recognised, in every encoding.
type canary struct {
	name   string
	pieces map[string][]byte
}

// mint makes a secret that is written differently in JSON, in a URL, in HTML
// and in Go. Its core is the same in all of these, and is what is looked for.
func (c *canaries) mint(t testing.TB, name string) string {
	t.Helper()
	raw := make([]byte, 9)
	_, _ = rand.Read(raw) // it never fails
	core := hex.EncodeToString(raw)
	c.add(name, core)
	return `Aa1"<&+%/é` + core
}

// add has a secret looked for that somebody else made.
func (c *canaries) add(name, core string) {
	if len(core) < 12 {
		return // too short to tell it from other text
	}
	pieces := map[string][]byte{
		"plain":   []byte(core),
		"in hex":  []byte(hex.EncodeToString([]byte(core))),
		"in HEX":  []byte(strings.ToUpper(hex.EncodeToString([]byte(core)))),
		"shouted": []byte(strings.ToUpper(core)),
		"small":   []byte(strings.ToLower(core)),
	}
	// Within a longer text, base64 shifts by the place where the secret
	// begins, and shares its first and last characters with its neighbours.
	for shift, skip := range []int{0, 2, 3} {
		for alphabet, e := range map[string]*base64.Encoding{"base64": base64.RawStdEncoding, "base64url": base64.RawURLEncoding} {
			s := e.EncodeToString(append(make([]byte, shift), core...))[skip:]
			if (shift+len(core))%3 != 0 {
				s = s[:len(s)-1]
			}
			pieces[fmt.Sprintf("in %s, shifted by %d", alphabet, shift)] = []byte(s)
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if !slices.ContainsFunc(c.list, func(o canary) bool { return bytes.Equal(o.pieces["plain"], pieces["plain"]) }) {
		c.list = append(c.list, canary{name, pieces})
	}
}

// addToken adds a token: of a JWT (RFC 7519) what no other token has, its
// payload and its signature; of another all of it.
func (c *canaries) addToken(name, token string) {
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		c.add(name, token)
		return
	}
	c.add(name+" (payload)", parts[1][len(parts[1])/3:][:40])
	c.add(name+" (signature)", parts[2][:min(40, len(parts[2]))])
}

// find says which secrets are in data, but not those whose name begins with
// one of except.
func (c *canaries) find(data []byte, except ...string) []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	var found []string
	for _, one := range c.list {
		if slices.ContainsFunc(except, func(e string) bool { return strings.HasPrefix(one.name, e) }) {
			continue
		}
		for how, piece := range one.pieces {
			if i := bytes.Index(data, piece); i >= 0 {
				before, after := max(0, i-120), min(len(data), i+len(piece)+40)
				found = append(found, fmt.Sprintf("%s (%s): …%q…", one.name, how, data[before:after]))
				break
			}
		}
	}
	return found
}

// names lists what is looked for.
func (c *canaries) names() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	var out []string
	for _, one := range c.list {
		out = append(out, one.name)
	}
	return out
}

// scanFolder demands that no file below dir holds a secret. allowed says which
// secrets a file may hold, by the beginnings of their names.
func (c *canaries) scanFolder(t testing.TB, when, dir string, allowed map[string][]string) (files int) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return nil // temporary files come and go during a run
		}
		raw, err := os.ReadFile(path)
		if err != nil {
			return nil
		}
		files++
		name := filepath.Base(path)
		for _, what := range c.find(raw, allowed[name]...) {
			if secret, _, _ := strings.Cut(what, " ("); c.once(name + " " + secret) {
				t.Errorf("%s: the file %s holds the %s", when, name, what)
			}
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
	return files
}

// TestCanariesAreFound proves that the search would find what it looks for.
func TestCanariesAreFound(t *testing.T) {
	var c canaries
	secret := c.mint(t, "password")
	for _, text := range []string{
		secret, strings.ToUpper(secret), fmt.Sprintf("%x", secret), fmt.Sprintf("%q", secret),
		base64.StdEncoding.EncodeToString([]byte("admin:" + secret)),
		base64.StdEncoding.EncodeToString([]byte("an admin:" + secret + "!")),
		base64.RawURLEncoding.EncodeToString([]byte("adm:" + secret + "??")),
	} {
		if len(c.find([]byte("before "+text+" after"))) != 1 {
			t.Errorf("the secret is not found in %q", text)
		}
	}
	if found := c.find([]byte("nothing here")); len(found) > 0 {
		t.Errorf("found %q in nothing", found)
	}
}
