# Every place of the configuration that takes a secret, and ordinary attributes
# whose values come from sensitive variables.

variable "url" {}
variable "account" {}

variable "password" {
  type      = string
  sensitive = true
}

variable "client_secret" {
  type      = string
  sensitive = true
}

variable "smtp_password" {
  type      = string
  sensitive = true
}

variable "smtp_password_version" {
  type    = number
  default = 1
}

variable "first_password" {
  type      = string
  sensitive = true
}

variable "display_name" {
  type      = string
  sensitive = true
}

variable "description" {
  type      = string
  sensitive = true
}

variable "nickname" {
  type      = string
  sensitive = true
}

variable "rota" {
  type      = string
  sensitive = true
}

variable "exported" {
  type      = string
  sensitive = true
}

provider "keycloak" {
  url      = var.url
  username = var.account
  password = var.password
}

provider "keycloak" {
  alias         = "service"
  url           = var.url
  client_id     = var.account
  client_secret = var.client_secret
}

realm "home" {
  provider                       = keycloak
  realm                          = "${var.account}-home"
  display_name                   = "The realm ${var.display_name}"
  oauth2_device_polling_interval = 1

  smtp_server {
    host             = "mail.example.com"
    from             = "idp@example.com"
    username         = "idp"
    password         = var.smtp_password
    password_version = var.smtp_password_version
  }
}

realm "second" {
  provider     = keycloak.service
  realm        = "${var.account}-second"
  display_name = var.display_name
}

client "influxctl" {
  realm       = realm.home
  description = var.description
}

user "marty" {
  realm             = realm.home
  email             = "marty@example.com"
  first_name        = "Marty"
  last_name         = "McFly"
  generate_password = true
}

user "jennifer" {
  realm            = realm.home
  email            = "jennifer@example.com"
  first_name       = "Jennifer"
  last_name        = var.nickname
  initial_password = var.first_password
}

group "oncall" {
  realm      = realm.home
  attributes = { rota = ["weekdays", var.rota] }
  members    = [user.marty]
}

cluster "production" {
  client = client.influxctl
  admins = [user.marty, user.jennifer]

  appinstance {
    path = "myinfluxdb.yml"
  }
}

output "client_id" {
  value = client.influxctl.client_id
}

output "exported" {
  value     = "it is ${var.exported}"
  sensitive = true
}

output "named" {
  value     = { name = user.jennifer.last_name, id = user.jennifer.id }
  sensitive = true
}
