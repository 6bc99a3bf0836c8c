package oidc_test

import (
	"encoding/json"
	"errors"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"golang.org/x/net/html"

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

// TestRender checks what a page promises: no script, no request to elsewhere,
// a label for every input, and texts that stay texts.
func TestRender(t *testing.T) {
	w := httptest.NewRecorder()
	oidc.Render(w, 200, oidc.Page{
		ID: "login", Title: "<T>", Brand: "<b>Brand</b>", Heading: "Sign in", Alert: "<script>alert(1)</script>", AlertIsError: true,
		Text: []string{"one & two"}, List: []string{"three"}, Links: []oidc.Link{{URL: "http://127.0.0.1/next?a=1&b=2", Label: "next"}, {URL: "javascript:alert(1)", Label: "bad"}},
		Form: &oidc.Form{Action: "/post?a=1&b=2", Fields: []oidc.Field{{Name: "username", Label: "User name", Type: "text", Value: `"x`, Error: "wrong", Autofocus: true, Autocomplete: "username"},
			{Name: "code", Type: "hidden", Value: "c"}}, Buttons: []oidc.Button{{Label: "Go"}, {Name: "cancel", Value: "No", Label: "No", Secondary: true}}},
	})
	body := w.Body.String()
	csp := w.Header().Get("Content-Security-Policy")
	nonce := regexp.MustCompile(`style-src 'nonce-([^']+)'`).FindStringSubmatch(csp)
	if nonce == nil || !strings.HasPrefix(csp, "default-src 'none';") || !strings.Contains(body, `<style nonce="`+nonce[1]+`">`) {
		t.Errorf("policy %q", csp)
	}
	for _, bad := range []string{"<script", "<b>Brand", "javascript:alert", `value=""x`} {
		if strings.Contains(body, bad) {
			t.Errorf("the page contains %s", bad)
		}
	}
	root, err := html.Parse(strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	labels, inputs := map[string]bool{}, 0
	for n := range root.Descendants() {
		a := map[string]string{}
		for _, x := range n.Attr {
			a[x.Key] = x.Val
		}
		switch n.Data {
		case "label":
			labels[a["for"]] = true
		case "form":
			if a["action"] != "/post?a=1&b=2" || a["method"] != "post" {
				t.Errorf("form %v", a)
			}
		case "input":
			inputs++
			if a["type"] != "hidden" && (!labels[a["id"]] || a["aria-invalid"] != "true" || a["aria-describedby"] != "input-error-username") {
				t.Errorf("input %v", a)
			}
		case "link", "img", "script", "iframe":
			if a["href"] != "data:," {
				t.Errorf("%s loads %v", n.Data, a)
			}
		}
	}
	if inputs != 2 {
		t.Errorf("%d inputs", inputs)
	}
}
