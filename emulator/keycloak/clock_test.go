package keycloak_test

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/idpctl/idpctl/emulator/formclient"
	"github.com/idpctl/idpctl/emulator/keycloak"
	"github.com/idpctl/idpctl/emulator/memnet"
)

// underClock runs f with an emulator in a bubble whose clock moves only when
// everybody waits.
func underClock(t *testing.T, opts keycloak.Options, f func(t *testing.T, tg *target)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		s := keycloak.New(opts)
		client, stop := memnet.Serve(s)
		t.Cleanup(stop)
		client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
		f(t, &target{name: "emulator", base: "http://127.0.0.1:8080" + opts.BasePath, user: "admin", password: "admin", client: client, emulator: s})
	})
}

func TestTokenLifespan(t *testing.T) {
	underClock(t, keycloak.Options{}, func(t *testing.T, tg *target) {
		vars := map[string]string{}
		signIn := step{do: "POST /realms/master/protocol/openid-connect/token", form: password("admin-cli", "admin", "admin"), status: 200,
			want: `{"expires_in":60,"refresh_expires_in":1800}`, save: map[string]string{"access": "access_token", "refresh": "refresh_token"}}
		refresh := step{do: "POST /realms/master/protocol/openid-connect/token", form: map[string]string{"grant_type": "refresh_token", "client_id": "admin-cli", "refresh_token": "{refresh}"}, status: 200,
			want: `{"expires_in":60}`, save: map[string]string{"access": "access_token", "refresh": "refresh_token"}}
		list := step{do: "GET /admin/realms", as: "access", status: 200}
		tg.step(t, vars, signIn)
		time.Sleep(59 * time.Second)
		tg.step(t, vars, list)
		time.Sleep(time.Second)
		list.status = 401
		tg.step(t, vars, list)
		// A session that is used lives for ten hours, one that is not for half
		// an hour.
		begin := time.Now()
		for time.Since(begin) < 9*time.Hour {
			tg.step(t, vars, refresh)
			time.Sleep(29 * time.Minute)
		}
		tg.step(t, vars, refresh)
		list.status = 200
		tg.step(t, vars, list)
		time.Sleep(31 * time.Minute)
		refresh.status, refresh.want, refresh.save = 400, "", nil
		tg.step(t, vars, refresh)
	})
	underClock(t, keycloak.Options{TokenLifespan: 5 * time.Second}, func(t *testing.T, tg *target) {
		tg.step(t, map[string]string{}, step{do: "POST /realms/master/protocol/openid-connect/token", form: password("admin-cli", "admin", "admin"), status: 200, want: `{"expires_in":5}`})
	})
}

func TestDevicePolling(t *testing.T) {
	underClock(t, keycloak.Options{}, func(t *testing.T, tg *target) {
		vars := tg.realm(t, people()...)
		pending := poll(400, `{"error":"authorization_pending","error_description":"The authorization request is still pending"}`)
		slowDown := poll(400, `{"error":"slow_down","error_description":"Slow down"}`)
		expired := poll(400, `{"error":"expired_token","error_description":"Device code is expired"}`)
		tg.startDevice(t, vars)
		for _, s := range []struct {
			wait time.Duration
			want step
		}{
			{0, pending}, {time.Second, slowDown}, {3 * time.Second, slowDown},
			// Five seconds after the last poll that was in time.
			{time.Second, pending}, {4900 * time.Millisecond, slowDown}, {5 * time.Second, pending},
			{580 * time.Second, pending}, {7 * time.Second, expired}, {5 * time.Second, expired},
			{9 * time.Second, poll(400, `{"error":"invalid_grant","error_description":"Device code not valid"}`)},
		} {
			time.Sleep(s.wait)
			tg.step(t, vars, s.want)
		}
		// Approved too late.
		address := tg.startDevice(t, vars)
		time.Sleep(10*time.Minute + time.Second)
		err := formclient.SignIn(t.Context(), tg.client, address, formclient.Credentials{Username: "alice", Password: "pw"})
		if err == nil || !strings.Contains(err.Error(), "The code has expired") {
			t.Errorf("error %v", err)
		}
		tg.client.CloseIdleConnections()
	})
}

func TestLockoutEnds(t *testing.T) {
	underClock(t, keycloak.Options{}, func(t *testing.T, tg *target) {
		vars := tg.run(t, map[string]any{"bruteForceProtected": true, "failureFactor": 3}, people())
		try := func(pw string, status int) {
			t.Helper()
			tg.step(t, vars, step{do: tokenURL, form: password("pub", "alice", pw), status: status})
		}
		try("x", 400)
		time.Sleep(2 * time.Second)
		try("pw", 200)
		// Two failures within a second lock for a minute.
		try("x", 400)
		try("x", 400)
		try("pw", 400)
		time.Sleep(time.Minute)
		try("pw", 200)
		for range 3 {
			time.Sleep(2 * time.Second)
			try("x", 400)
		}
		time.Sleep(59 * time.Second)
		try("pw", 400)
		time.Sleep(time.Second)
		try("pw", 200)
	})
}

// TestBasePath has everything below /auth, as before Keycloak 17.
func TestBasePath(t *testing.T) {
	underClock(t, keycloak.Options{BasePath: "/auth/"}, func(t *testing.T, tg *target) {
		tg.base = "http://127.0.0.1:8080/auth"
		vars := tg.realm(t, people()...)
		tg.step(t, vars, step{do: "GET /realms/{realm}/.well-known/openid-configuration", as: "nobody", status: 200,
			want: `{"issuer":"{base}/realms/{realm}","jwks_uri":"{base}/realms/{realm}/protocol/openid-connect/certs"}`})
		tg.step(t, vars, step{do: "POST /users", body: `{"username":"new"}`, status: 201, save: map[string]string{"url": "@url"}})
		if !strings.HasPrefix(vars["url"], "http://127.0.0.1:8080/auth/admin/realms/") {
			t.Errorf("Location %s", vars["url"])
		}
		if err := tg.signIn(t, vars, formclient.Credentials{Username: "alice", Password: "pw"}); err != nil {
			t.Error(err)
		}
		tg.base = "http://127.0.0.1:8080"
		tg.step(t, vars, step{do: "GET /realms/{realm}", as: "nobody", status: 404, want: `{"error":"Unable to find matching target resource method"}`})
	})
}

// TestIssuerFollowsHost: a token of one host name is not valid under another.
func TestIssuerFollowsHost(t *testing.T) {
	underClock(t, keycloak.Options{}, func(t *testing.T, tg *target) {
		tg.adminToken(t)
		tg.base = "http://other.test"
		tg.step(t, nil, step{do: "GET /admin/realms", status: 401})
		tg.step(t, nil, step{do: "GET /realms/master/.well-known/openid-configuration", as: "nobody", status: 200, want: `{"issuer":"http://other.test/realms/master"}`})
	})
}

// TestMails goes from an invitation to the new password.
func TestMails(t *testing.T) {
	underClock(t, keycloak.Options{}, func(t *testing.T, tg *target) {
		vars := tg.run(t, map[string]any{"displayName": "Influx", "smtpServer": map[string]string{"host": "h", "from": "kc@x.de"}}, append(people(),
			step{do: "PUT /users/{nopassword}/execute-actions-email?lifespan=3600", body: `["UPDATE_PASSWORD"]`, status: 204},
			step{do: "PUT /users/{alice}/send-verify-email", status: 204}))
		box := tg.emulator.Outbox()
		if len(box) != 2 {
			t.Fatalf("%d mails", len(box))
		}
		invite, verify := box[0], box[1]
		if invite.To != "nopassword@x.de" || invite.From != "kc@x.de" || invite.Realm != vars["realm"] || invite.Username != "nopassword" ||
			fmt.Sprint(invite.Actions) != "[UPDATE_PASSWORD]" || !strings.Contains(invite.Text, "your Influx account") || !strings.Contains(invite.Text, invite.Link) {
			t.Errorf("invitation %+v", invite)
		}
		b := &browser{t: t, tg: tg}
		_, page := b.open("GET", invite.Link, nil)
		if !strings.Contains(page, "Perform the following action(s): Update Password") {
			t.Fatalf("the link leads to %s", page)
		}
		_, page = b.open("GET", found(t, hrefPattern, page), nil)
		_, page = b.open("POST", found(t, actionPattern, page), map[string][]string{"password-new": {"mine"}, "password-confirm": {"mine"}})
		if !strings.Contains(page, "Your account has been updated.") {
			t.Errorf("after the password: %s", page)
		}
		if !tg.emulator.PasswordIs(vars["realm"], "nopassword", "mine") {
			t.Error("the password was not set")
		}
		tg.step(t, vars, step{do: "GET /users/{nopassword}", status: 200, want: `{"emailVerified":true,"requiredActions":[]}`})
		if resp, page := b.open("GET", invite.Link, nil); resp.StatusCode != 400 || !strings.Contains(page, "Action expired.") {
			t.Errorf("the link used twice: %s", page)
		}

		_, page = b.open("GET", verify.Link, nil)
		_, page = b.open("GET", found(t, hrefPattern, page), nil)
		if !strings.Contains(page, "Your email address has been verified.") {
			t.Errorf("verification: %s", page)
		}
		tg.step(t, vars, step{do: "GET /users/{alice}", status: 200, want: `{"emailVerified":true}`})

		// A link that is too old.
		tg.step(t, vars, step{do: "PUT /users/{alice}/execute-actions-email?lifespan=60", body: `["UPDATE_PASSWORD"]`, status: 204})
		time.Sleep(time.Minute)
		if resp, _ := b.open("GET", tg.emulator.Outbox()[2].Link, nil); resp.StatusCode != 400 {
			t.Errorf("an old link: %s", resp.Status)
		}
		// The sign-in itself sends a mail.
		err := tg.signIn(t, vars, formclient.Credentials{Username: "action", Password: "pw"})
		if err == nil || !strings.Contains(err.Error(), "Email verification") || len(tg.emulator.Outbox()) != 4 {
			t.Errorf("error %v, %d mails", err, len(tg.emulator.Outbox()))
		}
	})
}

// TestInspection looks in beside the API.
func TestInspection(t *testing.T) {
	underClock(t, keycloak.Options{}, func(t *testing.T, tg *target) {
		vars := tg.realm(t,
			step{do: "POST /groups", body: `{"name":"admins"}`, status: 201},
			step{do: "POST /users", body: `{"username":"alice","email":"a@x.de","enabled":true,"groups":["/admins"],"credentials":[{"type":"password","value":"pw","temporary":true}]}`, status: 201, save: map[string]string{"alice": "@location"}},
			step{do: "POST /clients", body: `{"clientId":"robot","serviceAccountsEnabled":true}`, status: 201},
			step{do: "GET /clients/x/nodes", status: 501, want: `{"error":"not emulated: GET /admin/realms/{realm}/clients/x/nodes"}`},
			step{do: "POST /realms/{realm}/protocol/openid-connect/token", form: map[string]string{"grant_type": "authorization_code"}, status: 501, want: `{"error":"not emulated: the grant authorization_code"}`})
		users := tg.emulator.Users(vars["realm"])
		if len(users) != 2 {
			t.Fatalf("users %+v", users)
		}
		want := keycloak.User{ID: vars["alice"], Username: "alice", Email: "a@x.de", Enabled: true, HasPassword: true,
			RequiredActions: []string{"UPDATE_PASSWORD"}, Groups: []string{"/admins"}, Attributes: map[string][]string{}}
		if got := users[0]; fmt.Sprintf("%#v", got) != fmt.Sprintf("%#v", want) {
			t.Errorf("user\n%#v, want\n%#v", got, want)
		}
		if users[1].ServiceAccount != "robot" {
			t.Errorf("service account %+v", users[1])
		}
		if n := tg.emulator.Requests()["POST /admin/realms/{realm}/users"]; n != 1 {
			t.Errorf("%d users were made: %v", n, tg.emulator.Requests())
		}
		if tg.emulator.Users("nope") != nil || tg.emulator.PasswordIs(vars["realm"], "alice", "x") {
			t.Error("what is not there was found")
		}
	})
}

// TestConcurrentRequests makes the same users from many sides: each exists
// once.
func TestConcurrentRequests(t *testing.T) {
	underClock(t, keycloak.Options{}, func(t *testing.T, tg *target) {
		vars := tg.realm(t)
		token := tg.adminToken(t)
		var mu sync.Mutex
		statuses := map[int]int{}
		var all sync.WaitGroup
		for range 8 {
			all.Go(func() {
				for n := range 25 {
					body := fmt.Sprintf(`{"username":"user%d"}`, n)
					req, _ := http.NewRequestWithContext(t.Context(), http.MethodPost, tg.base+"/admin/realms/"+vars["realm"]+"/users", strings.NewReader(body))
					req.Header.Set("Authorization", "Bearer "+token)
					req.Header.Set("Content-Type", "application/json")
					resp, err := tg.client.Do(req)
					if err != nil {
						t.Error(err)
						return
					}
					resp.Body.Close()
					mu.Lock()
					statuses[resp.StatusCode]++
					mu.Unlock()
				}
			})
		}
		all.Wait()
		if statuses[201] != 25 || statuses[409] != 175 {
			t.Errorf("statuses %v", statuses)
		}
		tg.step(t, vars, step{do: "GET /users/count", status: 200, want: "25"})
	})
}

// BenchmarkList measures pages of a directory of 10,000 users.
func BenchmarkList(b *testing.B) {
	s := keycloak.New(keycloak.Options{TokenLifespan: time.Hour})
	client, stop := memnet.Serve(s)
	defer stop()
	tg := &target{base: "http://127.0.0.1:8080", user: "admin", password: "admin", client: client}
	token := tg.adminToken(b)
	send := func(method, path, body string) {
		b.Helper()
		req, _ := http.NewRequestWithContext(b.Context(), method, tg.base+"/admin/realms"+path, strings.NewReader(body))
		req.Header.Set("Authorization", "Bearer "+token)
		req.Header.Set("Content-Type", "application/json")
		resp, err := client.Do(req)
		if err != nil || resp.StatusCode >= 300 {
			b.Fatal(resp, err)
		}
		defer resp.Body.Close()
		if _, err := io.Copy(io.Discard, resp.Body); err != nil {
			b.Fatal(err)
		}
	}
	send("POST", "", `{"realm":"big","enabled":true}`)
	for chunk := range 20 {
		var users []string
		for i := range 500 {
			n := chunk*500 + i
			users = append(users, fmt.Sprintf(`{"username":"user%05d","email":"user%05d@example.com","firstName":"Given","lastName":"Family","enabled":true}`, n, n))
		}
		send("POST", "/big/partialImport", `{"users":[`+strings.Join(users, ",")+`]}`)
	}
	for name, path := range map[string]string{
		"page1000": "/big/users?first=5000&max=1000", "brief1000": "/big/users?first=5000&max=1000&briefRepresentation=true",
		"search": "/big/users?search=user099", "exact": "/big/users?username=user09999&exact=true", "count": "/big/users/count",
	} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				send("GET", path, "")
			}
		})
	}
}
