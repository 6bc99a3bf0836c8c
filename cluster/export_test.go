package cluster

import (
	"encoding/json"
	"os"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

func exported(t *testing.T, format string) []byte {
	t.Helper()
	want := wantExample()
	want.Admins = append(want.Admins, people()["obrien"])
	want.SignIn = SignIn{ClientID: "it's", DeviceURL: "https://sso.example.com/device", TokenURL: "https://sso.example.com/token", Scopes: []string{"openid", "x y"}, Audience: "$(reboot)`"}
	out, ds := Export(format, want, Facts{Cluster: "cluster.production", Issuer: "https://sso.example.com/realms/influxdb", Place: Place{Name: "influx", Namespace: "prod"}, Profile: Profile{Name: "prod", Host: "influxdb.example.com", Port: "443"}})
	if ds.HasErrors() {
		t.Fatal(ds)
	}
	return out
}

func TestExportFormats(t *testing.T) {
	for _, format := range Formats() {
		t.Run(format, func(t *testing.T) {
			out := exported(t, format)
			file := "testdata/export_" + format + ".golden"
			if *update {
				if err := os.WriteFile(file, out, 0o644); err != nil {
					t.Fatal(err)
				}
			}
			if want, err := os.ReadFile(file); err != nil || string(want) != string(out) {
				t.Errorf("%v; got\n%s", err, out)
			}
			if strings.ContainsAny(string(out), "\x1b\u202e") {
				t.Error("a terminal escape is in it")
			}
		})
	}
}

// All forms say the same of the admins, whatever reads them.
func TestExportsAgree(t *testing.T) {
	want := append(wantExample().Admins, people()["obrien"])
	said := func(format string, s Section) {
		if !sameSection(s, Section{IdentityProvider: wantExample().IdentityProvider, JWKSEndpoint: wantExample().JWKSEndpoint, Admins: want}) {
			t.Errorf("%s says %q", format, s)
		}
	}
	app, ds := EditAppInstance("x", "influx", "prod").Says(exported(t, "appinstance"))
	if len(ds) > 0 {
		t.Fatal(ds)
	}
	said("appinstance", app)
	helm, ds := Editor{helmValues{}, "x"}.Says(exported(t, "helm"))
	if len(ds) > 0 {
		t.Fatal(ds)
	}
	said("helm", helm)

	var doc struct {
		IdentityProvider string `json:"identity_provider"`
		JWKSEndpoint     string `json:"jwks_endpoint"`
		Users            []user `json:"users"`
	}
	if err := json.Unmarshal(exported(t, "json"), &doc); err != nil {
		t.Fatal(err)
	}
	said("json", Section{IdentityProvider: doc.IdentityProvider, JWKSEndpoint: doc.JWKSEndpoint, Admins: admins(doc.Users)})

	var component struct {
		Patches []struct{ Patch string }
	}
	if err := yaml.Unmarshal(exported(t, "kustomize"), &component); err != nil {
		t.Fatal(err)
	}
	var operations []struct {
		Path  string
		Value yaml.Node
	}
	if err := yaml.Unmarshal([]byte(component.Patches[0].Patch), &operations); err != nil {
		t.Fatal(err)
	}
	var patched Section
	var listed any
	for _, op := range operations {
		into := map[string]any{
			"/spec/package/spec/admin/identityProvider": &patched.IdentityProvider, "/spec/package/spec/admin/jwksEndpoint": &patched.JWKSEndpoint, "/spec/package/spec/admin/users": &listed,
		}[op.Path]
		if into == nil {
			t.Fatalf("an operation at %s", op.Path)
		}
		if err := op.Value.Decode(into); err != nil {
			t.Fatal(err)
		}
	}
	patched.Admins = admins(usersOf(t, listed))
	said("kustomize", patched)

	var list any
	if err := yaml.Unmarshal(UsersYAML(want), &list); err != nil {
		t.Fatal(err)
	}
	said("the list", Section{IdentityProvider: wantExample().IdentityProvider, JWKSEndpoint: wantExample().JWKSEndpoint, Admins: admins(usersOf(t, list))})
}

// usersOf reads users from what YAML made of them.
func usersOf(t *testing.T, list any) []user {
	t.Helper()
	data, err := json.Marshal(list)
	if err != nil {
		t.Fatal(err)
	}
	var out []user
	if err := json.Unmarshal(data, &out); err != nil {
		t.Fatal(err)
	}
	return out
}

func admins(list []user) []Admin {
	out := make([]Admin, len(list))
	for i, u := range list {
		out[i] = Admin(u)
	}
	return out
}

func TestExportRefuses(t *testing.T) {
	unknown := wantExample()
	unknown.ClientID = "x"
	unknown.JWKSEndpoint = KnownAfterApply
	for summary, ds := range map[string]error{
		"No such format":  errorOf(Export("toml", wantExample(), Facts{})),
		"Not applied yet": errorOf(Export("json", unknown, Facts{Cluster: "cluster.c"})),
		"The admin section has no identity provider": errorOf(Export("json", Desired{}, Facts{})),
	} {
		if ds == nil || !strings.Contains(ds.Error(), summary) {
			t.Errorf("got %v, want %q", ds, summary)
		}
	}
}

func errorOf(_ []byte, err error) error { return err }
