package oidc

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha1" //nolint:gosec // x5t is a SHA-1 thumbprint by definition (RFC 7517 section 4.8)
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"time"

	"github.com/go-jose/go-jose/v4"
)

// Key is an RSA key with a certificate of its own, as it stands in a JWKS.
type Key struct {
	// ID is the "kid": the SHA-256 thumbprint of the public key.
	ID string
	// Algorithm is the "alg", Use the "use" ("sig" or "enc").
	Algorithm, Use string

	private *rsa.PrivateKey
	cert    *x509.Certificate
}

// NewKey makes a key of 2,048 bits. name is the subject of its certificate,
// which is valid for ten years from now on.
func NewKey(algorithm, use, name string, now time.Time) (*Key, error) {
	private, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return nil, fmt.Errorf("generate RSA key: %w", err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(now.UnixMilli()),
		Subject:      pkix.Name{CommonName: name},
		NotBefore:    now.Add(-100 * time.Second),
		NotAfter:     now.AddDate(10, 0, 0),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &private.PublicKey, private)
	if err != nil {
		return nil, fmt.Errorf("certify RSA key: %w", err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, fmt.Errorf("certify RSA key: %w", err)
	}
	sum := sha256.Sum256(cert.RawSubjectPublicKeyInfo)
	return &Key{
		ID:        base64.RawURLEncoding.EncodeToString(sum[:]),
		Algorithm: algorithm, Use: use,
		private: private, cert: cert,
	}, nil
}

// JWK is the public half, with x5c, x5t and x5t#S256.
func (k *Key) JWK() jose.JSONWebKey {
	s1, s256 := sha1.Sum(k.cert.Raw), sha256.Sum256(k.cert.Raw) //nolint:gosec // see the import
	return jose.JSONWebKey{
		Key: &k.private.PublicKey, KeyID: k.ID, Algorithm: k.Algorithm, Use: k.Use,
		Certificates:                []*x509.Certificate{k.cert},
		CertificateThumbprintSHA1:   s1[:],
		CertificateThumbprintSHA256: s256[:],
	}
}

// PublicKey is the public half as X.509 SubjectPublicKeyInfo, in base64.
func (k *Key) PublicKey() string {
	return base64.StdEncoding.EncodeToString(k.cert.RawSubjectPublicKeyInfo)
}

// Certificate is the key's certificate (DER), in base64.
func (k *Key) Certificate() string { return base64.StdEncoding.EncodeToString(k.cert.Raw) }

// Sign makes a JWT of claims. The key's algorithm must be a signing one.
func (k *Key) Sign(claims any) (string, error) {
	return sign(jose.SignatureAlgorithm(k.Algorithm), k.private, k.ID, claims)
}

// Verify checks the signature of a JWT and reads its claims. It does not check
// the claims.
func (k *Key) Verify(token string, claims any) error {
	return verify(jose.SignatureAlgorithm(k.Algorithm), crypto.PublicKey(&k.private.PublicKey), k.ID, token, claims)
}

// JWKS is a key set (RFC 7517 section 5) in the order given.
func JWKS(keys ...*Key) jose.JSONWebKeySet {
	set := jose.JSONWebKeySet{Keys: make([]jose.JSONWebKey, len(keys))}
	for i, k := range keys {
		set.Keys[i] = k.JWK()
	}
	return set
}

// Secret is a symmetric key for tokens that only their issuer reads, such as
// refresh tokens. They are signed with HS512.
type Secret struct {
	// ID is the "kid".
	ID  string
	key []byte
}

// NewSecret makes a secret of 64 random bytes.
func NewSecret() *Secret {
	key := make([]byte, 64)
	_, _ = rand.Read(key) // never fails (crypto/rand)
	return &Secret{ID: NewID(), key: key}
}

// Sign makes a JWT of claims.
func (s *Secret) Sign(claims any) (string, error) { return sign(jose.HS512, s.key, s.ID, claims) }

// Verify checks the signature of a JWT and reads its claims. It does not check
// the claims.
func (s *Secret) Verify(token string, claims any) error {
	return verify(jose.HS512, s.key, s.ID, token, claims)
}

func sign(alg jose.SignatureAlgorithm, key any, kid string, claims any) (string, error) {
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: alg, Key: key},
		(&jose.SignerOptions{}).WithType("JWT").WithHeader("kid", kid))
	if err != nil {
		return "", err
	}
	payload, err := json.Marshal(claims)
	if err != nil {
		return "", err
	}
	jws, err := signer.Sign(payload)
	if err != nil {
		return "", err
	}
	return jws.CompactSerialize()
}

func verify(alg jose.SignatureAlgorithm, key any, kid, token string, claims any) error {
	jws, err := jose.ParseSignedCompact(token, []jose.SignatureAlgorithm{alg})
	if err != nil {
		return err
	}
	if jws.Signatures[0].Header.KeyID != kid {
		return errors.New("the token was signed by another key")
	}
	payload, err := jws.Verify(key)
	if err != nil {
		return err
	}
	return json.Unmarshal(payload, claims)
}
