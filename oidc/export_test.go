package oidc

// ParseJWKS reads a key set that a test has at hand.
func ParseJWKS(data []byte) (KeySet, error) {
	doc, err := answer{url: "the document", body: data}.object("a JWKS")
	if err != nil {
		return KeySet{}, err
	}
	return parseKeySet(doc)
}
