package formclient

import (
	"io"
	"net/http"
	"net/url"
	"strings"
	"unicode"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"

	"github.com/idpctl/idpctl/emulator/htmltree"
)

// page is an HTML page as far as a sign-in needs it.
type page struct {
	url     *url.URL
	status  int
	heading string
	root    *html.Node
	// failed: the address says that something went wrong.
	failed bool
}

// form is a form of a page.
type form struct {
	action string
	inputs []input
}

// input is a field or button of a form.
type input struct {
	id, name, kind, value string
}

func parse(resp *http.Response) (*page, error) {
	root, err := html.Parse(io.LimitReader(resp.Body, 4<<20))
	if err != nil {
		return nil, err
	}
	p := &page{url: resp.Request.URL, status: resp.StatusCode, root: root, failed: resp.Request.URL.Query().Has("error")}
	for _, tag := range []atom.Atom{atom.H1, atom.Title} {
		if n := htmltree.First(root, func(n *html.Node) bool { return n.DataAtom == tag }); n != nil && p.heading == "" {
			p.heading = textOf(n)
		}
	}
	return p, nil
}

// form is the first form of the page that is sent by POST; nil without one.
func (p *page) form() *form {
	if all := p.forms(); len(all) > 0 {
		return readForm(all[0])
	}
	return nil
}

// lastForm is the last such form of a page that has one.
func (p *page) lastForm() *form {
	all := p.forms()
	return readForm(all[len(all)-1])
}

func (p *page) forms() (all []*html.Node) {
	for n := range p.root.Descendants() {
		if n.DataAtom == atom.Form && strings.EqualFold(htmltree.Attr(n, "method"), "post") {
			all = append(all, n)
		}
	}
	return all
}

func readForm(n *html.Node) *form {
	f := &form{action: htmltree.Attr(n, "action")}
	for c := range n.Descendants() {
		switch c.DataAtom {
		case atom.Input:
			kind := strings.ToLower(htmltree.Attr(c, "type"))
			if htmltree.Attr(c, "name") == "" && kind != "submit" {
				continue // it is not sent: for a script, or for password managers
			}
			f.inputs = append(f.inputs, input{htmltree.Attr(c, "id"), htmltree.Attr(c, "name"), kind, htmltree.Attr(c, "value")})
		case atom.Button:
			kind := strings.ToLower(htmltree.Attr(c, "type"))
			if kind == "" {
				kind = "submit"
			}
			f.inputs = append(f.inputs, input{htmltree.Attr(c, "id"), htmltree.Attr(c, "name"), kind, htmltree.Attr(c, "value")})
		}
	}
	return f
}

// visible are the inputs of a kind that a person would fill in: "password",
// or "" for texts of every other kind.
func (f *form) visible(kind string) (list []input) {
	for _, in := range f.inputs {
		switch in.kind {
		case "hidden", "submit", "button", "image", "reset", "checkbox", "radio", "file":
			continue
		}
		if (in.kind == "password") == (kind == "password") {
			list = append(list, in)
		}
	}
	return list
}

// hidden are the values that the page itself sends along.
func (f *form) hidden() url.Values {
	v := url.Values{}
	for _, in := range f.inputs {
		if in.kind == "hidden" && in.name != "" {
			v.Set(in.name, in.value)
		}
	}
	return v
}

// button is the one to press: the first that submits, if it has a name. It is
// that which goes on; the one to cancel comes after it, and is the last.
func (f *form) button(last bool) *input {
	var found *input
	for i, in := range f.inputs {
		if in.kind == "submit" && (found == nil || last) {
			found = &f.inputs[i]
		}
	}
	if found == nil || found.name == "" {
		return nil
	}
	return found
}

// label is what a page calls an input.
func (in input) label(p *page) string {
	n := htmltree.First(p.root, func(n *html.Node) bool {
		return n.DataAtom == atom.Label && in.id != "" && htmltree.Attr(n, "for") == in.id
	})
	if n == nil || textOf(n) == "" {
		return oneLine(in.name)
	}
	return "“" + textOf(n) + "”"
}

// message is what the page says to its user: errors if it marks some, else its
// instructions.
func (p *page) message() string {
	for _, marks := range [][]string{{"alert", "error", "feedback"}, {"instruction", "message"}} {
		var texts []string
		for n := range p.root.Descendants() {
			if n.Type == html.ElementNode && marked(n, marks) && !within(n.Parent, marks) {
				if t := textOf(n); t != "" {
					texts = append(texts, t)
				}
			}
		}
		if len(texts) > 0 {
			return strings.Join(texts, " ")
		}
	}
	return ""
}

// marked reports whether the role, class or id of an element holds one of the
// words, as sign-in pages mark their messages. Inputs and containers of forms
// are no messages.
func marked(n *html.Node, words []string) bool {
	switch n.DataAtom {
	case atom.Input, atom.Form, atom.Body, atom.Html, atom.Main, atom.Button:
		return false
	}
	if htmltree.First(n, func(c *html.Node) bool { return c.DataAtom == atom.Form || c.DataAtom == atom.Input }) != nil {
		return false
	}
	for _, mark := range []string{htmltree.Attr(n, "role"), htmltree.Attr(n, "class"), htmltree.Attr(n, "id")} {
		for _, w := range words {
			if strings.Contains(strings.ToLower(mark), w) {
				return true
			}
		}
	}
	return false
}

// within reports whether n or an element around it is marked.
func within(n *html.Node, words []string) bool {
	for ; n != nil; n = n.Parent {
		if n.Type == html.ElementNode && marked(n, words) {
			return true
		}
	}
	return false
}

// textOf is the text of an element in one line.
func textOf(n *html.Node) string {
	var b strings.Builder
	for c := range n.Descendants() {
		if c.Type == html.TextNode && (c.Parent.DataAtom != atom.Script && c.Parent.DataAtom != atom.Style) {
			b.WriteString(c.Data + " ")
		}
	}
	return oneLine(b.String())
}

// oneLine is a text in one line, without control characters and of at most 300
// characters.
func oneLine(s string) string {
	clean := strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return ' '
		}
		return r
	}, s)
	runes := []rune(strings.Join(strings.Fields(clean), " "))
	if len(runes) > 300 {
		return string(runes[:300]) + "…"
	}
	return string(runes)
}
