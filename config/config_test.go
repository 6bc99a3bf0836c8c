package config

import (
	"testing"

	"github.com/zclconf/go-cty/cty"

	"github.com/idpctl/idpctl/resource"
)

const product = `
variable "keycloak_password" {
  type      = string
  sensitive = true
  default   = "hunter2"
}

provider "keycloak" {
  url      = "https://sso.example.com"
  username = "admin"
  password = var.keycloak_password
}

realm "influxdb" {
  display_name = "InfluxDB Clustered"
}

client "influxctl" {
  realm = realm.influxdb
}

user "marty" {
  realm      = realm.influxdb
  email      = "McFly@influxdata.com"
  first_name = "Marty"
  last_name  = "McFly"
  generate_password = true
}

data "user" "emmett" {
  realm = realm.influxdb
  email = "brown@influxdata.com"
}

cluster "production" {
  client = client.influxctl
  admins = [user.marty, data.user.emmett]

  appinstance {
    path = "myinfluxdb.yml"
  }
}

output "client" {
  value = client.influxctl.client_id
}
`

func TestProductExample(t *testing.T) {
	m := mustLoad(t, product)
	if got := m.Namespace(); got != "default" {
		t.Errorf("namespace %q", got)
	}
	w := evaluate(t, m, func(d resource.Desired) cty.Value {
		switch d.Address.Kind {
		case "realm":
			return cty.ObjectVal(map[string]cty.Value{
				"name": cty.StringVal("influxdb"), "id": cty.StringVal("r-1"), "jwks_uri": cty.StringVal("https://sso/jwks"),
			})
		case "user":
			vals := d.Attrs.AsValueMap()
			vals["id"] = cty.StringVal("id-of-" + d.Address.Name)
			vals["first_name"], vals["last_name"] = cty.StringVal("F"), cty.StringVal("L")
			return cty.ObjectVal(vals)
		}
		return cty.NilVal
	})
	for _, c := range []struct{ addr, attr, want string }{
		{"realm.influxdb", "name", `"influxdb"`},
		{"realm.influxdb", "issuer", "null"},
		{"client.influxctl", "client_id", `"influxctl"`},
		{"client.influxctl", "realm", `"influxdb"`},
		{"user.marty", "email", `"mcfly@influxdata.com"`},
		{"user.marty", "username", `"mcfly@influxdata.com"`},
		{"user.marty", "enabled", "true"},
		{"user.marty", "id", "null"},
		{"data.user.emmett", "email", `"brown@influxdata.com"`},
		{"data.user.emmett", "id", "?"},
		{"data.user.emmett", "initial_password", "null"},
	} {
		if got := attr(t, w, c.addr, c.attr); got != c.want {
			t.Errorf("%s.%s = %s, want %s", c.addr, c.attr, got, c.want)
		}
	}
	info := fakeKeycloak()
	for addr, d := range w.desired {
		kind, _ := info.Kind(d.Address.Kind)
		if !d.Attrs.Type().Equals(kind.Type()) {
			t.Errorf("%s: the type of its attributes is not the kind's", addr)
		}
		if d.Provider != "keycloak" {
			t.Errorf("%s: provider %q", addr, d.Provider)
		}
	}
	marty := w.desired["user.marty"]
	if marty.Parent.String() != "realm.influxdb" || len(marty.DependsOn) != 1 || marty.DependsOn[0].String() != "realm.influxdb" {
		t.Errorf("parent %s, depends on %v", marty.Parent, marty.DependsOn)
	}
	if got := show(w.desired["data.user.emmett"].Args); got != `{email="brown@influxdata.com"}` {
		t.Errorf("args %s", got)
	}
	if got := marty.AttrRange("email").String(); got != "main.idp.hcl:24:16" {
		t.Errorf("range of email %s", got)
	}

	c := w.clusters["cluster.production"]
	if c.Provider != "keycloak" || c.Parent.String() != "realm.influxdb" || c.Client.Address.String() != "client.influxctl" {
		t.Errorf("cluster: %+v", c)
	}
	if len(c.Admins) != 2 || !c.AdminsKnown || show(c.Admins[0].ID) != `"id-of-marty"` || show(c.Admins[1].ID) != `"id-of-emmett"` || show(c.Admins[1].Email) != `"brown@influxdata.com"` {
		t.Errorf("admins: %+v", c.Admins)
	}
	if show(c.IdentityProvider) != `"keycloak"` || show(c.JWKSEndpoint) != `"https://sso/jwks"` {
		t.Errorf("idp %s jwks %s", show(c.IdentityProvider), show(c.JWKSEndpoint))
	}
	if len(c.Targets) != 1 || c.Targets[0].Address.String() != "cluster.production.appinstance" || show(c.Targets[0].Attrs.GetAttr("path")) != `"myinfluxdb.yml"` || c.Targets[0].File == "" {
		t.Errorf("targets: %+v", c.Targets)
	}

	outs, ds := w.e.Outputs()
	if len(ds) > 0 || len(outs) != 1 || show(outs[0].Value) != `"influxctl"` || outs[0].DependsOn[0].String() != "client.influxctl" {
		t.Errorf("outputs: %+v %v", outs, ds)
	}
	cfg, ds := w.e.ProviderConfig("keycloak")
	if len(ds) > 0 || show(cfg) != `{password=«"hunter2"» realm="master" scopes=null url="https://sso.example.com" username="admin"}` {
		t.Errorf("provider: %s %v", show(cfg), ds)
	}
}
