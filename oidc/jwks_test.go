package oidc_test

import (
	"crypto/elliptic"
	"encoding/json"
	"strings"
	"testing"

	"github.com/go-jose/go-jose/v4"

	"github.com/idpctl/idpctl/oidc"
)

func TestParseJWKS(t *testing.T) {
	rsa := rsaSigner()
	p384 := signer{key: newECKey(t, elliptic.P384()), alg: jose.ES384, kid: "p384"}
	for _, tc := range []struct {
		name    string
		key     any
		role    oidc.KeyRole
		kind    string
		problem string
	}{
		{"RSA for signatures", rsa.jwk(nil), oidc.SigningKey, "RSA 2048 bit", ""},
		{"EC", p384.jwk(nil), oidc.SigningKey, "EC P-384", ""},
		{"Ed25519", map[string]any{"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}, oidc.SigningKey, "Ed25519", ""},
		{"neither use nor alg", rsa.jwk(map[string]any{"use": nil, "alg": nil}), oidc.SigningKey, "RSA 2048 bit", ""},
		{"key_ops verify", rsa.jwk(map[string]any{"use": nil, "key_ops": []string{"verify"}}), oidc.SigningKey, "RSA 2048 bit", ""},
		{"broken certificate beside it", rsa.jwk(map[string]any{"x5c": []string{"!"}, "x5t": 7}), oidc.SigningKey, "RSA 2048 bit", ""},
		{"use enc", rsa.jwk(map[string]any{"use": "enc", "alg": "RSA-OAEP"}), oidc.OtherKey, "RSA", ""},
		{"alg for encryption without use", rsa.jwk(map[string]any{"use": nil, "alg": "RSA-OAEP-256"}), oidc.OtherKey, "RSA", ""},
		{"key_ops encrypt", rsa.jwk(map[string]any{"use": nil, "key_ops": []string{"encrypt"}}), oidc.OtherKey, "RSA", ""},
		{"use of its own", rsa.jwk(map[string]any{"use": "tls"}), oidc.OtherKey, "RSA", ""},
		{"X25519", map[string]any{"kty": "OKP", "crv": "X25519", "x": "AA"}, oidc.BadKey, "OKP", "not supported"},
		{"even exponent", rsa.jwk(map[string]any{"e": "AQAA"}), oidc.BadKey, "RSA 2048 bit", "exponent"},
		{"modulus is a number", rsa.jwk(map[string]any{"n": 5}), oidc.BadKey, "RSA", "not a string"},
		{"no modulus", rsa.jwk(map[string]any{"n": nil}), oidc.BadKey, "RSA", "missing n/e"},
		{"encryption key with its private part", rsa.jwk(map[string]any{"use": "enc", "dp": "AQ"}), oidc.BadKey, "RSA", "private"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			k := keySet(t, tc.key).Keys[0]
			if k.Role != tc.role || k.Kind != tc.kind || !strings.Contains(k.Problem, tc.problem) || (k.Problem == "") != (tc.problem == "") {
				t.Errorf("%+v", k)
			}
		})
	}
}

// TestSigningOrder: those that say use:sig come first, whatever the document's
// order, and an encryption key is never among them.
func TestSigningOrder(t *testing.T) {
	silent, enc, sig := ecSigner(t, "silent"), ecSigner(t, "enc"), ecSigner(t, "sig")
	set := keySet(t, enc.jwk(map[string]any{"use": "enc"}), silent.jwk(map[string]any{"use": nil}), sig.jwk(nil))
	var got []string
	for _, k := range set.Signing() {
		got = append(got, k.ID)
	}
	if strings.Join(got, " ") != "sig silent" {
		t.Errorf("got %v", got)
	}
	if len(set.ByID("enc")) != 1 || len(set.ByID("")) != 0 {
		t.Error("ByID")
	}
}

func FuzzParseJWKS(f *testing.F) {
	good, err := json.Marshal(map[string]any{"keys": []any{rsaSigner().jwk(nil)}})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(good)
	f.Add([]byte(`{"keys":[{"kty":"EC","crv":"P-256","x":"","y":""},{"kty":"oct","k":"AA"},7,null]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		set, err := oidc.ParseJWKS(data)
		if err != nil {
			if oidc.KindOf(err) == 0 {
				t.Fatalf("no kind: %v", err)
			}
			return
		}
		for _, k := range set.Keys {
			if (k.Role == oidc.BadKey) != (k.Problem != "") {
				t.Fatalf("%+v", k)
			}
		}
	})
}
