package keycloak_test

import (
	"errors"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/idpctl/idpctl/emulator/formclient"
)

// startDevice begins a device authorization and returns the page to open.
func (tg *target) startDevice(t *testing.T, vars map[string]string) string {
	t.Helper()
	tg.step(t, vars, step{do: "POST /realms/{realm}/protocol/openid-connect/auth/device", form: map[string]string{"client_id": "dev"}, status: 200,
		save: map[string]string{"code": "device_code", "complete": "verification_uri_complete"}})
	return vars["complete"]
}

// signIn signs a user in on the pages of a target.
func (tg *target) signIn(t *testing.T, vars map[string]string, cred formclient.Credentials) error {
	t.Helper()
	client := &http.Client{Transport: tg.client.Transport}
	return formclient.SignIn(t.Context(), client, tg.startDevice(t, vars), cred)
}

// poll asks for the tokens of the device that was started last.
func poll(status int, want string) step {
	return step{do: tokenURL, form: map[string]string{"grant_type": deviceGrant, "client_id": "dev", "device_code": "{code}"}, status: status, want: want}
}

// TestSignIn goes through the pages of the device flow, with one client for
// the emulator and the real server.
func TestSignIn(t *testing.T) {
	tests := []struct {
		name, user string
		cred       formclient.Credentials
		// Where it stops and what the page says; empty: it succeeds.
		page, message string
	}{
		{name: "plain", user: ``},
		{name: "by e-mail", user: ``, cred: formclient.Credentials{Username: "ALICE@x.de"}},
		{name: "temporary password", user: `,"credentials":[{"type":"password","value":"pw","temporary":true}]`, cred: formclient.Credentials{NewPassword: "brandnew"}},
		{name: "no new password", user: `,"credentials":[{"type":"password","value":"pw","temporary":true}]`, page: "Update password", message: "You need to change your password to activate your account."},
		{name: "new password refused", user: `,"credentials":[{"type":"password","value":"pw","temporary":true}]`, cred: formclient.Credentials{NewPassword: "x"}, page: "Update password", message: "Invalid password: minimum length 2."},
		{name: "wrong password", user: ``, cred: formclient.Credentials{Password: "wrong"}, page: "Sign in to your account", message: "Invalid username or password."},
		{name: "nobody", user: ``, cred: formclient.Credentials{Username: "nobody"}, page: "Sign in to your account", message: "Invalid username or password."},
		{name: "no password", user: `,"credentials":[]`, page: "Sign in to your account", message: "Invalid username or password."},
		{name: "disabled", user: `,"enabled":false`, page: "Sign in to your account", message: "Account is disabled, contact your administrator."},
		{name: "no name", user: `,"firstName":""`, page: "Update Account Information"},
		{name: "no e-mail", user: `,"email":""`, page: "Update Account Information"},
		{name: "update profile", user: `,"requiredActions":["UPDATE_PROFILE"]`, page: "Update Account Information", message: "You need to update your user profile to activate your account."},
		{name: "e-mail verified already", user: `,"requiredActions":["VERIFY_EMAIL"]`},
		{name: "verify e-mail", user: `,"emailVerified":false,"requiredActions":["VERIFY_EMAIL"]`, page: "We are sorry...", message: "Failed to send email, please try again later."},
	}
	for _, tg := range targets(t) {
		t.Run(tg.name, func(t *testing.T) {
			vars := tg.run(t, map[string]any{"passwordPolicy": "length(2)"}, []step{
				{do: "POST /clients", body: `{"clientId":"dev","publicClient":true,"standardFlowEnabled":false,"attributes":{"oauth2.device.authorization.grant.enabled":"true"}}`, status: 201},
			})
			for _, tt := range tests {
				t.Run(tt.name, func(t *testing.T) {
					tg.step(t, vars, step{do: "POST /users", body: `{"username":"alice","email":"alice@x.de","firstName":"Alice","lastName":"Liddell","enabled":true,"credentials":[{"type":"password","value":"pw"}],` +
						`"emailVerified":true` + tt.user + `}`, status: 201, save: map[string]string{"alice": "@location"}})
					defer tg.step(t, vars, step{do: "DELETE /users/{alice}", status: 204})
					cred := tt.cred
					if cred.Username == "" {
						cred.Username = "alice"
					}
					if cred.Password == "" {
						cred.Password = "pw"
					}
					err := tg.signIn(t, vars, cred)
					if tt.page == "" {
						if err != nil {
							t.Fatal(err)
						}
						tg.step(t, vars, step{do: tokenURL, form: poll(0, "").form, status: 200, save: map[string]string{"access": "access_token"}})
						if claims := claimsOf(t, vars["access"]); claims["sub"] != vars["alice"] || claims["azp"] != "dev" || claims["auth_time"] == nil {
							t.Errorf("claims %v", claims)
						}
						tg.step(t, vars, poll(400, `{"error":"invalid_grant","error_description":"Device code not valid"}`))
						return
					}
					var stopped *formclient.StoppedError
					if !errors.As(err, &stopped) || stopped.Page != tt.page || !strings.Contains(stopped.Message, tt.message) {
						t.Errorf("error %v, want to stop at %q with %q", err, tt.page, tt.message)
					}
					tg.step(t, vars, poll(400, `{"error":"authorization_pending","error_description":"The authorization request is still pending"}`))
				})
			}
		})
	}
}

// browser is as much of one as a test of single pages needs.
type browser struct {
	t      *testing.T
	tg     *target
	cookie map[string]string
}

func (b *browser) open(method, address string, form url.Values) (*http.Response, string) {
	b.t.Helper()
	for range 10 {
		resp, text := b.request(method, address, form)
		location := resp.Header.Get("Location")
		if resp.StatusCode != http.StatusFound {
			return resp, text
		}
		next, err := resp.Request.URL.Parse(location)
		if err != nil {
			b.t.Fatal(err)
		}
		method, address, form = http.MethodGet, next.String(), nil
	}
	b.t.Fatal("too many redirects")
	return nil, ""
}

func (b *browser) request(method, address string, form url.Values) (*http.Response, string) {
	b.t.Helper()
	st := step{do: method + " " + strings.TrimPrefix(address, b.tg.base), as: "nobody", header: map[string]string{"Accept": "text/html"}}
	if form != nil {
		st.form = map[string]string{}
		for k := range form {
			st.form[k] = form.Get(k)
		}
	}
	var cookies []string
	for k, v := range b.cookie {
		cookies = append(cookies, k+"="+v)
	}
	st.header["Cookie"] = strings.Join(cookies, "; ")
	resp, text := b.tg.send(b.t, nil, st)
	for _, c := range resp.Cookies() {
		if !c.Secure && c.MaxAge >= 0 {
			b.t.Errorf("the cookie %s is not secure", c.Name)
		}
		if b.cookie == nil {
			b.cookie = map[string]string{}
		}
		if b.cookie[c.Name] = c.Value; c.MaxAge < 0 {
			delete(b.cookie, c.Name)
		}
	}
	return resp, string(text)
}

var (
	hrefPattern   = regexp.MustCompile(`<a href="([^"]*)"`)
	actionPattern = regexp.MustCompile(`action="([^"]*)"`)
	codePattern   = regexp.MustCompile(`name="code" value="([^"]*)"`)
)

func found(t *testing.T, re *regexp.Regexp, text string) string {
	t.Helper()
	m := re.FindStringSubmatch(text)
	if m == nil {
		t.Fatalf("no %s in %s", re, text)
	}
	return strings.ReplaceAll(m[1], "&amp;", "&")
}

// TestConsent denies, uses a code twice, comes back signed in, and comes
// without cookies.
func TestConsent(t *testing.T) {
	for _, tg := range targets(t) {
		t.Run(tg.name, func(t *testing.T) {
			vars := tg.realm(t,
				step{do: "POST /clients", body: `{"clientId":"dev","publicClient":true,"name":"The Device","attributes":{"oauth2.device.authorization.grant.enabled":"true"}}`, status: 201},
				step{do: "POST /users", body: `{"username":"alice","email":"alice@x.de","firstName":"Alice","lastName":"Liddell","enabled":true,"credentials":[{"type":"password","value":"pw"}]}`, status: 201})
			b := &browser{t: t, tg: tg}
			absolute := func(action string) string {
				if strings.HasPrefix(action, "/") {
					return tg.base + action
				}
				return action
			}
			_, page := b.open("GET", tg.startDevice(t, vars), nil)
			_, page = b.open("POST", absolute(found(t, actionPattern, page)), url.Values{"username": {"alice"}, "password": {"pw"}})
			for _, want := range []string{"Grant Access to The Device", "User profile", "Email address", "User roles"} {
				if !strings.Contains(page, want) {
					t.Errorf("the page of the consent lacks %q", want)
				}
			}
			resp, page := b.open("POST", absolute(found(t, actionPattern, page)), url.Values{"code": {found(t, codePattern, page)}, "cancel": {"No"}})
			if resp.StatusCode != 200 || !strings.Contains(page, "Device Login Failed") || !strings.Contains(page, "Consent denied for connecting the device.") {
				t.Errorf("after denying: %s %s", resp.Status, page)
			}
			tg.step(t, vars, poll(400, `{"error":"access_denied","error_description":"The end user denied the authorization request"}`))

			// Signed in for the first time.
			_, page = b.open("GET", tg.startDevice(t, vars), nil)
			if strings.Contains(page, `name="password"`) {
				_, page = b.open("POST", absolute(found(t, actionPattern, page)), url.Values{"username": {"alice"}, "password": {"pw"}})
			}
			resp, page = b.open("POST", absolute(found(t, actionPattern, page)), url.Values{"code": {found(t, codePattern, page)}, "accept": {"Yes"}})
			if resp.StatusCode != 200 || !strings.Contains(page, "Device Login Successful") {
				t.Errorf("after accepting: %s %s", resp.Status, page)
			}
			_, page = b.open("GET", vars["complete"], nil)
			if !strings.Contains(page, "Invalid code, please try again.") {
				t.Errorf("a used code: %s", page)
			}
			tg.step(t, vars, poll(200, `{"access_token":"*","refresh_token":"*"}`))

			// Known now: only the consent is asked for.
			_, page = b.open("GET", tg.startDevice(t, vars), nil)
			if !strings.Contains(page, "Grant Access to The Device") {
				t.Errorf("a second sign-in: %s", page)
			}

			// Without the cookies of the first page.
			resp, _ = (&browser{t: t, tg: tg}).request("GET", tg.startDevice(t, vars), nil)
			resp, page = (&browser{t: t, tg: tg}).open("GET", resp.Header.Get("Location"), nil)
			if resp.StatusCode != 400 || !strings.Contains(page, "We are sorry...") {
				t.Errorf("without cookies: %s %s", resp.Status, page)
			}

			// The code entered by hand.
			_, page = (&browser{t: t, tg: tg}).open("GET", tg.base+"/realms/"+vars["realm"]+"/device", nil)
			if !strings.Contains(page, "Enter the code provided by your device") {
				t.Errorf("the page for the code: %s", page)
			}
			code := strings.ToLower(strings.Split(tg.startDevice(t, vars), "user_code=")[1])
			_, page = (&browser{t: t, tg: tg}).open("POST", absolute(found(t, actionPattern, page)), url.Values{"device_user_code": {code}})
			if !strings.Contains(page, `name="password"`) {
				t.Errorf("a code entered by hand: %s", page)
			}
			_, page = (&browser{t: t, tg: tg}).open("GET", tg.base+"/realms/"+vars["realm"]+"/device?user_code=AAAA-BBBB", nil)
			if !strings.Contains(page, "Invalid code, please try again.") {
				t.Errorf("an unknown code: %s", page)
			}
		})
	}
}

// TestBruteForce locks a user out.
func TestBruteForce(t *testing.T) {
	run(t, map[string]any{"bruteForceProtected": true, "failureFactor": 2, "quickLoginCheckMilliSeconds": 0}, []step{
		{do: "POST /clients", body: `{"clientId":"cli","publicClient":true,"directAccessGrantsEnabled":true}`, status: 201},
		{do: "POST /users", body: `{"username":"alice","email":"a@x.de","firstName":"A","lastName":"L","enabled":true,"credentials":[{"type":"password","value":"pw"}]}`, status: 201, save: map[string]string{"alice": "@location"}},
		{do: "GET /attack-detection/brute-force/users/{alice}", status: 200, want: `{"failedLoginNotBefore":0,"numFailures":0,"numTemporaryLockouts":0,"disabled":false,"numSecondaryAuthFailures":0,"lastIPFailure":"n/a","lastFailure":0}`},
		{do: tokenURL, form: password("cli", "alice", "x"), status: 400, want: badPassword},
		{do: tokenURL, form: password("cli", "alice", "pw"), status: 200, patient: true},
		{do: tokenURL, form: password("cli", "alice", "x"), status: 400, want: badPassword},
		{do: tokenURL, form: password("cli", "alice", "x"), status: 400, want: badPassword},
		{do: "GET /attack-detection/brute-force/users/{alice}", status: 200, want: `{"numFailures":2,"numTemporaryLockouts":1,"disabled":true,"failedLoginNotBefore":"*","lastFailure":"*"}`, patient: true},
		{do: tokenURL, form: password("cli", "alice", "pw"), status: 400, want: badPassword},
		{do: "GET /users/{alice}", status: 200, want: `{"enabled":true}`},
		{do: "DELETE /attack-detection/brute-force/users/{alice}", status: 204},
		{do: tokenURL, form: password("cli", "alice", "pw"), status: 200, patient: true},
		{do: "PUT ", body: `{"permanentLockout":true}`, status: 204},
		{do: tokenURL, form: password("cli", "alice", "x"), status: 400, want: badPassword},
		{do: tokenURL, form: password("cli", "alice", "x"), status: 400, want: badPassword},
		{do: "GET /users/{alice}", status: 200, want: `{"enabled":false}`, patient: true},
		{do: tokenURL, form: password("cli", "alice", "pw"), status: 400, want: badPassword},
		{do: "PUT /users/{alice}", body: `{"enabled":true}`, status: 204},
		{do: tokenURL, form: password("cli", "alice", "pw"), status: 200, patient: true},
	})
}

// TestMailErrors asks for mails that cannot be sent.
func TestMailErrors(t *testing.T) {
	say := func(text string) string { return `{"errorMessage":"` + text + `"}` }
	noSender := "Invalid sender address 'null'. If the address contains UTF-8 characters in the local part please ensure the SMTP server supports the SMTPUTF8 extension and enable 'Allow UTF-8' in the email realm configuration."
	run(t, nil, append(people(), []step{
		{do: "PUT /users/{alice}/execute-actions-email", body: `["UPDATE_PASSWORD"]`, status: 500, want: say("Failed to send execute actions email: " + noSender)},
		{do: "PUT /users/{alice}/send-verify-email", status: 500, want: say("Failed to send verify email")},
		{do: "PUT /users/{nomail}/execute-actions-email", body: `["UPDATE_PASSWORD"]`, status: 400, want: say("User email missing")},
		{do: "PUT /users/{disabled}/execute-actions-email", body: `["UPDATE_PASSWORD"]`, status: 400, want: say("User is disabled")},
		{do: "PUT /users/{alice}/execute-actions-email", body: `["NOPE"]`, status: 400, want: say("Provided invalid required actions")},
		{do: "PUT /users/{alice}/execute-actions-email", body: `x`, status: 400, want: notJSON},
		{do: "PUT /users/{alice}/execute-actions-email", body: `{"a":1}`, status: 400, want: wrongType},
		{do: "PUT /users/{alice}/execute-actions-email?client_id=nope", body: `["UPDATE_PASSWORD"]`, status: 400, want: say("Client doesn't exist")},
		{do: "PUT /users/{alice}/execute-actions-email?client_id=off", body: `["UPDATE_PASSWORD"]`, status: 400, want: say("Client is not enabled")},
		{do: "PUT /users/{alice}/execute-actions-email?redirect_uri=http://x", body: `["UPDATE_PASSWORD"]`, status: 400, want: say("Client id missing")},
		{do: "PUT /users/{alice}/execute-actions-email?client_id=dev&redirect_uri=http://x", body: `["UPDATE_PASSWORD"]`, status: 400, want: say("Invalid redirect uri.")},
		{do: "PUT /users/{alice}/execute-actions-email?lifespan=x", body: `["UPDATE_PASSWORD"]`, status: 404, want: notFound},
		{do: "PUT /users/nope/execute-actions-email", body: `["UPDATE_PASSWORD"]`, status: 404, want: noSuchUser},
	}...))
}
