client "influxctl" {
  realm = realm.influxdb
  name: "influxctl"
}
