# One configuration for Entra ID with as many different mistakes as a bad day has.

provider "entra" {
  tenant_id = ""
  cloud     = "germany"
  timeout   = 0
  cpu       = 4
}

tenant "contoso" {
  domain = "a domain"
}

tenant "twin" {}

realm "influxdb" {
  realm = "influxdb"
}

client "influxctl" {
  tenant               = tenant.contoso
  client_id            = "influxctl"
  access_token_version = 3
  sign_in_audience     = "everybody"
  redirect_uris        = []
}

user "marty" {
  tenant         = tenant.contoso
  email          = "mcfly.example.com"
  usage_location = "us"
}

user "emmett" {
  tenant           = tenant.contoso
  email            = "brown@example.com"
  username         = "emmett"
  initial_password = "short"
}

user "doc" {
  tenant = tenant.contoso
  email  = "Brown@Example.com"
}

user "jennifer" {
  tenant            = tenant.contoso
  email             = "jennifer@elsewhere.example"
  guest             = "perhaps"
  invite_redirect_url = "nowhere"
}

user "lorraine" {
  tenant            = tenant.contoso
  email             = "lorraine@example.com"
  generate_password = true
  initial_password  = "Correct-Horse-1985"
}

group "admins" {
  tenant        = tenant.contoso
  mail_nickname = "ad mins"
  members       = [client.influxctl, "marty"]
}

group "one" {
  tenant = tenant.contoso
  owners = [user.nobody]
}

data "user" "biff" {
  tenant = tenant.contoso
  guest  = true
}

cluster "production" {
  client = client.influxctl
  admins = [user.marty, data.user.biff]

  appinstance {
    path = "myinfluxdb.yml"
  }
}

output "secret" {
  value = user.lorraine.initial_password
}
