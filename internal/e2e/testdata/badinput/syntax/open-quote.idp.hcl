realm "influxdb" {
  display_name = "InfluxDB Clustered
}
