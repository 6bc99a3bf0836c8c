provider "entra" {
  timeout = var.timeout
}

tenant "contoso" {
  domain = "example.com"
}

client "influxctl" {
  tenant = tenant.contoso
}

user "marty" {
  tenant           = tenant.contoso
  email            = "marty@example.com"
  first_name       = "Marty"
  last_name        = "McFly"
  initial_password = "not-For-long-1985"
}

# Looked up by e-mail, which takes several requests: they go in a batch.
data "user" "clara" {
  tenant = tenant.contoso
  email  = "clara@example.com"
}

cluster "production" {
  client = client.influxctl
  admins = [user.marty, data.user.clara]

  appinstance {
    path = "myinfluxdb.yml"
  }
}

# A slow machine must not fail what is not about time.
variable "timeout" {
  default = 60
}
