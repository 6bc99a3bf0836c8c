# Everything that InfluxDB Clustered needs of Microsoft Entra ID, in one file.
# It is examples/quickstart with another provider, and a tenant instead of a
# realm. `make demo-entra` plans and applies it against the built-in emulator;
# for your own tenant see docs/providers/entra.md.

idpctl {
  namespace = "entra" # choose one of your own: it tells whose an object is
}

provider "entra" {}

tenant "influxdb" {
  domain = "example.com" # one of the verified domains of your tenant
}

client "influxctl" {
  tenant = tenant.influxdb # public, device flow on, everything else off
}

user "marty" {
  tenant            = tenant.influxdb
  email             = "marty@example.com"
  first_name        = "Marty"
  last_name         = "McFly"
  generate_password = true # temporary, delivered once
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

output "device_url" {
  value = tenant.influxdb.device_authorization_endpoint
}

output "token_url" {
  value = tenant.influxdb.token_endpoint
}

output "admins" {
  value = { for u in [user.marty, user.emmett] : u.email => u.id }
}
