# Every place of the configuration that takes a secret, and ordinary attributes
# whose values come from sensitive variables.

variable "url" {}
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

variable "message" {
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

# What is changed here a moment after the apply is no replica that is behind.
provider "entra" {
  client_secret       = var.client_secret
  authority_endpoint  = var.url
  graph_endpoint      = var.url
  ca_file             = var.ca
  timeout             = var.timeout
  replication_timeout = 0
}

tenant "home" {
  domain = "example.com"
}

client "influxctl" {
  tenant = tenant.home
  notes  = var.description
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
}

user "doc" {
  tenant         = tenant.home
  email          = "doc@elsewhere.example"
  guest          = true
  invite         = true
  invite_message = var.message
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
