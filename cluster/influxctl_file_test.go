package cluster

import (
	"context"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"testing"

	"github.com/zclconf/go-cty/cty"

	"github.com/idpctl/idpctl/diag"
	"github.com/idpctl/idpctl/resource"
)

// influxctlAttrs are the arguments of a block influxctl.
func influxctlAttrs(set map[string]cty.Value) cty.Value {
	all := map[string]cty.Value{}
	for _, a := range influxctlAttributes() {
		all[a.Name] = cty.NullVal(a.Type)
		if v, ok := set[a.Name]; ok {
			all[a.Name] = v
		}
	}
	return cty.ObjectVal(all)
}

func keycloakSignIn() Desired {
	return Desired{SignIn: SignIn{ClientID: "c", DeviceURL: "https://sso.example.com/device", TokenURL: "https://sso.example.com/token"}}
}

// TestDefaultProfileFile makes influxctl's own file in a folder that is not there,
// for its owner alone.
func TestDefaultProfileFile(t *testing.T) {
	home := filepath.Join(t.TempDir(), "home")
	for _, name := range []string{"XDG_CONFIG_HOME", "HOME", "AppData"} {
		t.Setenv(name, home)
	}
	target, ds := Open(kindInfluxctl, influxctlAttrs(map[string]cty.Value{"host": cty.StringVal("h"), "port": cty.StringVal("443")}), "elsewhere")
	if len(ds) > 0 {
		t.Fatal(ds)
	}
	path := target.Path()
	if !strings.HasPrefix(path, home) || !strings.HasSuffix(path, filepath.Join("influxctl", "config.toml")) || target.Place() != (Place{Path: path, Name: "default"}) {
		t.Fatalf("the place is %+v, path %s", target.Place(), path)
	}
	live, ds := target.Read(context.Background())
	if len(ds) > 0 || live.Exists {
		t.Fatalf("Read: %v, %v", live.Exists, ds)
	}
	if _, err := os.Stat(home); err == nil {
		t.Error("reading made a folder")
	}
	change, ds := target.Merge(live, keycloakSignIn(), Ownership{})
	if len(ds) > 0 || !change.Created || !change.Changed || !strings.HasPrefix(change.Diff, "--- /dev/null") {
		t.Fatalf("Merge: %+v, %v", change, ds)
	}
	if ds := target.Write(context.Background(), live, change); len(ds) > 0 {
		t.Fatal(ds)
	}
	for name, want := range map[string]os.FileMode{path: 0o600, filepath.Dir(path): 0o700, home: 0o700} {
		if info, err := os.Stat(name); err != nil || runtime.GOOS != "windows" && info.Mode().Perm() != want {
			t.Errorf("%s: %v, mode %v and not %v", name, err, info.Mode(), want)
		}
	}
	if ds := CheckProfile(path, contentOf(t, path), "default"); len(ds) > 0 {
		t.Errorf("influxctl would refuse it: %v", ds)
	}
	// The state's place leads to the same file, and is nothing where the folder is gone.
	at, ds := At(kindInfluxctl, target.Place(), "elsewhere")
	if len(ds) > 0 || at.Identity() != target.Identity() || at.ListsAdmins() || at.Kind() != kindInfluxctl || at.Next(nil) != (Next{}) {
		t.Fatalf("At: %v, %v", at, ds)
	}
	if err := os.RemoveAll(home); err != nil {
		t.Fatal(err)
	}
	if live, ds := at.Read(context.Background()); len(ds) > 0 || live.Exists {
		t.Errorf("Read without the folder: %v, %v", live.Exists, ds)
	}
}

func contentOf(t *testing.T, path string) []byte {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// TestProfileFileInDir demands the folder of a path that the configuration names.
func TestProfileFileInDir(t *testing.T) {
	dir := t.TempDir()
	target, ds := Open(kindInfluxctl, influxctlAttrs(map[string]cty.Value{"path": cty.StringVal("no/config.toml"), "profile": cty.StringVal("p")}), dir)
	if len(ds) > 0 || target.Path() != filepath.Join(dir, "no", "config.toml") || target.Place() != (Place{Path: "no/config.toml", Name: "p"}) {
		t.Fatalf("Open: %v, %v", target, ds)
	}
	if _, ds := target.Read(context.Background()); len(ds) != 1 || ds[0].Summary != "The folder of the file is not there" {
		t.Errorf("Read: %v", ds)
	}
}

// TestReadableSecrets warns of a file with tokens that others can read, and of no other.
func TestReadableSecrets(t *testing.T) {
	for _, tc := range []struct {
		text string
		mode os.FileMode
		warn string
	}{
		{"[[profile]]\nname = \"a\"\ntoken = \"hunter2\"\n", 0o644, "token and has the mode 0644"},
		{"[[profile]]\nname = \"a\"\nmgmt_token = 'hunter2'\n", 0o640, "mgmt_token and has the mode 0640"},
		{"[[profile]]\nname = \"a\"\n[[profile]]\nname = \"b\"\nauth.oauth2.client_secret = 'hunter2'\n", 0o604, "client_secret and has the mode 0604"},
		{"[[profile]]\nname = \"a\"\ntoken = \"hunter2\"\n", 0o600, ""},
		{"[[profile]]\nname = \"a\"\ntoken = \"\"\n", 0o644, ""},
		{"[[profile]]\nname = \"a\"\nhost = \"h\"\n", 0o644, ""},
	} {
		if runtime.GOOS == "windows" {
			tc.warn = ""
		}
		path := filepath.Join(t.TempDir(), "config.toml")
		if err := os.WriteFile(path, []byte(tc.text), tc.mode); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(path, tc.mode); err != nil { // whatever the umask
			t.Fatal(err)
		}
		target, _ := Open(kindInfluxctl, influxctlAttrs(map[string]cty.Value{"path": cty.StringVal(path)}), "")
		live, ds := target.Read(context.Background())
		if !live.Exists || ds.HasErrors() || (len(ds) > 0) != (tc.warn != "") || !strings.Contains(ds.Error(), tc.warn) || strings.Contains(ds.Error(), "hunter2") {
			t.Errorf("%q, %o: %v", tc.text, tc.mode, ds)
		}
	}
}

// TestOpenProfile reads a block's arguments, and refuses those that cannot be used.
func TestOpenProfile(t *testing.T) {
	p, ds := OpenProfile(influxctlAttrs(map[string]cty.Value{
		"host": cty.StringVal("h").Mark(resource.Sensitive), "scopes": cty.ListVal([]cty.Value{cty.StringVal("a"), cty.StringVal("b")}), "replace_token": cty.True,
	}))
	if len(ds) > 0 || p.Name != "default" || p.Host != "h" || !p.SetScopes || strings.Join(p.Scopes, " ") != "a b" || !p.ReplaceToken || p.LegacyClientSecret {
		t.Errorf("got %+v, %v", p, ds)
	}
	if p, _ := OpenProfile(influxctlAttrs(map[string]cty.Value{"scopes": cty.ListValEmpty(cty.String)})); !p.SetScopes || len(p.Scopes) != 0 {
		t.Errorf("no scopes are %+v", p)
	}
	for want, attrs := range map[string]map[string]cty.Value{
		"The value is known only after apply": {"host": cty.UnknownVal(cty.String)},
		"The value is of the wrong type":      {"port": cty.True},
		"The path begins with ~":              {"path": cty.StringVal("~/x")},
	} {
		if _, ds := Open(kindInfluxctl, influxctlAttrs(attrs), ""); len(ds) != 1 || ds[0].Summary != want {
			t.Errorf("got %v, want %q", ds, want)
		}
	}
	for path, want := range map[string]bool{"-": true, "./-": false, "": false} {
		attrs := influxctlAttrs(map[string]cty.Value{"path": cty.StringVal(path)})
		if Printed(kindInfluxctl, attrs) != want || Printed(kindAppInstance, attrs) {
			t.Errorf("Printed for %q is not %v", path, want)
		}
	}
	text, ds := Profile{Name: "default", Host: "h", Port: "1"}.Text(keycloakSignIn())
	if len(ds) > 0 || !strings.Contains(text, "\n        client_id = \"c\"\n") {
		t.Errorf("the text is %q, %v", text, ds)
	}
	if _, ds := (Profile{Name: "default"}).Text(keycloakSignIn()); !ds.HasErrors() {
		t.Error("a profile without a host was printed")
	}
}

// TestHostPattern: a host is a name or an address, and nothing else.
func TestHostPattern(t *testing.T) {
	host := regexp.MustCompile("^(?:" + hostPattern + ")$")
	for text, want := range map[string]bool{
		"cluster-host.com": true, "localhost": true, "müller.example": true, "10.0.0.1": true, "::1": true, "[2001:db8::1]": true, "::ffff:10.0.0.1": true,
		"": false, "h:8086": false, "https://h": false, "h/path": false, "u@h": false, "h h": false, "h\x1b[2J": false, "h\u202e": false, "h\"": false, "[::1]:8086": false, "h:": false,
	} {
		if host.MatchString(text) != want {
			t.Errorf("%q: want %v", text, want)
		}
	}
}

// TestCheckProfile reads a file as influxctl does.
func TestCheckProfile(t *testing.T) {
	const good = `[[profile]]
name = "default"
product = "clustered"
host = "h"
port = "443"
database = "db"
token = "t"
mgmt_token = "m"
account_id = "a"
cluster_id = "c"
[profile.tls]
insecure = false
disable = true
cert = ""
key = ""
ca = ""
[profile.auth.oauth2]
client_id = "c"
scopes = ["a"]
parameters = { audience = "x", resource = "y" }
token_url = "t"
device_url = "d"
`
	replace := func(old, with string) string { return strings.Replace(good, old, with, 1) }
	for _, tc := range []struct{ name, text, profile, want string }{
		{"good", good, "default", ""},
		{"no such profile", good, "other", "c.toml:1:1: There is no such profile"},
		{"unknown key", replace("host", "hsot"), "default", "c.toml:4:1: influxctl does not know a key"},
		{"unknown table", good + "[profile.auth.oidc]\n", "default", "c.toml:23:2: influxctl does not know a key"},
		{"unknown key of another profile", good + "[[profile]]\nname = 'x'\nfoo = 1\n", "default", "c.toml:25:1: influxctl does not know a key"},
		{"client secret", replace("scopes", "client_secret = ''\nscopes"), "default", "2.9.8 and later"},
		{"port a number", replace(`"443"`, "443"), "default", `c.toml:5:8: A value is of the wrong type`},
		{"insecure a text", replace("insecure = false", "insecure = 'no'"), "default", "Write true or false"},
		{"another product", replace("clustered", "dedicated"), "default", "c.toml:3:1: The profile is not for InfluxDB Clustered"},
		{"no port", replace("port = \"443\"\n", ""), "default", "The profile has no port"},
		{"two ways", good + "[profile.auth.token]\ntoken_file = 'x'\n", "default", "c.toml:23:1: The profile has two ways to sign in"},
		{"no way", "[[profile]]\nname='default'\nproduct='clustered'\nhost='h'\nport='1'\n", "default", "c.toml:1:1: The profile has no way to sign in"},
		{"no client", replace(`client_id = "c"`, `client_id = ""`), "default", "c.toml:18:1: The profile cannot sign in"},
		{"byte order mark", "\uFEFF" + good, "default", "byte order mark"},
		{"no TOML", good + "x", "default", "c.toml:23:1: The file is not valid TOML"},
		{"a name twice", good + "[[profile]]\nname = 'default'\n", "default", "Two profiles have one name"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			ds := CheckProfile("c.toml", []byte(tc.text), tc.profile)
			if (len(ds) > 0) != (tc.want != "") || !strings.Contains(told(ds), tc.want) || len(ds) > 0 && !ds.HasErrors() {
				t.Errorf("got %v, want %q", ds, tc.want)
			}
		})
	}
}

func told(ds diag.Diagnostics) string {
	var b strings.Builder
	for _, d := range ds {
		b.WriteString(d.Subject.String() + ": " + d.Summary + ": " + d.Detail + "\n")
	}
	return b.String()
}
