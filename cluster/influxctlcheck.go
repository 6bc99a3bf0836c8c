package cluster

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/pelletier/go-toml/v2"

	"github.com/idpctl/idpctl/cluster/internal/tomledit"
	"github.com/idpctl/idpctl/diag"
)

// influxctlConfig is influxctl's config.toml: the keys of the example that comes
// with influxctl, and mgmt_token of its release 2.6.0. influxctl reads it by the
// same library and refuses other keys (release notes of 2.0.1).
type influxctlConfig struct {
	Profile []struct {
		Name      string `toml:"name"`
		Product   string `toml:"product"`
		Host      string `toml:"host"`
		Port      string `toml:"port"`
		Database  string `toml:"database"`
		Token     string `toml:"token"`
		MgmtToken string `toml:"mgmt_token"`
		AccountID string `toml:"account_id"`
		ClusterID string `toml:"cluster_id"`
		TLS       struct {
			Insecure bool   `toml:"insecure"`
			Disable  bool   `toml:"disable"`
			Cert     string `toml:"cert"`
			Key      string `toml:"key"`
			CA       string `toml:"ca"`
		} `toml:"tls"`
		Auth struct {
			OAuth2 struct {
				ClientID   string            `toml:"client_id"`
				Scopes     []string          `toml:"scopes"`
				Parameters map[string]string `toml:"parameters"`
				TokenURL   string            `toml:"token_url"`
				DeviceURL  string            `toml:"device_url"`
			} `toml:"oauth2"`
			Token struct {
				TokenFile string `toml:"token_file"`
			} `toml:"token"`
		} `toml:"auth"`
	} `toml:"profile"`
}

// profileProblem is something that influxctl refuses; id is the same for the same
// thing in two versions of a file.
type profileProblem struct {
	id   string
	told diag.Diagnostic
}

// CheckProfile reads influxctl's config.toml as influxctl does, and tells what it
// would refuse of the file or miss in the profile: keys that it does not know, a
// port that is no text, another product, no or two ways to sign in. label names
// the file in messages.
func CheckProfile(label string, content []byte, profile string) diag.Diagnostics {
	f, err := tomledit.Parse(label, content)
	if err != nil {
		return problem(err)
	}
	p := Profile{Name: profile}
	at, err := p.find(f)
	if err != nil {
		return problem(err)
	}
	var ds diag.Diagnostics
	if at == nil {
		d := f.Problem(nil, "There is no such profile", "%s has no profile %q. Set profile to one that is there, or add it.", label, profile)
		return append(ds, d)
	}
	for _, x := range profileProblems(f, at, content) {
		ds = append(ds, x.told)
	}
	return ds
}

// profileProblems are those of a file and of the profile at a node.
func profileProblems(f *tomledit.File, at *tomledit.Node, content []byte) []profileProblem {
	out := strictProblems(f, content)
	add := func(id string, n *tomledit.Node, summary, format string, args ...any) {
		out = append(out, profileProblem{id, f.Problem(n, summary, format, args...)})
	}
	text := func(key string) (*tomledit.Node, string) {
		n := at.At(strings.Split(key, ".")...)
		if n == nil || n.Kind != tomledit.Text {
			return n, ""
		}
		return n, n.Value
	}
	if n, product := text(productKey); product != clustered {
		if n == nil {
			n = at
		}
		add("product", n, "The profile is not for InfluxDB Clustered", `Its product has to be "clustered".`)
	}
	for _, key := range []string{hostKey, portKey} {
		if n, v := text(key); v == "" {
			if n == nil {
				n = at
			} else if n.Kind != tomledit.Text {
				continue // told already
			}
			add("no "+key, n, "The profile has no "+key, "influxctl needs it for InfluxDB Clustered. Add it to the profile, or to the block influxctl.")
		}
	}
	oauth, token := at.At("auth", "oauth2"), at.At("auth", "token")
	_, management := text("mgmt_token")
	switch {
	case oauth != nil && token != nil:
		add("two ways", token, "The profile has two ways to sign in", "It has [profile.auth.oauth2] and [profile.auth.token], and influxctl takes one of them. Remove the token.")
	case oauth == nil && token == nil && management == "":
		add("no way", at, "The profile has no way to sign in", "It has no [profile.auth.oauth2].")
	case oauth != nil:
		for _, key := range []string{clientKey, deviceKey, tokenURLKey} {
			if n, v := text(key); v == "" {
				if n == nil {
					n = oauth
				}
				add("no "+key, n, "The profile cannot sign in", "Its %s is missing or empty.", key)
			}
		}
	}
	return out
}

// strictProblems are those that influxctl's reader finds.
func strictProblems(f *tomledit.File, content []byte) []profileProblem {
	var out []profileProblem
	text := bytes.TrimPrefix(content, []byte("\uFEFF"))
	if len(text) < len(content) {
		out = append(out, profileProblem{"bom", f.Problem(nil, "The file begins with a byte order mark", "influxctl does not read such a file. Save it as UTF-8 without one.")})
	}
	dec := toml.NewDecoder(bytes.NewReader(text))
	dec.DisallowUnknownFields()
	err := dec.Decode(&influxctlConfig{})
	var unknown *toml.StrictMissingError
	var wrong *toml.DecodeError
	switch {
	case errors.As(err, &unknown):
		for i := range unknown.Errors {
			out = append(out, unknownKey(f, &unknown.Errors[i]))
		}
	case errors.As(err, &wrong):
		key := strings.Join(wrong.Key(), ".")
		out = append(out, profileProblem{"type " + key, diag.Diagnostic{
			Summary: "A value is of the wrong type", Subject: f.At(wrong.Position()),
			Detail: fmt.Sprintf("influxctl expects another type of value for %s, and does not read the file. %s", key, typeHint(wrong.Key())),
		}})
	case err != nil:
		out = append(out, profileProblem{"unreadable", f.Problem(nil, "influxctl does not read the file", "%s.", diag.Clean(err.Error(), 200))})
	}
	return out
}

func typeHint(key []string) string {
	switch {
	case slices.Equal(key, []string{profileKey, portKey}):
		return `The port is a text: write it in quotes, port = "443".`
	case len(key) > 0 && (key[len(key)-1] == "insecure" || key[len(key)-1] == "disable"):
		return "Write true or false, without quotes."
	case len(key) > 0 && key[len(key)-1] == "scopes":
		return `Write a list of texts: ["…"].`
	default:
		return "Correct it and run again."
	}
}

func unknownKey(f *tomledit.File, e *toml.DecodeError) profileProblem {
	row, column := e.Position()
	key := strings.Join(e.Key(), ".")
	p := profileProblem{"unknown " + key, diag.Diagnostic{
		Summary: "influxctl does not know a key", Subject: f.At(row, column),
		Detail: fmt.Sprintf("influxctl 2.0.1 and later refuse the whole file because of %s. Correct the key or remove it.", diag.Clean(key, 100)),
	}}
	if key == profileKey+"."+secretKey {
		p.told.Summary = "influxctl does not know client_secret any more"
		p.told.Detail = "influxctl 2.9.8 and later refuse the whole file because of it, and the device flow needs none. Remove the line, which idpctl did not write, unless an older influxctl reads this file; then set legacy_client_secret = true in the block influxctl."
	}
	return p
}

// warnings are the problems that were in the file before and stay in it, with their
// lines as they are now.
func (e *profileEdit) warnings(live Live) diag.Diagnostics {
	after, err := tomledit.Parse(e.label, e.c.Content)
	if err != nil {
		return problem(err)
	}
	at, err := e.find(after)
	if err != nil || at == nil {
		return problem(err)
	}
	stay := map[string]bool{}
	for _, p := range profileProblems(after, at, e.c.Content) {
		stay[p.id] = true
	}
	before := strictProblems(e.file, live.Content)
	if e.at != nil {
		before = profileProblems(e.file, e.at, live.Content)
	}
	var ds diag.Diagnostics
	for _, p := range before {
		if !stay[p.id] || e.LegacyClientSecret && strings.HasSuffix(p.id, secretKey) {
			continue
		}
		p.told.Severity = diag.Warning
		ds = append(ds, p.told)
	}
	return ds
}
