package cluster

import (
	"slices"

	"github.com/zclconf/go-cty/cty"

	"github.com/idpctl/idpctl/resource"
)

// What Kubernetes accepts as the name of an object and of a namespace (RFC
// 1123: subdomain, label).
const (
	dnsSubdomain = `[a-z0-9]([-a-z0-9.]*[a-z0-9])?`
	dnsLabel     = `[a-z0-9]([-a-z0-9]*[a-z0-9])?`
)

// Spec is the schema of the cluster block. Its nested blocks are the targets;
// [Open] opens each by its name.
func Spec() resource.Kind {
	return resource.Kind{
		Name: "cluster",
		Doc:  "The InfluxDB side: the files that say which identity provider the cluster trusts, who may administer it, and how to sign in to it.",
		Example: `provider "keycloak" {
  url      = "https://sso.example.com"
  username = "admin"
  password = "admin"
}

realm "influxdb" {}

client "influxctl" {
  realm = realm.influxdb
}

user "marty" {
  realm             = realm.influxdb
  email             = "mcfly@example.com"
  first_name        = "Marty"
  last_name         = "McFly"
  generate_password = true
}

cluster "production" {
  client = client.influxctl
  admins = [user.marty]

  appinstance {
    path = "myinfluxdb.yml"
  }
  influxctl {
    path = "config.toml"
    host = "cluster-host.com"
    port = "8086"
  }
}
`,
		Attributes: []resource.Attribute{
			{
				Name: "client", Type: cty.String, Required: true,
				Ref: &resource.Ref{Kinds: []string{"client"}, Attr: "id"},
				Doc: "The client that influxctl signs in with. Its realm or tenant decides on `identityProvider` and `jwksEndpoint`.",
			},
			{
				Name: "admins", Type: cty.Set(cty.String), Required: true,
				Ref: &resource.Ref{Kinds: []string{"user"}, Attr: "id"},
				Doc: "Who may administer the cluster: users that idpctl manages or looks up, all of the client's realm or tenant. Who is taken out of this list leaves the files; entries that idpctl did not write stay.",
			},
			{
				Name: "user_groups", Type: resource.BlockType(userGroupsAttributes()), Block: userGroupsAttributes(),
				Doc: "Which user groups of InfluxDB admins are in, rather than its default ones. With this block idpctl decides on the groups of all admins: who is in none of them gets the default ones.",
			},
			{
				Name: "exclusive", Type: cty.Bool, Default: cty.False,
				Doc: "Make `admins` the whole list: entries that somebody else wrote are removed.",
			},
			{
				Name: "identity_provider", Type: cty.String, Check: resource.Check{MinLen: 1},
				Doc: "Write this as `identityProvider` instead of the provider's own name (`keycloak`, `auth0`, `azure`).",
			},
			{
				Name: "jwks_endpoint", Type: cty.String, Check: resource.Check{URL: true},
				Doc: "Write this as `jwksEndpoint` instead of the address in the issuer's discovery document; for a cluster that reaches the identity provider by another name.",
			},
			{
				Name: kindAppInstance, Type: resource.BlockType(appInstanceAttributes()), Block: appInstanceAttributes(),
				Doc: "An AppInstance file: its `spec.package.spec.admin` is merged in place, the rest of the file is kept byte for byte. A file that is not there is made, with that section only.",
			},
			{
				Name: kindHelmValues, Type: resource.BlockType(helmValuesAttributes()), Block: helmValuesAttributes(),
				Doc: "A file of values for InfluxData's chart `influxdb3-clustered`: its `admin` is merged in place, the rest of the file is kept byte for byte. A file that is not there is made, with that section only.",
			},
			{
				Name: kindInfluxctl, Type: resource.BlockType(influxctlAttributes()), Block: influxctlAttributes(),
				Doc: influxctlDoc,
			},
			{
				Name: KindKubernetes, Type: resource.BlockType(kubernetesAttributes()), Block: kubernetesAttributes(),
				Doc: "The AppInstance in the Kubernetes cluster itself: `identityProvider`, `jwksEndpoint` and `users` of its `spec.package.spec.admin` are set by server-side apply, and nothing else of it. It has to be there already.",
			},
		},
	}
}

func kubernetesAttributes() []resource.Attribute {
	return []resource.Attribute{
		{
			Name: "kubeconfig", Type: cty.String, Check: resource.Check{MinLen: 1},
			Doc: "The kubeconfig file, relative to the folder of the configuration. Without it as for kubectl: the files of `KUBECONFIG`, else `~/.kube/config`; in a pod, if there is none of them, its service account.",
		},
		{
			Name: "context", Type: cty.String, Check: resource.Check{MinLen: 1},
			Doc: "The context of the kubeconfig; without it the current one. Set it: then nobody changes another cluster by `kubectl config use-context`.",
		},
		{
			Name: "namespace", Type: cty.String,
			Check: resource.Check{MaxLen: 63, Pattern: dnsLabel, PatternDoc: "lower-case letters, digits and dashes"},
			Doc:   "The namespace of the AppInstance; without it that of the context, else `influxdb`.",
		},
		{
			Name: "name", Type: cty.String,
			Check: resource.Check{MaxLen: 253, Pattern: dnsSubdomain, PatternDoc: "lower-case letters, digits, dots and dashes"},
			Doc:   "The name of the AppInstance. Needed if the namespace has several.",
		},
		{
			Name: "force", Type: cty.Bool, Default: cty.False,
			Doc: "Take over fields that another manager (kubectl, Helm, Argo CD, Flux) has set to other values. Without it that is an error of the plan, which says who it is and what that one will do next.",
		},
	}
}

func appInstanceAttributes() []resource.Attribute {
	return []resource.Attribute{
		{
			Name: "path", Type: cty.String, Required: true, Check: resource.Check{MinLen: 1},
			Doc: "The YAML or JSON file, relative to the folder of the configuration.",
		},
		{
			Name: "name", Type: cty.String,
			Check: resource.Check{MaxLen: 253, Pattern: dnsSubdomain, PatternDoc: "lower-case letters, digits, dots and dashes"},
			Doc:   "The `metadata.name` of the AppInstance. Needed if the file has several; a new file gets it, or `influxdb`.",
		},
		{
			Name: "namespace", Type: cty.String,
			Check: resource.Check{MaxLen: 63, Pattern: dnsLabel, PatternDoc: "lower-case letters, digits and dashes"},
			Doc:   "The `metadata.namespace` of the AppInstance. Needed if the file has several of one name; a new file gets it, or `influxdb`.",
		},
	}
}

func helmValuesAttributes() []resource.Attribute {
	return []resource.Attribute{
		{
			Name: "path", Type: cty.String, Required: true, Check: resource.Check{MinLen: 1},
			Doc: "The YAML file that helm is given with `--values`, relative to the folder of the configuration.",
		},
		{
			Name: "release", Type: cty.String, Default: cty.StringVal(defaultName),
			Check: resource.Check{MaxLen: 53, Pattern: dnsSubdomain, PatternDoc: "lower-case letters, digits, dots and dashes"},
			Doc:   "The name of the release, for the command that is left to run: `helm upgrade`.",
		},
		{
			Name: "chart", Type: cty.String, Default: cty.StringVal(defaultChart), Check: resource.Check{MinLen: 1},
			Doc: "The chart, for that command.",
		},
		{
			Name: "namespace", Type: cty.String, Default: cty.StringVal(defaultNamespace),
			Check: resource.Check{MaxLen: 63, Pattern: dnsLabel, PatternDoc: "lower-case letters, digits and dashes"},
			Doc:   "The namespace of the release, for that command.",
		},
	}
}

// userGroups are the user groups of InfluxDB by the names of their arguments, in
// the order to write them: those that InfluxData's AppInstance lists as supported.
var userGroups = [...]struct{ arg, name string }{{"admin", "Admin"}, {"auditor", "Auditor"}, {"member", "Member"}}

// UserGroups are the groups of InfluxDB behind arguments of the block user_groups;
// nil for none.
func UserGroups(args []string) []string {
	var out []string
	for _, g := range userGroups {
		if slices.Contains(args, g.arg) {
			out = append(out, g.name)
		}
	}
	return out
}

func userGroupsAttributes() []resource.Attribute {
	var out []resource.Attribute
	for _, g := range userGroups {
		out = append(out, resource.Attribute{
			Name: g.arg, Type: cty.Set(cty.String), Ref: &resource.Ref{Kinds: []string{"user"}, Attr: "id"},
			Doc: "Those of `admins` who are in the group `" + g.name + "`.",
		})
	}
	return out
}
