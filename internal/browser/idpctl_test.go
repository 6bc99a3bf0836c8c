//go:build browser

package browser

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/idpctl/idpctl/internal/cli"
	"github.com/idpctl/idpctl/providers"
	"github.com/idpctl/idpctl/providers/auth0"
	"github.com/idpctl/idpctl/providers/entra"
	"github.com/idpctl/idpctl/providers/keycloak"
)

// service is an identity provider that the tests sign in at, and its pages.
type service struct {
	name string
	// environ is where it is and who may change it.
	environ []string
	// origin of its pages; client sends requests to it, and trusted are the hashes
	// of the keys that the browser is to trust.
	origin  string
	client  *http.Client
	trusted []string
	// strict: its pages are ours.
	strict bool
	// example is the folder of examples to apply, edit changes its text.
	example string
	edit    *strings.Replacer
	// invite has marty get a mail instead of a password, and openMail opens the link
	// in a mail. invited is the e-mail of marty then, if it is another one.
	invite   *strings.Replacer
	invited  string
	openMail func(p *person, to string)
	// subject is the claim by which InfluxDB knows a user.
	subject string
	pages   pages
}

// pages are what a person does on the pages of an identity provider.
type pages struct {
	// signIn enters the code, if it is not in the address, the user name and the password.
	signIn func(p *person, d device, user, password string)
	// again enters the password once more, after a wrong one.
	again func(p *person, password string)
	// renew sets a new password; nil where nobody has to.
	renew func(p *person, password string)
	// accept goes from the link of a mail to its end, with a new password.
	accept func(p *person, password string)
	// agree is the last page, deny the other answer to it.
	agree, deny func(p *person)
}

// device is what the device authorization endpoint says (RFC 8628 section 3.2).
type device struct {
	Code     string `json:"device_code"`
	UserCode string `json:"user_code"`
	Page     string `json:"verification_uri"`
	Complete string `json:"verification_uri_complete"`
}

// folder is a copy of an example.
type folder struct {
	testing.TB
	dir string
	on  *service
}

// apply copies the example, edits it, and applies it. What it made is removed
// after the test.
func apply(t testing.TB, s *service, edits ...*strings.Replacer) *folder {
	t.Helper()
	f := &folder{TB: t, dir: t.TempDir(), on: s}
	if err := os.CopyFS(f.dir, os.DirFS(filepath.Join("../../examples", s.example))); err != nil {
		t.Fatal(err)
	}
	for _, edit := range append(edits, s.edit) {
		if edit != nil {
			f.write("influxdb.idp.hcl", edit.Replace(f.read("influxdb.idp.hcl")))
		}
	}
	t.Cleanup(func() { f.must("destroy", "-auto-approve", "-allow-empty-admins") })
	f.must("apply", "-auto-approve", "-input=false", "-credentials-out="+filepath.Join(f.dir, "first-passwords.json"))
	return f
}

func (f *folder) read(name string) string {
	f.Helper()
	raw, err := os.ReadFile(filepath.Join(f.dir, name))
	if err != nil {
		f.Fatal(err)
	}
	return string(raw)
}

func (f *folder) write(name, text string) {
	f.Helper()
	if err := os.WriteFile(filepath.Join(f.dir, name), []byte(text), 0o600); err != nil {
		f.Fatal(err)
	}
}

// idpctl runs a command in the folder, as its user does.
func (f *folder) idpctl(ctx context.Context, stdout, stderr io.Writer, args ...string) int {
	return cli.Main(ctx, append([]string{"-chdir=" + f.dir}, args...), &cli.Env{
		Stdin: strings.NewReader(""), Stdout: stdout, Stderr: stderr, Version: "0.0.0", Environ: f.on.environ,
		Providers: []providers.Provider{keycloak.New(), entra.New(), auth0.New()},
		Exit:      func(int) { panic("nobody interrupts these tests") },
	})
}

func (f *folder) must(args ...string) string {
	f.Helper()
	var stdout, stderr bytes.Buffer
	if code := f.idpctl(context.Background(), &stdout, &stderr, args...); code != 0 {
		f.Fatalf("idpctl %s: exit code %d\n%s%s", strings.Join(args, " "), code, &stdout, &stderr)
	}
	return stdout.String()
}

// output is one of the configuration's; empty if there is none of this name.
func (f *folder) output(name string) string {
	f.Helper()
	var told struct {
		Outputs map[string]struct{ Value any }
	}
	if err := json.Unmarshal([]byte(f.must("output", "-json")), &told); err != nil {
		f.Fatal(err)
	}
	s, _ := told.Outputs[name].Value.(string)
	return s
}

// password is the first one that was delivered to a user.
func (f *folder) password(username string) string {
	f.Helper()
	var file struct {
		Credentials []struct{ Username, Password string }
	}
	if err := json.Unmarshal([]byte(f.read("first-passwords.json")), &file); err != nil {
		f.Fatal(err)
	}
	for _, c := range file.Credentials {
		if c.Username == username {
			return c.Password
		}
	}
	f.Fatalf("%s got no password", username)
	return ""
}

// listed is the id under which the AppInstance lists an administrator.
func (f *folder) listed(email string) string {
	f.Helper()
	var file struct {
		Spec struct {
			Package struct {
				Spec struct {
					Admin struct{ Users []struct{ ID, Email string } }
				}
			}
		}
	}
	if err := yaml.Unmarshal([]byte(f.read("myinfluxdb.yml")), &file); err != nil {
		f.Fatal(err)
	}
	for _, u := range file.Spec.Package.Spec.Admin.Users {
		if u.Email == email {
			return u.ID
		}
	}
	f.Fatalf("the AppInstance does not list %s", email)
	return ""
}

// begin asks for a code as influxctl does.
func (f *folder) begin() device {
	f.Helper()
	id := f.output("client_id")
	form := url.Values{"client_id": {id}, "scope": {"openid"}}
	if f.on.subject == "oid" {
		form.Set("scope", id+"/.default openid")
	}
	if audience := f.output("audience"); audience != "" {
		form.Set("audience", audience)
	}
	var d device
	if status := f.post(f.output("device_url"), form, &d); status != http.StatusOK {
		f.Fatalf("the device authorization endpoint answers %d", status)
	}
	return d
}

// poll asks for the token, and returns its claim about who it is, or the error.
func (f *folder) poll(d device) (subject, problem string) {
	f.Helper()
	var answer struct {
		Access string `json:"access_token"`
		Error  string `json:"error"`
	}
	f.post(f.output("token_url"), url.Values{"grant_type": {"urn:ietf:params:oauth:grant-type:device_code"}, "client_id": {f.output("client_id")}, "device_code": {d.Code}}, &answer)
	if answer.Error != "" {
		return "", answer.Error
	}
	parts := strings.Split(answer.Access, ".")
	if len(parts) != 3 {
		f.Fatal("the access token is no JWT")
	}
	raw, err := base64.RawURLEncoding.DecodeString(parts[1])
	claims := map[string]any{}
	if err == nil {
		err = json.Unmarshal(raw, &claims)
	}
	if err != nil {
		f.Fatal(err)
	}
	subject, _ = claims[f.on.subject].(string)
	return subject, ""
}

func (f *folder) post(address string, form url.Values, out any) int {
	f.Helper()
	resp, err := f.on.client.PostForm(address, form)
	if err != nil {
		f.Fatal(err)
	}
	defer resp.Body.Close()
	if err := json.NewDecoder(resp.Body).Decode(out); err != nil {
		f.Fatalf("%s: %d %v", address, resp.StatusCode, err)
	}
	return resp.StatusCode
}

// verify runs `idpctl verify`, and lets somebody sign in at the address that it
// prints. It returns what it said.
func (f *folder) verify(signIn func(device)) (code int, said string) {
	f.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	stdout, ended := &terminal{changed: make(chan struct{}, 1)}, make(chan int, 1)
	var stderr bytes.Buffer
	go func() { ended <- f.idpctl(ctx, stdout, &stderr, "verify") }()
	for {
		select {
		case <-stdout.changed:
			if d, ok := addressIn(stdout.String()); ok {
				signIn(d)
				return <-ended, stdout.String()
			}
		case code := <-ended:
			f.Fatalf("verify ended with %d before anybody signed in\n%s%s", code, stdout, &stderr)
		}
	}
}

// Where verify says to go: to a page with the code in its address, or to one
// without, with the code to enter there.
var (
	link        = regexp.MustCompile(`http\S+user_code=\S+`)
	pageAndCode = regexp.MustCompile(`enter the code:\n\n {2}(\S+)\n {2}(\S+)\n`)
)

// addressIn finds the address and the code that verify prints.
func addressIn(text string) (d device, ok bool) {
	if found := pageAndCode.FindStringSubmatch(text); found != nil {
		return device{Page: found[1], UserCode: found[2]}, true
	}
	d.Complete = link.FindString(text)
	return d, d.Complete != ""
}

// terminal is a standard output that somebody reads while it grows.
type terminal struct {
	mu      sync.Mutex
	text    bytes.Buffer
	changed chan struct{}
}

// Write implements [io.Writer].
func (o *terminal) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.text.Write(p)
	select {
	case o.changed <- struct{}{}:
	default:
	}
	return len(p), nil
}

// String is what was written so far.
func (o *terminal) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.String()
}
