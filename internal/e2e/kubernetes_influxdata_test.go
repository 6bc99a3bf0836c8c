//go:build kubernetes && influxdata

package e2e

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestKubernetesShippedFile is the life of the AppInstance that InfluxData ships, which
// is not part of this repository, from `kubectl apply` on: its placeholders are no admins,
// and everything else stays.
func TestKubernetesShippedFile(t *testing.T) {
	t.Parallel()
	k := newKube(t)
	shipped, err := os.ReadFile(filepath.Join("..", "..", "..", "shared", "influxdb", "example-customer.yml"))
	if err != nil {
		t.Fatal(err)
	}
	k.kubectlIn(strings.Replace(string(shipped), "namespace: influxdb", "namespace: "+k.namespace, 1), "apply", "--filename=-", "--namespace", k.namespace)
	rest := func() string {
		u := k.object()
		section := k.adminSection()
		for _, name := range []string{"users", "identityProvider", "jwksEndpoint"} {
			delete(section, name)
		}
		spec, _ := u.Object["spec"].(map[string]any)["package"].(map[string]any)["spec"].(map[string]any)
		spec["admin"] = section
		u.SetManagedFields(nil)
		u.SetResourceVersion("")
		u.SetGeneration(0)
		raw, err := u.MarshalJSON()
		if err != nil {
			t.Fatal(err)
		}
		return string(raw)
	}
	before := rest()
	k.team("", "ada", "ben")
	says(t, k.must(1, "plan"), "kubectl-client-side-apply has set identityProvider, jwksEndpoint, users")
	k.team("force = true", "ada", "ben")
	k.apply()
	k.empty()
	if got, ok := k.listed(); !ok || strings.Join(got, " ") != "ada@example.com ben@example.com" {
		t.Errorf("the object lists %v", got)
	}
	if after := rest(); after != before {
		t.Errorf("more was changed: it was\n%s\nand is\n%s", before, after)
	}
}
