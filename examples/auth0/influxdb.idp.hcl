# Everything that InfluxDB Clustered needs of Auth0, in one file. It is
# examples/quickstart with another provider, a tenant instead of a realm, and an
# API: without one Auth0's access tokens are opaque, and the cluster refuses them.
# `make demo-auth0` plans and applies it against the built-in emulator; for your
# own tenant see docs/providers/auth0.md.

idpctl {
  namespace = "auth0" # choose one of your own: it tells whose an object is
}

provider "auth0" {}

tenant "influxdb" {
  domain = "example.eu.auth0.com" # that of your tenant, as in AUTH0_DOMAIN
}

api "influxdb" {
  tenant     = tenant.influxdb
  identifier = "https://influxdb.example.com" # a name, and no address: nobody calls it
}

client "influxctl" {
  tenant = tenant.influxdb # public, device flow on, everything else off
  api    = api.influxdb
}

user "marty" {
  tenant            = tenant.influxdb
  email             = "marty@example.com"
  first_name        = "Marty"
  last_name         = "McFly"
  generate_password = true # delivered once
}

user "emmett" {
  tenant            = tenant.influxdb
  email             = "emmett@example.com"
  first_name        = "Emmett"
  last_name         = "Brown"
  generate_password = true
}

cluster "production" {
  client = client.influxctl
  admins = [user.marty, user.emmett]

  appinstance {
    path = "myinfluxdb.yml"
  }
}

output "issuer" {
  value = tenant.influxdb.issuer
}

output "client_id" {
  value = client.influxctl.client_id
}

output "audience" {
  value = api.influxdb.identifier
}

output "device_url" {
  value = tenant.influxdb.device_authorization_endpoint
}

output "token_url" {
  value = tenant.influxdb.token_endpoint
}

output "admins" {
  value = { for u in [user.marty, user.emmett] : u.email => u.id }
}
