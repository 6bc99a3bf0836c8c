variable "url" {}

provider "keycloak" {
  url     = var.url
  timeout = var.timeout
}

realm "influxdb" {
  display_name = "InfluxDB Clustered"
}

client "influxctl" {
  realm = realm.influxdb
}

user "marty" {
  realm            = realm.influxdb
  email            = "marty@example.com"
  first_name       = "Marty"
  last_name        = "McFly"
  initial_password = "not-for-long-1985"
}

cluster "production" {
  client = client.influxctl
  admins = [user.marty]

  appinstance {
    path = "myinfluxdb.yml"
  }
}

# A slow machine must not fail what is not about time.
variable "timeout" {
  default = 60
}
