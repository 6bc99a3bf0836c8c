//go:build influxdata

package cluster

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"go.yaml.in/yaml/v3"

	"github.com/idpctl/idpctl/diag"
)

// influxData is the folder with InfluxData's own files, which are not part of
// this repository.
var influxData = filepath.Join("..", "..", "shared", "influxdb")

// readInfluxData reads one of them.
func readInfluxData(t *testing.T, name string) []byte {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(influxData, name))
	if err != nil {
		t.Fatal(err)
	}
	return content
}

// TestInfluxDataExample merges into the example that InfluxData ships, and
// validates the result against the schema beside it.
func TestInfluxDataExample(t *testing.T) {
	content := readInfluxData(t, "example-customer.yml")
	schema := readInfluxData(t, "app-instance-schema.json")
	c := goldenCase{target: EditAppInstance("example-customer.yml", "", ""), want: wantExample()}
	live := Live{Exists: true, Content: content}
	change, ds := c.merge(live)
	if ds.HasErrors() || len(ds) != 1 || ds[0].Severity != diag.Warning || !strings.Contains(ds[0].Summary, "dsn") {
		t.Fatalf("diagnostics: %v", ds)
	}
	checkResult(t, c, live, change)
	checkMeaning(t, c, live, change)
	if !sameForOtherParser(t, c.path(), content, change.Content) {
		t.Error("the second library cannot read the example")
	}
	validate(t, schema, change.Content)

	// Of the old lines only those with a placeholder of the section change.
	now := strings.Split(string(change.Content), "\n")
	for i, line := range strings.Split(string(content), "\n") {
		if slices.Contains(now, line) {
			continue
		}
		fine := strings.Contains(line, "userGroups") || strings.Contains(line, "user groups") || strings.Contains(line, "<group-name>")
		for _, p := range []string{"<first-name>", "<last-name>", "<email>", "<id>", "<identity-provider>", "<endpoint>"} {
			fine = fine || strings.Contains(line, p)
		}
		if !fine {
			t.Errorf("line %d is gone: %s", i+1, line)
		}
	}

	// And away again: nothing of ours stays.
	pruned, ds := c.target.Prune(Live{Exists: true, Content: change.Content}, Desired{}, Ownership{Owned: change.Owned})
	if ds.HasErrors() || len(pruned.Removed) != 3 || !bytes.Contains(pruned.Content, []byte("        users: []\n")) {
		t.Errorf("pruned: %v\n%s", ds, pruned.Diff)
	}
	validate(t, schema, pruned.Content)
}

// validate checks an AppInstance against the schema, and its users against
// what the schema means: it says item where JSON Schema says items.
func validate(t *testing.T, schema, content []byte) {
	t.Helper()
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(schema))
	if err != nil {
		t.Fatal(err)
	}
	compiler := jsonschema.NewCompiler()
	if err := compiler.AddResource("app-instance.json", doc); err != nil {
		t.Fatal(err)
	}
	compiled, err := compiler.Compile("app-instance.json")
	if err != nil {
		t.Fatal(err)
	}
	var data map[string]any
	if err := yaml.Unmarshal(content, &data); err != nil {
		t.Fatal(err)
	}
	asJSON, err := json.Marshal(data)
	if err != nil {
		t.Fatal(err)
	}
	instance, err := jsonschema.UnmarshalJSON(bytes.NewReader(asJSON))
	if err != nil {
		t.Fatal(err)
	}
	if err := compiled.Validate(instance); err != nil {
		t.Errorf("the result does not meet the schema: %v", err)
	}
	var section any = data
	for _, key := range EditAppInstance("", "", "").adminPath() {
		section = section.(map[string]any)[key]
	}
	for _, u := range section.(map[string]any)["users"].([]any) {
		user := u.(map[string]any)
		for _, key := range textKeys {
			if _, ok := user[key].(string); !ok {
				t.Errorf("%s of %v is not a string", key, user)
			}
		}
		groups, _ := user["userGroups"].([]any)
		for _, g := range groups {
			if !slices.Contains([]any{"Admin", "Auditor", "Member"}, g) {
				t.Errorf("%v is no user group", g)
			}
		}
		for key := range user {
			if !slices.Contains(append(textKeys[:], keyGroups), key) {
				t.Errorf("%s is no key of a user", key)
			}
		}
	}
}

// TestInfluxDataChart merges into the values of the chart that InfluxData
// ships, which have the section elsewhere.
func TestInfluxDataChart(t *testing.T) {
	mergesIntoValues(t, readInfluxData(t, "helm-values.yaml"))
}
