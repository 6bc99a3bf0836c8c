package entra

import (
	"github.com/zclconf/go-cty/cty"

	"github.com/idpctl/idpctl/resource"
)

func clientKind() resource.Kind {
	return resource.Kind{
		Name:    "client",
		Doc:     "The application that influxctl signs in with: an app registration and its service principal, a public client for the device flow.",
		Example: clientExample,
		Attributes: []resource.Attribute{
			tenantRef(),
			{
				Name: "name", Type: cty.String, DefaultFrom: resource.FromLabel, Check: fits,
				Doc: "Display name. It is not unique, so idpctl never finds an application by it.",
			},
			{
				Name: "client_id", Type: cty.String, Optional: true, Computed: true, ForceNew: true, Normalize: resource.Lower,
				Doc: "Application (client) id, which influxctl signs in with. Set it to adopt the application that has it.",
			},
			{
				Name: "service_principal_id", Type: cty.String, Computed: true,
				Doc: "Object id of the service principal (the enterprise application).",
			},
			{
				Name: "notes", Type: cty.String, Check: resource.Check{MaxLen: 1024},
				Doc: "Notes for those who look at the application.",
			},
			{
				Name: "public_client", Type: cty.Bool, Default: cty.True,
				Doc: "Whether public client flows are on. Without them the device flow ends in AADSTS7000218.",
			},
			{
				Name: "enabled", Type: cty.Bool, Default: cty.True,
				Doc: "Whether users can sign in to it: its service principal is there and enabled.",
			},
			{
				Name: "sign_in_audience", Type: cty.String, Default: cty.StringVal("AzureADMyOrg"),
				Check: resource.Check{OneOf: []string{"AzureADMyOrg", "AzureADMultipleOrgs"}},
				Doc:   "Whose accounts may sign in: those of this tenant, or of any.",
			},
			{
				Name: "access_token_version", Type: cty.Number, Default: cty.NumberIntVal(2), Check: resource.Check{HasRange: true, Min: 1, Max: 2},
				Doc: "Version of the access tokens. With 1 their issuer is `sts.windows.net`, which is not the one of the tenant's discovery document.",
			},
			{
				Name: "user_read", Type: cty.Bool, Default: cty.True,
				Doc: "Whether the application asks for Microsoft Graph's delegated permission `User.Read`, as one that the portal makes. Others stay. Without any, signing in fails (AADSTS650056).",
			},
			{
				Name: "tags", Type: stringSet, Partial: true,
				Doc: "Tags of the application. Others stay.",
			},
			{
				Name: "owners", Type: stringSet, Partial: true,
				Ref: &resource.Ref{Kinds: []string{"user", "users"}, Attr: "id"},
				Doc: "Users that may change the application. Other owners stay.",
			},
			{
				Name: "assignment_required", Type: cty.Bool, Default: cty.False,
				Doc: "Whether only those who are assigned can sign in.",
			},
			{
				Name: "assigned", Type: stringSet, Partial: true,
				Ref: &resource.Ref{Kinds: []string{"user", "users", "group"}, Attr: "id"},
				Doc: "Users and groups that are assigned. Others stay.",
			},
		},
		Unique:    [][]string{{"client_id"}},
		Parent:    "tenant",
		Lookup:    [][]string{{"client_id"}, {"id"}},
		UpsertKey: true,
		Restores:  true,
		Marked:    true,
		DeviceFlow: map[string]cty.Value{
			"enabled": cty.True, "public_client": cty.True, "access_token_version": cty.NumberIntVal(2),
		},
	}
}

const clientExample = `provider "entra" {
  tenant_id = "00000000-0000-0000-0000-000000000001"
}

tenant "influxdb" {
  domain = "example.com"
}

client "influxctl" {
  tenant = tenant.influxdb
}

output "client_id" {
  value = client.influxctl.client_id
}
`
