# One configuration with as many different mistakes as a bad day has.

provider "keycloak" {}

provider "keycloak" {
  alias    = "eu"
  url      = "sso.example.com"
  username = "admin"
  password = var.keycloak_password
  timeout  = 0
}

provider "okta" {}

variable "keycloak_password" {
  type      = string
  sensitive = true
  default   = "correct-horse-battery"
}

variable "team" {
  type    = list(string)
  default = "marty"
}

variable "first_name" {
  type    = string
  default = "R2D2"
  validation {
    condition     = can(regex("^[A-Za-z]+$", var.first_name))
    error_message = "A first name has letters only."
  }
}

locals {
  half  = local.whole
  whole = local.half
}

realm "influxdb" {
  provider              = keycloak
  display_nam           = "InfluxDB Clustered"
  access_token_lifespan = "soon"
  ssl_required          = "internal"

  smtp_server {
    host = "mail.example.com"
    port = 70000
  }
  smtp_server {
    host = "mail2.example.com"
  }
}

realm "other" {
  provider = keycloak
}

client "influxctl" {
  realm = realm.influxd
}

client "elsewhere" {
  realm       = realm.other
  grant_types = ["device_code"]
}

usr "marty" {
  realm = realm.influxdb
}

output "password" {
  value = var.keycloak_password
}

output "email" {
  value = user.marty.emial
}

output "email" {
  value = user.marty.email
}

output "login" {
  value = var.keycloak_pasword
}
