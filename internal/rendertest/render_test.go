package rendertest

import (
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"golang.org/x/tools/txtar"
	"helm.sh/helm/v3/pkg/chart/loader"
	"helm.sh/helm/v3/pkg/chartutil"
	"helm.sh/helm/v3/pkg/engine"
	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/kyaml/filesys"
	"sigs.k8s.io/yaml"

	"github.com/idpctl/idpctl/cluster"
)

// desired has every sort of text that YAML would take for something else.
func desired() cluster.Desired {
	return cluster.Desired{
		Section: cluster.Section{
			IdentityProvider: "azure", JWKSEndpoint: "https://login.microsoftonline.com/t/discovery/v2.0/keys?a=b#c",
			Admins: []cluster.Admin{
				{ID: "4f9c1d2e-7a3b-4c5d-8e6f-0a1b2c3d4e5f", FirstName: "Marty", LastName: "McFly", Email: "mcfly@example.com"},
				{ID: "1e3", FirstName: "No", LastName: "null", Email: "on"},
				{ID: "0x1F", FirstName: "- x: {y} #z", LastName: "O'Brien \"Co\"", Email: "{{ .Values }}", UserGroups: []string{"Auditor", "Member"}},
			},
		},
		SignIn: cluster.SignIn{ClientID: "c", DeviceURL: "https://x/device", TokenURL: "https://x/token"},
	}
}

// section is the admin section of an AppInstance as Kubernetes gets it.
type section struct {
	IdentityProvider string         `json:"identityProvider"`
	JWKSEndpoint     string         `json:"jwksEndpoint"`
	DSN              map[string]any `json:"dsn"`
	Users            []struct {
		ID, FirstName, LastName, Email string
		UserGroups                     []string `json:"userGroups,omitempty"`
	} `json:"users"`
}

func adminOf(t *testing.T, manifest []byte) section {
	t.Helper()
	var object struct {
		Spec struct {
			Package struct {
				Spec struct{ Admin section }
			}
		}
	}
	if err := yaml.Unmarshal(manifest, &object); err != nil {
		t.Fatalf("%v in\n%s", err, manifest)
	}
	return object.Spec.Package.Spec.Admin
}

func (s section) says() cluster.Section {
	out := cluster.Section{IdentityProvider: s.IdentityProvider, JWKSEndpoint: s.JWKSEndpoint}
	for _, u := range s.Users {
		out.Admins = append(out.Admins, cluster.Admin{ID: u.ID, FirstName: u.FirstName, LastName: u.LastName, Email: u.Email, UserGroups: u.UserGroups})
	}
	return out
}

// render is the chart's AppInstance with some files of values.
func render(t *testing.T, files ...[]byte) ([]byte, error) {
	t.Helper()
	chart, err := loader.LoadDir("testdata/chart")
	if err != nil {
		t.Fatal(err)
	}
	merged := map[string]any{}
	for _, f := range files {
		values, err := chartutil.ReadValues(f)
		if err != nil {
			t.Fatalf("helm cannot read the values: %v\n%s", err, f)
		}
		merged = chartutil.CoalesceTables(values, merged)
	}
	values, err := chartutil.ToRenderValues(chart, merged, chartutil.ReleaseOptions{Name: "influxdb", Namespace: "prod"}, nil)
	if err != nil {
		t.Fatal(err)
	}
	out, err := engine.Render(chart, values)
	return []byte(out["clustered/templates/appinstance.yaml"]), err
}

// merged is a values file after a merge.
func merged(t *testing.T, content string, want cluster.Desired) []byte {
	t.Helper()
	path := filepath.Join(t.TempDir(), "values.yaml")
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	target, ds := cluster.At("helm_values", cluster.Place{Path: path}, ".")
	if ds.HasErrors() {
		t.Fatal(ds)
	}
	live, ds := target.Read(t.Context())
	if ds.HasErrors() {
		t.Fatal(ds)
	}
	change, ds := target.Merge(live, want, cluster.Ownership{})
	if ds.HasErrors() {
		t.Fatal(ds)
	}
	return change.Content
}

const dsn = "  dsn:\n    valueFrom:\n      secretKeyRef: {name: catalog, key: dsn}\n"

// What the chart renders of a merged values file is what an export says.
func TestHelmRendersWhatWasMerged(t *testing.T) {
	placeholders, err := os.ReadFile("testdata/chart/values.yaml")
	if err != nil {
		t.Fatal(err)
	}
	files := map[string]string{
		"the chart's own": strings.ReplaceAll(string(placeholders), `name: ""`+"\n        key: \"\"\n  identity", "name: catalog\n        key: dsn\n  identity"),
		"without section": "pause: true\n",
		"with dsn":        "admin:\n" + dsn,
		"flow":            "admin: {users: [], dsn: {value: x}}\n",
		"crlf":            strings.ReplaceAll("# c\nadmin:\n    users:\n    -   id: <id>\n        firstName: <f>\n        lastName: <l>\n        email: <e>\n    dsn: {value: x}\n", "\n", "\r\n"),
		"quoted":          "\"admin\":\n  \"users\": ~\n  'dsn': {value: x}\n",
		"anchors":         "x: &dsn {value: x}\nadmin:\n  dsn: *dsn\n",
		"documents":       "admin:\n" + dsn + "---\nother: true\n",
	}
	for name, content := range files {
		t.Run(name, func(t *testing.T) {
			out, err := render(t, merged(t, content, desired()))
			if err != nil {
				t.Fatal(err)
			}
			if got := adminOf(t, out).says(); !reflect.DeepEqual(got, desired().Section) {
				t.Errorf("the chart renders %q", got)
			}
		})
	}
}

// The golden files of the merge read by helm: what they say is what is rendered.
func TestHelmReadsEveryGoldenFile(t *testing.T) {
	files, err := filepath.Glob("../../cluster/testdata/helm_*.txtar")
	if err != nil {
		t.Fatal(err)
	}
	read := 0
	for _, name := range files {
		archive, err := txtar.ParseFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range archive.Files {
			if f.Name != "out.yml" {
				continue
			}
			values, err := chartutil.ReadValues(f.Data)
			if err != nil {
				t.Errorf("%s: %v", name, err)
				continue
			}
			read++
			admin, ok := values["admin"].(map[string]any)
			if !ok || admin["identityProvider"] != "keycloak" {
				t.Errorf("%s: helm reads %v", name, values["admin"])
			}
		}
	}
	if read < 10 {
		t.Errorf("only %d files were read", read)
	}
}

// A chart whose values were not merged does not render: the test can fail.
func TestHelmRefusesTheChartsPlaceholders(t *testing.T) {
	if _, err := render(t); err == nil || !strings.Contains(err.Error(), "admin.identityProvider is required") {
		t.Errorf("got %v", err)
	}
}

// An export laid over one's own values, as a second --values, keeps the dsn.
func TestHelmWithTheExportBesideOnesOwnValues(t *testing.T) {
	export, ds := cluster.Export("helm", desired(), cluster.Facts{Cluster: "cluster.c"})
	if ds.HasErrors() {
		t.Fatal(ds)
	}
	out, err := render(t, []byte("admin:\n"+dsn), export)
	if err != nil {
		t.Fatal(err)
	}
	got := adminOf(t, out)
	if !reflect.DeepEqual(got.says(), desired().Section) || got.DSN["valueFrom"] == nil {
		t.Errorf("the chart renders %q", got)
	}
}

const appInstance = `apiVersion: kubecfg.dev/v1alpha1
kind: AppInstance
metadata:
  name: influxdb
  namespace: prod
spec:
  package:
    image: example.com/influxdb:1
    spec:
      admin:
        dsn: {valueFrom: {secretKeyRef: {name: catalog, key: dsn}}}
        identityProvider: old
        jwksEndpoint: https://old.example.com
        users:
          - {id: gone, firstName: G, lastName: G, email: g@example.com}
`

// The exported component sets the three values and leaves the rest.
func TestKustomizeAppliesTheComponent(t *testing.T) {
	for _, place := range []cluster.Place{{}, {Name: "influxdb", Namespace: "prod"}} {
		component, ds := cluster.Export("kustomize", desired(), cluster.Facts{Cluster: "cluster.c", Place: place})
		if ds.HasErrors() {
			t.Fatal(ds)
		}
		fs := filesys.MakeFsInMemory()
		for path, content := range map[string]string{
			"/idp/kustomization.yaml": string(component), "/app/myinfluxdb.yml": appInstance,
			"/app/kustomization.yaml": "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nresources: [myinfluxdb.yml]\ncomponents: [../idp]\n",
		} {
			if err := fs.WriteFile(path, []byte(content)); err != nil {
				t.Fatal(err)
			}
		}
		resources, err := krusty.MakeKustomizer(krusty.MakeDefaultOptions()).Run(fs, "/app")
		if err != nil {
			t.Fatal(err)
		}
		out, err := resources.AsYaml()
		if err != nil {
			t.Fatal(err)
		}
		got := adminOf(t, out)
		if !reflect.DeepEqual(got.says(), desired().Section) || got.DSN["valueFrom"] == nil || !strings.Contains(string(out), "example.com/influxdb:1") {
			t.Errorf("kustomize makes\n%s", out)
		}
	}
}
