package oidc

import "github.com/idpctl/idpctl/resource"

// Where names that this provider does not have are known from.
const (
	keycloak = "Keycloak"
	entra    = "Microsoft Entra ID"
	auth0    = "Auth0"
)

// foreignKinds are the blocks of the other providers.
func foreignKinds() map[string]resource.Foreign {
	return map[string]resource.Foreign{
		"tenant": {Of: entra + " and " + auth0, Instead: `Write data "realm"`},
		"api":    {Of: auth0, Instead: `Write audience in data "client"`},
		"group":  {Of: "the other providers", Instead: `Nobody can be asked for groups here: write data "user" for each admin`},
	}
}

// foreign are the names of a kind's arguments with the other providers, and what to
// write here.
func foreign(kind string) map[string]resource.Foreign {
	const (
		bySub  = "Nobody is looked up here: write id, the sub of the user's tokens"
		issuer = "The provider block names the issuer: leave it out"
	)
	switch kind {
	case "realm":
		return map[string]resource.Foreign{
			"realm":     {Of: keycloak, Instead: issuer},
			"domain":    {Of: auth0, Instead: issuer},
			"tenant_id": {Of: entra, Instead: issuer},
		}
	case "client":
		return map[string]resource.Foreign{
			"tenant":        {Of: entra + " and " + auth0, Instead: "Write realm = data.realm.NAME"},
			"name":          {Of: auth0, Instead: "Write client_id"},
			"display_name":  {Of: entra, Instead: "Write client_id"},
			"client_secret": {Of: "OAuth", Instead: "influxctl sends none: the client is a public one"},
			"scopes":        {Of: "OAuth", Instead: "Write scopes in the provider block"},
		}
	case "user":
		return map[string]resource.Foreign{
			"tenant":              {Of: entra + " and " + auth0, Instead: "Write realm = data.realm.NAME"},
			"username":            {Of: keycloak, Instead: bySub},
			"user_principal_name": {Of: entra, Instead: bySub},
			"connection":          {Of: auth0, Instead: bySub},
			"sub":                 {Of: "OpenID Connect", Instead: "Write id"},
		}
	}
	return nil
}
