package oidc_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/idpctl/idpctl/oidc"
	"github.com/idpctl/idpctl/resource"
)

// reply is one answer of a token endpoint: a status and an OAuth error, or the
// token, or something worse.
type reply struct {
	status int
	code   string
	header map[string]string
	do     http.HandlerFunc
}

var granted = reply{status: 200}

// tokens serves replies one after the other, the last one for ever, and notes
// when it was asked.
func (w *world) tokens(replies ...reply) *[]time.Duration {
	asked := &[]time.Duration{}
	start := time.Now()
	w.mux.HandleFunc(tokenPath, func(rw http.ResponseWriter, r *http.Request) {
		*asked = append(*asked, time.Since(start))
		reply := replies[min(len(*asked), len(replies))-1]
		if reply.do != nil {
			reply.do(rw, r)
			return
		}
		for name, value := range reply.header {
			rw.Header().Set(name, value)
		}
		if reply.code != "" {
			writeJSON(rw, reply.status, map[string]any{"error": reply.code})
			return
		}
		writeJSON(rw, reply.status, map[string]any{
			"access_token": "access-" + canary, "refresh_token": "refresh-" + canary, "id_token": "id-" + canary,
			"token_type": "bearer", "expires_in": 300, "scope": "openid profile",
		})
	})
	return asked
}

// TestPoll shows when polls are sent, by the bubble's clock.
func TestPoll(t *testing.T) {
	pending := reply{status: 400, code: "authorization_pending"}
	slow := reply{status: 400, code: "slow_down"}
	s := func(seconds ...int) []time.Duration {
		var out []time.Duration
		for _, n := range seconds {
			out = append(out, time.Duration(n)*time.Second)
		}
		return out
	}
	for _, tc := range []struct {
		name    string
		replies []reply
		code    func(c *oidc.DeviceCode)
		asked   []time.Duration
		kind    oidc.ErrorKind // 0: a token came
		ends    time.Duration
	}{
		{"at once", []reply{granted}, nil, s(5), 0, 5 * time.Second},
		{"pending", []reply{pending, pending, granted}, nil, s(5, 10, 15), 0, 15 * time.Second},
		{"pending with the status 403", []reply{{status: 403, code: "authorization_pending"}, granted}, nil, s(5, 10), 0, 10 * time.Second},
		{"pending with the status 401", []reply{{status: 401, code: "authorization_pending"}, granted}, nil, s(5, 10), 0, 10 * time.Second},
		{"pending with the status 200", []reply{{status: 200, code: "authorization_pending"}, granted}, nil, s(5, 10), 0, 10 * time.Second},
		{"slow_down adds five seconds for good", []reply{slow, pending, pending, granted}, nil, s(5, 15, 25, 35), 0, 35 * time.Second},
		{"slow_down twice", []reply{slow, slow, pending, granted}, nil, s(5, 15, 30, 45), 0, 45 * time.Second},
		{"slow_down with the status 429", []reply{{status: 429, code: "slow_down"}, granted}, nil, s(5, 15), 0, 15 * time.Second},
		{"no interval", []reply{granted}, func(c *oidc.DeviceCode) { c.Interval = 0 }, s(5), 0, 5 * time.Second},
		{"the server's interval", []reply{pending, granted}, func(c *oidc.DeviceCode) { c.Interval = 2 * time.Second }, s(2, 4), 0, 4 * time.Second},
		{"server errors double the wait, and a good answer ends it",
			[]reply{{do: htmlError}, {do: htmlError}, pending, pending, granted}, nil, s(5, 15, 35, 40, 45), 0, 45 * time.Second},
		{"the wait doubles up to a minute", []reply{{status: 503, code: "temporarily_unavailable"}}, nil,
			s(5, 15, 35, 75, 135, 195, 255, 315, 375, 435, 495, 555), oidc.CodeExpired, 600 * time.Second},
		{"a timeout counts from its end", []reply{{do: silence}, granted}, nil, s(5, 25), 0, 25 * time.Second},
		{"a broken connection", []reply{{do: hangUp}, granted}, nil, s(5, 15), 0, 15 * time.Second},
		{"Retry-After is kept", []reply{{status: 429, code: "", header: map[string]string{"Retry-After": "33"}}, granted}, nil, s(5, 38), 0, 38 * time.Second},
		{"slow_down with Retry-After", []reply{{status: 429, code: "slow_down", header: map[string]string{"Retry-After": "60"}}, pending, granted}, nil, s(5, 65, 75), 0, 75 * time.Second},
		{"the code runs out", []reply{pending}, func(c *oidc.DeviceCode) { c.Expires = time.Now().Add(12 * time.Second) }, s(5, 10), oidc.CodeExpired, 12 * time.Second},
		{"the code has run out", []reply{granted}, func(c *oidc.DeviceCode) { c.Expires = time.Now().Add(-time.Second) }, nil, oidc.CodeExpired, 0},
		{"expired_token", []reply{pending, {status: 400, code: "expired_token"}}, nil, s(5, 10), oidc.CodeExpired, 10 * time.Second},
		{"access_denied", []reply{{status: 400, code: "access_denied"}}, nil, s(5), oidc.Denied, 5 * time.Second},
		{"access_denied with the status 403", []reply{{status: 403, code: "access_denied"}}, nil, s(5), oidc.Denied, 5 * time.Second},
		{"authorization_declined", []reply{{status: 400, code: "authorization_declined"}}, nil, s(5), oidc.Denied, 5 * time.Second},
		{"bad_verification_code", []reply{{status: 400, code: "bad_verification_code"}}, nil, s(5), oidc.Refused, 5 * time.Second},
		{"invalid_grant", []reply{{status: 403, code: "invalid_grant"}}, nil, s(5), oidc.Refused, 5 * time.Second},
		{"an error that nobody knows", []reply{{status: 400, code: "teapot"}}, nil, s(5), oidc.Refused, 5 * time.Second},
	} {
		t.Run(tc.name, func(t *testing.T) {
			bubble(t, func(t *testing.T, w *world) {
				asked := w.tokens(tc.replies...)
				code := begun()
				if tc.code != nil {
					tc.code(&code)
				}
				start := time.Now()
				token, err := w.flow().Poll(t.Context(), code, nil)
				if took := time.Since(start); took != tc.ends {
					t.Errorf("ended after %s, want %s", took, tc.ends)
				}
				if !slices.Equal(*asked, tc.asked) {
					t.Errorf("asked at %v, want %v", *asked, tc.asked)
				}
				if oidc.KindOf(err) != tc.kind || (err == nil) != (tc.kind == 0) {
					t.Errorf("error %v, want kind %d", err, tc.kind)
				}
				if err == nil && token.AccessToken.Reveal() != "access-"+canary {
					t.Error("the token is not the one that was sent")
				}
			})
		})
	}
}

func htmlError(rw http.ResponseWriter, _ *http.Request) {
	rw.WriteHeader(http.StatusBadGateway)
	_, _ = rw.Write([]byte("<html>bad gateway</html>"))
}

// TestPollLostConnection: the name is gone for a while, as when a laptop changes
// networks.
func TestPollLostConnection(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		w.tokens(granted)
		l := w.listen[host+":443"]
		delete(w.listen, host+":443")
		var events []string
		_, err := w.flow().Poll(t.Context(), begun(), func(p oidc.PollProgress) {
			events = append(events, fmt.Sprintf("%d %s %s %d", p.Event, p.Next, p.Left, oidc.KindOf(p.Err)))
			if len(events) == 2 {
				w.listen[host+":443"] = l
			}
		})
		want := []string{
			fmt.Sprintf("%d 10s 9m55s %d", oidc.Retrying, oidc.Unreachable),
			fmt.Sprintf("%d 20s 9m45s %d", oidc.Retrying, oidc.Unreachable),
		}
		if err != nil || !slices.Equal(events, want) {
			t.Errorf("%v, %q", err, events)
		}
	})
}

// TestPollStopsWithContext: an interrupt ends the wait at once, and a request
// under way too.
func TestPollStopsWithContext(t *testing.T) {
	for _, tc := range []struct {
		name  string
		after time.Duration
	}{{"while waiting", 2 * time.Second}, {"while asking", 7 * time.Second}} {
		t.Run(tc.name, func(t *testing.T) {
			bubble(t, func(t *testing.T, w *world) {
				w.mux.HandleFunc(tokenPath, silence)
				cause := errors.New("Ctrl-C")
				ctx, cancel := context.WithCancelCause(t.Context())
				time.AfterFunc(tc.after, func() { cancel(cause) })
				start := time.Now()
				_, err := w.flow().Poll(ctx, begun(), nil)
				if oidc.KindOf(err) != oidc.Interrupted || !errors.Is(err, cause) || time.Since(start) != tc.after {
					t.Errorf("%v after %s", err, time.Since(start))
				}
			})
		})
	}
}

func TestPollProgress(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		w.tokens(reply{status: 400, code: "authorization_pending"}, reply{status: 429, code: "slow_down"}, granted)
		var got []oidc.PollProgress
		if _, err := w.flow().Poll(t.Context(), begun(), func(p oidc.PollProgress) { got = append(got, p) }); err != nil {
			t.Fatal(err)
		}
		want := []oidc.PollProgress{
			{Event: oidc.Pending, Next: 5 * time.Second, Left: 595 * time.Second},
			{Event: oidc.SlowedDown, Next: 10 * time.Second, Left: 590 * time.Second},
		}
		if !slices.Equal(got, want) {
			t.Errorf("%+v", got)
		}
	})
}

func TestToken(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		date := time.Now().Add(7 * time.Minute)
		w.tokens(reply{status: 200, header: map[string]string{"Date": date.UTC().Format(http.TimeFormat)}})
		token, err := w.flow().Poll(t.Context(), begun(), nil)
		if err != nil {
			t.Fatal(err)
		}
		if token.RefreshToken.Reveal() != "refresh-"+canary || token.IDToken.Reveal() != "id-"+canary {
			t.Error("refresh or id token lost")
		}
		if token.ExpiresIn != 5*time.Minute || strings.Join(token.Scopes, ",") != "openid,profile" {
			t.Errorf("%+v", token)
		}
		if got := token.ServerNow(token.ReceivedAt.Add(time.Minute)); !got.Equal(date.Add(time.Minute)) {
			t.Errorf("server's clock %s, want %s", got, date.Add(time.Minute))
		}
		if got := (oidc.Token{}).ServerNow(date); !got.IsZero() {
			t.Errorf("a server without a clock says %s", got)
		}
	})
}

// TestStart shows what is sent and what is read.
func TestStart(t *testing.T) {
	for _, tc := range []struct {
		name    string
		flow    func(f *oidc.DeviceFlow)
		answer  map[string]any
		form    string
		changes func(c *oidc.DeviceCode)
	}{
		{"bare", nil, nil, "client_id=influxctl", nil},
		{"scopes and audience", func(f *oidc.DeviceFlow) {
			f.Scopes, f.Audience = []string{"openid", "offline_access"}, "https://influxdb"
		}, nil, "audience=https%3A%2F%2Finfluxdb&client_id=influxctl&scope=openid+offline_access", nil},
		{"no interval: five seconds", nil, map[string]any{"interval": nil}, "client_id=influxctl", nil},
		{"interval zero: five seconds", nil, map[string]any{"interval": 0}, "client_id=influxctl", nil},
		{"interval in a string", nil, map[string]any{"interval": "7"}, "client_id=influxctl", func(c *oidc.DeviceCode) { c.Interval = 7 * time.Second }},
		{"no link", nil, map[string]any{"verification_uri_complete": nil}, "client_id=influxctl", func(c *oidc.DeviceCode) { c.VerificationURIComplete = "" }},
		{"spelling from before the RFC", nil, map[string]any{"verification_uri": nil, "verification_url": "https://short.example.net/link"}, "client_id=influxctl",
			func(c *oidc.DeviceCode) { c.VerificationURI = "https://short.example.net/link" }},
		{"no expires_in: ten minutes", nil, map[string]any{"expires_in": nil}, "client_id=influxctl", nil},
		{"absurd expires_in: a day", nil, map[string]any{"expires_in": 1e30}, "client_id=influxctl", func(c *oidc.DeviceCode) { c.Expires = time.Now().Add(24 * time.Hour) }},
		{"user code in other letters", nil, map[string]any{"user_code": "ÄÖÜ 123"}, "client_id=influxctl", func(c *oidc.DeviceCode) { c.UserCode = "ÄÖÜ 123" }},
	} {
		t.Run(tc.name, func(t *testing.T) {
			bubble(t, func(t *testing.T, w *world) {
				form := ""
				w.mux.HandleFunc("POST "+devPath, func(rw http.ResponseWriter, r *http.Request) {
					_ = r.ParseForm()
					form = r.PostForm.Encode()
					writeJSON(rw, 200, deviceAnswer(tc.answer))
				})
				flow := w.flow()
				if tc.flow != nil {
					tc.flow(&flow)
				}
				got, err := flow.Start(t.Context())
				if err != nil {
					t.Fatal(err)
				}
				want := begun()
				want.VerificationURIComplete = issuer + "/device?user_code=WDJB-MJHT"
				if tc.changes != nil {
					tc.changes(&want)
				}
				if form != tc.form {
					t.Errorf("sent %s, want %s", form, tc.form)
				}
				if !got.Expires.Equal(want.Expires) {
					t.Errorf("expires %s, want %s", got.Expires, want.Expires)
				}
				got.Expires = want.Expires
				if got != want {
					t.Errorf("got  %+v\nwant %+v", got, want)
				}
			})
		})
	}
}

// TestPollForm: the form is what RFC 8628 section 3.4 asks for.
func TestPollForm(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		form := ""
		w.mux.HandleFunc("POST "+tokenPath, func(rw http.ResponseWriter, r *http.Request) {
			_ = r.ParseForm()
			form = r.PostForm.Encode()
			writeJSON(rw, 200, map[string]any{"access_token": "x"})
		})
		if _, err := w.flow().Poll(t.Context(), begun(), nil); err != nil {
			t.Fatal(err)
		}
		if want := "client_id=influxctl&device_code=device-" + canary + "&grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Adevice_code"; form != want {
			t.Errorf("sent %s", form)
		}
	})
}

// TestFlowRefusesToSend: nothing leaves for an endpoint that is none.
func TestFlowRefusesToSend(t *testing.T) {
	good := oidc.DeviceFlow{ClientID: "influxctl", DeviceURL: "https://sso.example.com/d", TokenURL: "https://sso.example.com/t"}
	for _, tc := range []struct {
		name   string
		change func(f *oidc.DeviceFlow, c *oidc.DeviceCode)
		kind   oidc.ErrorKind
	}{
		{"no client", func(f *oidc.DeviceFlow, _ *oidc.DeviceCode) { f.ClientID = "" }, oidc.BadRequest},
		{"no endpoint", func(f *oidc.DeviceFlow, _ *oidc.DeviceCode) { f.DeviceURL, f.TokenURL = "", "" }, oidc.Incomplete},
		{"no URL", func(f *oidc.DeviceFlow, _ *oidc.DeviceCode) { f.DeviceURL, f.TokenURL = "x", "x" }, oidc.BadRequest},
		{"http", func(f *oidc.DeviceFlow, _ *oidc.DeviceCode) {
			f.DeviceURL, f.TokenURL = "http://a.example/", "http://a.example/"
		}, oidc.Insecure},
	} {
		t.Run(tc.name, func(t *testing.T) {
			f, code := good, begun()
			tc.change(&f, &code)
			if _, err := f.Start(t.Context()); oidc.KindOf(err) != tc.kind {
				t.Errorf("Start: %v", err)
			}
			if _, err := f.Poll(t.Context(), code, nil); oidc.KindOf(err) != tc.kind {
				t.Errorf("Poll: %v", err)
			}
		})
	}
	if _, err := good.Poll(t.Context(), oidc.DeviceCode{}, nil); oidc.KindOf(err) != oidc.BadRequest {
		t.Errorf("Poll without a code: %v", err)
	}
}

func TestProbe(t *testing.T) {
	for _, tc := range []struct {
		name   string
		status int
		answer map[string]any
		want   string
	}{
		{"good", 200, deviceAnswer(nil), "passed passed passed passed"},
		{"no link", 200, deviceAnswer(map[string]any{"verification_uri_complete": nil}), "passed passed passed skipped"},
		{"bad answer", 200, deviceAnswer(map[string]any{"user_code": nil}), "passed passed failed skipped"},
		{"unknown client", 401, map[string]any{"error": "invalid_client"}, "passed failed skipped skipped"},
		{"flow is off", 400, map[string]any{"error": "unauthorized_client"}, "passed failed skipped skipped"},
		{"server error", 500, map[string]any{"error": "server_error"}, "failed skipped skipped skipped"},
		{"not there", 404, map[string]any{}, "failed skipped skipped skipped"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			bubble(t, func(t *testing.T, w *world) {
				w.mux.HandleFunc(devPath, func(rw http.ResponseWriter, _ *http.Request) { writeJSON(rw, tc.status, tc.answer) })
				w.mux.HandleFunc(tokenPath, func(http.ResponseWriter, *http.Request) { t.Error("it polls") })
				var got []string
				checks := w.flow().Probe(t.Context())
				for _, c := range checks {
					got = append(got, c.Status.String())
					if c.Status == oidc.Failed && c.Hint == "" || strings.Contains(c.Value+c.Hint, canary) || c.Name == "" {
						t.Errorf("%+v", c)
					}
				}
				if strings.Join(got, " ") != tc.want {
					t.Errorf("got %v in\n%s", got, render(checks))
				}
			})
		})
	}
}

// TestSecretsStayInside prints everything that holds a secret in every way there
// is.
func TestSecretsStayInside(t *testing.T) {
	secret := resource.NewSecret(canary)
	values := []any{
		oidc.Token{AccessToken: secret, RefreshToken: secret, IDToken: secret},
		oidc.DeviceCode{Code: secret, UserCode: "WDJB"},
		&oidc.Token{AccessToken: secret}, []oidc.Token{{AccessToken: secret}},
		map[string]oidc.DeviceCode{"x": {Code: secret}},
	}
	for _, v := range values {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%d", "%x", "%X", "%T"} {
			if text := fmt.Sprintf(verb, v); strings.Contains(text, canary) || strings.Contains(text, fmt.Sprintf("%x", canary)) || strings.Contains(text, fmt.Sprintf("%X", canary)) {
				t.Errorf("%s of %T: %s", verb, v, text)
			}
		}
		data, err := json.Marshal(v)
		if err != nil || strings.Contains(string(data), canary) {
			t.Errorf("JSON of %T: %s, %v", v, data, err)
		}
	}
}
