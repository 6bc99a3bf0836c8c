// Package pagetest checks pages of the emulators in tests: what every page has
// to have, whichever emulator shows it.
package pagetest

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"

	"github.com/idpctl/idpctl/emulator/htmltree"
	"github.com/idpctl/idpctl/emulator/pages"
)

// Check fails the test for everything that a page lacks: headers, language,
// title, one heading of the first level, labels, and that it loads nothing and
// runs nothing.
func Check(t testing.TB, status int, header http.Header, body string) {
	t.Helper()
	for name, want := range map[string]string{
		"Content-Security-Policy": pages.Policy(), "X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer",
		"Cache-Control": "no-store, must-revalidate, max-age=0", "Content-Type": "text/html;charset=utf-8", "X-Frame-Options": "DENY",
	} {
		if got := header.Get(name); got != want {
			t.Errorf("status %d: %s is %q, want %q", status, name, got, want)
		}
	}
	root, err := html.Parse(strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	c := &checker{t: t, root: root, ids: map[string]*html.Node{}}
	for n := range root.Descendants() {
		if n.Type == html.ElementNode {
			c.element(n)
		}
	}
	c.whole()
}

type checker struct {
	t        testing.TB
	root     *html.Node
	ids      map[string]*html.Node
	headings []string
	focused  int
}

// element checks one element by itself.
func (c *checker) element(n *html.Node) {
	c.t.Helper()
	if id := htmltree.Attr(n, "id"); id != "" {
		if c.ids[id] != nil {
			c.t.Errorf("the id %q is there twice", id)
		}
		c.ids[id] = n
	}
	for _, a := range n.Attr {
		name, value := strings.ToLower(a.Key), strings.ToLower(strings.TrimSpace(a.Val))
		switch {
		case strings.HasPrefix(name, "on"), name == "style":
			c.t.Errorf("<%s> has the attribute %s", n.Data, name)
		case name == "autofocus":
			c.focused++
		case name == "src" || name == "srcset" || name == "action" && strings.HasPrefix(value, "javascript:"):
			c.t.Errorf("<%s %s=%q>", n.Data, name, value)
		}
	}
	switch n.DataAtom {
	case atom.Script, atom.Iframe, atom.Img, atom.Object, atom.Embed, atom.Base:
		c.t.Errorf("the page has a <%s>", n.Data)
	case atom.Link:
		if !strings.HasPrefix(htmltree.Attr(n, "href"), "data:") {
			c.t.Errorf("the page loads %s", htmltree.Attr(n, "href"))
		}
	case atom.Meta:
		if strings.Contains(htmltree.Attr(n, "content"), "url=") {
			c.onward(n)
		}
	case atom.Html:
		if htmltree.Attr(n, "lang") != "en" {
			c.t.Errorf("lang is %q", htmltree.Attr(n, "lang"))
		}
	case atom.H1, atom.H2, atom.H3:
		c.headings = append(c.headings, n.Data)
		if text(n) == "" {
			c.t.Errorf("an empty <%s>", n.Data)
		}
	case atom.Button:
		if text(n) == "" {
			c.t.Error("a button without a text")
		}
	}
}

// onward checks an element that leads to another page by itself: at once, to where
// a link leads as well.
func (c *checker) onward(n *html.Node) {
	c.t.Helper()
	to, refresh := strings.CutPrefix(htmltree.Attr(n, "content"), "0; url=http")
	link := htmltree.First(c.root, func(a *html.Node) bool { return a.DataAtom == atom.A && htmltree.Attr(a, "href") == "http"+to })
	if htmltree.Attr(n, "http-equiv") != "refresh" || !refresh || link == nil {
		c.t.Errorf("<meta http-equiv=%q content=%q>", htmltree.Attr(n, "http-equiv"), htmltree.Attr(n, "content"))
	}
}

// whole checks how the elements go together.
func (c *checker) whole() {
	c.t.Helper()
	if n := strings.Count(strings.Join(c.headings, " "), "h1"); n != 1 || c.headings[0] != "h1" {
		c.t.Errorf("the headings are %v", c.headings)
	}
	if Title(c.root) == "" {
		c.t.Error("the page has no title")
	}
	if c.focused > 1 {
		c.t.Errorf("%d elements have autofocus", c.focused)
	}
	for n := range c.root.Descendants() {
		for id := range strings.FieldsSeq(htmltree.Attr(n, "aria-describedby") + " " + htmltree.Attr(n, "aria-labelledby")) {
			if c.ids[id] == nil || text(c.ids[id]) == "" {
				c.t.Errorf("<%s> is described by %q, which is not there", n.Data, id)
			}
		}
		if htmltree.Attr(n, "aria-invalid") == "true" && htmltree.Attr(n, "aria-describedby") == "" {
			c.t.Errorf("the field %s is wrong, and nothing says why", htmltree.Attr(n, "name"))
		}
		field := n.DataAtom == atom.Input || n.DataAtom == atom.Select
		if !field || slices.Contains([]string{"hidden", "submit"}, htmltree.Attr(n, "type")) || htmltree.Has(n, "hidden") {
			continue
		}
		if htmltree.Attr(n, "autocomplete") == "new-password" && htmltree.First(c.root, func(u *html.Node) bool {
			return htmltree.Attr(u, "autocomplete") == "username" && htmltree.Attr(u, "value") != ""
		}) == nil {
			c.t.Errorf("nothing tells a password manager whose password %s is", htmltree.Attr(n, "name"))
		}
		label := htmltree.First(c.root, func(l *html.Node) bool {
			return l.DataAtom == atom.Label && htmltree.Attr(l, "for") == htmltree.Attr(n, "id") && htmltree.Attr(n, "id") != ""
		})
		if label == nil || text(label) == "" {
			c.t.Errorf("the field %s has no label", htmltree.Attr(n, "name"))
		}
		if htmltree.Attr(n, "type") == "password" && !strings.HasSuffix(htmltree.Attr(n, "autocomplete"), "-password") {
			c.t.Errorf("the password %s has autocomplete %q", htmltree.Attr(n, "name"), htmltree.Attr(n, "autocomplete"))
		}
	}
	for n := range c.root.Descendants() { // what says that something is wrong is announced
		if strings.Contains(htmltree.Attr(n, "class"), "error") && htmltree.Attr(n, "role") != "alert" {
			c.t.Errorf("<%s class=%q> has no role", n.Data, htmltree.Attr(n, "class"))
		}
	}
}

// Title is that of the window.
func Title(root *html.Node) string {
	if n := htmltree.First(root, func(n *html.Node) bool { return n.DataAtom == atom.Title }); n != nil {
		return text(n)
	}
	return ""
}

// Attributes are those of the input, select or button of a name, in order.
func Attributes(root *html.Node, name string) string {
	n := htmltree.First(root, func(n *html.Node) bool {
		return htmltree.Attr(n, "name") == name && slices.Contains([]atom.Atom{atom.Input, atom.Select, atom.Button}, n.DataAtom)
	})
	if n == nil {
		return ""
	}
	var list []string
	for _, a := range n.Attr {
		list = append(list, a.Key+"="+a.Val)
	}
	slices.Sort(list)
	return strings.Join(list, " ")
}

// Fields are the fields and named buttons of the first form that is sent by
// POST, each as "name type", as a client has to know them. What a script makes
// use of alone is left out.
func Fields(body string) []string {
	root, err := html.Parse(strings.NewReader(body))
	if err != nil {
		return nil
	}
	form := htmltree.First(root, func(n *html.Node) bool {
		return n.DataAtom == atom.Form && strings.EqualFold(htmltree.Attr(n, "method"), "post")
	})
	if form == nil {
		return nil
	}
	var list []string
	for n := range form.Descendants() {
		kind := htmltree.Attr(n, "type")
		if n.DataAtom == atom.Button && kind == "" {
			kind = "submit"
		}
		if name := htmltree.Attr(n, "name"); name != "" && kind != "button" && (n.DataAtom == atom.Input || n.DataAtom == atom.Button || n.DataAtom == atom.Select) {
			list = append(list, name+" "+kind)
		}
	}
	return list
}

func text(n *html.Node) string { return strings.TrimSpace(htmltree.Text(n)) }
