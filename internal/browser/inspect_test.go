//go:build browser

package browser

import (
	"context"
	"encoding/json"
	"slices"
	"strings"

	"github.com/chromedp/cdproto/accessibility"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
)

// unreadable finds what is hard to read or to hit on a page as it is drawn: texts of
// too little contrast with what is behind them (WCAG 2.2, 1.4.3), a page that is wider
// than the window (1.4.10), and buttons and fields that are too small (2.5.8).
const unreadable = `(() => {
	const wrong = [];
	const channels = colour => colour.match(/[\d.]+/g).map(Number);
	const luminance = colour => [0.2126, 0.7152, 0.0722].reduce((sum, weight, i) => {
		const c = channels(colour)[i] / 255;
		return sum + weight * (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4);
	}, 0);
	const behind = e => {
		for (; e; e = e.parentElement) {
			const colour = getComputedStyle(e).backgroundColor, c = channels(colour);
			if (c.length < 4 || c[3] == 1) return colour;
		}
		return "rgb(255, 255, 255)";
	};
	const check = (e, text) => {
		const style = getComputedStyle(e), a = luminance(style.color), b = luminance(behind(e));
		const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
		if (e.checkVisibility() && ratio < 4.5) wrong.push(text.trim().slice(0, 40) + ": " + style.color + " on " + behind(e) + " is " + ratio.toFixed(2) + " to 1");
	};
	let texts = 0;
	const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
	while (walk.nextNode()) if (walk.currentNode.data.trim()) { texts++; check(walk.currentNode.parentElement, walk.currentNode.data); }
	document.querySelectorAll("input:not([type=hidden]):not([hidden]), select").forEach(e => check(e, e.name));
	document.querySelectorAll("button, select, input:not([type=hidden]):not([hidden])").forEach(e => {
		const r = e.getBoundingClientRect();
		if (r.height < 24 || r.width < 24) wrong.push(e.name + e.innerText + " is " + r.width + " by " + r.height);
	});
	const over = document.documentElement.scrollWidth - document.documentElement.clientWidth;
	if (over > 0) wrong.push("the page is " + over + " pixels too wide");
	if (!texts) wrong.push("there is nothing to read");
	return [matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light", ...wrong];
})()`

// inspect demands of a page of ours that it can be read, in light and in dark, and that
// a screen reader has a name for everything that can be used, and says why a field is
// wrong.
func (p *person) inspect() {
	p.Helper()
	if !p.strict {
		return
	}
	for _, scheme := range []string{"dark", "light"} {
		p.command("prefer "+scheme, func(ctx context.Context) error {
			_, err := chromedp.Call(ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
				Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}}})
			return err
		})
		if said := ask[[]string](p, unreadable); said[0] != scheme || len(said) > 1 {
			p.Errorf("with %s colours: %s\n%s", scheme, strings.Join(said, "; "), p.sees())
		}
	}
	p.command("ask what a screen reader is told", func(ctx context.Context) error {
		tree, err := chromedp.Call(ctx, accessibility.GetFullAXTree, accessibility.GetFullAXTreeParams{})
		if err != nil {
			return err
		}
		usable := 0
		for _, n := range tree.Nodes {
			role := said(n.Role)
			if n.Ignored || !slices.Contains([]string{"textbox", "button", "link", "combobox", "checkbox"}, role) {
				continue
			}
			usable++
			if said(n.Name) == "" {
				p.Errorf("a screen reader has no name for a %s\n%s", role, p.sees())
			}
			invalid := slices.ContainsFunc(n.Properties, func(q *accessibility.Property) bool { return q.Name == "invalid" && said(q.Value) == "true" })
			if invalid && said(n.Description) == "" {
				p.Errorf("a screen reader does not say why %q is wrong", said(n.Name))
			}
		}
		if forms := ask[int](p, "document.forms.length"); forms > 0 && usable == 0 {
			p.Errorf("a screen reader finds nothing to use on a page with %d forms", forms)
		}
		return nil
	})
}

// said is a value of the accessibility tree as a text.
func said(v *accessibility.Value) string {
	if v == nil {
		return ""
	}
	var s any
	if json.Unmarshal([]byte(v.Value), &s) != nil {
		return ""
	}
	text, _ := s.(string)
	return strings.TrimSpace(text)
}

// command does something to the browser within the patience.
func (p *person) command(what string, do func(context.Context) error) {
	p.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	if err := do(ctx); err != nil {
		p.Fatalf("cannot %s: %v", what, err)
	}
}
