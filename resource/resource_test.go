package resource_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/zclconf/go-cty/cty"

	"github.com/idpctl/idpctl/resource"
)

func TestAddressRoundTrip(t *testing.T) {
	for _, s := range []string{
		"user.marty", `user.team["emmett"]`, "user.team[0]", "data.user.doc", `data.users.all["a.b[\"c\"]"]`,
		"cluster.production.appinstance", `cluster.c["eu"].appinstance`,
	} {
		a, err := resource.ParseAddress(s)
		if err != nil || a.String() != s {
			t.Errorf("%s came back as %s (%v)", s, a, err)
		}
	}
	for _, s := range []string{"", "user", "user.", ".x", "user.x[", `user.x["a]`, "user.x[-1]", "user.x.y.z", "user.x y", "data.user"} {
		if a, err := resource.ParseAddress(s); err == nil {
			t.Errorf("%q was taken for the address %s", s, a)
		}
	}
}

func FuzzParseAddress(f *testing.F) {
	f.Add(`user.team["emmett"]`)
	f.Add("cluster.c[0].appinstance")
	f.Fuzz(func(t *testing.T, s string) {
		a, err := resource.ParseAddress(s)
		if err != nil {
			return
		}
		b, err := resource.ParseAddress(a.String())
		if err != nil || a != b {
			t.Errorf("%q is %s, which is read as %s (%v)", s, a, b, err)
		}
	})
}

func TestSecretIsNeverPrinted(t *testing.T) {
	const canary = "c4n4ry"
	s := resource.NewSecret(canary)
	type hidden struct{ inner resource.Secret }
	raw, err := json.Marshal(map[string]any{"a": s, "b": &s})
	if err != nil {
		t.Fatal(err)
	}
	texts := []string{string(raw)}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%d", "%x"} {
		texts = append(texts, fmt.Sprintf(verb, s), fmt.Sprintf(verb, &s), fmt.Sprintf(verb, hidden{s}), fmt.Sprintf(verb, []resource.Secret{s}))
	}
	for _, text := range texts {
		if strings.Contains(text, canary) || strings.Contains(text, fmt.Sprintf("%x", canary)) {
			t.Errorf("a secret was printed: %s", text)
		}
	}
	if s.Reveal() != canary || s.IsZero() || !(resource.Secret{}).IsZero() {
		t.Error("the secret itself got lost")
	}
}

func TestEncodeAttrsKeepsNoSecret(t *testing.T) {
	attrs := []resource.Attribute{
		{Name: "plain", Type: cty.String}, {Name: "marked", Type: cty.String},
		{Name: "sensitive", Type: cty.String, Sensitive: true}, {Name: "sent", Type: cty.String, WriteOnly: true},
		{Name: "once", Type: cty.Bool, OnCreate: true}, {Name: "unset", Type: cty.Number}, {Name: "later", Type: cty.String},
		{Name: "block", Block: []resource.Attribute{{Name: "host", Type: cty.String}, {Name: "password", Type: cty.String, WriteOnly: true}}},
	}
	v := cty.ObjectVal(map[string]cty.Value{
		"plain": cty.StringVal("p"), "marked": cty.StringVal("c4n4ry").Mark(resource.Sensitive),
		"sensitive": cty.StringVal("c4n4ry"), "sent": cty.StringVal("c4n4ry"), "once": cty.True,
		"unset": cty.NullVal(cty.Number), "later": cty.UnknownVal(cty.String),
		"block": cty.ObjectVal(map[string]cty.Value{"host": cty.StringVal("h"), "password": cty.StringVal("c4n4ry")}),
	})
	raw, err := resource.EncodeAttrs(attrs, v)
	if err != nil {
		t.Fatal(err)
	}
	if want := `{"block":{"host":"h"},"plain":"p"}`; string(raw) != want {
		t.Errorf("kept %s, not %s", raw, want)
	}
	back, err := resource.DecodeAttrs(attrs, raw)
	if err != nil || back.GetAttr("plain").AsString() != "p" || !back.GetAttr("marked").IsNull() {
		t.Errorf("read back %#v (%v)", back, err)
	}
}
