package config

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/zclconf/go-cty/cty"
	"golang.org/x/tools/txtar"

	"github.com/idpctl/idpctl/resource"
)

// fuzzLoad loads a configuration, evaluates what loads, and checks what must
// hold of every input.
func fuzzLoad(t *testing.T, name string, src []byte, change ...func(*Options)) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, name), src, 0o600); err != nil {
		t.Fatal(err)
	}
	opts := fakeOptions()
	opts.Env = []string{"KEYCLOAK_URL=https://sso.example.com"}
	for _, f := range change {
		f(&opts)
	}
	m, ds := Load(dir, opts)
	for _, d := range ds {
		if d.Summary == "" || d.Detail == "" || strings.HasPrefix(d.Summary, "Expression cannot be evaluated") {
			t.Errorf("diagnostic %+v", d)
		}
	}
	for file := range m.files {
		if got := m.Source(file); len(got) != len(m.files[file].src) {
			t.Errorf("%s: the masked source has another length", file)
		}
	}
	if ds.HasErrors() {
		return
	}
	w := &world{e: m.Evaluator(), desired: map[string]resource.Desired{}, clusters: map[string]ClusterInstance{}}
	w.run(m, nil)
	for _, d := range w.desired {
		w.e.Resolve(d.Address)
		back, err := resource.ParseAddress(d.Address.String())
		if err != nil || back != d.Address {
			t.Errorf("address %s does not come back: %v", d.Address, err)
		}
	}
	w.e.Outputs()
}

// seeds are the configurations of the golden tests.
func seeds(f *testing.F, suffix string) {
	f.Helper()
	paths, err := filepath.Glob("testdata/diagnostics/*.txtar")
	if err != nil {
		f.Fatal(err)
	}
	for _, path := range paths {
		archive, err := txtar.ParseFile(path)
		if err != nil {
			f.Fatal(err)
		}
		for _, file := range archive.Files {
			if strings.HasSuffix(file.Name, suffix) {
				f.Add(file.Data)
			}
		}
	}
}

func FuzzLoadNative(f *testing.F) {
	seeds(f, nativeSuffix)
	f.Add([]byte(product))
	f.Add([]byte(preamble + team))
	f.Fuzz(func(t *testing.T, src []byte) { fuzzLoad(t, "main.idp.hcl", src) })
}

func FuzzLoadJSON(f *testing.F) {
	seeds(f, jsonSuffix)
	f.Add([]byte(`{"provider": {"keycloak": {}}, "realm": {"a": {"dynamic": {"smtp": {"for_each": [1], "content": {"host": "${smtp.value}"}}}}}}`))
	f.Add([]byte(`{"locals": {"a": {"${sensitive(\"x\")}": 1}}}`))
	f.Fuzz(func(t *testing.T, src []byte) { fuzzLoad(t, "main.idp.hcl.json", src) })
}

// FuzzVariables gives values in every way, and expressions to work with them.
func FuzzVariables(f *testing.F) {
	f.Add(`["a"]`, "x = 1", `list(string)`)
	f.Add(`{ a = 1 }`, `x = { "a" = [1, null] }`, `map(any)`)
	f.Add(`{}`, "", `object({ a = optional(string, "x"), b = optional(list(number)) })`)
	f.Fuzz(func(t *testing.T, text, file, typ string) {
		config := "variable \"x\" {\n  type = " + typ + "\n}\nvariable \"s\" {\n  type = " + typ + "\n  sensitive = true\n}\noutput \"x\" {\n  value = var.x\n}\n"
		fuzzLoad(t, "main.idp.hcl", []byte(config), func(o *Options) {
			path := filepath.Join(t.TempDir(), "v.idpvars")
			if err := os.WriteFile(path, []byte(file), 0o600); err != nil {
				t.Fatal(err)
			}
			o.Env = append(o.Env, "IDPCTL_VAR_x="+text, "IDPCTL_VAR_s="+text)
			o.Vars = []VarSource{{File: path}, {Assignment: text}, {Assignment: "x=" + text}}
		})
	})
}

// FuzzTemplate renders templates: what is made of a secret is sensitive, and no
// error shows it.
func FuzzTemplate(f *testing.F) {
	for _, seed := range []string{
		"Hello ${upper(name)}", "%{ for n in names ~}\n- ${n}${pw}\n%{ endfor ~}", "%{ if pw == name }a%{ else }b%{ endif }",
		`${names[pw]} ${{ a = pw }["a"]}`, "${[for n in names : n if n == pw][*]}", "${tonumber(pw)}", "${templatefile(pw, {})}", "$${pw} ${try(pw.x, pw)}",
	} {
		f.Add(seed)
	}
	funcs := functions(f.TempDir())
	for _, name := range []string{"file", "filebase64", "fileexists", "fileset", "nonsensitive"} {
		delete(funcs, name)
	}
	const secret = "CANARY-1985"
	vars := cty.ObjectVal(map[string]cty.Value{
		"name": cty.StringVal("Ada"), "names": cty.ListVal([]cty.Value{cty.StringVal("ada"), cty.StringVal("bob")}),
		"pw": cty.StringVal(secret).Mark(resource.Sensitive), "later": cty.UnknownVal(cty.String),
	})
	f.Fuzz(func(t *testing.T, src string) {
		v, err := render("t.tpl", []byte(src), vars, funcs)
		switch {
		case err != nil && strings.Contains(err.Error(), secret) && !strings.Contains(src, secret):
			t.Errorf("the error shows the secret: %v", err)
		case err == nil && v.Type() != cty.String:
			t.Errorf("the result is %s", v.Type().FriendlyName())
		case err == nil && v.IsKnown() && !v.IsMarked() && strings.Contains(v.AsString(), secret) && !strings.Contains(src, secret):
			t.Errorf("the result shows the secret")
		}
	})
}

// FuzzElementAddress: the address of an object that a plural data block found
// can be written, read, and led back to its block.
func FuzzElementAddress(f *testing.F) {
	f.Add("ada", "team")
	f.Add("a/b", "c/d")
	f.Add("~1", "\x00\"]")
	f.Fuzz(func(t *testing.T, key, outer string) {
		parents := []resource.Address{
			{Mode: resource.Data, Kind: "users", Name: "x"},
			{Mode: resource.Data, Kind: "users", Name: "x", Key: resource.IntKey(3)},
			{Mode: resource.Data, Kind: "users", Name: "x", Key: resource.StringKey(outer)},
		}
		for _, parent := range parents {
			addr := elementAddress(parent, key)
			back, err := resource.ParseAddress(addr.String())
			if err != nil || back != addr && strings.ToValidUTF8(key+outer, "") == key+outer {
				t.Errorf("%s comes back as %s: %v", addr, back, err)
			}
		}
	})
}

func FuzzFormat(f *testing.F) {
	seeds(f, nativeSuffix)
	f.Fuzz(func(t *testing.T, src []byte) {
		out, ds := Format(src, "x.idp.hcl")
		if ds.HasErrors() {
			return
		}
		again, ds := Format(out, "x.idp.hcl")
		if ds.HasErrors() || string(again) != string(out) {
			t.Errorf("formatting twice differs: %q then %q: %v", out, again, ds)
		}
	})
}
