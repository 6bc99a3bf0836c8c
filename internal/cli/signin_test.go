package cli

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/idpctl/idpctl/internal/view"
	"github.com/idpctl/idpctl/oidc"
)

// TestInvite: the address is always there as text; QR code and browser are for
// terminals, and each can be declined.
func TestInvite(t *testing.T) {
	const page = "https://sso.example.com/realms/influxdb/device"
	code := oidc.DeviceCode{UserCode: "WDJB-MJHT", VerificationURI: page, VerificationURIComplete: page + "?user_code=WDJB-MJHT", Expires: time.Unix(0, 0)}
	typed := code
	typed.VerificationURIComplete = ""
	long := code
	long.VerificationURIComplete += strings.Repeat("x", 300)
	display := []string{"DISPLAY=:0", "LANG=en_US.UTF-8"}
	terminal := screen{columns: 80, rows: 24}
	for _, tc := range []struct {
		name         string
		code         oidc.DeviceCode
		to           screen
		environ      []string
		flags        signInFlags
		noColor      bool
		qr, browser  bool
		qrInOneColor bool
		says         string
	}{
		{name: "terminal", code: code, to: terminal, environ: display, qr: true, browser: true, says: "The browser is being opened there"},
		{name: "pipe", code: code, environ: display},
		{name: "no link with the code", code: typed, to: terminal, environ: display, qr: true, browser: true, says: "enter the code:\n\n  " + page + "\n  WDJB-MJHT\n"},
		{name: "declined", code: code, to: terminal, environ: display, flags: signInFlags{noQR: true, noBrowser: true}},
		{name: "over SSH", code: code, to: terminal, environ: append([]string{"SSH_CONNECTION=1 2 3 4"}, display...), qr: true},
		{name: "without a screen", code: code, to: terminal, environ: []string{"LANG=C.utf8"}, qr: true},
		{name: "wayland", code: code, to: terminal, environ: []string{"WAYLAND_DISPLAY=wayland-0"}, qr: true, browser: true},
		{name: "too narrow", code: code, to: screen{columns: 40, rows: 50}, environ: display, browser: true},
		{name: "just wide enough", code: code, to: screen{columns: 41, rows: 50}, environ: display, qr: true, browser: true},
		{name: "too low", code: code, to: screen{columns: 80, rows: 21}, environ: display, browser: true},
		{name: "too much for a code of that size", code: long, to: terminal, environ: display, browser: true},
		{name: "another character set", code: code, to: terminal, environ: []string{"DISPLAY=:0", "LC_ALL=C", "LANG=en_US.UTF-8"}, browser: true},
		{name: "dumb terminal", code: code, to: terminal, environ: append([]string{"TERM=dumb"}, display...), browser: true},
		{name: "no colors", code: code, to: terminal, environ: display, noColor: true, qr: true, qrInOneColor: true, browser: true},
		{name: "NO_COLOR", code: code, to: terminal, environ: append([]string{"NO_COLOR=1"}, display...), qr: true, qrInOneColor: true, browser: true},
	} {
		t.Run(tc.name, func(t *testing.T) {
			opened := make(chan string, 1)
			a := &app{Env: &Env{Environ: tc.environ, Browse: func(page string) error { opened <- page; return errors.New("no browser") }}, noColor: tc.noColor}
			var out bytes.Buffer
			tc.to.Writer = &out
			failed := a.invite(tc.to, tc.code, tc.flags, "marty@example.com\x1b[2J")
			text := out.String()
			address := tc.code.VerificationURIComplete
			if address == "" {
				address = tc.code.VerificationURI
			}
			for _, want := range []string{"\n  " + address + "\n", "WDJB-MJHT", "marty@example.com [2J has to be the one who signs in.\n", tc.says} {
				if !strings.Contains(text, want) {
					t.Errorf("%q is missing in:\n%s", want, text)
				}
			}
			if tc.browser != (failed != nil) {
				t.Fatalf("browser: %v", failed != nil)
			}
			if tc.browser {
				if got := <-opened; got != address {
					t.Errorf("opened %s", got)
				}
				if err := <-failed; err == nil {
					t.Error("the failure is lost")
				}
			}
			drawing := strings.Join(view.QRCode(address, !tc.qrInOneColor), "\n")
			if got := strings.Contains(text, drawing); got != tc.qr || !tc.qr && strings.ContainsAny(text, "▀▄█\x1b") {
				t.Errorf("QR code: %v", got)
			}
		})
	}
}

func TestHasBrowser(t *testing.T) {
	for _, tc := range []struct {
		system, variable string
		want             bool
	}{
		{"linux", "", false}, {"linux", "DISPLAY", true}, {"freebsd", "WAYLAND_DISPLAY", true},
		{"darwin", "", true}, {"windows", "", true}, {"darwin", "SSH_TTY", false}, {"windows", "SSH_CLIENT", false},
	} {
		if got := hasBrowser(tc.system, func(name string) string {
			if name == tc.variable {
				return "x"
			}
			return ""
		}); got != tc.want {
			t.Errorf("%s with %q: %v", tc.system, tc.variable, got)
		}
	}
}
