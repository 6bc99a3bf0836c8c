package diag

import (
	"cmp"
	"encoding/json"
	"html"
	"net/url"
	"regexp"
	"slices"
	"strings"
)

// Masked stands in texts in place of a secret.
const Masked = "(sensitive value)"

// Redact puts [Masked] in place of a secret wherever it stands in a text: as
// it is, and as it is written in URLs and forms, in JSON and in HTML. Servers
// repeat what they were sent in all of these.
func Redact(text, secret string) string {
	if secret == "" {
		return text
	}
	var in jsonForms
	in.add(secret)
	for _, once := range in.list { // JSON within JSON
		in.add(once)
	}
	forms := slices.Concat(in.list, []string{url.QueryEscape(secret), url.PathEscape(secret), html.EscapeString(secret), secret})
	for _, form := range forms {
		text = strings.ReplaceAll(text, form, Masked)
		if lower := lowerEscapes(form); lower != form {
			text = strings.ReplaceAll(text, lower, Masked)
		}
	}
	return text
}

// jwtLike is what looks like a JSON Web Token (RFC 7519), or the beginning of one.
var jwtLike = regexp.MustCompile(`eyJ[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]*)?`)

// RedactAll makes a text of a server's fit to be shown but for its length: without
// secrets, should the server repeat one, even that of another request, and without
// what looks like a token.
func RedactAll(text string, secrets []string) string {
	secrets = slices.Clone(secrets)
	slices.SortFunc(secrets, func(a, b string) int { return cmp.Or(len(b)-len(a), strings.Compare(a, b)) })
	for _, s := range secrets { // the longest first: one may be part of another
		text = Redact(text, s)
	}
	return jwtLike.ReplaceAllString(text, Masked)
}

// jsonForms are the ways to write a text in a JSON string.
type jsonForms struct{ list []string }

// add writes s with as few escapes as can be, and with those that make it safe
// within HTML.
func (f *jsonForms) add(s string) {
	for _, safe := range []bool{false, true} {
		var b strings.Builder
		enc := json.NewEncoder(&b)
		enc.SetEscapeHTML(safe)
		if enc.Encode(s) == nil {
			quoted := strings.TrimSuffix(b.String(), "\n")
			f.list = append(f.list, quoted[1:len(quoted)-1])
		}
	}
}

// lowerEscapes writes the escapes of a URL with small letters: %c3, not %C3.
func lowerEscapes(s string) string {
	out := []byte(s)
	for i := 0; i+2 < len(out); i++ {
		if out[i] == '%' {
			copy(out[i+1:i+3], strings.ToLower(string(out[i+1:i+3])))
		}
	}
	return string(out)
}
