package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/idpctl/idpctl/emulator/formclient"
	"github.com/idpctl/idpctl/internal/cli"
)

// signInTime is how long a sign-in may take before it counts as hanging.
const signInTime = 2 * time.Minute

// deviceSignIn does what influxctl and a person at a browser do, with nothing
// of idpctl but its outputs, and returns what the token says.
func (w *world) deviceSignIn(username, password string) tokenClaims {
	w.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), signInTime)
	defer cancel()
	var device struct {
		Code     string `json:"device_code"`
		Complete string `json:"verification_uri_complete"`
	}
	w.post(w.output("device_url"), url.Values{"client_id": {w.output("client_id")}, "scope": {"openid"}}, &device)
	if err := formclient.SignIn(ctx, nil, device.Complete, formclient.Credentials{
		Username: username, Password: password, NewPassword: password + "2",
	}); err != nil {
		w.Fatalf("%s cannot sign in: %v", username, err)
	}
	var token struct {
		Access string `json:"access_token"`
	}
	w.post(w.output("token_url"), url.Values{
		"grant_type": {"urn:ietf:params:oauth:grant-type:device_code"}, "client_id": {w.output("client_id")}, "device_code": {device.Code},
	}, &token)
	claims, err := claimsOf(token.Access)
	if err != nil {
		w.Fatal(err)
	}
	return claims
}

// post sends a form that has to be answered with JSON.
func (w *world) post(address string, form url.Values, out any) {
	w.Helper()
	resp, err := http.PostForm(address, form)
	if err != nil {
		w.Fatal(err)
	}
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	if err == nil {
		err = json.Unmarshal(raw, out)
	}
	if err != nil || resp.StatusCode != http.StatusOK {
		w.Fatalf("%s: %d %s (%v)", address, resp.StatusCode, raw, err)
	}
}

// verify runs `idpctl verify` as it is, and signs in at the address that it
// prints.
func (w *world) verify(username, password string) result {
	w.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), signInTime)
	defer cancel()
	var stderr bytes.Buffer
	stdout := &watched{person: func(address string) error {
		return formclient.SignIn(ctx, nil, address, formclient.Credentials{
			Username: username, Password: password, NewPassword: password + "2",
		})
	}, failed: cancel}
	code := cli.Main(ctx, []string{"-chdir=" + w.dir, "verify"}, w.env(stdout, &stderr))
	stdout.wait.Wait()
	if stdout.err != nil {
		w.Fatalf("%s cannot sign in: %v", username, stdout.err)
	}
	return result{code, stdout.text.String(), stderr.String()}
}

// watched is a standard output that a person reads: the first address with a
// code in it is opened.
type watched struct {
	text   bytes.Buffer
	opened bool
	person func(address string) error
	failed func()
	wait   sync.WaitGroup
	err    error
}

// Write is called by one goroutine, the command's.
func (o *watched) Write(p []byte) (int, error) {
	o.text.Write(p)
	for _, word := range strings.Fields(o.text.String()) {
		if !o.opened && strings.HasPrefix(word, "http") && strings.Contains(word, "user_code=") {
			o.opened = true
			o.wait.Go(func() {
				if o.err = o.person(word); o.err != nil {
					o.failed()
				}
			})
		}
	}
	return len(p), nil
}
