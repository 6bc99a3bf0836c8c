//go:build browser && keycloak

package browser

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"
	"time"
)

// services are one real Keycloak, with a realm of this test's own.
func services(t testing.TB) []*service {
	t.Helper()
	setting := func(name string) string {
		v := os.Getenv(name)
		if v == "" {
			t.Fatalf("%s is not set: run these tests with `make test-browser-keycloak`", name)
		}
		return v
	}
	origin := setting("IDPCTL_TEST_KEYCLOAK")
	realm := "browser-" + strings.ToLower(rand.Text()[:10])
	box := newMailbox(t, setting("IDPCTL_TEST_MAILPIT"))
	return []*service{{
		name: "keycloak", example: "quickstart", subject: "sub", origin: origin, client: &http.Client{Timeout: patience}, pages: keycloakPages(),
		environ: []string{"KEYCLOAK_URL=" + origin, "KEYCLOAK_USER=" + setting("IDPCTL_TEST_KEYCLOAK_USER"), "KEYCLOAK_PASSWORD=" + setting("IDPCTL_TEST_KEYCLOAK_PASSWORD")},
		edit:    strings.NewReplacer(`realm "influxdb" {`, "realm \"influxdb\" {\n  realm = \""+realm+"\""),
		invite: strings.NewReplacer("display_name", fmt.Sprintf("smtp_server {\n    host = \"127.0.0.1\"\n    port = %s\n    from = \"idp@example.com\"\n  }\n  display_name", box.smtp),
			"generate_password = true # temporary", "invite = true # by mail"),
		openMail: func(p *person, to string) { p.open(box.link(p, to)) },
	}}
}

// mailbox is a mail server that keeps what it gets.
type mailbox struct{ smtp, http string }

// newMailbox runs a mail server until the test ends.
func newMailbox(t testing.TB, program string) *mailbox {
	t.Helper()
	b := &mailbox{smtp: freePort(t), http: freePort(t)}
	ctx, stop := context.WithCancel(context.Background())
	cmd := exec.CommandContext(ctx, program, "--smtp", "127.0.0.1:"+b.smtp, "--listen", "127.0.0.1:"+b.http, "--disable-version-check")
	if err := cmd.Start(); err != nil {
		stop()
		t.Fatalf("the mail server does not start: %v. Run these tests with `make test-browser-keycloak`, which builds it.", err)
	}
	t.Cleanup(func() {
		stop()
		_ = cmd.Wait() // it was killed
	})
	b.until(t, "/readyz", func(resp *http.Response) bool { return resp.StatusCode == http.StatusOK })
	return b
}

func freePort(t testing.TB) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	_, port, _ := net.SplitHostPort(l.Addr().String())
	return port
}

// until asks the mail server again and again, until the answer is the expected one.
func (b *mailbox) until(t testing.TB, path string, done func(*http.Response) bool) {
	t.Helper()
	again := time.NewTicker(50 * time.Millisecond)
	defer again.Stop()
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); <-again.C {
		resp, err := http.Get("http://127.0.0.1:" + b.http + path)
		if err != nil {
			continue // it is not there yet
		}
		is := done(resp)
		_ = resp.Body.Close()
		if is {
			return
		}
	}
	t.Fatalf("the mail server has nothing at %s", path)
}

// link is the one in the mail to somebody.
func (b *mailbox) link(t testing.TB, to string) string {
	t.Helper()
	var found struct {
		Messages []struct{ ID string }
	}
	b.until(t, "/api/v1/search?query="+url.QueryEscape("to:"+to), func(resp *http.Response) bool {
		return json.NewDecoder(resp.Body).Decode(&found) == nil && len(found.Messages) == 1
	})
	var mail struct{ Text string }
	b.until(t, "/api/v1/message/"+found.Messages[0].ID, func(resp *http.Response) bool {
		return json.NewDecoder(resp.Body).Decode(&mail) == nil
	})
	address := regexp.MustCompile(`https?://\S+/action-token\?\S+`).FindString(mail.Text)
	if address == "" {
		t.Fatalf("the mail has no link: %s", mail.Text)
	}
	return address
}
