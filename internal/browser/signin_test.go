//go:build browser

package browser

import (
	"cmp"
	"slices"
	"strings"
	"testing"
)

// marty is an administrator of every example.
const marty = "marty@example.com"

// renewed is the password that marty chooses.
const renewed = "Great-Scott-1985!"

// login fills in the form that Keycloak and Auth0 have, and sends it.
func (p *person) login(user, password string) {
	p.Helper()
	p.fill("username", user, true)
	p.fill("password", password, false)
	p.enter()
}

// keycloakPages are those of Keycloak, of the emulator's and of the real one.
func keycloakPages() pages {
	return pages{
		signIn: func(p *person, d device, user, password string) {
			p.open(d.Complete)
			p.login(user, password)
		},
		again: func(p *person, password string) {
			p.wrong("username", "Invalid username or password.")
			p.login(marty, password)
		},
		renew: func(p *person, password string) {
			p.fill("password-new", password, true)
			p.fill("password-confirm", password, false)
			p.enter()
		},
		accept: func(p *person, password string) {
			p.press(`a[href*="action-token"]`)
			p.fill("password-new", password, true)
			p.fill("password-confirm", password, false)
			p.enter()
			p.reads("Your account has been updated.")
		},
		agree: func(p *person) {
			p.press("[name=accept]")
			p.arrive("Device Login Successful")
		},
		deny: func(p *person) {
			p.press("[name=cancel]")
			p.arrive("Device Login Failed")
		},
	}
}

// TestSignIn: an administrator whom idpctl made signs in with the first password,
// in a real browser; the token names the user whom the AppInstance lists, and
// verify says so. Once by mouse, once by the keyboard alone.
func TestSignIn(t *testing.T) {
	for _, s := range services(t) {
		t.Run(s.name, func(t *testing.T) {
			f := apply(t, s)
			browser := launch(t, s.trusted)
			password := f.password(marty)

			// As influxctl does it, with a mistake at first.
			p, d := newPerson(t, browser, s.origin, false, s.strict), f.begin()
			s.pages.signIn(p, d, marty, "not-the-password")
			s.pages.again(p, password)
			if s.pages.renew != nil {
				s.pages.renew(p, renewed)
				password = renewed
			}
			s.pages.agree(p)
			if subject, problem := f.poll(d); problem != "" || subject != f.listed(marty) {
				t.Errorf("the token is for %q (%s), the AppInstance lists %s", subject, problem, f.listed(marty))
			}
			p.content()

			// verify waits, and the person has no mouse.
			p = newPerson(t, browser, s.origin, true, s.strict)
			code, said := f.verify(func(d device) {
				s.pages.signIn(p, d, marty, password)
				s.pages.agree(p)
			})
			user := "User (" + s.subject + "): " + marty
			if words := strings.Join(strings.Fields(said), " "); code != 0 || !strings.Contains(words, user) || strings.Contains(said, password) {
				t.Errorf("verify: exit code %d, without %q or with the password:\n%s", code, user, said)
			}
			p.content()

			// Somebody else says no.
			p, d = newPerson(t, browser, s.origin, true, s.strict), f.begin()
			s.pages.signIn(p, d, marty, password)
			s.pages.deny(p)
			if _, problem := f.poll(d); !slices.Contains([]string{"access_denied", "authorization_declined"}, problem) {
				t.Errorf("after a refusal the token endpoint says %q", problem)
			}
			p.content()
		})
	}
}

// TestInvitation: who got no password, but a mail, sets one through its link with the
// keyboard alone, signs in with it, and is the user whom the AppInstance lists.
func TestInvitation(t *testing.T) {
	for _, s := range services(t) {
		t.Run(s.name, func(t *testing.T) {
			f := apply(t, s, s.invite)
			browser := launch(t, s.trusted)
			p := newPerson(t, browser, s.origin, true, s.strict)
			who := cmp.Or(s.invited, marty)
			s.openMail(p, who)
			s.pages.accept(p, renewed)
			p.content()
			p, d := newPerson(t, browser, s.origin, false, s.strict), f.begin()
			s.pages.signIn(p, d, who, renewed)
			s.pages.agree(p)
			if subject, problem := f.poll(d); problem != "" || subject != f.listed(who) {
				t.Errorf("the token is for %q (%s), the AppInstance lists %s", subject, problem, f.listed(who))
			}
			f.must("plan", "-detailed-exitcode") // to accept is no drift
			p.content()
		})
	}
}
