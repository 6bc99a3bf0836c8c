// Package htmltree finds its way in parsed HTML, for those who read the emulators'
// pages, or those of a real server, without a browser.
package htmltree

import (
	"slices"
	"strings"

	"golang.org/x/net/html"
)

// First is the first node below root, in the order of the document, that is what is
// looked for; nil if there is none.
func First(root *html.Node, is func(*html.Node) bool) *html.Node {
	for n := range root.Descendants() {
		if is(n) {
			return n
		}
	}
	return nil
}

// Attr is the value of an attribute; empty where there is none.
func Attr(n *html.Node, name string) string {
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}

// Has reports whether an element has an attribute, with a value or without.
func Has(n *html.Node, name string) bool {
	return slices.ContainsFunc(n.Attr, func(a html.Attribute) bool { return a.Key == name })
}

// Text is all text below a node, as it stands there.
func Text(n *html.Node) string {
	var b strings.Builder
	for c := range n.Descendants() {
		if c.Type == html.TextNode {
			b.WriteString(c.Data)
		}
	}
	return b.String()
}
