package keycloak

import "testing"

// A client that speaks another protocol is nobody's to adopt.
func TestClientOfAnotherProtocol(t *testing.T) {
	c := newConn(credentials{}, nil, 1)
	for protocol, doubtful := range map[string]bool{"saml": true, "docker-v2": true, "openid-connect": false, "": false} {
		o := c.clientObject("r", &wireClient{ID: "1", ClientID: "c", Protocol: protocol}, true)
		if (o.Doubt("client_id") != "") != doubtful {
			t.Errorf("%q: doubt %q", protocol, o.Doubt("client_id"))
		}
	}
}
