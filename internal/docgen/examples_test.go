package main

import (
	"context"
	"fmt"
	"maps"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/idpctl/idpctl/apply"
	"github.com/idpctl/idpctl/cluster"
	"github.com/idpctl/idpctl/config"
	"github.com/idpctl/idpctl/diag"
	emulator "github.com/idpctl/idpctl/emulator/keycloak"
	"github.com/idpctl/idpctl/internal/run"
	"github.com/idpctl/idpctl/plan"
	"github.com/idpctl/idpctl/providers"
	"github.com/idpctl/idpctl/providers/keycloak"
)

// reference is where the pages are.
const reference = "../../docs/reference"

func generatedPages() map[string]string {
	return pages([]providers.Info{keycloak.New().Info()}, cluster.Spec(), config.FunctionReference())
}

// allPages are the generated pages as the code makes them, and those that are
// written by hand.
func allPages(t *testing.T) map[string]string {
	t.Helper()
	all := generatedPages()
	paths, err := filepath.Glob(filepath.Join(reference, "*.md"))
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if !strings.HasPrefix(string(text), generated) {
			all[filepath.Base(path)] = string(text)
		}
	}
	if all["language.md"] == "" {
		t.Fatal("there is no page language.md written by hand")
	}
	return all
}

// fence is a piece of code on a page: its language, the file that it is meant to
// be if it says so, and its text.
var fence = regexp.MustCompile("(?ms)^```(\\w+)(?: ([\\w.-]+))?\n(.*?)^```$")

// Every example of every page works as it stands: it is applied, and then there
// is nothing left to do. Only the address of the server is another one. Where a
// page has several, they stand beside its first one, except those that begin with
// a provider block.
func TestExamplesApply(t *testing.T) {
	address := regexp.MustCompile(`https://sso[-a-z]*\.example\.com`)
	for name, page := range allPages(t) {
		files, examples := map[string]string{}, []string(nil)
		for _, found := range fence.FindAllStringSubmatch(page, -1) {
			switch language, file, text := found[1], found[2], found[3]; {
			case language == "hcl":
				examples = append(examples, text)
			case file != "":
				files[file] = text
			}
		}
		for i, example := range examples {
			first := ""
			if !strings.HasPrefix(example, "provider ") && i > 0 {
				first = examples[0]
			}
			t.Run(fmt.Sprintf("%s %d", name, i+1), func(t *testing.T) {
				if formatted, ds := config.Format([]byte(example), name); ds.HasErrors() || string(formatted) != example {
					t.Errorf("the example is not formatted: %v\n%s", ds, formatted)
				}
				server := httptest.NewServer(emulator.New(emulator.Options{AdminUser: "admin", AdminPassword: "admin"}))
				t.Cleanup(server.Close)
				dir := t.TempDir()
				files := maps.Clone(files)
				files["first.idp.hcl"] = address.ReplaceAllString(first, server.URL)
				files["example.idp.hcl"] = address.ReplaceAllString(example, server.URL)
				for file, text := range files {
					if err := os.WriteFile(filepath.Join(dir, file), []byte(text), 0o600); err != nil {
						t.Fatal(err)
					}
				}
				opts := run.Options{
					Dir: dir, Providers: []providers.Provider{keycloak.New()}, Parallelism: 4, Version: "1.0.0",
					Env: []string{"IDPCTL_VAR_keycloak_password=admin", "IDPCTL_VAR_smtp_password=mail"},
				}
				if p := planAndApply(t, opts, true); p.Empty() {
					t.Error("the example does nothing")
				}
				if p := planAndApply(t, opts, false); !p.Empty() {
					t.Errorf("the plan after the apply is not empty: %+v", p.Counts())
				}
			})
		}
	}
}

// The page of a block shows the block.
func TestPagesShowTheirBlock(t *testing.T) {
	info := keycloak.New().Info()
	all := generatedPages()
	shows := map[string]string{"cluster.md": "cluster \"", info.Type + "/provider.md": "provider \"" + info.Type + "\""}
	for _, k := range info.Kinds {
		shows[info.Type+"/"+k.Name+".md"] = k.Name + " \""
	}
	for name, block := range shows {
		found := fence.FindAllStringSubmatch(all[name], -1)
		if len(found) != 1 || found[0][1] != "hcl" || !strings.Contains("\n"+found[0][3], "\n"+block) {
			t.Errorf("%s has no example of %s: %q", name, block, found)
		}
	}
}

// What is written by hand stays when the pages are generated, what is out of
// date goes.
func TestWriteKeepsWhatIsWrittenByHand(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{"hand.md": "# By hand\n", "old.md": generated + "# Old\n"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := write(dir, map[string]string{"a/new.md": generated}); err != nil {
		t.Fatal(err)
	}
	var have []string
	for _, name := range []string{"hand.md", "old.md", "a/new.md"} {
		if _, err := os.Stat(filepath.Join(dir, name)); err == nil {
			have = append(have, name)
		}
	}
	if !slices.Equal(have, []string{"hand.md", "a/new.md"}) {
		t.Errorf("there are %v", have)
	}
}

func planAndApply(t *testing.T, opts run.Options, execute bool) *plan.Plan {
	t.Helper()
	ctx := context.Background()
	r, _, diags := run.Open(ctx, opts)
	if told(diags) {
		t.Fatal(diags)
	}
	p, diags := r.Plan(ctx, plan.Normal)
	if told(diags) {
		t.Fatal(diags)
	}
	if execute {
		s, diags := r.Apply(ctx, p, run.ApplyOptions{Deliver: func([]apply.Credential) error { return nil }})
		if told(diags) || !s.OK() {
			t.Fatalf("%v %+v", diags, s)
		}
	}
	if diags := r.Close(); diags.HasErrors() {
		t.Fatal(diags)
	}
	return p.Plan
}

// told reports whether there are errors, or warnings that a reader of an example
// should not get. Those on a cluster's new file, which is no AppInstance by
// itself, are meant.
func told(diags diag.Diagnostics) bool {
	return slices.ContainsFunc(diags, func(d diag.Diagnostic) bool {
		return d.Severity == diag.Error || !strings.Contains(d.Summary, "AppInstance") && !strings.Contains(d.Summary, "admin section")
	})
}

// A page says everything that the code knows of an attribute.
func TestPagesAreWhole(t *testing.T) {
	info := keycloak.New().Info()
	all := generatedPages()
	for _, k := range info.Kinds {
		page := all[info.Type+"/"+k.Name+".md"]
		for _, a := range k.All() {
			if !strings.Contains(page, "| `"+a.Name+"` |") {
				t.Errorf("%s: the page lacks %s", k.Name, a.Name)
			}
			if a.Doc == "" || !strings.Contains(page, cell(a.Doc)) {
				t.Errorf("%s: the page lacks the sentence of %s", k.Name, a.Name)
			}
		}
	}
	if !strings.Contains(all["README.md"], "keycloak/user.md") || !strings.Contains(all["cluster.md"], "appinstance") {
		t.Error("the index or the cluster page is not whole")
	}
	if cell("a|b\nc") != `a\|b c` {
		t.Error("a cell of a table could break the table")
	}
}
