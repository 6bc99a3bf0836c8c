package auth0

import (
	"crypto"
	"crypto/x509"
	"encoding/pem"
	"net/http"
	"time"

	"github.com/idpctl/idpctl/emulator/jsonvalue"
	"github.com/idpctl/idpctl/emulator/oidc"
)

// credential is a public key of a client (section 4).
type credential struct {
	props   object
	key     crypto.PublicKey
	expires time.Time // zero: never
}

func credentialSchema() schema {
	return schema{"credential_type": "string!", "name": "string", "pem": "string!", "alg": "string", "expires_at": "string", "parse_expiry_from_cert": "boolean"}
}

// newCredential makes one of what was sent. The algorithm is RS256 unless it
// says otherwise (section 10).
func (s *Server) newCredential(in object) (*credential, error) {
	if err := credentialSchema().check(in); err != nil {
		return nil, err
	}
	if err := oneOf(in, "credential_type", "public_key"); err != nil {
		return nil, err
	}
	if err := oneOf(in, "alg", "RS256", "RS384", "PS256"); err != nil {
		return nil, err
	}
	invalid := fail(http.StatusBadRequest, "invalid_body", "Invalid PEM: not a public key or certificate")
	block, _ := pem.Decode([]byte(str(in, "pem")))
	if block == nil {
		return nil, invalid
	}
	key, err := x509.ParsePKIXPublicKey(block.Bytes)
	if cert, notCert := x509.ParseCertificate(block.Bytes); notCert == nil {
		key, err = cert.PublicKey, nil
	}
	if err != nil {
		return nil, invalid
	}
	now := timestamp(s.now())
	cr := &credential{key: key, props: object{"id": "cred_" + oidc.RandomText(22, alphanumeric), "kid": oidc.RandomText(43, alphanumeric),
		"credential_type": "public_key", "alg": "RS256", "created_at": now, "updated_at": now}}
	if name := str(in, "name"); name != "" {
		cr.props["name"] = name
	}
	if alg := str(in, "alg"); alg != "" {
		cr.props["alg"] = alg
	}
	if at := str(in, "expires_at"); at != "" {
		if cr.expires, err = time.Parse(time.RFC3339, at); err != nil {
			return nil, badBody("expires_at", "Object didn't pass validation for format date-time: %s", at)
		}
		cr.props["expires_at"] = timestamp(cr.expires)
	}
	return cr, nil
}

// adoptCredentials stores the keys that a client brings along in its
// client_authentication_methods and leaves their ids there.
func (c *call) adoptCredentials(client string, in object) error {
	method := sub(sub(in, "client_authentication_methods"), "private_key_jwt")
	if method == nil {
		return nil
	}
	var ids []any
	for _, sent := range jsonvalue.Objects(method["credentials"]) {
		id := str(sent, "id")
		if id == "" {
			cr, err := c.newCredential(sent)
			if err != nil {
				return err
			}
			c.credentials[client] = append(c.credentials[client], cr)
			id = str(cr.props, "id")
		}
		if c.credential(client, id) == nil {
			return noCredential()
		}
		ids = append(ids, object{"id": id})
	}
	method["credentials"] = ids
	return nil
}

func (s *Server) credential(client, id string) *credential {
	for _, cr := range s.credentials[client] {
		if cr.props["id"] == id {
			return cr
		}
	}
	return nil
}

// listCredentials answers with an array always (section 1).
func (c *call) listCredentials() (reply, error) {
	if c.get(KindClient, c.params["id"]) == nil {
		return reply{}, noClient()
	}
	out := []object{}
	for _, cr := range c.credentials[c.params["id"]] {
		out = append(out, cr.props)
	}
	return ok(out)
}

func (c *call) createCredential() (reply, error) {
	if c.get(KindClient, c.params["id"]) == nil {
		return reply{}, noClient()
	}
	in, err := c.decode(credentialSchema())
	if err != nil {
		return reply{}, err
	}
	cr, err := c.newCredential(in)
	if err != nil {
		return reply{}, err
	}
	c.credentials[c.params["id"]] = append(c.credentials[c.params["id"]], cr)
	return created(cr.props)
}

func (c *call) getCredential() (reply, error) {
	cr := c.credential(c.params["id"], c.params["credential"])
	if cr == nil {
		return reply{}, noCredential()
	}
	return ok(cr.props)
}

// deleteCredential is 204 a second time too (section 3).
func (c *call) deleteCredential() (reply, error) {
	var rest []*credential
	for _, cr := range c.credentials[c.params["id"]] {
		if cr.props["id"] != c.params["credential"] {
			rest = append(rest, cr)
		}
	}
	c.credentials[c.params["id"]] = rest
	return noContent()
}
