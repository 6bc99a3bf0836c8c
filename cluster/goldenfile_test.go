package cluster

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/tools/txtar"

	"github.com/idpctl/idpctl/diag"
)

var update = flag.Bool("update", false, "write the golden files anew")

// head is what the head of every golden file may ask for.
type head struct {
	prune, fails, missing bool
	crlf, cr, bom, noNL   bool // the form of the file
}

// read reads the lines of a head, key: value. other gets those that not every golden
// file may have, and reports whether it knows the key.
func (h *head) read(t *testing.T, text string, other func(key, value string) bool) {
	t.Helper()
	flags := map[string]*bool{"prune": &h.prune, "fails": &h.fails, "missing": &h.missing, "crlf": &h.crlf, "cr": &h.cr, "bom": &h.bom, "no newline": &h.noNL}
	for line := range strings.Lines(text) {
		key, value, _ := strings.Cut(strings.TrimSpace(line), ":")
		if p := flags[key]; p != nil {
			*p = true
		} else if key != "" && !strings.HasPrefix(key, "#") && !other(key, strings.TrimSpace(value)) {
			t.Fatalf("unknown line %q", line)
		}
	}
}

// encode applies what a golden file cannot hold.
func (h *head) encode(b []byte) []byte {
	if h.noNL {
		b = bytes.TrimSuffix(b, []byte("\n"))
	}
	switch {
	case h.crlf:
		b = bytes.ReplaceAll(b, []byte("\n"), []byte("\r\n"))
	case h.cr:
		b = bytes.ReplaceAll(b, []byte("\n"), []byte("\r"))
	}
	if h.bom {
		b = append([]byte("\uFEFF"), b...)
	}
	return b
}

// bomLen is how long the byte order mark of an encoded text is.
func (h *head) bomLen() int {
	if h.bom {
		return len("\uFEFF")
	}
	return 0
}

// decode takes out of a result what a golden file cannot hold.
func decode(b []byte) []byte {
	b = bytes.TrimPrefix(b, []byte("\uFEFF"))
	b = bytes.ReplaceAll(b, []byte("\r\n"), []byte("\n"))
	return bytes.ReplaceAll(b, []byte("\r"), []byte("\n"))
}

// goldenMerge is one golden file's merge.
type goldenMerge interface {
	top() *head
	merge(live Live) (Change, diag.Diagnostics)
	// check checks a merge that succeeded by other means than the code under test, and
	// reports whether another library could read the file.
	check(t *testing.T, live Live, change Change) bool
}

func (h *head) top() *head { return h }

// testGolden merges into the golden files of a folder, whose names in the archives end
// with ext, and compares the result byte for byte, with what the change and the
// diagnostics say. Another library reads at least as many results as least says.
func testGolden(t *testing.T, dir, ext string, least int, parse func(t *testing.T, head string) goldenMerge) {
	compared := 0
	for _, name := range goldenFiles(t, dir) {
		t.Run(strings.TrimSuffix(filepath.Base(name), ".txtar"), func(t *testing.T) {
			archive, err := txtar.ParseFile(name)
			if err != nil {
				t.Fatal(err)
			}
			c := parse(t, string(archive.Comment))
			h := c.top()
			live := Live{Exists: !h.missing, Content: h.encode(part(archive, "in"+ext))}
			change, ds := c.merge(live)
			if ds.HasErrors() != h.fails {
				t.Fatalf("fails: %v, diagnostics: %v", ds.HasErrors(), ds)
			}
			said := []byte(describe(change, ds))
			if bytes.Contains(said, []byte("hunter2")) {
				t.Errorf("a secret is shown:\n%s", said)
			}
			if *update {
				archive.Files = archive.Files[:1]
				if !h.fails {
					archive.Files = append(archive.Files, txtar.File{Name: "out" + ext, Data: decode(change.Content)})
				}
				archive.Files = append(archive.Files, txtar.File{Name: "change", Data: said})
				if err := os.WriteFile(name, txtar.Format(archive), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			if got, want := string(said), string(part(archive, "change")); got != want {
				t.Errorf("change:\n%s\nwant:\n%s", got, want)
			}
			if h.fails {
				return
			}
			if want := h.encode(part(archive, "out"+ext)); !bytes.Equal(change.Content, want) {
				t.Errorf("content:\n%q\nwant:\n%q", change.Content, want)
			}
			if !change.Created {
				checkShown(t, change)
			}
			untouchedLines(t, live.Content, change.Content)
			if c.check(t, live, change) {
				compared++
			}
		})
	}
	if compared < least {
		t.Errorf("only %d results were read by the second library", compared)
	}
}

// goldenFiles are the names of the archives in a folder.
func goldenFiles(t testing.TB, dir string) []string {
	t.Helper()
	files, err := filepath.Glob(dir + "/*.txtar")
	if err != nil || len(files) < 30 {
		t.Fatalf("%d golden files, %v", len(files), err)
	}
	return files
}

// fuzzSeeds gives add every golden file as it is, and with the line ends of Windows.
func fuzzSeeds(f *testing.F, dir, ext string, add func(i int, lf, crlf []byte)) {
	f.Helper()
	for i, name := range goldenFiles(f, dir) {
		a, err := txtar.ParseFile(name)
		if err != nil {
			f.Fatal(err)
		}
		in := part(a, "in"+ext)
		add(i, in, bytes.ReplaceAll(in, []byte("\n"), []byte("\r\n")))
	}
}

func part(a *txtar.Archive, name string) []byte {
	for _, f := range a.Files {
		if f.Name == name {
			return f.Data
		}
	}
	return nil
}
