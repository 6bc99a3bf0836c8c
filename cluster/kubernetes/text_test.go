package kubernetes

import (
	"os"
	"reflect"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"pgregory.net/rapid"

	"github.com/idpctl/idpctl/cluster"
)

// appInstance is one as the API server sends it.
const appInstance = `{
	"apiVersion": "kubecfg.dev/v1alpha1", "kind": "AppInstance",
	"metadata": {
		"name": "influxdb", "namespace": "prod", "uid": "u-1", "resourceVersion": "7", "generation": 3,
		"annotations": {"kubectl.kubernetes.io/last-applied-configuration": "{\"apiVersion\":\"kubecfg.dev/v1alpha1\",\"kind\":\"AppInstance\",\"spec\":{\"package\":{\"spec\":{\"admin\":{\"identityProvider\":\"azure\"}}}}}"}
	},
	"spec": {"pause": true, "package": {"image": "i", "apiVersion": "v", "spec": {
		"admin": {"users": [{"email": "m@example.com", "lastName": "McFly", "id": "1", "firstName": "yes", "x": 1.5}], "jwksEndpoint": "https://sso/keys", "identityProvider": "keycloak", "dsn": {"value": "postgres://u:p@h/d"}},
		"egress": {"customCertificates": {"valueFrom": {"configMapKeyRef": {"name": "ca", "key": "ca.pem"}}}, "other": 1},
		"catalog": {"dsn": {"value": "secret"}}
	}}},
	"status": {"lastLogs": {"apply": "fine"}}
}`

func readObject(t *testing.T, text string) *object {
	t.Helper()
	var u unstructured.Unstructured
	if err := u.UnmarshalJSON([]byte(text)); err != nil {
		t.Fatal(err)
	}
	o, err := newObject(&u)
	if err != nil {
		t.Fatal(err)
	}
	return o
}

func TestTheTextOfAnObject(t *testing.T) {
	o := readObject(t, appInstance)
	const want = `apiVersion: kubecfg.dev/v1alpha1
kind: AppInstance
metadata:
    name: influxdb
    namespace: prod
spec:
    package:
        spec:
            admin:
                dsn:
                    value: postgres://u:p@h/d
                identityProvider: keycloak
                jwksEndpoint: https://sso/keys
                users:
                    - id: "1"
                      firstName: "yes"
                      lastName: McFly
                      email: m@example.com
                      x: 1.5
            egress:
                customCertificates:
                    valueFrom:
                        configMapKeyRef:
                            name: ca
                            key: ca.pem
`
	if string(o.text) != want {
		t.Errorf("the text is\n%s", o.text)
	}
	if !o.paused || o.uid != "u-1" || o.version != "7" || o.lastApplied["identityProvider"] != "azure" {
		t.Errorf("the object is %+v", o)
	}
	for what, change := range map[string][2]string{
		"the status": {`"fine"`, `"broken"`}, "the version": {`"7"`, `"8"`}, "pause": {`"pause": true`, `"pause": false`}, "the image": {`"i"`, `"j"`},
	} {
		if other := readObject(t, strings.Replace(appInstance, change[0], change[1], 1)); fingerprint(other.text) != fingerprint(o.text) {
			t.Errorf("%s is a change", what)
		}
	}
	for what, change := range map[string][2]string{
		"the dsn": {"u:p@h", "u:q@h"}, "a foreign key": {"1.5", "2.5"}, "a user": {"McFly", "Brown"}, "the name": {`"name": "influxdb"`, `"name": "other"`},
	} {
		if other := readObject(t, strings.Replace(appInstance, change[0], change[1], 1)); fingerprint(other.text) == fingerprint(o.text) {
			t.Errorf("%s is no change", what)
		}
	}
}

// TestWhatIsInTheWay: a section that is none is not taken for one.
func TestWhatIsInTheWay(t *testing.T) {
	for _, text := range []string{
		`{"apiVersion":"kubecfg.dev/v1alpha1","kind":"AppInstance","metadata":{"name":"a","namespace":"b"}}`,
		`{"apiVersion":"kubecfg.dev/v1alpha1","kind":"AppInstance","metadata":{"name":"a","namespace":"b"},"spec":{"package":7}}`,
	} {
		if o := readObject(t, text); strings.Contains(string(o.text), "spec") {
			t.Errorf("the text is\n%s", o.text)
		}
	}
}

// jsonValues are values that JSON has, with texts that YAML might take for others.
func jsonValues() *rapid.Generator[any] {
	text := rapid.OneOf(rapid.String(), rapid.SampledFrom([]string{
		"", "yes", "no", "on", "null", "~", "1", "1.0", "0x1f", "0o7", "07", "1e3", ".inf", ".nan", "1:30", "2001-01-01", "2001-01-01T00:00:00Z", "<<", "=", "- a", "a: b", "# c",
		"a #b", "*a", "&a", "!x", "|", ">", "%", "@", "`", "'", `"`, "\n", "a\nb", " a", "a ", "\t", "a\\b", "{}", "[]", "é", "\u2028", "\u0085", "true", "False",
	})).Filter(func(s string) bool { return !strings.ContainsRune(s, '\uFEFF') })
	scalar := rapid.OneOf(
		rapid.Map(text, func(s string) any { return s }), rapid.Map(rapid.Bool(), func(b bool) any { return b }),
		rapid.Map(rapid.Int64(), func(i int64) any { return i }), rapid.Just[any](nil),
		rapid.Map(rapid.IntRange(-1e6, 1e6), func(i int) any { return float64(i) + 0.25 }), // a whole one is sent as an integer
	)
	entry := rapid.MapOfN(text, scalar, 0, 4)
	return rapid.OneOf(
		scalar,
		rapid.Map(entry, func(m map[string]any) any { return m }),
		rapid.Map(rapid.SliceOfN(entry, 0, 4), func(l []map[string]any) any {
			out := []any{}
			for _, m := range l {
				out = append(out, m)
			}
			return out
		}),
	)
}

// TestTextAndBack: what is read from the text is what the object had, whatever others
// have put into it.
func TestTextAndBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		v := jsonValues().Draw(t, "value")
		o := map[string]any{
			"apiVersion": "kubecfg.dev/v1alpha1", "kind": "AppInstance", "metadata": map[string]any{"name": "a", "namespace": "b"},
			"spec": map[string]any{"package": map[string]any{"spec": map[string]any{"admin": map[string]any{"users": v, "x": v}}}},
		}
		text, err := render(o)
		if err != nil {
			t.Fatal(err)
		}
		back, err := parse(text)
		if err != nil {
			t.Fatalf("%v:\n%s", err, text)
		}
		if !reflect.DeepEqual(back, o) {
			t.Fatalf("%#v became %#v by\n%s", o, back, text)
		}
	})
}

// TestTheWish: users is always in it, as to leave it out would delete it, and the rest
// of the section never.
func TestTheWish(t *testing.T) {
	tests := map[string]struct {
		admin string
		want  map[string]any
	}{
		"all":         {"{dsn: {value: x}, identityProvider: keycloak, jwksEndpoint: u, users: [{id: \"1\"}]}", map[string]any{"identityProvider": "keycloak", "jwksEndpoint": "u", "users": []any{map[string]any{"id": "1"}}}},
		"no list":     {"{identityProvider: keycloak}", map[string]any{"identityProvider": "keycloak", "users": []any{}}},
		"a null list": {"{users: null, jwksEndpoint: null}", map[string]any{"users": []any{}}},
		"no section":  {"null", map[string]any{"users": []any{}}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			w, err := wishOf([]byte("apiVersion: kubecfg.dev/v1alpha1\nkind: AppInstance\nmetadata: {name: a, namespace: b}\nspec: {package: {spec: {admin: " + tt.admin + "}}}\n"))
			if err != nil || !reflect.DeepEqual(w.fields, tt.want) {
				t.Errorf("it is %v (%v), not %v", w.fields, err, tt.want)
			}
		})
	}
}

// TestMergedTextIsUnderstood: what the editor makes of the text reads as it was meant.
func TestMergedTextIsUnderstood(t *testing.T) {
	o := readObject(t, appInstance)
	tr := &Target{place: cluster.Place{Namespace: "prod", Name: "influxdb"}}
	live := cluster.Live{Exists: true, Content: o.text, Fingerprint: fingerprint(o.text)}
	change, ds := tr.Merge(live, cluster.Desired{Section: cluster.Section{
		IdentityProvider: "keycloak", JWKSEndpoint: "https://sso/keys",
		Admins: []cluster.Admin{{ID: "2", FirstName: "no", LastName: "07", Email: "b@example.com"}},
	}}, cluster.Ownership{})
	if ds.HasErrors() {
		t.Fatal(ds)
	}
	w, err := wishOf(change.Content)
	if err != nil {
		t.Fatal(err)
	}
	want := []any{
		map[string]any{"id": "1", "firstName": "yes", "lastName": "McFly", "email": "m@example.com", "x": 1.5},
		map[string]any{"id": "2", "firstName": "no", "lastName": "07", "email": "b@example.com"},
	}
	if !reflect.DeepEqual(w.fields["users"], want) {
		t.Errorf("the list is %v", w.fields["users"])
	}
	if strings.Contains(change.Diff, "u:p@h") {
		t.Errorf("the difference shows the dsn:\n%s", change.Diff)
	}
}

// The documentation has the commands that verify prints, for the default namespace.
func TestAdminTokenCommandsAreDocumented(t *testing.T) {
	doc, err := os.ReadFile("../../docs/kubernetes.md")
	if err != nil {
		t.Fatal(err)
	}
	at := 0
	for _, command := range rotate("influxdb") {
		next := strings.Index(string(doc[at:]), "\n"+command+"\n")
		if next < 0 {
			t.Fatalf("docs/kubernetes.md has not, in its order, %q", command)
		}
		at += next
	}
}
