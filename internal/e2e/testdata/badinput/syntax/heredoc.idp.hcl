user marty" {
  email = <<EOT
x
