# Everything that InfluxDB Clustered needs of a Keycloak, in one file.
# `make demo` plans and applies it against the built-in emulator; for your own
# Keycloak set KEYCLOAK_URL, KEYCLOAK_USER and KEYCLOAK_PASSWORD.

idpctl {
  namespace = "quickstart" # choose one of your own: it tells whose an object is
}

provider "keycloak" {}

realm "influxdb" {
  display_name = "InfluxDB Clustered"
}

client "influxctl" {
  realm = realm.influxdb # public, device flow on, everything else off
}

user "marty" {
  realm             = realm.influxdb
  email             = "marty@example.com"
  first_name        = "Marty"
  last_name         = "McFly"
  generate_password = true # temporary, delivered once
}

user "emmett" {
  realm             = realm.influxdb
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
  value = realm.influxdb.issuer
}

output "client_id" {
  value = client.influxctl.client_id
}

output "device_url" {
  value = realm.influxdb.device_authorization_endpoint
}

output "token_url" {
  value = realm.influxdb.token_endpoint
}

output "admins" {
  value = { for u in [user.marty, user.emmett] : u.email => u.id }
}
