# Written for Entra ID and Auth0, and given to Keycloak.

provider "keycloak" {}

tenant "influxdb" {
  domain = "example.com"
}

api "influxdb" {
  identifier = "https://influxdb.example.com"
}

realm "influxdb" {
  name = "influxdb"
}

client "influxctl" {
  realm            = realm.influxdb
  sign_in_audience = "AzureADMyOrg"
  grant_types      = ["device_code"]
}

user "marty" {
  tenant              = realm.influxdb
  realm               = realm.influxdb
  email               = "mcfly@example.com"
  first_name          = "Marty"
  last_name           = "McFly"
  user_principal_name = "mcfly@example.com"
  connection          = "Username-Password-Authentication"
}

data "user" "emmett" {
  realm = realm.influxdb
  mail  = "brown@example.com"
}

group "admins" {
  realm            = realm.influxdb
  security_enabled = true
}

cluster "production" {
  client = client.influxctl
  admins = [user.marty]

  appinstance {
    path = "myinfluxdb.yml"
  }
}

state {}
