package cluster

import (
	"bytes"
	"fmt"
	"maps"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	burnt "github.com/BurntSushi/toml"

	"github.com/idpctl/idpctl/diag"
)

// profileCase is what the head of a golden file asks for.
type profileCase struct {
	head
	p    Profile
	want Desired
	own  Ownership
}

func parseProfileCase(t *testing.T, text string) profileCase {
	t.Helper()
	c := profileCase{p: Profile{Name: "default", Host: "cluster-host.com", Port: "8086"}}
	const realm = "https://sso.example.com/realms/influxdb/protocol/openid-connect/"
	c.want.SignIn = SignIn{ClientID: "influxctl", DeviceURL: realm + "auth/device", TokenURL: realm + "token"}
	c.read(t, text, func(key, value string) bool {
		switch key {
		case "profile":
			c.p.Name = value
		case "host":
			c.p.Host = value
		case "port":
			c.p.Port = value
		case "client":
			c.want.ClientID = value
		case "audience":
			c.want.Audience = value
		case "scopes":
			c.want.Scopes = strings.Fields(value)
		case "no scopes":
			c.p.SetScopes = true
		case "unknown":
			c.want.DeviceURL, c.want.TokenURL = KnownAfterApply, KnownAfterApply
		case "legacy":
			c.p.LegacyClientSecret = true
		case "replace token":
			c.p.ReplaceToken = true
		case "owned":
			c.own.Owned = strings.Fields(value)
		case "leave":
			c.prune, c.want = true, Desired{}
		default:
			return false
		}
		return true
	})
	return c
}

func (c profileCase) merge(live Live) (Change, diag.Diagnostics) {
	if c.prune {
		return c.p.Prune("config.toml", live, c.want, c.own)
	}
	return c.p.Merge("config.toml", live, c.want, c.own)
}

// check is for [testGolden].
func (c profileCase) check(t *testing.T, live Live, change Change) bool {
	t.Helper()
	return checkProfileResult(t, c, live, change)
}

// TestGoldenProfile merges into files of every shape that people have.
func TestGoldenProfile(t *testing.T) {
	testGolden(t, "testdata/influxctl", ".toml", 30, func(t *testing.T, text string) goldenMerge {
		c := parseProfileCase(t, text)
		return &c
	})
}

// checkProfileResult checks what has to hold for every merge that succeeded, by
// other means than the code under test. It reports whether another library could
// read what was there.
func checkProfileResult(t reporter, c profileCase, live Live, change Change) bool {
	t.Helper()
	if got := !bytes.Equal(live.Content, change.Content); got != change.Changed {
		t.Errorf("Changed is %v, and the content differs: %v", change.Changed, got)
	}
	if change.Changed == (change.Diff == "") {
		t.Errorf("Changed is %v, and the diff is %q", change.Changed, change.Diff)
	}
	own := c.own
	c.own.Owned = change.Owned
	again, ds := c.merge(Live{Exists: true, Content: change.Content})
	if ds.HasErrors() || !bytes.Equal(again.Content, change.Content) || again.Changed || !slices.Equal(again.Owned, change.Owned) {
		t.Errorf("merging the result again: %v, changes it: %v, owned %q and then %q\n%s", ds, again.Changed, change.Owned, again.Owned, again.Diff)
	}
	if before, after := bytes.HasSuffix(live.Content, []byte("\n")), bytes.HasSuffix(change.Content, []byte("\n")); before != after && !blank(live.Content) && !blank(change.Content) {
		t.Errorf("the last line break was added or lost:\n%q\n%q", live.Content, change.Content)
	}
	comma := func(b []byte) int { return len(regexp.MustCompile(`,\s*}`).FindAll(b, -1)) }
	if comma(live.Content) < comma(change.Content) {
		t.Errorf("a comma stands before a brace, which TOML 1.0 forbids:\n%s", change.Content)
	}
	before, ok := readBurnt(live.Content)
	if !ok {
		return false
	}
	after, ok := readBurnt(change.Content)
	if !ok {
		t.Fatalf("another library does not read the result:\n%s", change.Content)
	}
	c.own = own
	checkProfileValues(t, c, before, after, change)
	return true
}

func blank(b []byte) bool {
	return len(bytes.TrimSpace(bytes.TrimPrefix(b, []byte("\uFEFF")))) == 0
}

func readBurnt(content []byte) (map[string]any, bool) {
	out := map[string]any{}
	_, err := burnt.Decode(string(content), &out)
	return out, err == nil
}

// profilesOf are the profiles of decoded values, however they are written.
func profilesOf(root map[string]any) []map[string]any {
	var out []map[string]any
	switch v := root["profile"].(type) {
	case []map[string]any:
		out = v
	case map[string]any:
		out = append(out, v)
	case []any:
		for _, x := range v {
			if m, ok := x.(map[string]any); ok {
				out = append(out, m)
			}
		}
	}
	return out
}

// flat are the values below m by their keys.
func flat(m map[string]any, prefix string, out map[string]any) map[string]any {
	for k, v := range m {
		if inner, ok := v.(map[string]any); ok {
			flat(inner, prefix+k+".", out)
			continue
		}
		out[prefix+k] = v
	}
	return out
}

// checkProfileValues compares what another library reads before and after.
func checkProfileValues(t reporter, c profileCase, before, after map[string]any, change Change) {
	t.Helper()
	named := func(root map[string]any) (mine map[string]any, others []map[string]any) {
		for _, p := range profilesOf(root) {
			if p["name"] == c.p.Name {
				mine = p
			} else {
				others = append(others, p)
			}
		}
		return mine, others
	}
	old, oldOthers := named(before)
	now, nowOthers := named(after)
	if !reflect.DeepEqual(oldOthers, nowOthers) {
		t.Errorf("other profiles differ:\n%v\n%v", oldOthers, nowOthers)
	}
	delete(before, "profile")
	delete(after, "profile")
	if !reflect.DeepEqual(before, after) {
		t.Errorf("values beside the profiles differ:\n%v\n%v", before, after)
	}
	foreign := func(m map[string]any) map[string]any {
		out := flat(m, "", map[string]any{})
		maps.DeleteFunc(out, func(k string, _ any) bool {
			return ownable(k) || k == "name" || c.p.ReplaceToken && !c.prune && strings.HasPrefix(k, tokenKey)
		})
		return out
	}
	if a, b := foreign(old), foreign(now); !reflect.DeepEqual(a, b) && (!c.prune || len(a) > 0) {
		t.Errorf("foreign values of the profile differ:\n%v\n%v", a, b)
	}
	says := flat(now, "", map[string]any{})
	if c.prune {
		for _, key := range c.own.Owned {
			if v, ok := says[key]; ok && c.want.ClientID == "" && key != productKey && key != secretKey {
				t.Errorf("%s is left: %v", key, v)
			}
		}
		return
	}
	want := map[string]any{"name": c.p.Name, productKey: clustered, clientKey: c.want.ClientID, deviceKey: c.want.DeviceURL, tokenURLKey: c.want.TokenURL}
	if c.p.Host != "" {
		want[hostKey] = c.p.Host
	}
	if c.p.Port != "" {
		want[portKey] = c.p.Port
	}
	if c.want.Audience != "" {
		want[audienceKey] = c.want.Audience
	}
	for k, v := range want {
		if !reflect.DeepEqual(says[k], v) {
			t.Errorf("%s is %v and not %v", k, says[k], v)
		}
	}
	if list := fmt.Sprint(says[scopesKey]); len(c.want.Scopes) > 0 && !c.p.SetScopes {
		for _, s := range c.want.Scopes {
			if !strings.Contains(list, s) {
				t.Errorf("scopes are %s, without %s", list, s)
			}
		}
	}
	for _, key := range change.Owned {
		if _, ok := says[key]; !ok && key != profileKey && key != oauthKey && key != paramsKey {
			t.Errorf("%s is owned and not there", key)
		}
	}
}
