package keycloak_test

import (
	"bytes"
	"cmp"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/idpctl/idpctl/emulator/keycloak"
	"github.com/idpctl/idpctl/emulator/memnet"
)

// target is a server that a table of requests is run against.
type target struct {
	name, base     string
	user, password string
	client         *http.Client
	emulator       *keycloak.Server // nil for a real server

	token   string
	expires time.Time
}

// targets are the emulator and, if the environment names one, a real server.
func targets(t *testing.T) []*target {
	t.Helper()
	s := keycloak.New(keycloak.Options{})
	client, stop := memnet.Serve(s)
	t.Cleanup(stop)
	list := []*target{{name: "emulator", base: "http://127.0.0.1:8080", user: "admin", password: "admin",
		client: client, emulator: s}}
	if base := os.Getenv("IDPCTL_TEST_KEYCLOAK"); base != "" {
		server := &http.Client{Transport: &http.Transport{}}
		t.Cleanup(server.CloseIdleConnections)
		list = append(list, &target{name: "real", base: strings.TrimSuffix(base, "/"), client: server,
			user:     cmp.Or(os.Getenv("IDPCTL_TEST_KEYCLOAK_USER"), "admin"),
			password: cmp.Or(os.Getenv("IDPCTL_TEST_KEYCLOAK_PASSWORD"), "admin")})
	}
	for _, tg := range list {
		tg.client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	}
	return list
}

// step is one request and what is expected of the answer. In do, body, form,
// header and want, {name} is a variable: {base}, {realm} (of this run), and
// those that earlier steps saved.
type step struct {
	// do is the method and path. A path that does not begin with /admin or
	// /realms is one of the realm's in the admin API.
	do string
	// body is sent as JSON; a string is sent as it is.
	body any
	// form is sent as a form instead.
	form map[string]string
	// as is the variable with the access token; "" is the administrator,
	// "nobody" sends none.
	as     string
	header map[string]string

	// patient: the real server gets to the expected answer a moment later, as
	// it counts failed sign-ins in the background and refuses others meanwhile.
	// So the request is sent again until the answer is the expected one.
	patient bool

	status int
	// want is the expected body, as JSON. Objects may have more fields than
	// expected, unless the answer is an error: then all of it must be equal.
	// "*" is anything, "<absent>" is a field that must not be there, and
	// {"$set": [...]} is a list in any order.
	want string
	// headers that the answer must have; "*" is anything, "<absent>" none.
	headers map[string]string
	// save sets variables: from the field of the body at a path such as
	// "0/id", from the last part of the Location ("@location"), or from the
	// whole of it ("@url").
	save map[string]string
}

// run runs a table against every target, in a realm of its own.
func run(t *testing.T, realm map[string]any, steps []step) {
	t.Helper()
	for _, tg := range targets(t) {
		t.Run(tg.name, func(t *testing.T) { tg.run(t, realm, steps) })
	}
}

// realm makes a realm of the test's own and does some steps in it.
func (tg *target) realm(t *testing.T, steps ...step) map[string]string {
	t.Helper()
	return tg.run(t, nil, steps)
}

func (tg *target) run(t *testing.T, realm map[string]any, steps []step) map[string]string {
	t.Helper()
	vars := map[string]string{"base": tg.base, "realm": "emutest-" + strings.ToLower(rand.Text()[:8])}
	rep := map[string]any{"realm": "{realm}", "enabled": true}
	for k, v := range realm {
		rep[k] = v
	}
	tg.step(t, vars, step{do: "POST /admin/realms", body: rep, status: 201})
	t.Cleanup(func() { tg.send(t, vars, step{do: "DELETE /admin/realms/{realm}"}) })
	for i, st := range steps {
		if !tg.step(t, vars, st) {
			t.Logf("that was step %d: %s %v", i, st.do, st.body)
			if t.Failed() && len(st.save) > 0 {
				t.FailNow()
			}
		}
	}
	return vars
}

// variable is a use of one; anything else in braces is left alone.
var variable = regexp.MustCompile(`\{[a-z][a-zA-Z0-9]*\}`)

func expand(s string, vars map[string]string) string {
	return variable.ReplaceAllStringFunc(s, func(v string) string {
		if value, known := vars[v[1:len(v)-1]]; known {
			return value
		}
		return v
	})
}

// send sends the request of a step.
func (tg *target) send(t *testing.T, vars map[string]string, st step) (*http.Response, []byte) {
	t.Helper()
	method, path, _ := strings.Cut(expand(st.do, vars), " ")
	if !strings.HasPrefix(path, "/admin") && !strings.HasPrefix(path, "/realms") {
		path = "/admin/realms/" + vars["realm"] + path
	}
	if !strings.HasPrefix(path, "http") {
		path = tg.base + path
	}
	var body io.Reader
	contentType := "application/json"
	switch b := st.body.(type) {
	case nil:
	case string:
		body = strings.NewReader(expand(b, vars))
	default:
		text, err := json.Marshal(b)
		if err != nil {
			t.Fatal(err)
		}
		body = strings.NewReader(expand(string(text), vars))
	}
	if st.form != nil {
		form := url.Values{}
		for k, v := range st.form {
			form.Set(k, expand(v, vars))
		}
		body, contentType = strings.NewReader(form.Encode()), "application/x-www-form-urlencoded"
	}
	req, err := http.NewRequestWithContext(t.Context(), method, path, body)
	if t.Context().Err() != nil { // in a cleanup
		req, err = http.NewRequest(method, path, body)
	}
	if err != nil {
		t.Fatal(err)
	}
	if body != nil {
		req.Header.Set("Content-Type", contentType)
	}
	switch {
	case st.as == "" && st.form == nil:
		req.Header.Set("Authorization", "Bearer "+tg.adminToken(t))
	case st.as != "" && st.as != "nobody":
		req.Header.Set("Authorization", "Bearer "+vars[st.as])
	}
	for k, v := range st.header {
		req.Header.Set(k, expand(v, vars))
	}
	resp, err := tg.client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp, text
}

// adminToken signs the administrator in, anew before the token is too old.
func (tg *target) adminToken(t testing.TB) string {
	t.Helper()
	if tg.token != "" && time.Now().Before(tg.expires) {
		return tg.token
	}
	resp, err := tg.client.PostForm(tg.base+"/realms/master/protocol/openid-connect/token", url.Values{
		"grant_type": {"password"}, "client_id": {"admin-cli"}, "username": {tg.user}, "password": {tg.password}})
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	var token struct {
		AccessToken string `json:"access_token"`
	}
	if err := json.NewDecoder(resp.Body).Decode(&token); err != nil || token.AccessToken == "" {
		t.Fatalf("%s: no token for the administrator: %s, %v", tg.name, resp.Status, err)
	}
	tg.token, tg.expires = token.AccessToken, time.Now().Add(40*time.Second)
	return tg.token
}

// maxTries is how many requests a patient step sends: some ten seconds' worth.
const maxTries = 5000

// step sends a request and compares the answer.
func (tg *target) step(t *testing.T, vars map[string]string, st step) bool {
	t.Helper()
	resp, text := tg.send(t, vars, st)
	wrong := st.problems(vars, resp, text)
	for tries := 1; st.patient && len(wrong) > 0 && tries < maxTries; tries++ {
		resp, text = tg.send(t, vars, st)
		wrong = st.problems(vars, resp, text)
	}
	body, _ := decoded(text)
	for name, from := range st.save {
		v, ok := find(body, from, resp)
		if !ok {
			wrong = append(wrong, fmt.Sprintf("nothing at %q to save as %s: %s", from, name, text))
		}
		vars[name] = v
	}
	for _, w := range wrong {
		t.Errorf("%s: %s", expand(st.do, vars), w)
	}
	return len(wrong) == 0
}

// problems says where an answer is not the expected one.
func (st step) problems(vars map[string]string, resp *http.Response, text []byte) []string {
	if resp.StatusCode != st.status {
		return []string{fmt.Sprintf("status %d, want %d; body %s", resp.StatusCode, st.status, text)}
	}
	var wrong []string
	if st.want != "" {
		want, ok := decoded([]byte(expand(st.want, vars)))
		if !ok {
			return []string{"the expectation is not JSON: " + st.want}
		}
		if got, ok := decoded(text); !ok {
			wrong = append(wrong, fmt.Sprintf("body is not JSON: %q", text))
		} else if diff := compare(got, want, st.status >= 400, "body"); diff != "" {
			wrong = append(wrong, fmt.Sprintf("%s\nbody: %s", diff, text))
		}
	}
	for name, want := range st.headers {
		v := resp.Header.Get(name)
		switch want = expand(want, vars); {
		case want == "*" && v != "", want == "<absent>" && v == "", v == want:
		default:
			wrong = append(wrong, fmt.Sprintf("header %s is %q, want %q", name, v, want))
		}
	}
	return wrong
}

// decoded is JSON with its numbers as they are written.
func decoded(text []byte) (v any, ok bool) {
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.UseNumber()
	return v, dec.Decode(&v) == nil
}

// find is the value that a step saves.
func find(body any, from string, resp *http.Response) (string, bool) {
	location := resp.Header.Get("Location")
	switch from {
	case "@url":
		return location, location != ""
	case "@location":
		return location[strings.LastIndexByte(location, '/')+1:], location != ""
	}
	for part := range strings.SplitSeq(from, "/") {
		switch v := body.(type) {
		case map[string]any:
			body = v[part]
		case []any:
			i := slices.Index([]string{"0", "1", "2", "3", "4"}, part)
			if i < 0 || i >= len(v) {
				return "", false
			}
			body = v[i]
		}
	}
	return fmt.Sprint(body), body != nil
}

// compare says where got is not what is wanted; "" if it is.
func compare(got, want any, exact bool, at string) string {
	if want == "*" && got != nil {
		return ""
	}
	switch w := want.(type) {
	case map[string]any:
		if set, isSet := w["$set"].([]any); isSet {
			return compareSet(got, set, exact, at)
		}
		g, ok := got.(map[string]any)
		if !ok {
			return fmt.Sprintf("%s is %v, want %v", at, got, want)
		}
		for k, v := range w {
			gv, there := g[k]
			switch {
			case v == "<absent>" && there:
				return fmt.Sprintf("%s.%s is %v, want none", at, k, gv)
			case v == "<absent>":
			case !there:
				return fmt.Sprintf("%s.%s is missing, want %v", at, k, v)
			default:
				if d := compare(gv, v, exact, at+"."+k); d != "" {
					return d
				}
			}
		}
		for k := range g {
			if _, expected := w[k]; exact && !expected {
				return fmt.Sprintf("%s.%s is %v, and was not expected", at, k, g[k])
			}
		}
		return ""
	case []any:
		g, ok := got.([]any)
		if !ok || len(g) != len(w) {
			return fmt.Sprintf("%s is %v, want %d elements: %v", at, got, len(w), want)
		}
		for i := range w {
			if d := compare(g[i], w[i], exact, fmt.Sprintf("%s[%d]", at, i)); d != "" {
				return d
			}
		}
		return ""
	}
	if !reflect.DeepEqual(got, want) {
		return fmt.Sprintf("%s is %#v, want %#v", at, got, want)
	}
	return ""
}

func compareSet(got any, set []any, exact bool, at string) string {
	g, ok := got.([]any)
	if !ok || len(g) != len(set) {
		return fmt.Sprintf("%s is %v, want %d elements in any order: %v", at, got, len(set), set)
	}
	rest := slices.Clone(g)
	for _, w := range set {
		i := slices.IndexFunc(rest, func(e any) bool { return compare(e, w, exact, at) == "" })
		if i < 0 {
			return fmt.Sprintf("%s is %v, which lacks %v", at, got, w)
		}
		rest = slices.Delete(rest, i, i+1)
	}
	return ""
}
