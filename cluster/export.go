package cluster

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"

	"al.essio.dev/pkg/shellescape"

	"github.com/idpctl/idpctl/cluster/internal/yamledit"
	"github.com/idpctl/idpctl/diag"
)

// exporter writes what the targets of a cluster would say, in one form.
type exporter func(want Desired, facts Facts) ([]byte, diag.Diagnostics)

// Facts are what a form may say beside what is desired.
type Facts struct {
	// Cluster is the address of the block.
	Cluster string
	// Issuer of the realm or tenant.
	Issuer string
	// Place has the name and namespace of the AppInstance. Empty for the usual ones.
	Place Place
	// Profile is what influxctl needs beside the sign-in.
	Profile Profile
}

func exporters() map[string]exporter {
	return map[string]exporter{
		"appinstance": exportAppInstance, "helm": exportHelm, "influxctl": exportInfluxctl, "kustomize": exportKustomize, "json": exportJSON, "env": exportEnv,
	}
}

// Formats are the forms of [Export].
func Formats() []string { return slices.Sorted(maps.Keys(exporters())) }

// Export is what the targets of a cluster would say, as one of [Formats]: a text to
// be laid over the user's own. Everything in want has to be known.
func Export(format string, want Desired, facts Facts) ([]byte, diag.Diagnostics) {
	var ds diag.Diagnostics
	write, ok := exporters()[format]
	if !ok {
		return nil, ds.Errorf("No such format", "There is %s, and no %q.", strings.Join(Formats(), ", "), format)
	}
	section, ds := want.check(facts.Cluster)
	if ds.HasErrors() {
		return nil, ds
	}
	want.Section = section
	if want.unknown() {
		return nil, ds.Errorf("Not applied yet", "Something that %s needs is known only after an apply: run `idpctl apply` first.", facts.Cluster)
	}
	return write(want, facts)
}

func exportAppInstance(want Desired, facts Facts) ([]byte, diag.Diagnostics) {
	return blankWith(&appInstance{facts.Place.Name, facts.Place.Namespace}, want)
}

func exportInfluxctl(want Desired, facts Facts) ([]byte, diag.Diagnostics) {
	text, ds := facts.Profile.Text(want)
	return []byte(text), ds
}

func exportHelm(want Desired, _ Facts) ([]byte, diag.Diagnostics) {
	return blankWith(helmValues{}, want)
}

// blankWith is a new file with the admin section.
func blankWith(l layout, want Desired) ([]byte, diag.Diagnostics) {
	change, _, ds := Editor{l, "standard output"}.merge(Live{}, want.Section, Ownership{})
	return change.Content, ds
}

// UsersYAML is the list of users as an AppInstance and Helm values have it.
func UsersYAML(admins []Admin) []byte { return yamledit.Block((&section{}).usersValue(admins)) }

// exportKustomize writes a component of kustomize that sets the three values of the
// admin section and leaves the dsn. A patch by strategy would do as well, if
// kustomize knew the AppInstance; one by JSON (RFC 6902) needs no schema.
func exportKustomize(want Desired, facts Facts) ([]byte, diag.Diagnostics) {
	set := func(key string, v yamledit.Value) yamledit.Value {
		path := "/" + strings.Join((&appInstance{}).adminPath(), "/") + "/" + key
		return yamledit.Value{Map: []yamledit.Field{
			{Key: "op", Value: yamledit.String("add")}, {Key: "path", Value: yamledit.String(path)}, {Key: "value", Value: v},
		}}
	}
	target := []yamledit.Field{{Key: "group", Value: yamledit.String("kubecfg.dev")}, {Key: "kind", Value: yamledit.String("AppInstance")}}
	for _, f := range []struct{ key, value string }{{"name", facts.Place.Name}, {"namespace", facts.Place.Namespace}} {
		if f.value != "" {
			target = append(target, yamledit.Field{Key: f.key, Value: yamledit.String(f.value)})
		}
	}
	patch := yamledit.Block(yamledit.Value{Items: []yamledit.Value{
		set(keyProvider, yamledit.String(want.IdentityProvider)), set(keyJWKS, yamledit.String(want.JWKSEndpoint)), set(keyUsers, (&section{}).usersValue(want.Admins)),
	}})
	return fmt.Appendf(nil, kustomizeComponent, indented(yamledit.Block(yamledit.Value{Map: target})), indented(patch)), nil
}

const kustomizeComponent = `# Made by idpctl. Save it as kustomization.yaml in a folder of its own, and name
# that folder among the components of the kustomization with your AppInstance,
# whose spec.package.spec.admin has to be there (it holds the dsn).
apiVersion: kustomize.config.k8s.io/v1alpha1
kind: Component
patches:
  - target:
%s    patch: |
%s`

// indented puts lines below a key of the component's patch.
func indented(lines []byte) string {
	var b strings.Builder
	for line := range strings.Lines(string(lines)) {
		b.WriteString("      " + line)
	}
	return b.String()
}

// user is an entry of users as JSON.
type user struct {
	ID         string   `json:"id"`
	FirstName  string   `json:"firstName"`
	LastName   string   `json:"lastName"`
	Email      string   `json:"email"`
	UserGroups []string `json:"userGroups,omitempty"`
}

func users(admins []Admin) []user {
	out := make([]user, len(admins))
	for i, a := range admins {
		out[i] = user(a)
	}
	return out
}

func exportJSON(want Desired, facts Facts) ([]byte, diag.Diagnostics) {
	out, err := json.MarshalIndent(struct {
		Cluster          string   `json:"cluster"`
		IdentityProvider string   `json:"identity_provider"`
		Issuer           string   `json:"issuer"`
		JWKSEndpoint     string   `json:"jwks_endpoint"`
		ClientID         string   `json:"client_id"`
		DeviceURL        string   `json:"device_authorization_endpoint"`
		TokenURL         string   `json:"token_endpoint"`
		Scopes           []string `json:"scopes,omitempty"`
		Audience         string   `json:"audience,omitempty"`
		Users            []user   `json:"users"`
	}{
		facts.Cluster, want.IdentityProvider, facts.Issuer, want.JWKSEndpoint, want.ClientID, want.DeviceURL, want.TokenURL, want.Scopes, want.Audience, users(want.Admins),
	}, "", "  ")
	if err != nil {
		return nil, problem(err)
	}
	return append(escaped(out), '\n'), nil
}

// escaped writes what is not printable in a JSON document as \u: encoding/json leaves
// controls of direction as they are, which a terminal follows.
func escaped(doc []byte) []byte {
	var b []byte
	for _, r := range string(doc) {
		switch {
		case r == '\n' || unicode.IsPrint(r):
			b = utf8.AppendRune(b, r)
		default: // only within strings; above U+FFFF as two halves
			for _, unit := range utf16.Encode([]rune{r}) {
				b = fmt.Appendf(b, `\u%04x`, unit)
			}
		}
	}
	return b
}

// exportEnv writes assignments of POSIX shells, which systemd and docker compose read
// as well as long as no value has a line break.
func exportEnv(want Desired, facts Facts) ([]byte, diag.Diagnostics) {
	ids := make([]string, len(want.Admins))
	for i, a := range want.Admins {
		ids[i] = a.ID
	}
	var b strings.Builder
	for _, v := range [][2]string{
		{"IDP_NAME", want.IdentityProvider}, {"IDP_ISSUER", facts.Issuer}, {"IDP_JWKS_ENDPOINT", want.JWKSEndpoint}, {"IDP_CLIENT_ID", want.ClientID},
		{"IDP_DEVICE_URL", want.DeviceURL}, {"IDP_TOKEN_URL", want.TokenURL}, {"IDP_SCOPES", strings.Join(want.Scopes, " ")}, {"IDP_AUDIENCE", want.Audience},
		{"IDP_ADMIN_IDS", strings.Join(ids, ",")},
	} {
		fmt.Fprintf(&b, "%s=%s\n", v[0], shellescape.Quote(v[1]))
	}
	return []byte(b.String()), nil
}
