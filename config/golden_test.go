package config

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/tools/txtar"

	"github.com/idpctl/idpctl/diag"
	"github.com/idpctl/idpctl/resource"
)

// update writes what the golden tests got: go test ./config -update
func updating() bool { return flag.Lookup("update").Value.String() == "true" }

func TestMain(m *testing.M) {
	flag.Bool("update", false, "write the golden files")
	flag.Parse()
	os.Exit(m.Run())
}

// TestDiagnostics loads the configurations in testdata and compares what is
// said about them. The comment of an archive may hold options: "var: name=value",
// "env: NAME=value", "validate", and "evaluate" for what only a run finds.
func TestDiagnostics(t *testing.T) {
	here, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	paths, err := filepath.Glob("testdata/diagnostics/*.txtar")
	if err != nil || len(paths) == 0 {
		t.Fatalf("no archives: %v", err)
	}
	for _, path := range paths {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".txtar"), func(t *testing.T) {
			path := filepath.Join(here, path)
			archive, err := txtar.ParseFile(path)
			if err != nil {
				t.Fatal(err)
			}
			files := map[string]string{}
			var want *txtar.File
			for i, f := range archive.Files {
				if f.Name == "want" {
					want = &archive.Files[i]
				} else {
					files[f.Name] = string(f.Data)
				}
			}
			if want == nil {
				t.Fatal("the archive has no file want")
			}
			evaluateToo := false
			m, ds := loadFiles(t, files, func(o *Options) {
				for line := range strings.SplitSeq(string(archive.Comment), "\n") {
					name, value, _ := strings.Cut(line, ": ")
					switch name {
					case "var":
						o.Vars = append(o.Vars, VarSource{Assignment: value})
					case "var-file":
						o.Vars = append(o.Vars, VarSource{File: value})
					case "env":
						o.Env = append(o.Env, value)
					case "validate":
						o.ValidateOnly = true
					case "evaluate":
						evaluateToo = true
					}
				}
			})
			if evaluateToo {
				if len(ds) > 0 {
					t.Fatalf("loading said:\n%s", ds.Error())
				}
				w := &world{e: m.Evaluator(), desired: map[string]resource.Desired{}, clusters: map[string]ClusterInstance{}}
				ds = w.run(m, nil)
			}
			got := tell(m, ds)
			if strings.Contains(got, "hunter2") {
				t.Errorf("a secret is shown:\n%s", got)
			}
			if updating() {
				want.Data = []byte(got)
				if err := os.WriteFile(path, txtar.Format(archive), 0o600); err != nil {
					t.Fatal(err)
				}
				return
			}
			if got != string(want.Data) {
				t.Errorf("got:\n%s\nwant:\n%s", got, want.Data)
			}
		})
	}
}

// tell writes diagnostics with the line that each points at.
func tell(m *Module, ds diag.Diagnostics) string {
	var b strings.Builder
	for _, d := range ds {
		b.WriteString(d.Severity.String() + ": " + d.Summary + "\n")
		if !d.Subject.IsZero() {
			b.WriteString("  at " + d.Subject.String())
			if d.Address != "" {
				b.WriteString(", in " + d.Address)
			}
			b.WriteString("\n")
			lines := strings.Split(string(m.Source(d.Subject.Filename)), "\n")
			if n := d.Subject.Start.Line; n <= len(lines) && lines[n-1] != "" {
				b.WriteString("  | " + lines[n-1] + "\n")
			}
		}
		b.WriteString("  " + d.Detail + "\n\n")
	}
	return b.String()
}
