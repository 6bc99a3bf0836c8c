package oidc_test

import (
	"encoding/json"
	"errors"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/idpctl/idpctl/emulator/oidc"
)

// TestKey signs a token that a client can verify by nothing but the JWKS.
func TestKey(t *testing.T) {
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	sig, err := oidc.NewKey("RS256", "sig", "realm", now)
	if err != nil {
		t.Fatal(err)
	}
	enc, err := oidc.NewKey("RSA-OAEP", "enc", "realm", now)
	if err != nil {
		t.Fatal(err)
	}
	token, err := sig.Sign(map[string]any{"sub": "x"})
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(oidc.JWKS(enc, sig))
	if err != nil {
		t.Fatal(err)
	}
	var set jose.JSONWebKeySet
	if err := json.Unmarshal(text, &set); err != nil {
		t.Fatal(err)
	}
	if len(set.Keys) != 2 || set.Keys[0].Use != "enc" || set.Keys[1].KeyID != sig.ID {
		t.Fatalf("keys %s", text)
	}
	if c := set.Keys[1].Certificates[0]; c.Subject.CommonName != "realm" || c.NotBefore.After(now) {
		t.Errorf("certificate %v", c.Subject)
	}
	jws, err := jose.ParseSignedCompact(token, []jose.SignatureAlgorithm{jose.RS256})
	if err != nil {
		t.Fatal(err)
	}
	if payload, err := jws.Verify(set.Key(sig.ID)[0]); err != nil || string(payload) != `{"sub":"x"}` {
		t.Errorf("%s, %v", payload, err)
	}
	if h := jws.Signatures[0].Header; h.KeyID != sig.ID || h.ExtraHeaders[jose.HeaderType] != "JWT" {
		t.Errorf("header %+v", h)
	}
	var claims struct{ Sub string }
	if err := sig.Verify(token, &claims); err != nil || claims.Sub != "x" {
		t.Errorf("%v, %v", claims, err)
	}
	other, err := oidc.NewKey("RS256", "sig", "realm", now)
	if err != nil {
		t.Fatal(err)
	}
	i := strings.LastIndexByte(token, '.') + 10
	flipped := token[:i] + string('A'+(token[i]-'A'+1)%26) + token[i+1:]
	for name, err := range map[string]error{"another key": other.Verify(token, &claims), "a changed signature": sig.Verify(flipped, &claims),
		"no token": sig.Verify("x", &claims)} {
		if err == nil {
			t.Errorf("%s was accepted", name)
		}
	}
}

func TestSecret(t *testing.T) {
	s := oidc.NewSecret()
	token, err := s.Sign(map[string]any{"sub": "x"})
	if err != nil {
		t.Fatal(err)
	}
	var claims struct{ Sub string }
	if err := s.Verify(token, &claims); err != nil || claims.Sub != "x" {
		t.Errorf("%v, %v", claims, err)
	}
	if err := oidc.NewSecret().Verify(token, &claims); err == nil {
		t.Error("another secret was accepted")
	}
}

func TestRandomText(t *testing.T) {
	if s := oidc.RandomText(200, "abc"); !regexp.MustCompile(`^[abc]{200}$`).MatchString(s) || strings.Count(s, "a") == 0 || strings.Count(s, "c") == 0 {
		t.Errorf("%q", s)
	}
}

func TestDeviceStore(t *testing.T) {
	now := time.Unix(1000, 0)
	codes := []string{"AAAA", "AAAA", "BBBB", "CCCC", "DDDD"}
	store := oidc.DeviceStore{
		UserCode:     func() string { c := codes[0]; codes = codes[1:]; return c },
		Retain:       func(oidc.Device) time.Duration { return 10 * time.Second },
		SlowDownAdds: 5 * time.Second,
	}
	start := func() oidc.Device {
		return store.Start(now, oidc.Device{ClientID: "c", Lifespan: time.Minute, Interval: 5 * time.Second})
	}
	poll := func(d oidc.Device, want error) {
		t.Helper()
		if _, err := store.Poll(now, d.Code, "c"); !errors.Is(err, want) {
			t.Errorf("at %s: %v, want %v", now, err, want)
		}
	}
	a, b := start(), start()
	if a.UserCode != "AAAA" || b.UserCode != "BBBB" {
		t.Errorf("user codes %s, %s", a.UserCode, b.UserCode)
	}
	poll(a, oidc.ErrPending)
	now = now.Add(4 * time.Second)
	poll(a, oidc.ErrSlowDown) // from now on every ten seconds
	now = now.Add(5 * time.Second)
	poll(a, oidc.ErrSlowDown) // fifteen
	now = now.Add(6 * time.Second)
	poll(a, oidc.ErrPending)
	if _, err := store.Poll(now, b.Code, "other"); !errors.Is(err, oidc.ErrOtherClient) {
		t.Errorf("another client: %v", err)
	}
	if !store.Decide(now, "BBBB", oidc.DeviceApproved, "grant") || store.Decide(now, "ZZZZ", oidc.DeviceApproved, nil) {
		t.Error("approval")
	}
	if d, err := store.Poll(now, b.Code, "c"); err != nil || d.Grant != "grant" {
		t.Errorf("approved: %+v, %v", d, err)
	}
	poll(b, oidc.ErrUnknownDevice)
	if _, found := store.ByUserCode(now, "BBBB"); found {
		t.Error("a redeemed code is still known")
	}
	c := start()
	store.Decide(now, "CCCC", oidc.DeviceDenied, nil)
	poll(c, oidc.ErrDenied)
	d := start()
	now = now.Add(time.Minute)
	poll(d, oidc.ErrPending)
	now = now.Add(time.Second)
	poll(d, oidc.ErrExpiredDevice)
	if store.Decide(now, "DDDD", oidc.DeviceApproved, nil) {
		t.Error("an expired code was approved")
	}
	now = now.Add(10 * time.Second)
	poll(d, oidc.ErrUnknownDevice)
}
