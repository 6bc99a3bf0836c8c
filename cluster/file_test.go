package cluster

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/zclconf/go-cty/cty"

	"github.com/idpctl/idpctl/diag"
	"github.com/idpctl/idpctl/resource"
)

const minimal = "apiVersion: kubecfg.dev/v1alpha1\nkind: AppInstance\nspec: {package: {spec: {admin: {dsn: {value: x}}}}}\n"

func openTarget(t *testing.T, path string) Target {
	t.Helper()
	target, ds := Open("appinstance", cty.ObjectVal(map[string]cty.Value{
		"path": cty.StringVal(path), "name": cty.NullVal(cty.String), "namespace": cty.NullVal(cty.String),
	}), t.TempDir())
	if len(ds) > 0 {
		t.Fatal(ds)
	}
	return target
}

func mustRead(t *testing.T, target Target) Live {
	t.Helper()
	live, ds := target.Read(context.Background())
	if len(ds) > 0 {
		t.Fatal(ds)
	}
	return live
}

func mustMerge(t *testing.T, target Target, live Live) Change {
	t.Helper()
	change, ds := target.Merge(live, wantExample(), Ownership{})
	if ds.HasErrors() || !change.Changed {
		t.Fatal(ds)
	}
	return change
}

func writeFile(t *testing.T, path, content string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}

// fails checks that a diagnostic is the one that is meant, and says where.
func fails(t *testing.T, ds diag.Diagnostics, path, summary string) {
	t.Helper()
	if !ds.HasErrors() || ds[0].Summary != summary || ds[0].Subject.Filename != path || ds[0].Detail == "" {
		t.Errorf("got %v, want %q at %s", ds, summary, path)
	}
}

func onlyFile(t *testing.T, dir string, names ...string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != len(names) {
		t.Errorf("the folder has %v, %v; want %v", entries, err, names)
	}
	for _, e := range entries {
		if len(names) > 1 && !slices.Contains(names, e.Name()) {
			t.Errorf("the folder has %s", e.Name())
		}
	}
}

// TestWrite writes through a symlink: the link, the mode and the owner stay.
func TestWrite(t *testing.T) {
	dir, elsewhere := t.TempDir(), t.TempDir()
	path, real := filepath.Join(dir, "link.yml"), filepath.Join(elsewhere, "real.yml")
	writeFile(t, real, minimal)
	if err := errors.Join(os.Chmod(real, 0o664), os.Symlink(real, path)); err != nil {
		t.Fatal(err)
	}
	owned := os.Getuid() == 0 && os.Chown(real, 1234, 4321) == nil
	target := openTarget(t, path)
	live := mustRead(t, target)
	change := mustMerge(t, target, live)
	if ds := target.Write(context.Background(), live, change); len(ds) > 0 {
		t.Fatal(ds)
	}
	if now := mustRead(t, target); !bytes.Equal(now.Content, change.Content) || now.Fingerprint == live.Fingerprint {
		t.Errorf("read again: %s", now.Content)
	}
	info, err := os.Stat(real)
	if err != nil || info.Mode() != 0o664 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
	if owned && !ownedBy(info, 1234, 4321) {
		t.Errorf("the owner changed")
	}
	if info, err := os.Lstat(path); err != nil || info.Mode()&fs.ModeSymlink == 0 {
		t.Errorf("the link is gone: %v, %v", info, err)
	}
	onlyFile(t, dir, "link.yml")
	onlyFile(t, elsewhere, "real.yml")
	if ds := target.Write(context.Background(), live, Change{}); len(ds) > 0 {
		t.Errorf("a change that is none was refused: %v", ds)
	}
}

// TestWriteRefuses does not write what was not planned on what is there.
func TestWriteRefuses(t *testing.T) {
	const changed = "The file has changed since it was read"
	path := filepath.Join(t.TempDir(), "a.yml")
	target := openTarget(t, path)
	ctx := context.Background()

	nothing := mustRead(t, target)
	made := mustMerge(t, target, nothing)
	writeFile(t, path, minimal)
	fails(t, target.Write(ctx, nothing, made), path, changed)

	live := mustRead(t, target)
	change := mustMerge(t, target, live)
	writeFile(t, path, minimal+"# by somebody else\n")
	fails(t, target.Write(ctx, live, change), path, changed)
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	fails(t, target.Write(ctx, live, change), path, changed)
	onlyFile(t, filepath.Dir(path))

	writeFile(t, path, minimal)
	canceled, cancel := context.WithCancel(ctx)
	cancel()
	fails(t, target.Write(canceled, live, change), path, "The file could not be read")
	for _, s := range []Section{
		{IdentityProvider: KnownAfterApply}, {JWKSEndpoint: KnownAfterApply}, {Admins: []Admin{{ID: KnownAfterApply}}},
		{Admins: []Admin{{FirstName: KnownAfterApply}}}, {Admins: []Admin{{LastName: KnownAfterApply}}}, {Admins: []Admin{{Email: KnownAfterApply}}},
	} {
		if !s.unknown() {
			t.Errorf("%q is said to be known", s)
		}
	}
	unknown, ds := target.Merge(live, Desired{Section: Section{IdentityProvider: "keycloak", JWKSEndpoint: KnownAfterApply}}, Ownership{})
	if ds.HasErrors() {
		t.Fatal(ds)
	}
	fails(t, target.Write(ctx, live, unknown), path, "The change has values that are not known yet")
	if got, _ := os.ReadFile(path); string(got) != minimal {
		t.Errorf("the file was written: %s", got)
	}
	onlyFile(t, filepath.Dir(path), "a.yml")
}

// TestPublish does not overwrite a file that somebody makes in the last moment.
func TestPublish(t *testing.T) {
	dir := t.TempDir()
	tmp, path := filepath.Join(dir, "tmp"), filepath.Join(dir, "new.yml")
	writeFile(t, tmp, "ours")
	writeFile(t, path, "theirs")
	if err := publish(tmp, path); !errors.Is(err, fs.ErrExist) {
		t.Errorf("publish over a file: %v", err)
	}
	if got, _ := os.ReadFile(path); string(got) != "theirs" {
		t.Errorf("the file says %s", got)
	}
	if err := errors.Join(os.Remove(path), publish(tmp, path)); err != nil {
		t.Error(err)
	}
}

// TestReadRefuses refuses what is no file that can be merged into.
func TestReadRefuses(t *testing.T) {
	dir := t.TempDir()
	dangling, loop := filepath.Join(dir, "dangling.yml"), filepath.Join(dir, "loop.yml")
	if err := errors.Join(os.Symlink(filepath.Join(dir, "nowhere"), dangling), os.Symlink(loop, loop)); err != nil {
		t.Fatal(err)
	}
	large := filepath.Join(dir, "large.yml")
	writeFile(t, large, "")
	if err := os.Truncate(large, maxSize+1); err != nil {
		t.Fatal(err)
	}
	utf16, binary := filepath.Join(dir, "utf16.yml"), filepath.Join(dir, "binary.yml")
	writeFile(t, utf16, "\xff\xfek\x00")
	writeFile(t, binary, "kind: AppInstance\nname: \xe9t\xe9\n")
	for path, summary := range map[string]string{
		dir:                                  "The path is a folder",
		dangling:                             "The path is a link to nothing",
		loop:                                 "The file could not be read",
		large:                                "The file is too large",
		filepath.Join(dir, "no", "such.yml"): "The folder of the file is not there",
		os.DevNull:                           "The path is no regular file",
		utf16:                                "The file is encoded as UTF-16",
		binary:                               "The file is not text in UTF-8",
	} {
		_, ds := openTarget(t, path).Read(context.Background())
		fails(t, ds, path, summary)
	}
	_, ds := openTarget(t, binary).Read(context.Background())
	if got := ds[0].Subject.Start; got.Line != 2 || got.Column != 7 {
		t.Errorf("the byte is at %v", got)
	}
}

// TestIdentity is the same for every way to name a file.
func TestIdentity(t *testing.T) {
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	real, link := filepath.Join(dir, "a.yml"), filepath.Join(dir, "b.yml")
	writeFile(t, real, minimal)
	if err := os.Symlink(real, link); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{
		real: real, link: real, filepath.Join(dir, ".", "x", "..", "a.yml"): real,
		filepath.Join(dir, "new.yml"): filepath.Join(dir, "new.yml"),
	} {
		if got := openTarget(t, path).Identity(); got != want {
			t.Errorf("Identity of %s is %s", path, got)
		}
	}
}

// TestOpen checks the attributes of a target.
func TestOpen(t *testing.T) {
	attrs := func(path, name cty.Value) cty.Value {
		return cty.ObjectVal(map[string]cty.Value{"path": path, "name": name, "namespace": cty.NullVal(cty.String)})
	}
	none := cty.NullVal(cty.String)
	target, ds := Open("appinstance", attrs(cty.StringVal("x/../y.yml").Mark(resource.Sensitive), none), "dir")
	if len(ds) > 0 || target.Path() != filepath.Join("dir", "y.yml") || target.Kind() != "appinstance" {
		t.Errorf("Open: %v, %v", target, ds)
	}
	for want, ds := range map[string]diag.Diagnostics{
		"There is no such target":             second(Open("helm", attrs(none, none), "")),
		"The path is missing":                 second(Open("appinstance", attrs(none, none), "")),
		"The value is known only after apply": second(Open("appinstance", attrs(cty.UnknownVal(cty.String), none), "")),
		"The value is of the wrong type":      second(Open("appinstance", attrs(cty.StringVal("x"), cty.True), "")),
		"The path begins with ~":              second(Open("appinstance", attrs(cty.StringVal("~/x"), none), "")),
	} {
		if len(ds) != 1 || ds[0].Summary != want {
			t.Errorf("got %v, want %q", ds, want)
		}
	}
}

func second(_ Target, ds diag.Diagnostics) diag.Diagnostics { return ds }

// TestSpec checks that the schema and the targets agree.
func TestSpec(t *testing.T) {
	spec := Spec()
	for _, kind := range Kinds() {
		block, ok := spec.Attribute(kind)
		if !ok || block.Block == nil || !block.Type.Equals(resource.BlockType(block.Block)) {
			t.Fatalf("%s is no block", kind)
		}
		values := map[string]cty.Value{}
		for _, a := range block.Block {
			switch {
			case a.Type == cty.Bool:
				values[a.Name] = cty.True
			case a.Type.IsListType():
				values[a.Name] = cty.ListVal([]cty.Value{cty.StringVal("x")})
			default:
				values[a.Name] = cty.StringVal("x")
			}
		}
		target, ds := Open(kind, cty.ObjectVal(values), ".")
		if len(ds) > 0 || target.Kind() != kind {
			t.Errorf("Open: %v", ds)
		}
	}
	for _, a := range spec.Attributes {
		if a.Doc == "" || !strings.HasSuffix(a.Doc, ".") {
			t.Errorf("%s has no sentence of documentation: %q", a.Name, a.Doc)
		}
		for _, b := range a.Block {
			if b.Doc == "" || !strings.HasSuffix(b.Doc, ".") {
				t.Errorf("%s.%s has no sentence of documentation: %q", a.Name, b.Name, b.Doc)
			}
		}
	}
}

// TestSectionCheck refuses sections that cannot be written.
func TestSectionCheck(t *testing.T) {
	marty := people()["marty"]
	other := marty
	other.LastName = "Seamus"
	for want, s := range map[string]Section{
		"The admin section has no identity provider":    {JWKSEndpoint: "x"},
		"An admin has no id":                            {IdentityProvider: "x", JWKSEndpoint: "x", Admins: []Admin{{Email: "e"}}},
		"An admin is named twice with different values": {IdentityProvider: "x", JWKSEndpoint: "x", Admins: []Admin{marty, other}},
		"A value is not text in UTF-8":                  {IdentityProvider: "x", JWKSEndpoint: "x", Admins: []Admin{{ID: "i", Email: "\xff"}}},
	} {
		if _, ds := s.check("a.yml"); len(ds) != 1 || ds[0].Summary != want {
			t.Errorf("got %v, want %q", ds, want)
		}
	}
}

// TestSweep removes what a process left that died while it wrote, and nothing else.
func TestSweep(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "a.yml")
	dead := exec.Command(os.Args[0], "-test.run=^$")
	if err := dead.Run(); err != nil {
		t.Fatal(err)
	}
	stay := []string{".a.yml.idpctl-x.tmp", fmt.Sprintf(".a.yml.idpctl-%d-ABC.tmp", os.Getpid()), fmt.Sprintf(".b.yml.idpctl-%d-ABC.tmp", dead.Process.Pid), "a.yml.idpctl-1-ABC.tmp"}
	for _, name := range append(stay, fmt.Sprintf(".a.yml.idpctl-%d-ABC.tmp", dead.Process.Pid)) {
		writeFile(t, filepath.Join(dir, name), "x")
	}
	if err := WriteFile(context.Background(), path, []byte("new")); err != nil {
		t.Fatal(err)
	}
	onlyFile(t, dir, append(stay, "a.yml")...)
}
