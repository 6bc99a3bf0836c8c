package view_test

import (
	"bytes"
	"encoding/xml"
	"strings"
	"testing"
	"unicode"

	"github.com/idpctl/idpctl/internal/view"
)

func TestJUnit(t *testing.T) {
	suites := []view.Suite{
		{Subject: "cluster.production", Checks: []view.Check{
			{ID: "issuer.match", Name: "Issuer in the document", Status: view.Passed, Value: "https://sso.example.com/?a=1&b=<2>"},
			{ID: "token.subject", Name: "User (sub)", Status: view.Failed, Value: "biff (id-biff)", Want: "one of 2 admins", Hint: "The cluster would refuse this user."},
			{ID: "device.sign_in", Name: "Device sign-in", Status: view.Failed, Hint: "nobody signed in before the code ran out"},
			{ID: "issuer.tls", Name: "TLS certificate", Status: view.Warned, Value: "valid until 2000-01-03", Want: "30 days or more", Hint: "Renew it."},
			{ID: "token.audience", Name: "Audience", Status: view.Skipped, Hint: "Keycloak sends none."},
		}},
		{Subject: `cluster.eu["a"]`, Error: "The server is away."},
	}
	var out bytes.Buffer
	if err := view.JUnit(&out, "idpctl verify", suites); err != nil {
		t.Fatal(err)
	}
	golden(t, "junit", out.String())
}

// TestJUnitIsXML: whatever a server says, the report can be read, and holds
// nothing that commands a terminal.
func TestJUnitIsXML(t *testing.T) {
	var hostile strings.Builder
	for r := rune(0); r < 0x3000; r++ {
		hostile.WriteRune(r)
	}
	hostile.WriteString("\xff\xfe]]>\ufffe\uffff\U0001f600</testsuites><!--")
	text := hostile.String()
	var out bytes.Buffer
	err := view.JUnit(&out, text, []view.Suite{{Subject: text, Error: text, Checks: []view.Check{
		{ID: text, Name: text, Status: view.Failed, Value: text, Want: text, Hint: text},
		{ID: text, Name: text, Status: view.Skipped, Hint: text}, {ID: text, Name: text, Status: view.Warned, Hint: text}, {ID: text, Value: text},
	}}})
	if err != nil {
		t.Fatal(err)
	}
	var report struct {
		Suites []struct {
			Cases []struct {
				Failure *struct {
					Message string `xml:"message,attr"`
					Text    string `xml:",chardata"`
				} `xml:"failure"`
			} `xml:"testcase"`
		} `xml:"testsuite"`
	}
	if err := xml.Unmarshal(out.Bytes(), &report); err != nil {
		t.Fatal(err)
	}
	if len(report.Suites) != 1 || len(report.Suites[0].Cases) != 5 || report.Suites[0].Cases[0].Failure == nil {
		t.Fatalf("%+v", report)
	}
	message := report.Suites[0].Cases[0].Failure.Message
	for _, want := range []string{"abcdef", "äåæ", "]]>", "\U0001f600</testsuites><!--"} {
		if !strings.Contains(message, want) {
			t.Errorf("%q is lost", want)
		}
	}
	if i := strings.IndexFunc(out.String(), func(r rune) bool { return r != '\n' && !unicode.IsPrint(r) }); i >= 0 {
		t.Errorf("holds %q", out.String()[i:i+4])
	}
}
