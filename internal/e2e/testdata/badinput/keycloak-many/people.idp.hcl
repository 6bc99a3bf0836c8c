user "marty" {
  realm          = realm.influxdb
  email          = "mcfly.example.com"
  first_name     = "Marty"
  last_name      = "McFly"
  usage_location = "US"
}

user "emmett" {
  realm      = realm.influxdb
  username   = ""
  email      = "brown@example.com"
  first_name = "Emmett"
  last_name  = "Brown"
  enabled    = "perhaps"
}

user "doc" {
  realm      = realm.influxdb
  username   = "doc"
  email      = "Brown@Example.com"
  first_name = "Emmett"
}

user "doc" {
  realm      = realm.influxdb
  email      = "doc@example.com"
  first_name = "Emmett"
  last_name  = "Brown"
}

user "team" {
  for_each   = ["a", "b"]
  realm      = realm.influxdb
  email      = "${each.key}@example.com"
  first_name = capitalise(each.key)
  last_name  = each.valeu
}

user "mailed" {
  realm             = realm.influxdb
  email             = "jennifer@example.com"
  first_name        = "Jennifer"
  last_name         = "Parker"
  generate_password = true
  invite            = true

  lifecycle {
    prevent_destory = true
  }
}

group "one" {
  realm  = realm.influxdb
  parent = group.two
}

group "two" {
  realm  = realm.influxdb
  parent = group.one
}

group "admins" {
  realm   = realm.influxdb
  members = [client.influxctl, "marty"]
}

data "user" "lorraine" {
  realm = realm.influxdb
}

data "user" "biff" {
  realm      = realm.influxdb
  email      = "biff@example.com"
  first_name = "Biff"
}

cluster "production" {
  client = client.elsewhere
  admins = [user.marty]

  appinstance {
    path = "myinfluxdb.yml"
  }
}

cluster "staging" {
  client = client.elsewhere
  admins = [data.user.lorraine]

  appinstance {
    path = "./myinfluxdb.yml"
  }
}
