package keycloak

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"unicode/utf8"
)

// TestSchema reads every type that schema.json mentions.
func TestSchema(t *testing.T) {
	for name, fields := range schema() {
		for field, typ := range fields {
			inner := strings.Trim(typ, "[]{}")
			switch inner {
			case "string", "bool", "int", "long", "any", "textlist", "ignored":
				continue
			}
			if schema()[inner] == nil && !strings.HasPrefix(inner, "enum:") {
				t.Errorf("%s.%s has the unknown type %s", name, field, typ)
			}
		}
	}
}

// TestDefaults checks that what a new realm holds fits the schema.
func TestDefaults(t *testing.T) {
	d := readDefaults("a \"quoted\" realm", "http://host/realms/x")
	for typ, list := range map[string][]object{"ClientRepresentation": d.Clients, "ClientScopeRepresentation": d.ClientScopes, "RealmRepresentation": {d.Realm},
		"UPConfig": {d.UserProfile}} {
		for _, o := range list {
			text, err := json.Marshal(o)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := decode(text, typ); err != nil {
				t.Errorf("%s: %v\n%s", typ, err, text)
			}
		}
	}
	if d.Roles.Realm[0].Name != `default-roles-a "quoted" realm` || str(d.Discovery, "issuer") != "http://host/realms/x" {
		t.Errorf("roles %v, issuer %v", d.Roles.Realm[0], d.Discovery["issuer"])
	}
}

// FuzzDecode feeds bodies to the decoder: it never panics, it accepts no text
// that is not JSON, and what it returns is JSON again.
func FuzzDecode(f *testing.F) {
	for _, s := range []string{``, `null`, `{}`, `{"username":"a","enabled":"true","attributes":{"a":["b"],"c":1}}`, `{"credentials":[{"value":"x"}]}`,
		`{"foo":1}`, `{"createdTimestamp":1e30}`, `{"username":"a"`, `[`, `{"attributes":[1]}`, `{"requiredActions":{}}`, "{\"foo\" :\n -1.5e3 }", `{"foo":"`, `{"foo"`} {
		for _, typ := range []string{"UserRepresentation", "RealmRepresentation", "PartialImportRepresentation"} {
			f.Add(s, typ)
		}
	}
	f.Fuzz(func(t *testing.T, body, typ string) {
		if schema()[typ] == nil {
			return
		}
		v, err := decode([]byte(body), typ)
		if err != nil {
			decodeError(err)
			var u unknownFieldError
			if errors.As(err, &u) && (u.line < 1 || u.column < 1 || u.column > len(body)+1) {
				t.Errorf("position %d:%d of %q", u.line, u.column, body)
			}
			return
		}
		if _, err := json.Marshal(v); err != nil {
			t.Errorf("%q: %v", body, err)
		}
		if v != nil && utf8.ValidString(body) {
			var first any
			if err := json.NewDecoder(strings.NewReader(body)).Decode(&first); err != nil {
				t.Errorf("%q was accepted: %v", body, err)
			}
		}
	})
}

func TestLike(t *testing.T) {
	tests := []struct {
		s, pattern string
		want       bool
	}{
		{"alice", "%lic%", true}, {"alice", "ali", false}, {"alice", "a_ice", true}, {"alice", `a\_ice`, false}, {"a_ice", `a\_ice`, true},
		{"a%", `a\%`, true}, {"ab", `a\%`, false}, {"", "%", true}, {"", "_", false}, {"aaab", "%a%b", true}, {`a\b`, `a\\b`, true},
	}
	for _, tt := range tests {
		if got := like(tt.s, tt.pattern, '\\'); got != tt.want {
			t.Errorf("like(%q, %q) is %v", tt.s, tt.pattern, got)
		}
	}
}

func TestSearchFields(t *testing.T) {
	got := searchFields(`a:1 "b c":"2 3" plain d: `)
	want := map[string]string{"a": "1", "b c": "2 3", "d": ""}
	if len(got) != len(want) {
		t.Errorf("got %v", got)
	}
	for k, v := range want {
		if got[k] != v {
			t.Errorf("%q is %q, want %q", k, got[k], v)
		}
	}
}

func TestValidEmail(t *testing.T) {
	for email, want := range map[string]bool{
		"a@b": true, "first.last+tag@x.de": true, "ä@x.de": true, "a@b-c.de": true, "@x.de": false, "a@": false, "a": false, "a b@x.de": false,
		"a..b@x.de": false, "a@x..de": false, "a@x.de.": false, "a@-x.de": false, strings.Repeat("x", 65) + "@x.de": false,
		strings.Repeat("x", 64) + "@x.de": true, "a@b@c": false,
	} {
		if validEmail(email, 64) != want {
			t.Errorf("%q is %v", email, !want)
		}
	}
}
