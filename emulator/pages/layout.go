package pages

import (
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"html/template"
	"net/http"
)

//go:embed style.css
var styleSheet string

// StyleSheet is what stands in the style element of every page.
func StyleSheet() string { return styleSheet }

// layoutHTML are the parts that every page shares. The icon is a data URL, since a
// browser asks for /favicon.ico otherwise, which no real server has there.
//
//go:embed layout.html
var layoutHTML string

// Layout returns the template of a page: it knows "head", to which the title is
// given.
func Layout(name, text string) (*template.Template, error) {
	// The style sheet stands there as it is, since the policy has its hash: the
	// template would take the comments out of a text of its own.
	own := template.CSS(styleSheet) //nolint:gosec // a file of this package
	return template.New(name).Funcs(template.FuncMap{"style": func() template.CSS { return own }}).Parse(layoutHTML + text)
}

// Policy is the Content Security Policy of every page: its own style sheet and
// icon, forms to the server that the page comes from, and nothing else.
func Policy() string {
	sum := sha256.Sum256([]byte(styleSheet))
	return "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'; img-src data:; " +
		"form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
}

// Headers sets the headers of a page.
func Headers(h http.Header) {
	h.Set("Content-Type", "text/html;charset=utf-8")
	h.Set("Content-Language", "en")
	h.Set("Cache-Control", "no-store, must-revalidate, max-age=0")
	h.Set("Content-Security-Policy", Policy())
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("X-Frame-Options", "DENY")
}
