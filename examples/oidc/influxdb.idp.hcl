# InfluxDB Clustered with any other OpenID provider that has the device flow, here
# Dex. Its clients and users are made with its own tools, and idpctl looks nothing up
# but the endpoints: `idpctl verify` signs in and proves that what stands here is true.
# docs/providers/oidc.md says what the provider must have, and how a user's id is found.

provider "oidc" {
  issuer            = "https://dex.example.com" # as tokens have it in iss
  identity_provider = "dex"                     # a name, for the AppInstance
}

data "realm" "dex" {}

data "client" "influxctl" {
  realm     = data.realm.dex
  client_id = "influxctl" # a public client, which may use the device flow
}

data "user" "jane" {
  realm      = data.realm.dex
  id         = "CiQwOGE4Njg0Yi1kYjg4LTRiNzMtOTBhOS0zY2QxNjYxZjU0NjYSBWxvY2Fs" # sub, and not Dex's userID
  email      = "jane@example.com"
  first_name = "Jane"
  last_name  = "Doe"
}

cluster "production" {
  client = data.client.influxctl
  admins = [data.user.jane]

  appinstance {
    path = "myinfluxdb.yml"
  }
}

output "client_id" {
  value = data.client.influxctl.client_id
}

output "device_url" {
  value = data.realm.dex.device_authorization_endpoint
}

output "token_url" {
  value = data.realm.dex.token_endpoint
}
