package pages

import (
	"bytes"
	"cmp"
	_ "embed"
	"html/template"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// Outcome is what the last page of a sign-in says at a glance.
type Outcome uint8

const (
	// Open: this page is not the last one.
	Open Outcome = iota
	// Done: the sign-in, or what else it was about, has worked.
	Done
	// Failed: it has not.
	Failed
)

// Page is one page of a sign-in. All texts are plain.
type Page struct {
	// ID names the page for tests and programs.
	ID string
	// Title is that of the window, Brand stands above the heading: the name of
	// the realm or tenant.
	Title, Brand, Heading string
	// Emulates is the name of the real service, as in "Keycloak": the page says
	// that it is not that one.
	Emulates string
	// Outcome of the sign-in.
	Outcome Outcome
	// Alert is a message about what happened; empty if there is none.
	Alert string
	// AlertIsError tells an error from a hint.
	AlertIsError bool
	// Text is shown paragraph by paragraph.
	Text []string
	// List is shown as a list after Text, and More are paragraphs after it.
	List, More []string
	// Form, if there is one.
	Form *Form
	// Links stand below.
	Links []Link
	// Onward is where the page leads by itself, at once, by http or https; empty
	// for a page that stays. A link to it stands below too.
	Onward string
}

// Form is sent by POST.
type Form struct {
	// ID is the HTML attribute; may be empty.
	ID      string
	Action  string
	Fields  []Field
	Buttons []Button
	// Account is the user name that a new password is for: browsers and password
	// managers keep the password under it. It is neither shown nor sent.
	Account string
}

// Field is an input. Type "hidden" has no label.
type Field struct {
	// ID is the HTML attribute; the default is Name.
	ID                       string
	Name, Label, Type, Value string
	// Autocomplete is the HTML attribute, such as "current-password".
	Autocomplete string
	// Hint says below the label what to write.
	Hint string
	// Error says what is wrong with the value.
	Error string
	// Alerted: what is wrong with the value stands in the page's Alert.
	Alerted bool
	// Autofocus puts the cursor here, unless another field is wrong.
	Autofocus bool
	// Code is for a short code that a person copies from another screen: in
	// large letters, and not to be corrected.
	Code bool
}

// Button submits the form, with its name and value if it has a name.
type Button struct {
	// ID is the HTML attribute; may be empty.
	ID                 string
	Name, Value, Label string
	Secondary          bool
}

// Link leads on.
type Link struct{ URL, Label string }

//go:embed page.html
var pageHTML string

var pageTemplate = template.Must(Layout("page", pageHTML))

// Render writes a page with the headers of [Headers].
func Render(w http.ResponseWriter, status int, p Page) {
	Execute(w, status, pageTemplate, p.ready())
}

// ready fills in what follows from the rest.
func (p Page) ready() Page {
	onward, err := url.Parse(p.Onward)
	p.Onward = ""
	if err == nil && onward.Host != "" && (onward.Scheme == "http" || onward.Scheme == "https") { // not into a script
		p.Onward = onward.String()
	}
	if p.Form == nil {
		return p
	}
	f := *p.Form
	f.Fields = slices.Clone(f.Fields)
	wrong := slices.IndexFunc(f.Fields, Field.Wrong)
	for i := range f.Fields {
		e := &f.Fields[i]
		e.ID = cmp.Or(e.ID, e.Name)
		if wrong >= 0 {
			e.Autofocus = i == wrong // that one is to be written anew
		}
	}
	p.Form = &f
	return p
}

// Wrong reports whether the value has to be written anew.
func (f Field) Wrong() bool { return f.Error != "" || f.Alerted }

// DescribedBy are the ids of what explains the field: the HTML attribute
// aria-describedby.
func (f Field) DescribedBy() string {
	var ids []string
	if f.Error != "" {
		ids = append(ids, "input-error-"+f.ID)
	}
	if f.Alerted {
		ids = append(ids, "page-alert")
	}
	if f.Hint != "" {
		ids = append(ids, "hint-"+f.ID)
	}
	return strings.Join(ids, " ")
}

// Succeeded and HasFailed tell the outcome, for the template.
func (p Page) Succeeded() bool { return p.Outcome == Done }

// HasFailed is the other outcome.
func (p Page) HasFailed() bool { return p.Outcome == Failed }

// HasError reports whether the page says that something is wrong.
func (p Page) HasError() bool {
	return p.Outcome == Failed || p.Alert != "" && p.AlertIsError || p.Form != nil && slices.ContainsFunc(p.Form.Fields, Field.Wrong)
}

// Execute writes a page of a template that [Layout] made.
func Execute(w http.ResponseWriter, status int, t *template.Template, data any) {
	var b bytes.Buffer
	if err := t.Execute(&b, data); err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	Headers(w.Header())
	w.WriteHeader(status)
	_, _ = w.Write(b.Bytes())
}
