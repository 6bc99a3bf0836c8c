//go:build browser

package browser

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// patience is how long a page may take.
const patience = 30 * time.Second

// chromium finds the browser; without one there is nothing to test with.
func chromium(t testing.TB) string {
	t.Helper()
	names := []string{os.Getenv("IDPCTL_TEST_CHROMIUM"), "chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "headless_shell"}
	for _, name := range names {
		if path, err := exec.LookPath(name); name != "" && err == nil {
			return path
		}
	}
	t.Fatal("There is no Chromium, which these tests need. Install it, as with `apt-get install --no-install-recommends chromium fonts-dejavu-core`, " +
		"or name the program in IDPCTL_TEST_CHROMIUM.")
	return ""
}

// launch starts a browser that trusts some certificates, by the hashes of their keys.
func launch(t testing.TB, trusted []string) context.Context {
	t.Helper()
	options := append(slices.Clone(chromedp.DefaultExecAllocatorOptions[:]),
		func(a *chromedp.ExecAllocator) { chromedp.ExecPath(chromium(t))(a) }, chromedp.UserDataDir(t.TempDir()))
	if len(trusted) > 0 {
		options = append(options, chromedp.Flag("ignore-certificate-errors-spki-list", strings.Join(trusted, ",")))
	}
	ctx, stop := chromedp.NewExecAllocator(context.Background(), options...)
	t.Cleanup(stop)
	ctx, stop = chromedp.NewContext(ctx)
	t.Cleanup(stop)
	if err := chromedp.Do(ctx); err != nil {
		t.Fatalf("Chromium does not start: %v", err)
	}
	return ctx
}

// person is somebody at a browser of their own, without cookies at first.
type person struct {
	testing.TB
	ctx context.Context
	// keyboard: there is no mouse.
	keyboard bool
	// strict: the pages are ours, and have to be without a fault.
	strict bool

	mu       sync.Mutex
	origin   string
	problems []string
}

// newPerson opens a window. Of a strict one, whatever the browser complains of and
// every request to elsewhere is an error.
func newPerson(t testing.TB, browser context.Context, origin string, keyboard, strict bool) *person {
	t.Helper()
	p := &person{TB: t, keyboard: keyboard, strict: strict, origin: origin}
	ctx, stop := chromedp.NewContext(browser, chromedp.WithNewBrowserContext(), chromedp.WithListener(p.notice))
	t.Cleanup(stop)
	p.ctx = ctx
	// The window lives as long as the context of the first call does.
	if err := chromedp.Do(ctx, chromedp.EmulateViewport(320, 640)); err != nil { // a small phone
		t.Fatalf("cannot open a window: %v", err)
	}
	return p
}

// notice is called with every event of the window.
func (p *person) notice(ev any) {
	problem := ""
	switch e := ev.(type) {
	case *log.EventEntryAdded:
		problem = fmt.Sprintf("%s %s: %s %s", e.Entry.Source, e.Entry.Level, e.Entry.Text, e.Entry.URL)
	case *runtime.EventConsoleAPICalled:
		problem = "console." + string(e.Type)
	case *runtime.EventExceptionThrown:
		problem = "exception: " + e.ExceptionDetails.Text
	case *network.EventRequestWillBeSent:
		if u, err := url.Parse(e.Request.URL); err != nil || u.Scheme != "data" && u.Scheme+"://"+u.Host != p.origin {
			problem = "a request to " + e.Request.URL
		}
	}
	if problem != "" {
		p.mu.Lock()
		p.problems = append(p.problems, problem)
		p.mu.Unlock()
	}
}

// content demands that nothing was wrong with the pages so far.
func (p *person) content() {
	p.Helper()
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.strict && len(p.problems) > 0 {
		p.Errorf("the browser complains: %s", strings.Join(p.problems, "; "))
	}
	p.problems = nil
}

// do does something within the patience.
func (p *person) do(what string, actions ...chromedp.Action[chromedp.Void]) {
	p.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	if err := chromedp.Do(ctx, actions...); err != nil {
		p.Fatalf("cannot %s: %v\n%s", what, err, p.sees())
	}
}

// ask evaluates an expression on the page.
func ask[T any](p *person, expression string) T {
	p.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	v, err := chromedp.Run(ctx, chromedp.Evaluate[T](expression))
	if err != nil {
		p.Fatalf("%s: %v", expression, err)
	}
	return v
}

// sees is the page in words.
func (p *person) sees() string {
	ctx, cancel := context.WithTimeout(p.ctx, 5*time.Second)
	defer cancel()
	text, err := chromedp.Run(ctx, chromedp.Evaluate[string](`location.href + "\n" + document.body.innerText`))
	if err != nil {
		return err.Error()
	}
	return text
}

// open loads a page.
func (p *person) open(address string) {
	p.Helper()
	p.do("open "+address, chromedp.Navigate(address))
}

// field is the selector of an input by its name.
func field(name string) string { return "input[name=" + name + "]" }

// fill writes into a field. The first one of a page has the cursor already.
func (p *person) fill(name, value string, first bool) {
	p.Helper()
	p.do("see "+name, chromedp.WaitVisible(chromedp.CSS(field(name))))
	if first {
		p.inspect()
	}
	if !p.keyboard {
		p.do("fill in "+name, chromedp.Clear(chromedp.CSS(field(name))), chromedp.SendKeys(chromedp.CSS(field(name)), value))
		return
	}
	p.reach(field(name), first)
	p.do("write "+name, chromedp.KeyEvent("a", chromedp.KeyModifiers(chromedp.ModifierCtrl)), chromedp.KeyEvent(value))
	if got := ask[string](p, "document.activeElement.value"); got != value {
		p.Errorf("%s was filled in with %d characters, and has %d", name, len(value), len(got))
	}
}

// reach goes to an element by the tabulator key. Where has says that the cursor is
// there already, one that is not is an error.
func (p *person) reach(selector string, has bool) {
	p.Helper()
	quoted, _ := json.Marshal(selector) // a string
	is := fmt.Sprintf("document.readyState == 'complete' && document.activeElement.matches(%s)", quoted)
	if has {
		ctx, cancel := context.WithTimeout(p.ctx, patience)
		defer cancel()
		if _, err := chromedp.Run(ctx, chromedp.Poll[bool](is)); err != nil {
			p.Fatalf("the cursor is not in %s: %v\n%s", selector, err, p.sees())
		}
	}
	for tries := 0; !ask[bool](p, is); tries++ {
		if tries > 30 {
			p.Fatalf("%s cannot be reached by the keyboard", selector)
		}
		p.do("press the tabulator key", chromedp.KeyEvent(kb.Tab))
	}
	if width := ask[string](p, "(s => s.outlineStyle == 'none' ? '0px' : s.outlineWidth)(getComputedStyle(document.activeElement))"); p.strict && width != "3px" {
		p.Errorf("%s does not show that it has the focus: its outline is %s", selector, width)
	}
}

// enter sends the form in which the cursor is.
func (p *person) enter() {
	p.Helper()
	p.do("press the enter key", chromedp.KeyEvent(kb.Enter))
}

// press presses a button.
func (p *person) press(selector string) {
	p.Helper()
	p.do("see "+selector, chromedp.WaitVisible(chromedp.CSS(selector)))
	p.inspect()
	if !p.keyboard {
		p.do("press "+selector, chromedp.Click(chromedp.CSS(selector)))
		return
	}
	p.reach(selector, false)
	p.enter()
}

// wrong demands that a field is marked as wrong, with an explanation.
func (p *person) wrong(name, text string) {
	p.Helper()
	p.do("see that "+name+" is wrong", chromedp.WaitVisible(chromedp.CSS(field(name)+"[aria-invalid=true]")))
	if !p.strict {
		return
	}
	said := ask[string](p, `[...document.querySelector("`+field(name)+`").getAttribute("aria-describedby").split(" ")].map(id => document.getElementById(id).innerText).join(" ")`)
	if !strings.Contains(said, text) {
		p.Errorf("%s is explained by %q, want %q", name, said, text)
	}
}

// arrive waits for a page with a heading.
func (p *person) arrive(heading string) {
	p.Helper()
	p.await("h1", heading)
	p.inspect()
}

// reads waits for a page with a text.
func (p *person) reads(text string) {
	p.Helper()
	p.await("body", text)
}

func (p *person) await(selector, text string) {
	p.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	for {
		got, err := chromedp.Run(ctx, chromedp.Text(chromedp.CSS(selector)))
		switch {
		case err == nil && strings.Contains(got, text):
			return
		case ctx.Err() != nil:
			p.Fatalf("no page says %q: %s", text, p.sees())
		}
	}
}
