provider "auth0" {
  domain  = var.domain
  timeout = var.timeout
}

tenant "influxdb" {
  domain = var.domain
}

api "influxdb" {
  tenant     = tenant.influxdb
  identifier = "https://influxdb.example.com"
}

client "influxctl" {
  tenant = tenant.influxdb
  api    = api.influxdb
}

user "marty" {
  tenant           = tenant.influxdb
  email            = "marty@example.com"
  first_name       = "Marty"
  last_name        = "McFly"
  initial_password = "not-For-long-1985"
}

data "user" "clara" {
  tenant = tenant.influxdb
  email  = "clara@example.com"
}

cluster "production" {
  client = client.influxctl
  admins = [user.marty, data.user.clara]

  appinstance {
    path = "myinfluxdb.yml"
  }
}

variable "domain" {}

# A slow machine must not fail what is not about time.
variable "timeout" {
  default = 60
}
