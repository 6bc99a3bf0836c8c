package diag_test

import (
	"encoding/json"
	"fmt"
	"html"
	"net/url"
	"strings"
	"testing"

	"github.com/idpctl/idpctl/diag"
)

func TestRedact(t *testing.T) {
	const secret = `p"w<&+%/é core`
	quoted, err := json.Marshal(secret)
	if err != nil {
		t.Fatal(err)
	}
	twice, err := json.Marshal(string(quoted))
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{
		secret, string(quoted), string(twice), `{"password":"p\"w<&+%/é core"}`,
		url.QueryEscape(secret), strings.ToLower(url.QueryEscape(secret)), url.PathEscape(secret),
		html.EscapeString(secret), fmt.Sprintf("%q", secret), secret + " and again " + secret,
	} {
		got := diag.Redact("before "+text+" after", secret)
		if strings.Contains(got, "core") || !strings.Contains(got, diag.Masked) ||
			!strings.HasPrefix(got, "before ") || !strings.HasSuffix(got, " after") {
			t.Errorf("Redact(%q) = %q", text, got)
		}
	}
	if got := diag.Redact("nothing", ""); got != "nothing" {
		t.Errorf("without a secret: %q", got)
	}
}
func TestRedactAll(t *testing.T) {
	got := diag.RedactAll("hunter2-long and hunter2 and eyJhbGciOiJub25lIn0.eyJzdWIiOiIxIn0.c2ln and eyJhbGciOiJub25lIn0.eyJz", []string{"", "hunter2", "hunter2-long"})
	want := diag.Masked + " and " + diag.Masked + " and " + diag.Masked + " and " + diag.Masked
	if got != want {
		t.Errorf("%q", got)
	}
}
