package e2e

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"

	"github.com/idpctl/idpctl/apply"
	"github.com/idpctl/idpctl/diag"
	emulator "github.com/idpctl/idpctl/emulator/entra"
	"github.com/idpctl/idpctl/emulator/fault"
	"github.com/idpctl/idpctl/emulator/memnet"
	"github.com/idpctl/idpctl/internal/run"
	"github.com/idpctl/idpctl/plan"
	"github.com/idpctl/idpctl/providers"
	"github.com/idpctl/idpctl/providers/entra"
	"github.com/idpctl/idpctl/state"
)

// entraTenant is a tenant of Entra ID, one configuration and one state, over any
// number of runs, in a bubble of synctest.
type entraTenant struct {
	t      *testing.T
	server *emulator.Server
	faults *fault.Injector
	dir    string
	opts   run.Options
	// dead: the process has died. Nothing is written and nothing sent any more.
	// noting: it dies once the journal has what was just answered; noted: it has.
	dead, noting, noted atomic.Bool
	// delivered are the first passwords handed out, by address.
	delivered map[string][]string
}

const entraBlock = `provider "entra" {
  tenant_id          = "` + emulator.DefaultTenantID + `"
  authority_endpoint = "http://localhost"
  graph_endpoint     = "http://localhost"
}
tenant "contoso" {
  domain = "example.com"
}
`

func newEntraTenant(t *testing.T, o emulator.Options, hcl string) *entraTenant {
	t.Helper()
	o.VerifiedDomains = []string{"example.com"}
	d := &entraTenant{t: t, server: emulator.New(o), dir: t.TempDir(), delivered: map[string][]string{}}
	d.faults = fault.New(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if d.dies() {
			panic(http.ErrAbortHandler)
		}
		d.server.ServeHTTP(w, r)
	}))
	d.faults.Mutating = emulator.Mutates
	client, stop := memnet.Serve(d.faults)
	t.Cleanup(stop)
	d.opts = run.Options{
		Dir: d.dir, Parallelism: 4, Version: "0.0.0",
		Providers: []providers.Provider{entra.NewWith(entra.Options{
			DialContext: client.Transport.(*http.Transport).DialContext, Credential: tokens{client, o.App.ClientID},
		})},
	}
	d.configure(hcl)
	return d
}

func (d *entraTenant) configure(hcl string) {
	d.t.Helper()
	if err := os.WriteFile(filepath.Join(d.dir, "main.idp.hcl"), []byte(entraBlock+hcl), 0o600); err != nil {
		d.t.Fatal(err)
	}
}

var errDead = errors.New("the process is dead")

// open begins a run of a process that lives until dead is set.
func (d *entraTenant) open() (*run.Run, diag.Diagnostics) {
	opts := d.opts
	opts.Backend = state.NewLocal(filepath.Join(d.dir, state.DefaultFile), state.LocalOptions{Hook: func(step string) error {
		if d.dies() {
			return errDead
		}
		if step == "sync journal" && d.noting.Load() {
			d.noted.Store(true) // with this step, which is the last one
		}
		return nil
	}})
	r, _, diags := run.Open(context.Background(), opts)
	return r, diags
}

// dies reports whether the process is dead before it does something more.
func (d *entraTenant) dies() bool {
	if d.noted.Load() {
		d.dead.Store(true)
	}
	return d.dead.Load()
}

// revive starts another process.
func (d *entraTenant) revive() {
	d.faults.Reset()
	d.dead.Store(false)
	d.noting.Store(false)
	d.noted.Store(false)
}

// try plans and applies in one run.
func (d *entraTenant) try(mode plan.Mode) (*apply.Summary, diag.Diagnostics) {
	r, diags := d.open()
	if diags.HasErrors() {
		return nil, diags
	}
	p, ds := r.Plan(context.Background(), mode)
	if diags = append(diags, ds...); diags.HasErrors() {
		return nil, append(diags, r.Close()...)
	}
	s, ds := r.Apply(context.Background(), p, run.ApplyOptions{Deliver: func(list []apply.Credential) error {
		if d.dead.Load() {
			return errDead
		}
		for _, c := range list {
			a := c.Address.String()
			d.delivered[a] = append(d.delivered[a], c.Password.Reveal())
		}
		return nil
	}})
	return s, append(append(diags, ds...), r.Close()...)
}

// must applies, and demands that all of it is done.
func (d *entraTenant) must(mode plan.Mode) *apply.Summary {
	d.t.Helper()
	s, diags := d.try(mode)
	if diags.HasErrors() || s == nil || !s.OK() {
		d.t.Fatalf("%v, %+v", diags, s)
	}
	return s
}

// plan is what an apply would do.
func (d *entraTenant) plan() *plan.Plan {
	d.t.Helper()
	r, diags := d.open()
	if diags.HasErrors() {
		d.t.Fatal(diags)
	}
	p, diags := r.Plan(context.Background(), plan.Normal)
	if diags = append(diags, r.Close()...); diags.HasErrors() {
		d.t.Fatal(diags)
	}
	return p.Plan
}

// lines are what a plan would change: "user.marty create".
func (d *entraTenant) lines(mode plan.Mode) ([]string, diag.Diagnostics) {
	r, diags := d.open()
	if diags.HasErrors() {
		return nil, diags
	}
	p, ds := r.Plan(context.Background(), mode)
	if diags = append(append(diags, ds...), r.Close()...); diags.HasErrors() {
		return nil, diags
	}
	var out []string
	for _, c := range p.Changes {
		if c.IsChange() {
			out = append(out, fmt.Sprintf("%s %s", c.Address, c.Action))
		}
	}
	return out, diags
}

// loseState removes the state.
func (d *entraTenant) loseState() {
	d.t.Helper()
	if err := os.Remove(filepath.Join(d.dir, state.DefaultFile)); err != nil {
		d.t.Fatal(err)
	}
}

// empty demands that there is nothing to do.
func (d *entraTenant) empty() {
	d.t.Helper()
	if lines, diags := d.lines(plan.Normal); diags.HasErrors() || len(lines) > 0 {
		d.t.Errorf("the plan is not empty: %v %v", lines, diags)
	}
}

// tokens asks the emulator for tokens over plain HTTP, which Azure's library
// refuses to do.
type tokens struct {
	client *http.Client
	id     string
}

func (c tokens) GetToken(ctx context.Context, o policy.TokenRequestOptions) (azcore.AccessToken, error) {
	id := c.id
	if id == "" {
		id = emulator.DefaultClientID
	}
	form := url.Values{"grant_type": {"client_credentials"}, "client_id": {id}, "client_secret": {emulator.DefaultClientSecret}, "scope": o.Scopes}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://localhost/"+emulator.DefaultTenantID+"/oauth2/v2.0/token", strings.NewReader(form.Encode()))
	if err != nil {
		return azcore.AccessToken{}, err
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	resp, err := c.client.Do(req)
	if err != nil {
		return azcore.AccessToken{}, err
	}
	defer func() { _ = resp.Body.Close() }()
	var answer struct {
		Token   string `json:"access_token"`
		Expires int    `json:"expires_in"`
	}
	if err := json.NewDecoder(resp.Body).Decode(&answer); err != nil || answer.Token == "" {
		return azcore.AccessToken{}, fmt.Errorf("status %d: %w", resp.StatusCode, err)
	}
	return azcore.AccessToken{Token: answer.Token, ExpiresOn: time.Now().Add(time.Duration(answer.Expires) * time.Second)}, nil
}
