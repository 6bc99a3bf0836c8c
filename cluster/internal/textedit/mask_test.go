package textedit

import (
	"strings"
	"testing"
)

// TestComment hides what follows a word that a secret may follow, and nothing of
// comments without such a word.
func TestComment(t *testing.T) {
	for in, want := range map[string]string{
		"":                                                "",
		" the password is hunter2":                        " the password (not shown)",
		" old token hunter2":                              " old token (not shown)",
		" api key = hunter2":                              " api key = (not shown)",
		" APIKEY hunter2":                                 " APIKEY (not shown)",
		" api-key: hunter2":                               " api-key: (not shown)",
		" private key hunter2":                            " private key (not shown)",
		" Passwd=hunter2":                                 " Passwd=(not shown)",
		` "mgmt_token" = "hunter2" # old`:                 ` "mgmt_token" = (not shown)`,
		" the tokens endpoint is hunter2":                 " the tokens (not shown)",
		" credentials (hunter2)":                          " credentials (not shown)",
		" credential `hunter2`":                           " credential (not shown)",
		" DSN host=db user=u pw=hunter2":                  " DSN (not shown)",
		" clientSecretHunter2":                            " clientSecret(not shown)",
		" secret->hunter2":                                " secret(not shown)",
		" dsn.value: hunter2":                             " dsn(not shown)",
		" value: hunter2":                                 " value: (not shown)",
		" pass: hunter2":                                  " pass: (not shown)",
		" Authorization: Basic hunter2":                   " Authorization: (not shown)",
		" hunter2 is the admin password":                  " (not shown) is the admin password",
		" (old: postgres://u:hunter2@db/x), see secret x": " (old: (not shown) see secret (not shown)",
		" dGhpc2lzbm90YXRva2Vu= the token":                " (not shown) the token",
		" of 2024-05-01, a token, v2":                     " of 2024-05-01, a token(not shown)",
		" ftp://u:x@h the secret":                         " ftp://(not shown)@h the secret",
		" see the secret.":                                " see the secret.",
		" was postgres://u:hunter2@db/x, y":               " was postgres://(not shown)@db/x, y",
		" postgres://u:hunt@er/2@db/x":                    " postgres://(not shown)@db/x",
		" mysql u:hunter2@tcp(db)/x":                      " mysql (not shown)@tcp(db)/x",
		" client authorization settings":                  " client authorization settings",
		" the value of this":                              " the value of this",
		" compass, bypass; ann@x.org":                     " compass, bypass; ann@x.org",
		" key: a, see https://x.org/a?b#c":                " key: a, see https://x.org/a?b#c",
		" mysql pw=hunter2":                               " mysql pw=(not shown)",
		" pw: hunter2":                                    " pw: (not shown)",
		" basic_auth=hunter2":                             " basic_auth=(not shown)",
		" key = hunter2":                                  " key = (not shown)",
		" hmac_key=hunter2":                               " hmac_key=(not shown)",
		" private: hunter2":                               " private: (not shown)",
		" PGPASS hunter2":                                 " PGPASS (not shown)",
		" Cookie: hunter2":                                " Cookie: (not shown)",
		" session hunter2":                                " session (not shown)",
		" Kennwort hunter2":                               " Kennwort (not shown)",
		" Passwort: hunter2":                              " Passwort: (not shown)",
		" curl -u marty:hunter2 https://x.org":            " curl -u (not shown)",
		" curl -umarty:hunter2 https://x.org":             " curl -umarty:(not shown)",
		" curl --user=marty:hunter2":                      " curl --user=(not shown)",
		" was ghp_16C7e42F292c6912E7710c838347Ae178B4a":   " was (not shown)",
		" was gho_16C7e42F292c, y":                        " was (not shown), y",
		" was sk-abcdefghijklmnop":                        " was (not shown)",
		" (xoxb-17653672481-abc) y":                       " ((not shown)) y",
		" AKIAIOSFODNN7EXAMPLE y":                         " (not shown) y",
		" eyJhbGciOiJub25lIn0.eyJzdWIiOiJtIn0. y":         " (not shown) y",
		" -----BEGIN OPENSSH X-----":                      " -----BEGIN OPENSSH X(not shown)",
		" the key admin, a keyed list, authors: marty":    " the key admin, a keyed list, authors: marty",
		" private networks and pwned risk-averse sk-oda":  " private networks and pwned risk-averse sk-oda",
		" helm upgrade -update; the author, -ui":          " helm upgrade -update; the author, -ui",
	} {
		if got, _ := Comment(in); got != want {
			t.Errorf("%q is shown as %q and not as %q", in, got, want)
		}
	}
}

// TestMask hides parts and comments, with the lines of a comment behind a word that
// a secret may follow, and keeps the number of lines.
func TestMask(t *testing.T) {
	const in = "\uFEFF# The password:\r\n#\r\n#   hunter2\r\n\r\n# fine\r\nkey#token: 'x # token y' # a token: hunter2\r" +
		"  # fine\rb: [hunter2,\rhunter2] # fine\n  # token\n # fine\n # secret\nc: # fine, https://u:hunter2@x\n # more\n # dsn\n # hunter2"
	const want = "\uFEFF# The password:\n#\n#   (not shown)\n\n# fine\nkey#token: 'x # token y' # a token: (not shown)\n" +
		"  # fine\nb: [(not shown)\n] # fine\n  # token\n # fine\n # secret\nc: # fine, https://(not shown)@x\n # more\n # dsn\n # (not shown)"
	var parts []Part
	for text, look := range map[string]Look{"key#token": Shown, "'x # token y'": Shown, "hunter2,\rhunter2": Hidden, "c:": Shown} {
		at := strings.Index(in, text)
		parts = append(parts, Part{Start: at, End: at + len(text), Look: look})
	}
	if got := string(Mask([]byte(in), parts)); got != want {
		t.Errorf("got:\n%s\nwant:\n%s", got, want)
	}
}

// TestMaskSecret: that a secret changed can be seen in a diff of masked files, and not to
// what.
func TestMaskSecret(t *testing.T) {
	mask := func(secret string) string {
		src := "a: " + secret + " # fine\n"
		return string(Mask([]byte(src), []Part{{Start: 0, End: 2, Look: Shown}, {Start: 3, End: 3 + len(secret), Look: Secret}}))
	}
	one, again, other := mask("hunter2"), mask("hunter2"), mask("hunter3")
	if one != again || one == other || strings.Contains(one, "hunter") {
		t.Errorf("got %q, %q and %q", one, again, other)
	}
	for _, text := range []string{one, other} {
		if got := string(Unmark([]byte(text))); got != "a: (sensitive value) # fine\n" {
			t.Errorf("without marks: %q", got)
		}
	}
	if got := mask(">-\n  hunter2\n  hunter2"); strings.Count(got, "\n") != 3 || strings.Contains(got, "hunter") {
		t.Errorf("of several lines: %q", got)
	}
}
