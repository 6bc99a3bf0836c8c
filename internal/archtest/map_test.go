package archtest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/idpctl/idpctl"

// row is one row of the map in ARCHITECTURE.md.
type row struct {
	pkg string
	// below: it may import everything in the rows below its own.
	below bool
	// may are the packages that its last column names.
	may []string
}

// readMap reads the table of the map. Its last column is a list of packages in
// backticks, or says "everything below" or "nothing".
func readMap(text string) ([]row, error) {
	var rows []row
	quoted := regexp.MustCompile("`([^`]+)`")
	for line := range strings.Lines(text) {
		cells := strings.Split(strings.Trim(strings.TrimSpace(line), "|"), "|")
		name := quoted.FindStringSubmatch(cells[0])
		if len(cells) != 3 || name == nil {
			continue
		}
		r := row{pkg: name[1]}
		last := strings.TrimSpace(cells[2])
		for _, m := range quoted.FindAllStringSubmatch(last, -1) {
			r.may = append(r.may, m[1])
		}
		r.below = strings.HasPrefix(last, "everything below")
		if len(r.may) == 0 && !r.below && !strings.HasPrefix(last, "nothing") {
			return nil, fmt.Errorf("the row of %s says neither packages in backticks, nor everything below, nor nothing: %q", r.pkg, last)
		}
		rows = append(rows, r)
	}
	if len(rows) == 0 {
		return nil, fmt.Errorf("there is no table of packages")
	}
	return rows, nil
}

// allowed tells for each package of the map what it may import: what its row
// names, and what the rows of those allow in turn.
func allowed(rows []row) (map[string][]string, error) {
	index := map[string]int{}
	for i, r := range rows {
		if _, twice := index[r.pkg]; twice {
			return nil, fmt.Errorf("%s has two rows", r.pkg)
		}
		index[r.pkg] = i
	}
	direct := func(i int) ([]string, error) {
		var out []string
		if rows[i].below {
			for _, r := range rows[i+1:] {
				out = append(out, r.pkg)
			}
		}
		for _, name := range rows[i].may {
			found := false
			for _, r := range rows {
				// internal packages are named without their folder, in short
				if ok, _ := path.Match(name, r.pkg); ok || r.pkg == "internal/"+name {
					out, found = append(out, r.pkg), true
				}
			}
			if !found {
				return nil, fmt.Errorf("the row of %s names %s, which has no row", rows[i].pkg, name)
			}
		}
		return out, nil
	}
	out := map[string][]string{}
	for i, r := range rows {
		seen := map[string]bool{}
		var visit func(i int) error
		visit = func(i int) error {
			next, err := direct(i)
			for _, name := range next {
				if !seen[name] {
					seen[name] = true
					if err := visit(index[name]); err != nil {
						return err
					}
				}
			}
			return err
		}
		if err := visit(i); err != nil {
			return nil, err
		}
		if seen[r.pkg] {
			return nil, fmt.Errorf("%s may import itself, by the rows of what it imports", r.pkg)
		}
		out[r.pkg] = []string{}
		for name := range seen {
			out[r.pkg] = append(out[r.pkg], name)
		}
	}
	return out, nil
}

// pkg is a package as go list describes it, with paths below the module's.
type pkg struct {
	ImportPath string
	Name       string
	Dir        string
	GoFiles    []string
	Imports    []string
}

// home is the package of the map that p belongs to: itself, or the nearest
// above it that has a row.
func home(p string, may map[string][]string) (string, bool) {
	for ; p != "."; p = path.Dir(p) {
		if _, ok := may[p]; ok {
			return p, true
		}
	}
	return "", false
}

// upwards returns a line for each import that the map does not allow, and for
// each package that the map forgets.
func upwards(may map[string][]string, pkgs []pkg) []string {
	var wrong []string
	for _, p := range pkgs {
		from, known := home(p.ImportPath, may)
		if !known && p.Name != "main" && len(p.GoFiles) > 1 {
			wrong = append(wrong, fmt.Sprintf("%s has no row in the map", p.ImportPath))
			continue
		}
		for _, imp := range p.Imports {
			to, ok := home(imp, may)
			switch {
			case !ok:
				wrong = append(wrong, fmt.Sprintf("%s imports %s, which has no row in the map and is for itself alone", p.ImportPath, imp))
			case known && from != to && !slices.Contains(may[from], to):
				wrong = append(wrong, fmt.Sprintf("%s must not import %s: the row of %s does not allow it", p.ImportPath, imp, from))
			}
		}
	}
	return wrong
}

func TestImportsRunDownwards(t *testing.T) {
	text, err := os.ReadFile(filepath.Join(root(t), "ARCHITECTURE.md"))
	if err != nil {
		t.Fatal(err)
	}
	rows, err := readMap(string(text))
	if err != nil {
		t.Fatalf("ARCHITECTURE.md: %v", err)
	}
	may, err := allowed(rows)
	if err != nil {
		t.Fatalf("ARCHITECTURE.md: %v", err)
	}
	pkgs := list(t)
	for _, line := range upwards(may, pkgs) {
		t.Error(line)
	}
	for _, r := range rows {
		if !slices.ContainsFunc(pkgs, func(p pkg) bool { return p.ImportPath == r.pkg }) {
			t.Errorf("the map has a row for %s, and there is no such package", r.pkg)
		}
	}
}

func TestTheMapIsReadAndKept(t *testing.T) {
	const text = "| package | its job | may import |\n|---|---|---|\n" +
		"| `cmd/tool` | starts | `internal/cli`, `ways/*` |\n" +
		"| `internal/cli` | asks | everything below |\n" +
		"| `middle` | works | `low` |\n" +
		"| `ways/north` | goes | `low` |\n" +
		"| `low` | is | nothing |\n"
	rows, err := readMap(text)
	if err != nil {
		t.Fatal(err)
	}
	may, err := allowed(rows)
	if err != nil {
		t.Fatal(err)
	}
	p := func(path string, imports ...string) pkg {
		return pkg{ImportPath: path, Name: path, GoFiles: []string{"a.go", "b.go"}, Imports: imports}
	}
	tool := p("internal/tool", "middle")
	tool.Name = "main"
	tests := map[string]struct {
		pkg pkg
		bad bool
	}{
		"named":                 {p("middle", "low"), false},
		"of its own subtree":    {p("middle", "middle/internal/part"), false},
		"below by a row below":  {p("cmd/tool", "low"), false},
		"a wildcard":            {p("cmd/tool", "ways/north"), false},
		"everything below":      {p("internal/cli", "ways/north"), false},
		"a part of one below":   {p("ways/north/wire", "low"), false},
		"a program of its own":  {tool, false},
		"upwards":               {p("low", "middle"), true},
		"upwards from a part":   {p("low/part", "middle"), true},
		"beside":                {p("middle", "ways/north"), true},
		"one without a row":     {p("middle", "internal/tool"), true},
		"a package with no row": {p("elsewhere"), true},
	}
	for title, tt := range tests {
		if wrong := upwards(may, []pkg{tt.pkg}); (len(wrong) > 0) != tt.bad {
			t.Errorf("%s: got %q", title, wrong)
		}
	}
	for title, bad := range map[string]string{
		"no table":        "text\n",
		"nothing said":    "| `a` | does | this and that |\n",
		"an unknown name": "| `a` | does | `b` |\n",
		"two rows":        "| `a` | does | nothing |\n| `a` | does | nothing |\n",
		"a circle":        "| `a` | does | `b` |\n| `b` | does | `a` |\n",
	} {
		rows, err := readMap(bad)
		if err == nil {
			_, err = allowed(rows)
		}
		if err == nil {
			t.Errorf("%s: no error", title)
		}
	}
}

// root is the module's folder.
func root(t *testing.T) string {
	t.Helper()
	dir, err := filepath.Abs(filepath.Join("..", ".."))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(dir, "go.mod")); err != nil {
		t.Fatal(err)
	}
	return dir
}

// list returns the module's packages with their imports among themselves,
// tests aside: those may import what helps them.
func list(t *testing.T) []pkg {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "go", "list", "-e", "-json=ImportPath,Name,Dir,GoFiles,Imports", "./...")
	cmd.Dir = root(t)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v\n%s", err, &stderr)
	}
	var all []pkg
	for dec := json.NewDecoder(bytes.NewReader(out)); ; {
		var p pkg
		if err := dec.Decode(&p); err == io.EOF {
			return all
		} else if err != nil {
			t.Fatalf("go list: %v", err)
		}
		p.ImportPath = short(p.ImportPath)
		ours := p.Imports[:0]
		for _, imp := range p.Imports {
			if strings.HasPrefix(imp, module+"/") {
				ours = append(ours, short(imp))
			}
		}
		p.Imports = ours
		all = append(all, p)
	}
}

func short(importPath string) string { return strings.TrimPrefix(importPath, module+"/") }
