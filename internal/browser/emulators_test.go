//go:build browser && !keycloak

package browser

import (
	"crypto/sha256"
	"encoding/base64"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/idpctl/idpctl/emulator/dashboard"
	"github.com/idpctl/idpctl/internal/testemulator"
)

// services are the three emulators, as `idpctl emulator` runs them.
func services(t testing.TB) []*service {
	t.Helper()
	kc := emulator(t, "keycloak")
	kc.example, kc.subject, kc.pages = "quickstart", "sub", keycloakPages()
	kc.invite = strings.NewReplacer("display_name", "smtp_server {\n    host = \"127.0.0.1\"\n    from = \"idp@example.com\"\n  }\n  display_name", "generate_password = true # temporary", "invite = true # by mail")
	en := emulator(t, "entra", "-verified-domain", "example.com")
	en.example, en.subject, en.pages = "entra", "oid", entraPages()
	en.invited = "marty@elsewhere.example" // a guest, who is sent to a page of ours
	en.invite = strings.NewReplacer(`"`+marty+`"`, `"`+en.invited+`"`, "generate_password = true # temporary, delivered once",
		"guest = true\n  invite = true\n  invite_redirect_url = \""+en.origin+dashboard.Path+"\"")
	au := emulator(t, "auth0")
	au.example, au.subject, au.pages = "auth0", "sub", auth0Pages()
	au.invite = strings.NewReplacer("generate_password = true # delivered", "invite = true # by mail")
	au.edit = strings.NewReplacer("example.eu.auth0.com", strings.TrimPrefix(au.origin, "https://"))
	return []*service{kc, en, au}
}

// emulator runs the command until the test ends.
func emulator(t testing.TB, name string, more ...string) *service {
	t.Helper()
	e := testemulator.Start(t, name, more...)
	s := &service{name: name, strict: true, environ: e.Environ(), origin: e.Origin, client: e.Client}
	s.client.Timeout = patience
	s.openMail = func(p *person, to string) {
		p.open(s.origin + dashboard.Path)
		p.reads(to)
		p.press(`a[href*="/mail/"]`)
	}
	if strings.HasPrefix(s.origin, "https:") {
		s.trust(t)
	}
	return s
}

// trust makes the browser trust the certificate of an emulator, as its client does.
func (s *service) trust(t testing.TB) {
	t.Helper()
	resp, err := s.client.Get(s.origin + dashboard.Path)
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	sum := sha256.Sum256(resp.TLS.PeerCertificates[0].RawSubjectPublicKeyInfo)
	s.trusted = []string{base64.StdEncoding.EncodeToString(sum[:])}
}

// entraPages are those of Entra ID.
func entraPages() pages {
	password := func(p *person, password string, first bool) {
		p.fill("passwd", password, first)
		p.enter()
	}
	return pages{
		signIn: func(p *person, d device, user, secret string) {
			p.open(d.Page)
			p.fill("otc", d.UserCode, true)
			p.enter()
			p.fill("loginfmt", user, true)
			password(p, secret, false)
		},
		again: func(p *person, secret string) {
			p.wrong("passwd", "AADSTS50126")
			password(p, secret, true)
		},
		renew: func(p *person, password string) {
			p.fill("newpass", password, true)
			p.fill("confirmnewpass", password, false)
			p.enter()
		},
		accept: func(p *person, password string) {
			p.fill("newpass", password, true)
			p.fill("confirmnewpass", password, false)
			p.enter()
			p.arrive("Review permissions")
			p.press("button[name=idSIButton9]")
			p.reads("marty@elsewhere.example")
			p.reads("Guest, Accepted") // on the dashboard, where the inviter leads
		},
		agree: func(p *person) {
			p.press("button[name=idSIButton9]")
			p.arrive("influxctl")
		},
		deny: func(p *person) {
			p.press("button[name=cancel]")
			p.arrive("You have cancelled the sign-in.")
		},
	}
}

// auth0Pages are those of Auth0.
func auth0Pages() pages {
	return pages{
		signIn: func(p *person, d device, user, password string) {
			p.open(d.Complete)
			p.login(user, password)
		},
		again: func(p *person, password string) {
			p.wrong("password", "Wrong username or password")
			p.fill("password", password, true)
			p.enter()
		},
		accept: func(p *person, password string) {
			p.fill("password-reset", password, true)
			p.fill("re-enter-password", password, false)
			p.enter()
			p.arrive("Password changed")
		},
		agree: func(p *person) {
			p.press("button[name=action][value=confirm]")
			p.arrive("Congratulations, you're all set!")
		},
		deny: func(p *person) {
			p.press("button[name=action][value=cancel]")
			p.arrive("Access denied")
		},
	}
}

// choose takes a choice of a list.
func (p *person) choose(name, value string) {
	p.Helper()
	list := chromedp.CSS("select[name=" + name + "]")
	p.do("choose "+value, chromedp.WaitVisible(list), chromedp.SetValue(list, value))
}

// The dashboard shows in a browser what was done, sets a fault that idpctl feels,
// and takes it away again.
func TestDashboard(t *testing.T) {
	for _, s := range services(t) {
		t.Run(s.name, func(t *testing.T) {
			f := apply(t, s)
			p := newPerson(t, launch(t, s.trusted), s.origin, false, true)
			p.open(s.origin + dashboard.Path)
			p.arrive("emulator")
			for _, want := range []string{marty, "influxctl", "Requests"} {
				if !strings.Contains(p.sees(), want) {
					t.Errorf("the dashboard does not show %s:\n%s", want, p.sees())
				}
			}
			p.fill("times", "", false)
			p.choose("kind", "403")
			p.choose("scope", "all")
			p.press("form.add button")
			p.reads("Answer 403, requests of every kind")
			if code := f.idpctl(t.Context(), &terminal{changed: make(chan struct{}, 1)}, &terminal{changed: make(chan struct{}, 1)}, "plan"); code == 0 {
				t.Error("a plan succeeds where every request is answered with 403")
			}
			p.press(".faults button")
			p.reads("None: everything is answered")
			f.must("plan")
			p.content()
		})
	}
}
