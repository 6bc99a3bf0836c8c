package cli

import (
	"context"
	"fmt"
	"io"
	"runtime"
	"strings"
	"time"

	"github.com/pkg/browser"
	"github.com/spf13/cobra"

	"github.com/idpctl/idpctl/diag"
	"github.com/idpctl/idpctl/internal/view"
	"github.com/idpctl/idpctl/oidc"
)

// signInFlags are the flags of how a person is sent to the sign-in page.
type signInFlags struct{ noQR, noBrowser bool }

func (f *signInFlags) add(c *cobra.Command) {
	c.Flags().BoolVar(&f.noQR, "no-qr", false, "draw no QR code of the address")
	c.Flags().BoolVar(&f.noBrowser, "no-browser", false, "do not open the browser")
}

// signIn begins a device sign-in, tells the person where to go, and waits. who
// has to be the one that signs in; empty if anybody may.
func (a *app) signIn(ctx context.Context, flow oidc.DeviceFlow, flags signInFlags, who string) (oidc.Token, error) {
	code, err := flow.Start(ctx)
	if err != nil {
		return oidc.Token{}, err
	}
	to := screen{Writer: a.Stdout}
	if a.json {
		to.Writer = a.Stderr
	}
	if isTerminal(to.Writer) {
		to.columns, to.rows = size(to.Writer)
	}
	failed := a.invite(to, code, flags, who)
	return flow.Poll(ctx, code, func(oidc.PollProgress) {
		select {
		case err := <-failed: // never, if nil
			if err != nil {
				fmt.Fprintf(to, "The browser could not be opened (%s): open the page yourself.\n", diag.Clean(err.Error(), 200))
			}
			failed = nil
		default:
		}
	})
}

// screen is where a person reads; one that is no terminal has no size.
type screen struct {
	io.Writer
	columns, rows int
}

// invite tells a person where to sign in: by the address, and on a terminal by a
// QR code and the browser too. It returns where the browser tells once whether it
// was opened; nil if it was not tried.
func (a *app) invite(to screen, code oidc.DeviceCode, flags signInFlags, who string) <-chan error {
	page := code.VerificationURIComplete
	if page == "" {
		page = code.VerificationURI
	}
	if who != "" {
		fmt.Fprintf(to, "%s has to be the one who signs in.\n", diag.Clean(who, 200))
	}
	if code.VerificationURIComplete != "" {
		fmt.Fprintf(to, "To sign in, open this page:\n\n  %s\n\n", page)
	} else {
		fmt.Fprintf(to, "To sign in, open this page and enter the code:\n\n  %s\n  %s\n\n", page, code.UserCode)
	}
	var failed <-chan error
	if to.columns > 0 {
		if !flags.noQR {
			a.drawQR(to, page)
		}
		if !flags.noBrowser && a.Browse != nil && hasBrowser(runtime.GOOS, a.getenv) {
			failed = a.browse(page)
			fmt.Fprintln(to, "The browser is being opened there; -no-browser prevents that.")
		}
	}
	if code.VerificationURIComplete != "" {
		fmt.Fprintf(to, "It should show the code %s. ", code.UserCode)
	}
	fmt.Fprintf(to, "Waiting until %s…\n", code.Expires.Format(time.TimeOnly))
	return failed
}

// drawQR draws a QR code of an address if the whole of it fits.
func (a *app) drawQR(to screen, page string) {
	if a.getenv("TERM") == "dumb" || !unicodeLocale(a.getenv) {
		return
	}
	plain := view.QRCode(page, false) // without escapes, as wide as it looks
	if len(plain) == 0 || len([]rune(plain[0])) > to.columns || len(plain) >= to.rows {
		return
	}
	if !a.noColor && a.getenv("NO_COLOR") == "" {
		plain = view.QRCode(page, true)
	}
	fmt.Fprintln(to, strings.Join(plain, "\n")+"\n")
}

// unicodeLocale reports whether the terminal can be expected to draw half blocks:
// not if the locale names another character set.
func unicodeLocale(getenv func(string) string) bool {
	for _, name := range []string{"LC_ALL", "LC_CTYPE", "LANG"} {
		if v := strings.ToUpper(getenv(name)); v != "" {
			return strings.Contains(v, "UTF-8") || strings.Contains(v, "UTF8")
		}
	}
	return true
}

// hasBrowser reports whether there is a browser that the person at this terminal
// can see: not at the other end of an SSH connection, and not without a screen.
func hasBrowser(system string, getenv func(string) string) bool {
	for _, name := range []string{"SSH_CONNECTION", "SSH_CLIENT", "SSH_TTY"} {
		if getenv(name) != "" {
			return false
		}
	}
	switch system {
	case "windows", "darwin":
		return true
	default:
		return getenv("DISPLAY") != "" || getenv("WAYLAND_DISPLAY") != ""
	}
}

// browse opens a page and tells once what came of it. It does not wait: a browser
// that was not running may end only when it is closed.
func (a *app) browse(page string) <-chan error {
	done := make(chan error, 1)
	go func() { done <- a.Browse(page) }()
	return done
}

// Browse opens a page in the system's browser, whose output goes nowhere.
func Browse(page string) error {
	browser.Stdout, browser.Stderr = io.Discard, io.Discard
	return browser.OpenURL(page)
}
