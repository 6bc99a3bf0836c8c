# One configuration for Auth0 with as many different mistakes as a bad day has.

provider "auth0" {
  domain                       = "https://example.eu.auth0.com"
  client_assertion_signing_alg = "HS256"
  timeout                      = 0
  cpu                          = 4
}

tenant "influxdb" {
  domain              = "example.eu.auth0.com"
  session_lifetime    = 0
  device_code_charset = "letters"
}

tenant "twin" {}

realm "influxdb" {
  realm = "influxdb"
}

api "influxdb" {
  tenant         = tenant.influxdb
  identifier     = "not an identifier"
  signing_alg    = "HS256"
  token_lifetime = 0
}

client "influxctl" {
  tenant        = tenant.influxdb
  app_type      = "desktop"
  redirect_uris = []
}

user "marty" {
  tenant         = tenant.influxdb
  email          = "mcfly.example.com"
  email_verified = "perhaps"
}

user "emmett" {
  tenant             = tenant.influxdb
  email              = "brown@example.com"
  first_nam          = "Emmett"
}

user "doc" {
  tenant = tenant.influxdb
  email  = "Brown@Example.com"
}

user "lorraine" {
  tenant            = tenant.influxdb
  email             = "lorraine@example.com"
  generate_password = true
  initial_password  = "Correct-Horse-1985"
}

group "admins" {
  tenant  = tenant.influxdb
  members = [client.influxctl, "marty"]
}

group "one" {
  tenant  = tenant.influxdb
  members = [user.nobody]
}

data "user" "biff" {
  tenant  = tenant.influxdb
  blocked = true
}
