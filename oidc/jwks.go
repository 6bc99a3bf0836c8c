package oidc

import (
	"context"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/json"
)

const (
	// minRSABits is the smallest RSA key for signatures (RFC 7518 section 3.3).
	minRSABits = 2048
	// maxKeys bounds a key set; those in use have some ten.
	maxKeys = 100
)

// KeyRole says what a key of a set is good for.
type KeyRole uint8

const (
	// SigningKey: can verify the signature of a token.
	SigningKey KeyRole = iota
	// OtherKey: for encryption or something else; rightly left alone.
	OtherKey
	// BadKey: cannot be used; Key.Problem says why.
	BadKey
)

// Key is one key of a JWKS (RFC 7517 section 4). Its texts are clean.
type Key struct {
	// ID is its "kid", cleaned; empty if it has none.
	ID string
	// Use is "sig", "enc" or empty; Algorithm its "alg", may be empty.
	Use, Algorithm string
	// Kind is for people: "RSA 2048 bit", "EC P-256", "Ed25519".
	Kind string
	Role KeyRole
	// Problem is why a BadKey is one, as a clause: "has only 512 bits".
	Problem string
	// Private: the key set publishes the private part. Whoever has read it can
	// make tokens.
	Private bool

	kid string // as the document has it
	key any
}

// KeySet is the keys that an issuer signs with.
type KeySet struct {
	// URL is where they were fetched; empty if they were not.
	URL string
	// Keys in the order of the document, unusable ones included.
	Keys []Key
}

// FetchJWKS fetches a key set. Keys that cannot be used are in the result with
// the reason; that there is none is no error here.
func (c *Client) FetchJWKS(ctx context.Context, jwksURI string) (KeySet, error) {
	set, _, err := c.fetchJWKS(ctx, jwksURI)
	return set, err
}

func (c *Client) fetchJWKS(ctx context.Context, jwksURI string) (KeySet, answer, error) {
	u, err := parseURL(jwksURI)
	if err != nil {
		return KeySet{}, answer{}, &Error{Kind: BadRequest, Summary: fmt.Sprintf("the JWKS endpoint %q %s", shown(jwksURI), err),
			Hint: "Use the jwks_uri of the issuer's discovery document."}
	}
	if err := c.secure("the JWKS endpoint", u); err != nil {
		return KeySet{}, answer{}, err
	}
	ans, err := c.get(ctx, jwksURI)
	if err != nil {
		return KeySet{}, ans, err
	}
	if ans.status != http.StatusOK {
		return KeySet{}, ans, &Error{Kind: BadStatus, Status: ans.status, RetryAfter: ans.retryAfter(),
			Summary: fmt.Sprintf("the JWKS endpoint %s answers %s", ans.url, statusText(ans.status)),
			Hint:    "The cluster fetches the keys there without signing in. Use the jwks_uri of the issuer's discovery document."}
	}
	doc, err := ans.object("a JWKS")
	if err != nil {
		return KeySet{}, ans, err
	}
	set, err := parseKeySet(doc)
	if err != nil {
		e := asError(err)
		e.Summary = fmt.Sprintf("%s is not a JWKS: %s", ans.url, e.Summary)
		if e.Hint == "" {
			e.Hint = "Use the jwks_uri of the issuer's discovery document."
		}
		return KeySet{}, ans, e
	}
	set.URL = jwksURI
	return set, ans, nil
}

// parseKeySet reads a key set (RFC 7517 section 5).
func parseKeySet(doc object) (KeySet, error) {
	if !doc.has("keys") {
		e := &Error{Kind: Malformed, Summary: `it has no member "keys"`}
		if doc.has("jwks_uri") {
			e.Summary = "it is a discovery document"
			e.Hint = "Use the jwks_uri that stands in it."
			if u, err := parseURL(doc.lenient("jwks_uri")); err == nil {
				e.Hint = "Use the jwks_uri that stands in it: " + shown(u.String()) + "."
			}
		}
		return KeySet{}, e
	}
	var raw []json.RawMessage
	if err := json.Unmarshal(doc["keys"], &raw); err != nil {
		return KeySet{}, &Error{Kind: Malformed, Summary: `its member "keys" is not a list`}
	}
	if len(raw) > maxKeys {
		return KeySet{}, &Error{Kind: TooLarge, Summary: fmt.Sprintf("it has %d keys, more than %d", len(raw), maxKeys)}
	}
	set := KeySet{Keys: make([]Key, len(raw))}
	for i, r := range raw {
		set.Keys[i] = parseKey(r)
	}
	return set, nil
}

// parseKey reads one key. An unreadable one must not spoil the others
// (RFC 7517 section 5).
func parseKey(raw json.RawMessage) Key {
	var o object
	if json.Unmarshal(raw, &o) != nil || o == nil {
		return Key{Role: BadKey, Kind: "unknown", Problem: "is not a JSON object with each name once"}
	}
	kty := o.lenient("kty")
	k := Key{ID: said(o.lenient("kid")), Use: said(o.lenient("use")), Algorithm: said(o.lenient("alg")), Kind: said(kty), kid: o.lenient("kid")}
	if k.Kind == "" {
		k.Kind = "unknown"
	}
	bad := func(format string, args ...any) Key {
		k.Role, k.Problem, k.key = BadKey, fmt.Sprintf(format, args...), nil
		return k
	}
	// Before anything else: a key that is not for signing is leaked all the same.
	if kty != "oct" && slices.ContainsFunc([]string{"d", "p", "q", "dp", "dq", "qi", "oth", "priv"}, o.has) {
		k.Private = true
		return bad("is published with its private part")
	}
	if !forSigning(o) {
		k.Role = OtherKey
		return k
	}
	if kty == "oct" {
		return bad("is symmetric: whoever can check a token could make one")
	}
	// Only what makes up the public key is handed on: a broken certificate
	// (x5c) beside it is no concern of a verifier of signatures.
	public := map[string]string{}
	for _, name := range []string{"kty", "crv", "n", "e", "x", "y"} {
		if text, err := o.text(name); err != nil {
			return bad("has a member %s that %s", name, err)
		} else if text != "" {
			public[name] = text
		}
	}
	data, err := json.Marshal(public)
	if err != nil {
		return bad("cannot be read")
	}
	var jwk jose.JSONWebKey
	if err := jwk.UnmarshalJSON(data); err != nil {
		if errors.Is(err, jose.ErrUnsupportedKeyType) {
			return bad("has a type or size that is not supported here")
		}
		return bad("cannot be read: %s", said(strings.TrimPrefix(err.Error(), "go-jose/go-jose: ")))
	}
	k.key = jwk.Key
	switch key := jwk.Key.(type) {
	case *rsa.PublicKey:
		bits := key.N.BitLen()
		k.Kind = fmt.Sprintf("RSA %d bit", bits)
		switch {
		case bits < minRSABits:
			return bad("has only %d bits, less than %d (RFC 7518)", bits, minRSABits)
		case key.E < 3 || key.E > 1<<31-1 || key.E&1 == 0:
			return bad("has a public exponent that no RSA library accepts")
		case key.N.Bit(0) == 0:
			return bad("has an even modulus")
		}
	case *ecdsa.PublicKey:
		k.Kind = "EC " + key.Curve.Params().Name
	case ed25519.PublicKey:
		k.Kind = "Ed25519"
	default:
		return bad("has a type that is not supported here")
	}
	if k.Algorithm != "" && !slices.Contains(k.algorithms(), jose.SignatureAlgorithm(k.Algorithm)) {
		return bad("names the algorithm %s, which cannot be used with a key of type %s", k.Algorithm, k.Kind)
	}
	return k
}

// forSigning reports whether a key may be one for signatures by what it says of
// itself (RFC 7517 sections 4.2 to 4.4).
func forSigning(o object) bool {
	switch use := o.lenient("use"); {
	case use == "sig":
		return true
	case use != "":
		return false
	}
	if o.has("key_ops") && !slices.Contains(o.texts("key_ops"), "verify") {
		return false
	}
	alg := o.lenient("alg")
	return alg == "" || !strings.HasPrefix(alg, "RSA-OAEP") && !strings.HasPrefix(alg, "RSA1_5") &&
		!strings.HasPrefix(alg, "ECDH") && !strings.HasSuffix(alg, "KW") && alg != "dir"
}

// algorithms are those whose signatures the key can verify.
func (k Key) algorithms() []jose.SignatureAlgorithm {
	switch key := k.key.(type) {
	case *rsa.PublicKey:
		return []jose.SignatureAlgorithm{jose.RS256, jose.RS384, jose.RS512, jose.PS256, jose.PS384, jose.PS512}
	case *ecdsa.PublicKey:
		switch key.Curve.Params().BitSize {
		case 256:
			return []jose.SignatureAlgorithm{jose.ES256}
		case 384:
			return []jose.SignatureAlgorithm{jose.ES384}
		case 521:
			return []jose.SignatureAlgorithm{jose.ES512}
		}
	case ed25519.PublicKey:
		return []jose.SignatureAlgorithm{jose.EdDSA}
	}
	return nil
}

// verifies reports whether signatures of an algorithm are checked with the key.
func (k Key) verifies(alg string) bool {
	return k.Role == SigningKey && (k.Algorithm == "" || k.Algorithm == alg) &&
		slices.Contains(k.algorithms(), jose.SignatureAlgorithm(alg))
}

// Signing returns the keys that can verify signatures; those that say so
// (use "sig") come first.
func (s KeySet) Signing() []Key {
	var said, silent []Key
	for _, k := range s.Keys {
		switch {
		case k.Role != SigningKey:
		case k.Use == "sig":
			said = append(said, k)
		default:
			silent = append(silent, k)
		}
	}
	return append(said, silent...)
}

// ByID returns every key, of whatever role, with a "kid".
func (s KeySet) ByID(kid string) []Key {
	var found []Key
	for _, k := range s.Keys {
		if kid != "" && k.kid == kid {
			found = append(found, k)
		}
	}
	return found
}
