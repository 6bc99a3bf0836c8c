package oidc

import (
	"crypto/rand"
	"encoding/base64"

	"github.com/google/uuid"
)

// NewID is a random UUID.
func NewID() string { return uuid.NewString() }

// Random is n random bytes in base64url, without padding.
func Random(n int) string {
	b := make([]byte, n)
	_, _ = rand.Read(b) // never fails (crypto/rand)
	return base64.RawURLEncoding.EncodeToString(b)
}

// RandomText is n random characters of an alphabet of at most 256 letters,
// each as likely as the others.
func RandomText(n int, alphabet string) string {
	limit := 256 - 256%len(alphabet)
	out, b := make([]byte, 0, n), make([]byte, 1)
	for len(out) < n {
		_, _ = rand.Read(b)
		if int(b[0]) < limit {
			out = append(out, alphabet[int(b[0])%len(alphabet)])
		}
	}
	return string(out)
}
