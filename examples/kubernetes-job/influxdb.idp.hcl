# The same as examples/quickstart, and the AppInstance is not a file: idpctl runs in the
# cluster, by the service account of job.yaml.

idpctl {
  namespace = "production"
}

provider "keycloak" {} # its address and credentials come from the Secret of job.yaml

realm "influxdb" {
  display_name = "InfluxDB Clustered"
}

client "influxctl" {
  realm = realm.influxdb
}

user "marty" {
  realm             = realm.influxdb
  email             = "marty@example.com"
  first_name        = "Marty"
  last_name         = "McFly"
  generate_password = true
}

cluster "production" {
  client = client.influxctl
  admins = [user.marty]

  kubernetes {} # the only AppInstance in the namespace of the Job
}
