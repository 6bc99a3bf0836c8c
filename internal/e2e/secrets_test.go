package e2e

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/idpctl/idpctl/emulator/fault"
	"github.com/idpctl/idpctl/emulator/formclient"
)

// exported are the secrets that `output` prints when it is asked for them by
// name, and nothing else may print.
const exported = "exported value"

// configureSecrets fills the folder and the environment with secrets in every
// place that takes one. The values stand in the environment, as nobody would
// look for a canary in the configuration itself.
func (w *secretWorld) configureSecrets() (setup *secretAdmin) {
	w.t.Helper()
	name := "e2e-secrets-" + strings.ToLower(rand.Text()[:8])
	setup = newSecretAdmin(w.t, w.on, w.url)
	password, secret := w.mint(w.t, "provider's password"), w.mint(w.t, "client secret")
	setup.account(name, password)
	setup.service(name, secret)
	w.t.Cleanup(func() {
		setup = newSecretAdmin(w.t, w.on, w.url)
		setup.call("DELETE", name+"-home", nil, nil)
		setup.call("DELETE", name+"-second", nil, nil)
	})
	w.env = append(w.env, "IDPCTL_VAR_url="+w.url, "IDPCTL_VAR_account="+name,
		"IDPCTL_VAR_password="+password, "IDPCTL_VAR_client_secret="+secret)
	for _, variable := range []string{"smtp_password", "first_password", "display_name", "description", "nickname", "rota"} {
		w.renew(variable)
	}
	w.allowed["myinfluxdb.yml"] = []string{"nickname"} // of an admin: the cluster needs it there
	w.env = append(w.env, "IDPCTL_VAR_exported="+w.mint(w.t, exported))
	text, err := os.ReadFile("testdata/secrets/main.idp.hcl")
	if err != nil {
		w.t.Fatal(err)
	}
	w.write("main.idp.hcl", string(text))
	return setup
}

// renew gives a variable another value.
func (w *secretWorld) renew(variable string) string {
	value := w.mint(w.t, variable)
	if variable == "nickname" { // Keycloak accepts few characters in names
		value = value[strings.LastIndex(value, "é")+len("é"):]
	}
	w.env = append(w.env, "IDPCTL_VAR_"+variable+"="+value)
	return value
}

// generated adds the passwords in the credentials file to the secrets, which
// that file alone may hold.
func (w *secretWorld) generated(file string) map[string]string {
	w.t.Helper()
	raw, err := os.ReadFile(filepath.Join(w.dir, file))
	if err != nil {
		w.t.Fatal(err)
	}
	var content struct {
		Credentials []struct{ Username, Password string }
	}
	if err := json.Unmarshal(raw, &content); err != nil || len(content.Credentials) == 0 {
		w.t.Fatalf("no credentials: %v", err)
	}
	passwords := map[string]string{}
	for _, c := range content.Credentials {
		w.add("generated password", c.Password)
		passwords[c.Username] = c.Password
	}
	w.allowed[file] = []string{"generated password"}
	return passwords
}

// TestNoSecretAnywhere runs every command with secrets in every place, and
// searches every byte that is printed, and every file at every moment.
func TestNoSecretAnywhere(t *testing.T) {
	forEachTarget(t, func(t *testing.T, on *target) {
		w := newSecretWorld(t, on)
		w.configureSecrets()

		w.everyCommand("before the first apply")
		moments := w.watchDisk()
		credentials := filepath.Join(w.dir, "first.json")
		apply := []string{"apply", "-auto-approve", "-credentials-out", credentials}
		w.must(apply...)
		passwords := w.generated("first.json")
		if n := moments(); n < 12 {
			t.Errorf("the disk was looked at %d times during the apply: the scenario is too small", n)
		}
		if p := w.must("plan", "-detailed-exitcode"); !strings.Contains(p.out, "No changes") {
			t.Errorf("the next plan is not empty:\n%s", p.out)
		}
		w.everyCommand("after the first apply")
		w.verify("marty@example.com", passwords["marty@example.com"])

		// Every secret that may change does, one after the other and then all.
		for _, variable := range []string{"display_name", "description", "nickname", "rota"} {
			w.renew(variable)
		}
		w.renew("smtp_password")
		w.env = append(w.env, "IDPCTL_VAR_smtp_password_version=2")
		w.renew(exported)
		p := w.run("plan", "-detailed-exitcode")
		if p.code != 2 || !strings.Contains(p.out, "(sensitive value)") {
			t.Errorf("changed secrets are no change (exit code %d), or none is shown as one:\n%s", p.code, p.out)
		}
		w.run("plan", "-json")
		w.failures(apply)
		moments = w.watchDisk()
		w.must(append(apply, "-json")...)
		if n := moments(); n < 8 {
			t.Errorf("the disk was looked at %d times during the second apply", n)
		}
		w.everyCommand("after the second apply")

		w.must("plan", "-destroy")
		w.must("plan", "-destroy", "-json")
		moments = w.watchDisk()
		w.must("destroy", "-auto-approve")
		moments()
		w.everyCommand("after destroy")
		if len(w.names()) < 15 {
			t.Errorf("too few secrets were looked for: %v", w.names())
		}
	})
}

// everyCommand runs what reads, in every output format.
func (w *secretWorld) everyCommand(when string) {
	w.t.Helper()
	for _, line := range []string{
		"version", "version -json", "providers", "providers -json", "init", "fmt -check", "validate", "validate -json",
		"plan", "plan -json", "plan -refresh=false", "plan -destroy", "plan -no-color -detailed-exitcode",
		"output", "output -json", "output client_id", "output -json client_id", "output -raw client_id", "output exported", "output named", "output nothing",
		"state list", "state list -json", "state list -long", "state list nothing.here", "show", "show -json", "show realm.home",
		"verify -no-sign-in", "verify -no-sign-in -json", "apply", "apply -input=false", "apply -auto-approve", "destroy", "apply -json",
		"plan -var=exported", "plan -parallelism=0", "-help", "completion bash",
	} {
		if when == "before the first apply" && line == "apply -auto-approve" {
			continue // refused later, for want of -allow-adopt or a credentials file; now it would begin
		}
		w.run(strings.Fields(line)...)
	}
	for _, line := range []string{"output -raw exported", "output -json exported"} {
		p := w.runWith(nil, []string{exported}, strings.Fields(line)...)
		if when == "after the first apply" && (p.code != 0 || len(w.find([]byte(p.out))) == 0) {
			w.t.Errorf("%s: idpctl %s does not print what it was asked for: %d %s%s", when, line, p.code, p.out, p.errOut)
		}
	}
	w.runWith(nil, []string{"nickname"}, "output", "-json", "named")
}

// failures runs into errors that repeat what was sent.
func (w *secretWorld) failures(apply []string) {
	w.t.Helper()
	wrong := w.mint(w.t, "wrong password")
	w.runWith([]string{"IDPCTL_VAR_password=" + wrong}, nil, "plan")
	w.runWith([]string{"IDPCTL_VAR_client_secret=" + wrong}, nil, "plan", "-json")
	w.runWith([]string{"IDPCTL_VAR_url=https://admin:" + wrong + "@127.0.0.1:1/"}, nil, "plan")
	w.runWith([]string{"IDPCTL_VAR_url=" + w.url + "/?token=" + wrong}, nil, "plan")
	w.runWith([]string{"IDPCTL_VAR_smtp_password_version=" + wrong}, []string{"wrong"}, "validate", "-json")
	paths := map[string]*regexp.Regexp{
		"sign-in": regexp.MustCompile(`/token$`), "reads": regexp.MustCompile(`^/admin/`), "discovery": regexp.MustCompile(`/.well-known/`),
		"changes": regexp.MustCompile(`^/admin/`),
	}
	for shape, statuses := range map[string][]int{
		"message": {400, 409, 500}, "fields": {400}, "invalid_request": {401, 403, 404, 501}, "html": {200, 400, 500},
	} {
		for _, status := range statuses {
			for where, path := range paths {
				command := []string{"plan"}
				if where == "changes" {
					command = apply
				}
				remove := w.faults.Add(fault.Rule{Path: path, Mutating: where == "changes", Do: echoBack(status, shape)})
				w.fails(command...)
				remove()
			}
		}
	}
}

// link finds the address that `verify` sends a person to.
var link = regexp.MustCompile(`http\S+user_code=\S+`)

// verify signs a person in at the address that `verify` prints.
func (w *secretWorld) verify(user, password string) {
	w.t.Helper()
	next := w.mint(w.t, "new password")
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	reader := &signingIn{at: func(address string) error {
		err := formclient.SignIn(ctx, nil, address, formclient.Credentials{Username: user, Password: password, NewPassword: next})
		if err != nil {
			cancel() // nobody will sign in any more
		}
		return err
	}}
	p := w.runWatched(ctx, reader, nil, nil, "verify")
	reader.done.Wait()
	if reader.err != nil || p.code != 0 {
		w.t.Errorf("verify: exit code %d, sign-in: %v\n%s%s", p.code, reader.err, p.out, p.errOut)
	}
}

// signingIn reads what is printed, and goes to the first address in it.
type signingIn struct {
	lockedBuffer
	at   func(address string) error
	done sync.WaitGroup
	once sync.Once
	err  error
}

func (s *signingIn) Write(b []byte) (int, error) {
	n, err := s.lockedBuffer.Write(b)
	if address := link.FindString(s.String()); address != "" {
		s.once.Do(func() { s.done.Go(func() { s.err = s.at(address) }) })
	}
	return n, err
}
