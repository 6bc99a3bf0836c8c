package e2e

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"maps"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode"

	"github.com/idpctl/idpctl/emulator/fault"
)

// Ends of certificates.
var (
	past = time.Date(2002, 2, 2, 2, 2, 2, 0, time.UTC)
	far  = time.Date(2199, 1, 1, 0, 0, 0, 0, time.UTC)
)

// authority signs certificates for servers of the tests.
type authority struct {
	t    *testing.T
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

func newAuthority(t *testing.T) *authority {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	a := &authority{t: t, key: key}
	a.cert = a.sign(&x509.Certificate{
		Subject: pkix.Name{CommonName: "Authority of the tests"}, IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
		NotBefore: time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC), NotAfter: time.Date(2200, 1, 1, 0, 0, 0, 0, time.UTC),
	}, nil, key)
	return a
}

func (a *authority) sign(template, parent *x509.Certificate, key *ecdsa.PrivateKey) *x509.Certificate {
	a.t.Helper()
	if parent == nil {
		parent = template
	}
	template.SerialNumber = big.NewInt(1985)
	der, err := x509.CreateCertificate(rand.Reader, template, parent, key.Public(), a.key)
	if err != nil {
		a.t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		a.t.Fatal(err)
	}
	return cert
}

// serve starts a server with TLS whose certificate is for a name and ends at a
// time. An empty name is that of this machine.
func (a *authority) serve(name string, until time.Time, h http.Handler) (address string) {
	a.t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		a.t.Fatal(err)
	}
	template := &x509.Certificate{
		NotBefore: time.Date(2001, 1, 1, 0, 0, 0, 0, time.UTC), NotAfter: until, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	if name == "" {
		template.IPAddresses = []net.IP{net.IPv4(127, 0, 0, 1)}
	} else {
		template.DNSNames = []string{name}
	}
	cert := a.sign(template, a.cert, key)
	server := httptest.NewUnstartedServer(h)
	server.TLS = &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{cert.Raw}, PrivateKey: key}}}
	server.Config.ErrorLog = quiet()
	server.StartTLS()
	a.t.Cleanup(server.Close)
	return server.URL
}

// pem is the authority's certificate as a file holds it.
func (a *authority) pem() string {
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: a.cert.Raw}))
}

// failures are the ways to fail that a subject's server has.
type failures struct {
	// folder is the one in testdata/badinput with the configuration. It has
	// ca.pem and garbage.pem beside it.
	folder string
	// server does all that it is asked for; settle lets it show what was done.
	server func(t *testing.T) (server http.Handler, settle func())
	// environ are the variables that lead to an address.
	environ func(address string) []string
	// add adds the cases.
	add func(p *pit)
}

// pit collects servers that fail.
type pit struct {
	t       *testing.T
	mutates func(*http.Request) bool
	// Servers of the authority trusted have a certificate that ca.pem accounts for.
	trusted, foreign *authority
	// server does all that it is asked for, and good is its address. elsewhere may
	// be asked nothing, though it is trusted, so that it is not TLS that keeps
	// requests away.
	server          http.Handler
	good, elsewhere string
	cases           []*failing
}

// failing is a server that fails in one way.
type failing struct {
	name    string
	environ []string
	// slow: what is tried again takes real time, and is only tried with a state,
	// as there is more to leave alone then.
	slow bool
	// timed: it has one second for each request, and runs when the others are done,
	// so that no other request takes longer.
	timed bool
	// errors are how many are told if it is not one, and withState if that many
	// are with a state.
	errors, withState int
	// server is asked; nil if it is not the emulator.
	server *fault.Injector
}

// hangs says that the server takes longer than the second that it is given.
func (c *failing) hangs() { c.slow, c.timed = true, true }

// at adds a case, by what leads to its server.
func (p *pit) at(name string, environ ...string) *failing {
	p.cases = append(p.cases, &failing{name: name, environ: environ})
	return p.cases[len(p.cases)-1]
}

// behind puts something in front of a server, where requests pass it whose path
// matches.
func (p *pit) behind(server http.Handler, path *regexp.Regexp, do fault.Action) *fault.Injector {
	in := fault.New(server)
	in.Mutating = p.mutates
	in.Add(fault.Rule{Path: path, Do: do})
	return in
}

// TestServersThatFail: each of them is one clear error, and nothing is changed.
// Most cases of one state run at the same time, as they wait.
func TestServersThatFail(t *testing.T) {
	testdata, err := filepath.Abs("testdata/badinput")
	if err != nil {
		t.Fatal(err)
	}
	forEachSubject(t, func(t *testing.T, s subject) {
		t.Chdir(t.TempDir()) // messages name files as seen from here
		p := &pit{t: t, mutates: s.mutates, trusted: newAuthority(t), foreign: newAuthority(t)}
		p.elsewhere = p.trusted.serve("", far, asksNothing(t))
		for _, state := range []string{"absent", "there"} {
			home := &folder{TB: t, dir: "home-" + state}
			if err := os.CopyFS(home.dir, os.DirFS(filepath.Join(testdata, s.failures.folder))); err != nil {
				t.Fatal(err)
			}
			for name, text := range map[string]string{"ca.pem": p.trusted.pem(), "garbage.pem": "no certificate"} {
				if err := os.WriteFile(filepath.Join(home.dir, name), []byte(text), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			server, settle := s.failures.server(t)
			p.server, p.good = server, p.trusted.serve("", far, server)
			if state == "there" {
				home.environ = s.failures.environ(p.good)
				home.must(0, "apply", "-auto-approve")
				settle()
			}
			p.cases = nil
			s.failures.add(p)
			all := p.fallInto(home, state, s.secrets)
			golden(t, filepath.Join(testdata, s.name+"-state-"+state+".txt"), all)
		}
	})
}

// fallInto applies what is in a folder at each of the servers, and returns what is
// told.
func (p *pit) fallInto(home *folder, state string, secrets []string) string {
	t := p.t
	told := make([]result, len(p.cases))
	dirs := make([]string, len(p.cases))
	before := filesIn(t, home.dir)
	var group sync.WaitGroup
	var timed []func()
	for i, c := range p.cases {
		if c.slow && state == "absent" {
			continue
		}
		dirs[i] = fmt.Sprintf("%s%03d", state, i) // one each: a run locks its state
		if err := os.Mkdir(dirs[i], 0o700); err != nil {
			t.Fatal(err)
		}
		for name, text := range before {
			if err := os.WriteFile(filepath.Join(dirs[i], name), []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		run := func() {
			ctx, stop := context.WithTimeout(t.Context(), 2*time.Minute) // what never ends is a failure, too
			defer stop()
			var stdout, stderr bytes.Buffer
			code := (&folder{TB: t, dir: dirs[i], environ: c.environ}).main(ctx, &stdout, &stderr, "apply", "-auto-approve", "-input=false")
			told[i] = result{code, stdout.String(), stderr.String()}
		}
		if c.timed {
			timed = append(timed, run)
			continue
		}
		group.Go(run)
	}
	group.Wait()
	for _, run := range timed {
		group.Go(run)
	}
	group.Wait()
	var all strings.Builder
	for i, c := range p.cases {
		if dirs[i] == "" {
			continue
		}
		t.Run(c.name+" with the state "+state, func(t *testing.T) {
			said := told[i]
			if said.code != 1 || said.stdout != "" {
				t.Errorf("exit code %d, and to standard output:\n%s", said.code, said.stdout)
			}
			errors := max(c.errors, 1)
			if state == "there" && c.withState > 0 {
				errors = c.withState
			}
			clearErrors(t, errors, said.stderr)
			nothingHarmful(t, secrets, said.stderr)
			if c.server != nil && c.server.Mutations() > 0 {
				t.Errorf("%d requests may have changed something", c.server.Mutations())
			}
			if after := filesIn(t, dirs[i]); !maps.Equal(before, after) {
				t.Errorf("files were changed: %v", changedFiles(before, after))
			}
			fmt.Fprintf(&all, "== %s\n%s\n", c.name, strings.ReplaceAll(said.stderr, dirs[i], state+"000"))
		})
	}
	return all.String()
}

// clearErrors demands errors that say where, and then what to do.
func clearErrors(t *testing.T, want int, text string) {
	t.Helper()
	said := strings.Split(text, "\nError: ")[1:]
	if len(said) != want {
		t.Errorf("%d errors instead of %d:\n%s", len(said), want, text)
	}
	toldOnce(t, text)
	for _, one := range said {
		_, after, found := strings.Cut(one, "/main.idp.hcl line ")
		if !found {
			t.Errorf("no place:\n%s", one)
		}
		_, hint, _ := strings.Cut(after, "\n\n")
		hint = strings.TrimSpace(regexp.MustCompile(`While reading [^.]*\.|\d errors\.`).ReplaceAllString(hint, ""))
		if hint == "" {
			t.Errorf("it does not say what to do:\n%s", one)
		}
	}
}

// nothingHarmful demands a text without secrets, and without what a terminal
// obeys.
func nothingHarmful(t *testing.T, secrets []string, text string) {
	t.Helper()
	for _, secret := range secrets {
		if strings.Contains(text, secret) {
			t.Errorf("%q is shown:\n%s", secret, text)
		}
	}
	for _, r := range text {
		if r != '\n' && !unicode.IsPrint(r) {
			t.Errorf("%U is printed: %q", r, text)
			break
		}
	}
}

// changedFiles names the files that differ.
func changedFiles(before, after map[string]string) (names []string) {
	for name := range after {
		if was, ok := before[name]; !ok || was != after[name] {
			names = append(names, name)
		}
	}
	return names
}

// hang never answers.
func hang() fault.Action {
	return func(http.Handler) http.Handler {
		return http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			_, _ = io.Copy(io.Discard, r.Body) // else the client's end is not noticed
			<-r.Context().Done()
			panic(http.ErrAbortHandler) // else the answer 200 may still reach a client that is about to leave
		})
	}
}

// muchHTML answers with 10 MB of a page.
func muchHTML() fault.Action {
	return fault.Status(200, strings.Repeat("<p>much</p>", 1<<20), http.Header{"Content-Type": {"text/html"}})
}

// muchJSON answers with 65 MB of JSON.
func muchJSON() fault.Action {
	return func(http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			some := bytes.Repeat([]byte(" "), 1<<20)
			for range 65 {
				_, _ = w.Write(some)
			}
		})
	}
}

func redirect(to string) fault.Action {
	return func(http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, to+r.URL.Path, http.StatusTemporaryRedirect)
		})
	}
}

// quote is a value as JSON.
func quote(v any) string {
	raw, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return string(raw)
}

// altered lets the server answer, and changes what it says. base is its address.
func altered(change func(base string, body map[string]any)) fault.Action {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			held := httptest.NewRecorder()
			next.ServeHTTP(held, r)
			var body map[string]any
			d := json.NewDecoder(bytes.NewReader(held.Body.Bytes()))
			d.UseNumber()
			raw := held.Body.Bytes()
			if d.Decode(&body) == nil {
				change("https://"+r.Host, body)
				raw = []byte(quote(body))
			}
			maps.Copy(w.Header(), held.Header())
			w.WriteHeader(held.Code)
			_, _ = w.Write(raw)
		})
	}
}
