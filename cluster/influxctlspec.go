package cluster

import (
	"github.com/zclconf/go-cty/cty"

	"github.com/idpctl/idpctl/resource"
)

// defaultProfile is the profile that influxctl takes when it is told none.
const defaultProfile = "default"

const influxctlDoc = "A profile in influxctl's `config.toml`, by which one signs in to the cluster: it is merged in place, other profiles and the rest of the file are kept byte for byte. A file that is not there is made. See [The cluster's side](../cluster.md)."

// hostPattern is a host name or an IPv4 address, or one of IPv6, which has two colons or
// more. It may be in brackets.
const hostPattern = `[^\s\p{C}/?#@"':\[\]]+|\[?[0-9A-Fa-f.]*:[0-9A-Fa-f.]*:[0-9A-Fa-f:.]*\]?`

func influxctlAttributes() []resource.Attribute {
	return []resource.Attribute{
		{
			Name: "path", Type: cty.String, Check: resource.Check{MinLen: 1},
			Doc: "The TOML file, relative to the folder of the configuration. Without it, the one that influxctl reads: `~/.config/influxctl/config.toml` on Linux, `~/Library/Application Support/influxctl/config.toml` on macOS, `%APPDATA%\\influxctl\\config.toml` on Windows; the folder is made if it is not there. `-` writes no file: each apply prints the profile at its end.",
		},
		{
			Name: "profile", Type: cty.String, Default: cty.StringVal(defaultProfile), Check: resource.Check{MinLen: 1, MaxLen: 255, Pattern: `[^\p{C}]+`, PatternDoc: "printable"},
			Doc: "The name of the profile, for `influxctl --profile`.",
		},
		{
			Name: "host", Type: cty.String,
			Check: resource.Check{MinLen: 1, MaxLen: 255, Pattern: hostPattern, PatternDoc: "a host name or an IP address, without https://, port and path"},
			Doc:   "The host name of the cluster. Without it, what is in the file stays; a new profile needs it.",
		},
		{
			Name: "port", Type: cty.String,
			Check: resource.Check{Pattern: `[1-9][0-9]{0,3}|[1-5][0-9]{4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}|655[0-2][0-9]|6553[0-5]`, PatternDoc: "a port number, from 1 to 65535"},
			Doc:   "The port of the cluster, as a number or a string. Without it, what is in the file stays; a new profile needs it.",
		},
		{
			Name: "scopes", Type: cty.List(cty.String),
			Doc: "The scopes to ask for, instead of those that the identity provider needs: none at Keycloak and Auth0, `CLIENT_ID/.default` at Microsoft Entra ID.",
		},
		{
			Name: "legacy_client_secret", Type: cty.Bool, Default: cty.False,
			Doc: "Add `client_secret = \"\"`, for influxctl before 2.9.8. Later ones refuse the whole file because of it.",
		},
		{
			Name: "replace_token", Type: cty.Bool, Default: cty.False,
			Doc: "Remove `[profile.auth.token]`, by which the profile signed in with the cluster's admin token until now. Without it, such a profile is an error.",
		},
	}
}
