package oidc

import (
	"bytes"
	"errors"
	"fmt"
	"mime"
	"slices"
	"strings"
	"time"

	// This fork of encoding/json matches names exactly and refuses a name that
	// occurs twice: two readers must not see two different documents.
	"github.com/go-jose/go-jose/v4/json"
)

// object is a JSON object of which members are read one by one, so that an
// error names the one that is wrong and an odd optional one does no harm.
type object map[string]json.RawMessage

// object reads the answer as a JSON object; what names the document.
func (a answer) object(what string) (object, error) {
	var o object
	err := json.Unmarshal(a.body, &o)
	if err == nil && o != nil {
		return o, nil
	}
	e := &Error{Kind: Malformed, Status: a.status, Summary: fmt.Sprintf("%s is not %s", a.url, what)}
	kind, _, _ := mime.ParseMediaType(a.header.Get("Content-Type"))
	html := bytes.HasPrefix(bytes.TrimSpace(a.body), []byte("<"))
	e.Hint = "Check the URL and the server's log."
	switch {
	case kind == "text/html" || html:
		e.Summary += ": it is a web page (HTML)"
		if kind != "text/html" && kind != "" {
			e.Summary += fmt.Sprintf(" that calls itself %s", said(kind))
		}
		e.Hint = "Check the URL. A sign-in proxy, a captive portal or an error page answers like this."
	case len(bytes.TrimSpace(a.body)) == 0:
		e.Summary += ": it is empty"
	case err == nil:
		e.Summary += ": it is null"
	case strings.Contains(err.Error(), "duplicate key"):
		e.Summary += ": it has a member twice, and nobody knows which of the two counts"
		if _, name, ok := strings.Cut(err.Error(), "'"); ok {
			e.Summary = strings.Replace(e.Summary, "a member", fmt.Sprintf("the member %q", said(name[:strings.LastIndex(name, "'")])), 1)
		}
		e.Hint = "The server, or a proxy that rewrites its answers, has to be repaired."
	case strings.Contains(err.Error(), "max depth"):
		e.Summary += ": it is nested too deeply"
	default:
		e.Summary += ": it is not a JSON object"
		var syntax *json.SyntaxError
		if errors.As(err, &syntax) {
			e.Summary = strings.TrimSuffix(e.Summary, "a JSON object") + "valid JSON"
			e.Hint = "The answer was cut off, or is something else. " + e.Hint
		}
		if coding := a.header.Get("Content-Encoding"); coding != "" {
			e.Summary += fmt.Sprintf(" (it is compressed as %s, which was not asked for)", said(coding))
		}
		if kind != "" && !strings.HasSuffix(kind, "json") {
			e.Summary += fmt.Sprintf(" (it calls itself %s)", said(kind))
		}
	}
	return nil, e
}

// has reports whether a member is there and not null.
func (o object) has(name string) bool {
	raw, ok := o[name]
	return ok && string(bytes.TrimSpace(raw)) != "null"
}

// text reads a string member; "" if it is missing. The error is a clause about
// the member, without its value.
func (o object) text(name string) (string, error) {
	if !o.has(name) {
		return "", nil
	}
	var s string
	if err := json.Unmarshal(o[name], &s); err != nil {
		return "", errors.New("is not a string")
	}
	return s, nil
}

// lenient is text for members whose value does no harm: anything but a string
// is nothing.
func (o object) lenient(name string) string {
	s, _ := o.text(name)
	return s
}

// texts reads a list of strings, cleaned; nil if it is missing or anything else.
func (o object) texts(name string) []string {
	var list []string
	if !o.has(name) || json.Unmarshal(o[name], &list) != nil {
		return nil
	}
	for i, s := range list {
		list[i] = said(s)
	}
	return slices.DeleteFunc(list, func(s string) bool { return s == "" })
}

// seconds reads a duration in seconds: a number, or a string with one, which
// some servers send. It is cut at most. The error is a clause about the member.
func (o object) seconds(name string, most time.Duration) (d time.Duration, ok bool, err error) {
	if !o.has(name) {
		return 0, false, nil
	}
	var n json.Number
	if json.Unmarshal(o[name], &n) != nil {
		s, err := o.text(name)
		if err != nil {
			return 0, false, errors.New("is not a number of seconds")
		}
		n = json.Number(strings.TrimSpace(s))
	}
	f, err := n.Float64()
	switch {
	case err != nil && !strings.Contains(err.Error(), "value out of range") || f != f:
		return 0, false, errors.New("is not a number of seconds")
	case f < 0:
		return 0, false, errors.New("is negative")
	case f >= most.Seconds():
		return most, true, nil
	}
	return time.Duration(f * float64(time.Second)), true, nil
}
