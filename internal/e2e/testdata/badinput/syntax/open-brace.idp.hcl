provider "keycloak" {
  url = "https://sso.example.com"
  password = "correct-horse-battery"

realm "influxdb" {}
