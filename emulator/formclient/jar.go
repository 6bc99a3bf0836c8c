package formclient

import (
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
)

// jar keeps cookies as a browser does, which takes http on a loopback host for
// a secure connection. The jar of the standard library drops Secure cookies
// there.
type jar struct{ inner http.CookieJar }

func newJar() *jar {
	inner, _ := cookiejar.New(nil) // fails on options only
	return &jar{inner}
}

// SetCookies implements [http.CookieJar].
func (j *jar) SetCookies(u *url.URL, cookies []*http.Cookie) { j.inner.SetCookies(secure(u), cookies) }

// Cookies implements [http.CookieJar].
func (j *jar) Cookies(u *url.URL) []*http.Cookie { return j.inner.Cookies(secure(u)) }

// secure is u over https if its host is this machine.
func secure(u *url.URL) *url.URL {
	host := u.Hostname()
	ip := net.ParseIP(host)
	if u.Scheme == "http" && (host == "localhost" || strings.HasSuffix(host, ".localhost") || ip != nil && ip.IsLoopback()) {
		s := *u
		s.Scheme = "https"
		return &s
	}
	return u
}
