package oidc

import (
	"bytes"
	_ "embed"
	"html/template"
	"net/http"
)

// Page is one page of a sign-in. All texts are plain.
type Page struct {
	// ID names the page for tests and programs.
	ID string
	// Title is that of the window, Brand stands above the heading.
	Title, Brand, Heading string
	// Alert is a message about what happened; empty if there is none.
	Alert string
	// AlertIsError tells an error from a hint.
	AlertIsError bool
	// Text is shown paragraph by paragraph.
	Text []string
	// List is shown as a list after Text.
	List []string
	// Form, if there is one.
	Form *Form
	// Links stand below.
	Links []Link
}

// Form is sent by POST.
type Form struct {
	Action  string
	Fields  []Field
	Buttons []Button
}

// Field is an input. Type "hidden" has no label.
type Field struct {
	Name, Label, Type, Value string
	// Autocomplete is the HTML attribute, such as "current-password".
	Autocomplete string
	// Error says what is wrong with the value.
	Error string
	// Autofocus puts the cursor here.
	Autofocus bool
}

// Button submits the form, with its name and value if it has a name.
type Button struct {
	Name, Value, Label string
	Secondary          bool
}

// Link leads on.
type Link struct{ URL, Label string }

//go:embed page.html
var pageHTML string

var pageTemplate = template.Must(template.New("page").Parse(pageHTML))

// Render writes a page. It loads nothing and runs no script: the Content
// Security Policy allows its own style by a nonce, and forms to its own origin.
func Render(w http.ResponseWriter, status int, p Page) {
	nonce := Random(16)
	var b bytes.Buffer
	if err := pageTemplate.Execute(&b, struct {
		Page
		Nonce string
	}{p, nonce}); err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	h := w.Header()
	h.Set("Content-Type", "text/html;charset=utf-8")
	h.Set("Content-Language", "en")
	h.Set("Cache-Control", "no-store, must-revalidate, max-age=0")
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'nonce-"+nonce+"'; form-action 'self'; "+
		"img-src data:; frame-ancestors 'none'; base-uri 'none'")
	w.WriteHeader(status)
	_, _ = w.Write(b.Bytes())
}
