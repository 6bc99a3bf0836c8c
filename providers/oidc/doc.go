// Package oidc is the provider for any OpenID provider that has what InfluxDB needs:
// discovery, a key set and the device flow. Of the wire there is no more than that, as
// OpenID Connect has no API for clients and users: they are made with the provider's own
// tools, and the configuration says what they are.
//
// So nothing is managed. The home, data "realm", is looked up by the issuer's discovery
// document, and refused at plan time if influxctl or the cluster could not work with it
// (package [github.com/idpctl/idpctl/oidc] judges); data "client" and data "user" say
// themselves what they are and are believed. What is believed is proved by
// `idpctl verify`, which signs in.
package oidc
