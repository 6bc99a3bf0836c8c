package e2e

import (
	"context"
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/idpctl/idpctl/emulator/fault"
	"github.com/idpctl/idpctl/emulator/formclient"
)

// exported are the secrets that `output` prints when it is asked for them by
// name, and nothing else may print.
const exported = "exported value"

// hiding is what one identity provider has to hide, and where.
type hiding struct {
	// server has what is to be there before.
	server func(t *testing.T) http.Handler
	// tls says that the provider insists on it; the variable ca leads to what it
	// is to trust then.
	tls bool
	// home is the address of the home's block.
	home string
	// prepare mints the secrets that let idpctl in, and puts them into the
	// environment. The configuration is testdata/secrets/NAME.idp.hcl.
	prepare func(w *secretWorld)
	// variables take a secret each. Those that change do before the second apply,
	// and then also has more in the environment.
	variables, change, also []string
	// admins is the secret that the cluster needs in its file.
	admins string
	// grants matches the endpoints whose answers hold tokens; signIn, reads and
	// discovery match requests, and logged is how the log of requests names one.
	grants, signIn, reads, discovery *regexp.Regexp
	logged                           string
	// shapes are those of the server's errors, with their statuses.
	shapes map[string][]int
	// wrong are runs with a wrong secret, which fail.
	wrong func(url, wrong string) []wrongly
	// moments at which the disk is looked at, and secrets that are looked for, at
	// least.
	moments [2]int
	least   int
}

// wrongly is a command that fails, with what else is in the environment, and the
// secrets that it may print.
type wrongly struct {
	env, may []string
	command  string
}

// configureSecrets fills the folder and the environment with secrets in every
// place that takes one. The values stand in the environment, as nobody would
// look for a canary in the configuration itself.
func (w *secretWorld) configureSecrets() {
	w.t.Helper()
	w.s.hiding.prepare(w)
	for _, variable := range w.s.hiding.variables {
		w.renew(variable)
	}
	w.allowed["myinfluxdb.yml"] = []string{w.s.hiding.admins} // of an admin: the cluster needs it there
	w.env = append(w.env, "IDPCTL_VAR_exported="+w.mint(w.t, exported))
	w.write("main.idp.hcl", testdata(w.t, "secrets/"+w.s.name+".idp.hcl"))
}

// renew gives a variable another value.
func (w *secretWorld) renew(variable string) string {
	value := w.mint(w.t, variable)
	if variable == w.s.hiding.admins { // Keycloak accepts few characters in names
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
	forEachSubject(t, func(t *testing.T, s subject) {
		t.Parallel()
		w := newSecretWorld(t, s)
		w.configureSecrets()

		w.everyCommand("before the first apply")
		moments := w.watchDisk()
		apply := []string{"apply", "-auto-approve", "-credentials-out", filepath.Join(w.dir, "first.json")}
		w.must(apply...)
		passwords := w.generated("first.json")
		if n := moments(); n < s.hiding.moments[0] {
			t.Errorf("the disk was looked at %d times during the apply: the scenario is too small", n)
		}
		if p := w.must("plan", "-detailed-exitcode"); !strings.Contains(p.out, "No changes") {
			t.Errorf("the next plan is not empty:\n%s", p.out)
		}
		w.everyCommand("after the first apply")
		w.verify("marty@example.com", passwords["marty@example.com"])

		// Every secret that may change does, one after the other and then all.
		for _, variable := range s.hiding.change {
			w.renew(variable)
		}
		w.env = append(w.env, s.hiding.also...)
		w.renew(exported)
		p := w.run("plan", "-detailed-exitcode")
		if p.code != 2 || !strings.Contains(p.out, "(sensitive value)") {
			t.Errorf("changed secrets are no change (exit code %d), or none is shown as one:\n%s", p.code, p.out)
		}
		w.run("plan", "-json")
		w.failures(apply)
		moments = w.watchDisk()
		w.must(append(apply, "-json")...)
		if n := moments(); n < s.hiding.moments[1] {
			t.Errorf("the disk was looked at %d times during the second apply", n)
		}
		w.everyCommand("after the second apply")

		w.must("plan", "-destroy")
		w.must("plan", "-destroy", "-json")
		moments = w.watchDisk()
		w.must("destroy", "-auto-approve", "-allow-empty-admins")
		moments()
		w.everyCommand("after destroy")

		// Where a bin keeps what was deleted, it comes back from there.
		w.must("apply", "-auto-approve", "-allow-adopt", "-json", "-credentials-out", filepath.Join(w.dir, "second.json"))
		w.generated("second.json")
		w.must("destroy", "-auto-approve", "-allow-empty-admins", "-json")
		if len(w.names()) < s.hiding.least {
			t.Errorf("too few secrets were looked for: %v", w.names())
		}
		if w.logged == 0 {
			t.Error("no request was logged: the test shows less than it says")
		}
	})
}

// fine are commands that have nothing to complain of: always, and after an apply.
var fine = map[string][]string{
	"before the first apply": {"validate -json", "plan", "plan -json", "providers permissions"},
	"after the first apply": {
		"validate -json", "plan", "plan -json", "plan -refresh=false", "providers permissions", "output", "state list", "show", "show -json",
		"verify -no-sign-in", "verify -no-sign-in -json", "apply -auto-approve",
	},
}

// everyCommand runs what reads, in every output format.
func (w *secretWorld) everyCommand(when string) {
	w.t.Helper()
	for _, line := range []string{
		"version", "version -json", "providers", "providers -json", "providers permissions", "init", "fmt -check", "validate", "validate -json",
		"plan", "plan -json", "plan -refresh=false", "plan -destroy", "plan -no-color -detailed-exitcode",
		"output", "output -json", "output client_id", "output -json client_id", "output -raw client_id", "output exported", "output named", "output nothing",
		"state list", "state list -json", "state list -long", "state list nothing.here", "show", "show -json", "show " + w.s.hiding.home,
		"verify -no-sign-in", "verify -no-sign-in -json", "apply", "apply -input=false", "apply -auto-approve", "destroy", "apply -json",
		"plan -var=exported", "plan -parallelism=0", "-help", "completion bash",
	} {
		if when == "before the first apply" && line == "apply -auto-approve" {
			continue // refused later, for want of -allow-adopt or a credentials file; now it would begin
		}
		p := w.run(strings.Fields(line)...)
		if slices.Contains(fine[when], line) && p.code != 0 {
			w.t.Errorf("%s: idpctl %s exits with %d:\n%s%s", when, line, p.code, p.out, p.errOut)
		}
	}
	for _, line := range []string{"output -raw exported", "output -json exported"} {
		p := w.runWith(nil, []string{exported}, strings.Fields(line)...)
		if when == "after the first apply" && (p.code != 0 || len(w.find([]byte(p.out))) == 0) {
			w.t.Errorf("%s: idpctl %s does not print what it was asked for: %d %s%s", when, line, p.code, p.out, p.errOut)
		}
	}
	w.runWith(nil, []string{w.s.hiding.admins}, "output", "-json", "named")
}

// failures runs into errors that repeat what was sent.
func (w *secretWorld) failures(apply []string) {
	w.t.Helper()
	h := w.s.hiding
	for _, run := range h.wrong(w.url, w.mint(w.t, "wrong password")) {
		if p := w.runWith(run.env, run.may, strings.Fields(run.command)...); p.code != 1 {
			w.t.Errorf("idpctl %s with a wrong secret exits with %d", run.command, p.code)
		}
	}
	paths := map[string]*regexp.Regexp{"sign-in": h.signIn, "reads": h.reads, "discovery": h.discovery, "changes": h.reads}
	for shape, statuses := range h.shapes {
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

// link finds the address that `verify` sends a person to with the code in it, and
// pageAndCode that without it, and the code to enter there.
var (
	link        = regexp.MustCompile(`http\S+user_code=\S+`)
	pageAndCode = regexp.MustCompile(`enter the code:\n\n {2}(\S+)\n {2}(\S+)\n`)
)

// verify signs a person in at the address that `verify` prints.
func (w *secretWorld) verify(user, password string) {
	w.t.Helper()
	next := w.mint(w.t, "new password")
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	reader := &signingIn{at: func(address, code string) error {
		err := formclient.SignIn(ctx, w.hc, address, formclient.Credentials{Username: user, Password: password, NewPassword: next, UserCode: code})
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
	at   func(address, code string) error
	done sync.WaitGroup
	once sync.Once
	err  error
}

func (s *signingIn) Write(b []byte) (int, error) {
	n, err := s.lockedBuffer.Write(b)
	address, code := link.FindString(s.String()), ""
	if found := pageAndCode.FindStringSubmatch(s.String()); found != nil {
		address, code = found[1], found[2]
	}
	if address != "" {
		s.once.Do(func() { s.done.Go(func() { s.err = s.at(address, code) }) })
	}
	return n, err
}
