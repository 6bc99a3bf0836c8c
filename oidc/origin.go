package oidc

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"strconv"
	"strings"

	"github.com/idpctl/idpctl/diag"
)

// maxURL is the longest URL that is accepted from a server: what browsers and
// QR codes still take.
const maxURL = 2048

// parseURL reads an absolute http or https URL that may be shown, opened and
// called. It takes ASCII only (RFC 3986), so that what a person sees is where
// the request goes, and neither user name nor fragment. The error is a clause
// about "it": "is not absolute".
func parseURL(s string) (*url.URL, error) {
	if s == "" {
		return nil, errors.New("is empty")
	}
	if len(s) > maxURL {
		return nil, fmt.Errorf("is %d characters long, more than %d", len(s), maxURL)
	}
	for i := range len(s) {
		if s[i] <= ' ' || s[i] > '~' {
			return nil, errors.New("holds characters that a URL must not hold")
		}
	}
	u, err := url.Parse(s)
	switch {
	case err != nil:
		return nil, errors.New("is not a URL")
	case u.Scheme == "" || u.Opaque != "" && u.Host == "":
		return nil, errors.New("is not an absolute http or https URL")
	case u.Scheme != "https" && u.Scheme != "http":
		return nil, errors.New("is not an http or https URL")
	case u.Hostname() == "":
		return nil, errors.New("names no host")
	case u.User != nil:
		return nil, errors.New("holds a user name or password")
	case u.Fragment != "" || strings.Contains(s, "#"):
		return nil, errors.New("has a fragment (#)")
	}
	if p := u.Port(); p != "" {
		if n, err := strconv.Atoi(p); err != nil || n < 1 || n > 65535 {
			return nil, errors.New("has a port that does not exist")
		}
	}
	return u, nil
}

// origin is scheme, host and port of a URL in one spelling (RFC 6454).
func origin(u *url.URL) string {
	scheme, host, port := strings.ToLower(u.Scheme), strings.ToLower(u.Hostname()), u.Port()
	if port == "" || scheme == "https" && port == "443" || scheme == "http" && port == "80" {
		if strings.Contains(host, ":") {
			host = "[" + host + "]"
		}
		return scheme + "://" + host
	}
	return scheme + "://" + net.JoinHostPort(host, port)
}

// isLoopback reports whether the host of u is this machine: what is said to it
// over http stays here.
func isLoopback(u *url.URL) bool {
	host := strings.ToLower(u.Hostname())
	if host == "localhost" || strings.HasSuffix(host, ".localhost") {
		return true
	}
	addr, err := netip.ParseAddr(host)
	return err == nil && addr.Unmap().IsLoopback()
}

// plain reports whether u is http on another machine.
func plain(u *url.URL) bool { return u.Scheme == "http" && !isLoopback(u) }

// shown is a URL for a message: without query, fragment and user name, clean and
// short.
func shown(s string) string {
	s, _, _ = strings.Cut(s, "?")
	s, _, _ = strings.Cut(s, "#")
	if before, after, ok := strings.Cut(s, "://"); ok {
		host, path, _ := strings.Cut(after, "/")
		if i := strings.LastIndex(host, "@"); i >= 0 {
			s = before + "://" + host[i+1:] + "/" + path
		}
	}
	return diag.Clean(s, textLimit)
}
