# Every place of the configuration that takes a secret, and ordinary attributes
# whose values come from sensitive variables.

variable "domain" {}
variable "ca" {}

variable "client_secret" {
  type      = string
  sensitive = true
}

variable "first_password" {
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

variable "metadata" {
  type      = string
  sensitive = true
}

variable "exported" {
  type      = string
  sensitive = true
}

variable "timeout" {
  default = 60
}

provider "auth0" {
  domain        = var.domain
  client_secret = var.client_secret
  ca_file       = var.ca
  timeout       = var.timeout
}

tenant "home" {
  domain = var.domain
}

api "influxdb" {
  tenant     = tenant.home
  identifier = "https://influxdb.example.com"
  scopes     = { "read:data" = var.metadata }
}

client "influxctl" {
  tenant          = tenant.home
  api             = api.influxdb
  description     = var.description
  client_metadata = { owner = var.metadata }
}

user "marty" {
  tenant            = tenant.home
  email             = "marty@example.com"
  first_name        = "Marty"
  last_name         = "McFly"
  generate_password = true
}

user "jennifer" {
  tenant           = tenant.home
  email            = "jennifer@example.com"
  first_name       = "Jennifer"
  last_name        = var.nickname
  initial_password = var.first_password
  app_metadata     = { rota = var.rota }
  user_metadata    = { rota = var.rota }
}

user "doc" {
  tenant = tenant.home
  email  = "doc@example.com"
  invite = true
}

group "oncall" {
  tenant      = tenant.home
  description = "weekdays ${var.rota}"
  members     = [user.marty]
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
