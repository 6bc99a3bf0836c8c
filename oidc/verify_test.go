package oidc_test

import (
	"encoding/json"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/idpctl/idpctl/oidc"
	"github.com/idpctl/idpctl/resource"
)

// TestVerifyAccessToken compares whole reports.
func TestVerifyAccessToken(t *testing.T) {
	rsa := rsaSigner()
	for _, tc := range []struct {
		name   string
		token  func(t *testing.T) resource.Secret
		want   func(e *oidc.Expectation)
		keys   func(t *testing.T) oidc.KeySet
		failed bool
	}{
		{"good", nil, nil, nil, false},
		{"good without audience wanted", nil, func(e *oidc.Expectation) { e.Audience = "" }, nil, false},
		{"good with another subject claim", func(t *testing.T) resource.Secret {
			return rsa.token(t, with(goodClaims(time.Now()), map[string]any{"sub": "pairwise", "oid": "id-emmett", "aud": "influxdb", "azp": nil, "appid": "influxctl"}))
		}, func(e *oidc.Expectation) { e.SubjectClaim = "oid" }, nil, false},
		{"somebody else than wanted", nil, func(e *oidc.Expectation) { e.OnlyID = "id-emmett" }, nil, true},
		{"no admins", nil, func(e *oidc.Expectation) { e.AdminIDs = nil }, nil, true},
		{"opaque", func(*testing.T) resource.Secret { return resource.NewSecret("abcdef") }, nil, nil, true},
		{"keys of another realm", nil, func(e *oidc.Expectation) { e.Issuer = "https://sso.example.com/realms/other" },
			func(t *testing.T) oidc.KeySet { return keySet(t, ecSigner(t, "other").jwk(nil)) }, true},
		{"forged by a symmetric key", func(t *testing.T) resource.Secret {
			public, err := json.Marshal(rsa.jwk(nil))
			if err != nil {
				t.Fatal(err)
			}
			return signer{key: public, alg: jose.HS256, kid: rsa.kid}.token(t, goodClaims(time.Now()))
		}, nil, nil, true},
		{"long life", func(t *testing.T) resource.Secret {
			return rsa.token(t, with(goodClaims(time.Now()), map[string]any{"exp": time.Now().AddDate(0, 1, 0).Unix()}))
		}, nil, nil, false},
		{"large", func(t *testing.T) resource.Secret {
			return rsa.token(t, with(goodClaims(time.Now()), map[string]any{"groups": strings.Repeat("x", 9000)}))
		}, nil, nil, false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				token := tc.token
				if token == nil {
					token = func(t *testing.T) resource.Secret {
						return rsa.token(t, with(goodClaims(time.Now()), map[string]any{"aud": []string{"account", "influxdb"}}))
					}
				}
				keys := keySet(t, rsa.jwk(map[string]any{"use": "enc", "kid": "enc", "alg": nil}), rsa.jwk(nil))
				if tc.keys != nil {
					keys = tc.keys(t)
				}
				want := wanted()
				if tc.want != nil {
					tc.want(&want)
				}
				checks := oidc.VerifyAccessToken(token(t), keys, want)
				if got := oidc.AnyFailed(checks); got != tc.failed {
					t.Errorf("failed: %v, want %v", got, tc.failed)
				}
				compareGolden(t, "verify_"+strings.ReplaceAll(tc.name, " ", "_")+".golden", render(checks))
			})
		})
	}
}

// TestVerifyClocks: expiry and a wrong clock are told apart. The token lives for
// five minutes from iat; skew is the issuer's clock minus this machine's.
func TestVerifyClocks(t *testing.T) {
	for _, tc := range []struct {
		name string
		// iat is when the token was issued by this machine's clock.
		iat, skew                 time.Duration
		known, fresh              bool
		expiry, notBefore, clocks oidc.Status
		says                      string
	}{
		{"clocks agree", 0, 0, true, true, oidc.Passed, oidc.Passed, oidc.Passed, "agree"},
		{"clocks agree, and nobody knows", 0, 0, false, true, oidc.Passed, oidc.Passed, oidc.Skipped, ""},
		{"a little apart", 20 * time.Second, 20 * time.Second, true, true, oidc.Passed, oidc.Passed, oidc.Passed, "agree"},
		{"expired", -time.Hour, 0, true, false, oidc.Failed, oidc.Passed, oidc.Passed, "ran out 55 minutes ago"},
		{"expired, issuer's clock unknown", -time.Hour, 0, false, false, oidc.Failed, oidc.Passed, oidc.Skipped, "If it was issued just now"},
		{"this clock is an hour ahead", -time.Hour, -time.Hour, true, true, oidc.Warned, oidc.Passed, oidc.Warned, "60 minutes ahead of"},
		{"this clock is ahead, told by the token", -time.Hour, 0, false, true, oidc.Warned, oidc.Passed, oidc.Warned, "55 minutes ahead of"},
		{"this clock is behind", time.Hour, time.Hour, true, true, oidc.Passed, oidc.Warned, oidc.Warned, "60 minutes behind"},
		{"this clock is behind, told by the token", time.Hour, 0, false, true, oidc.Passed, oidc.Warned, oidc.Warned, "60 minutes behind"},
		{"expired by the issuer's clock too", -3 * time.Hour, -time.Hour, true, false, oidc.Failed, oidc.Passed, oidc.Warned, "ran out"},
		{"not yet valid by both clocks", time.Hour, 0, true, true, oidc.Passed, oidc.Failed, oidc.Passed, "not valid before 60 minutes"},
		{"dated back by the issuer", -4 * time.Minute, 0, false, true, oidc.Passed, oidc.Passed, oidc.Skipped, ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				now := time.Now()
				token := rsaSigner().token(t, goodClaims(now.Add(tc.iat)))
				want := wanted()
				want.Fresh = tc.fresh
				if tc.known {
					want.ServerNow = now.Add(tc.skew)
				}
				checks := oidc.VerifyAccessToken(token, keySet(t, rsaSigner().jwk(nil)), want)
				got := statuses(checks)
				if got["token.expiry"] != tc.expiry || got["token.not_before"] != tc.notBefore || got["token.clock"] != tc.clocks ||
					!strings.Contains(render(checks), tc.says) {
					t.Errorf("not as wanted:\n%s", render(checks))
				}
			})
		})
	}
}

// TestVerifyAlgorithms: what can be checked with a published key passes, RS256
// without a word.
func TestVerifyAlgorithms(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for alg, want := range map[jose.SignatureAlgorithm]oidc.Status{jose.RS256: oidc.Passed, jose.PS256: oidc.Warned, jose.RS512: oidc.Warned, jose.ES256: oidc.Warned} {
			s := rsaSigner()
			if alg == jose.ES256 {
				s = ecSigner(t, "ec")
			}
			s.alg = alg
			checks := oidc.VerifyAccessToken(s.token(t, goodClaims(time.Now())), keySet(t, s.jwk(nil)), wanted())
			if got := statuses(checks); got["token.algorithm"] != want || got["token.signature"] != oidc.Passed {
				t.Errorf("%s:\n%s", alg, render(checks))
			}
		}
	})
}

func TestVerifyDuplicatedKeyIDs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		first, second := ecSigner(t, "same"), ecSigner(t, "same")
		checks := oidc.VerifyAccessToken(second.token(t, goodClaims(time.Now())), keySet(t, first.jwk(nil), second.jwk(nil)), wanted())
		if statuses(checks)["token.signature"] != oidc.Passed {
			t.Error(render(checks))
		}
	})
}

// TestVerifyMissingKid: the signature is checked all the same, but a cluster
// needs the name.
func TestVerifyMissingKid(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := rsaSigner()
		s.kid = ""
		got := statuses(oidc.VerifyAccessToken(s.token(t, goodClaims(time.Now())), keySet(t, rsaSigner().jwk(nil)), wanted()))
		if got["token.key"] != oidc.Failed || got["token.signature"] != oidc.Passed || got["token.subject"] != oidc.Passed {
			t.Errorf("%v", got)
		}
	})
}

// TestVerifyTampered changes one claim of a good token.
func TestVerifyTampered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		good := rsaSigner().token(t, with(goodClaims(time.Now()), map[string]any{"sub": "id-biff"})).Reveal()
		parts := strings.Split(good, ".")
		claims, err := json.Marshal(goodClaims(time.Now()))
		if err != nil {
			t.Fatal(err)
		}
		parts[1] = b64(claims)
		checks := oidc.VerifyAccessToken(resource.NewSecret(strings.Join(parts, ".")), keySet(t, rsaSigner().jwk(nil)), wanted())
		for _, c := range checks {
			if strings.HasPrefix(c.ID, "token.") && c.Status == oidc.Passed &&
				c.ID != "token.format" && c.ID != "token.algorithm" && c.ID != "token.key" {
				t.Errorf("passed without a signature: %+v", c)
			}
		}
		if !oidc.AnyFailed(checks) {
			t.Error("nothing failed")
		}
	})
}

func TestStatusText(t *testing.T) {
	data, err := json.Marshal(oidc.Check{ID: "x.y", Name: "X", Status: oidc.Warned, Value: "v"})
	if want := `{"id":"x.y","name":"X","status":"warned","value":"v"}`; err != nil || string(data) != want {
		t.Errorf("%s, %v", data, err)
	}
}

func FuzzVerifyAccessToken(f *testing.F) {
	f.Add("")
	f.Add("a.b.c")
	f.Add(b64([]byte(`{"alg":"RS256","kid":"rsa-1"}`)) + "." + b64([]byte(`{"exp":1e400,"sub":"id-marty"}`)) + ".AAAA")
	data, err := json.Marshal(map[string]any{"keys": []any{rsaSigner().jwk(nil)}})
	if err != nil {
		f.Fatal(err)
	}
	keys, err := oidc.ParseJWKS(data)
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, token string) {
		checks := oidc.VerifyAccessToken(resource.NewSecret(token), keys, wanted())
		if !oidc.AnyFailed(checks) {
			t.Fatalf("accepted %q", token)
		}
		for _, c := range checks {
			if c.Status == oidc.Passed && c.ID == "token.subject" {
				t.Fatalf("believed %q", token)
			}
		}
	})
}
