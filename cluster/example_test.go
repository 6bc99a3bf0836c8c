package cluster

import (
	"strings"
	"testing"
)

func wantExample() Desired {
	return Desired{Section: Section{
		IdentityProvider: "keycloak", JWKSEndpoint: "https://sso.example.com/realms/influxdb/protocol/openid-connect/certs",
		Admins: []Admin{people()["marty"], people()["no"], people()["auditor"]},
	}}
}

// mergesIntoValues merges into values of the chart, with the placeholders that it
// ships, and takes everything out again.
func mergesIntoValues(t *testing.T, content []byte) {
	t.Helper()
	c := goldenCase{target: Editor{helmValues{}, "values.yaml"}, want: wantExample()}
	live := Live{Exists: true, Content: content}
	change, ds := c.merge(live)
	if ds.HasErrors() || len(ds) != 1 || ds[0].Summary != "The dsn of the admin section is not filled in" {
		t.Fatalf("the chart's empty dsn: %v", ds)
	}
	checkResult(t, c, live, change)
	checkMeaning(t, c, live, change)
	if !sameForOtherParser(t, c.path(), content, change.Content) {
		t.Error("the second library cannot read the values")
	}
	said, ds := c.target.Says(change.Content)
	if len(ds) > 0 || !sameSection(said, wantExample().Section) {
		t.Errorf("the section says %q", said)
	}
	c.prune, c.want, c.own.Owned = true, Desired{}, change.Owned
	pruned, ds := c.merge(Live{Exists: true, Content: change.Content})
	if ds.HasErrors() || len(pruned.Removed) != 3 || len(pruned.Section.Admins) != 0 {
		t.Errorf("pruned: %v\n%s", ds, pruned.Diff)
	}
}

// TestValuesOfTheChart merges into values with the placeholders of the chart.
func TestValuesOfTheChart(t *testing.T) {
	mergesIntoValues(t, []byte("pause: false\n\nadmin:\n # users\n  users:\n    - firstName: \"\"\n      lastName: \"\"\n      email: \"\"\n      id: \"\"\n"+
		"  dsn:\n    valueFrom:\n      secretKeyRef: {name: \"\", key: \"\"}\n  identityProvider: \"\"\nkubit: {}\n"))
}

// TestNextCommands names the command that is left to run for each sort of file.
func TestNextCommands(t *testing.T) {
	whole := "apiVersion: kubecfg.dev/v1alpha1\nkind: AppInstance\nmetadata: {name: i, namespace: prod}\nspec: {package: {image: x, spec: {admin: {users: []}}}}\n"
	values := helmValues{Release{"clustered", "influxdata/influxdb3-clustered", "prod"}}
	for _, test := range []struct {
		layout        layout
		content, want string
		of            Place
	}{
		{&appInstance{}, whole, "kubectl apply --filename 'my file.yml' --namespace prod", Place{Name: "i", Namespace: "prod"}},
		{&appInstance{}, strings.ReplaceAll(whole, ", namespace: prod", ""), "kubectl apply --filename 'my file.yml'", Place{Name: "i"}},
		{&appInstance{}, strings.ReplaceAll(whole, "image: x, ", ""), "kubectl apply --server-side --filename 'my file.yml' --namespace prod", Place{Name: "i", Namespace: "prod"}},
		{values, "pause: false\nadmin: {}\n", "helm upgrade clustered influxdata/influxdb3-clustered --values 'my file.yml' --namespace prod", Place{Name: "clustered", Namespace: "prod"}},
		{values, "admin: {}\n", "helm upgrade clustered influxdata/influxdb3-clustered --reuse-values --values 'my file.yml' --namespace prod", Place{Name: "clustered", Namespace: "prod"}},
		{helmValues{}, "pause: false\nadmin: {}\n", "helm upgrade <release> <chart> --values 'my file.yml' --namespace <namespace>", Place{}},
	} {
		target := newYAMLFile("x", file{path: "my file.yml"}, test.layout, Place{})
		if got := target.Next([]byte(test.content)); got != (Next{test.want, test.of}) {
			t.Errorf("%q: got %v, want %s of %s", test.content, got, test.want, test.of)
		}
	}
}
