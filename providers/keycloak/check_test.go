package keycloak

import (
	"strings"
	"testing"

	"github.com/zclconf/go-cty/cty"

	"github.com/idpctl/idpctl/providers"
)

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

// What idpctl signs in with is not disabled, renamed or deleted by itself.
func TestOwnAccount(t *testing.T) {
	user := credentials{realm: "master", clientID: "admin-cli", username: "Admin"}
	service := credentials{realm: "master", clientID: "idpctl"}
	text := func(kv ...string) cty.Value {
		m := map[string]cty.Value{}
		for i := 0; i < len(kv); i += 2 {
			m[kv[i]] = cty.StringVal(kv[i+1])
			if kv[i+1] == "false" {
				m[kv[i]] = cty.False
			}
		}
		return cty.ObjectVal(m)
	}
	update := func(kind, attribute string, before cty.Value, after ...string) providers.Operation {
		return providers.Operation{Verb: providers.Update, Kind: kind, ID: "1", Changed: []string{attribute}, Before: before, After: text(after...)}
	}
	admin, other := text("realm", "master", "username", "admin"), text("realm", "master", "username", "ada")
	cli, ours := text("realm", "master", "client_id", "admin-cli"), text("realm", "master", "client_id", "idpctl")
	for name, test := range map[string]struct {
		creds   credentials
		op      providers.Operation
		refused bool
	}{
		"disable":               {user, update("user", "enabled", admin, "enabled", "false"), true},
		"rename":                {user, update("user", "username", admin, "username", "root"), true},
		"another name":          {user, update("user", "first_name", admin, "first_name", "A"), false},
		"delete":                {user, providers.Operation{Verb: providers.Delete, Kind: "user", ID: "1", Before: admin}, true},
		"somebody else":         {user, update("user", "enabled", other, "enabled", "false"), false},
		"of another realm":      {user, update("user", "enabled", text("realm", "r", "username", "admin"), "enabled", "false"), false},
		"by e-mail":             {credentials{realm: "master", username: "a@example.com"}, update("user", "enabled", text("realm", "master", "username", "ada", "email", "A@example.com"), "enabled", "false"), true},
		"the realm":             {user, update("realm", "enabled", text("realm", "master"), "enabled", "false"), true},
		"the realm's name":      {user, update("realm", "display_name", text("realm", "master"), "display_name", "M"), false},
		"the client":            {user, update("client", "enabled", cli, "enabled", "false"), true},
		"its grant":             {user, update("client", "direct_access_grants_enabled", cli, "direct_access_grants_enabled", "false"), true},
		"the service account":   {service, update("client", "service_accounts_enabled", ours, "service_accounts_enabled", "false"), true},
		"a grant not used":      {service, update("client", "direct_access_grants_enabled", ours, "direct_access_grants_enabled", "false"), false},
		"a user of that name":   {service, update("user", "enabled", text("realm", "master", "username", ""), "enabled", "false"), false},
		"the client, deleted":   {service, providers.Operation{Verb: providers.Delete, Kind: "client", ID: "1", Before: ours}, true},
		"another client":        {service, providers.Operation{Verb: providers.Delete, Kind: "client", ID: "1", Before: cli}, false},
		"a realm, deleted":      {user, providers.Operation{Verb: providers.Delete, Kind: "realm", ID: "1", Before: text("realm", "r")}, false},
		"its own realm deleted": {user, providers.Operation{Verb: providers.Delete, Kind: "realm", ID: "1", Before: text("realm", "master")}, true},
	} {
		err := (&batch{conn: newConn(test.creds, nil, 1)}).ownAccount(&test.op)
		if (err != nil) != test.refused || err != nil && !strings.Contains(err.Error(), "signs in with") {
			t.Errorf("%s: %v", name, err)
		}
	}
}
