package view_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/idpctl/idpctl/apply"
	"github.com/idpctl/idpctl/diag"
	"github.com/idpctl/idpctl/internal/view"
	"github.com/idpctl/idpctl/plan"
	"github.com/idpctl/idpctl/resource"
)

// buffer is a writer for several goroutines that keeps each write apart.
type buffer struct {
	mu     sync.Mutex
	writes []string
}

func (b *buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.writes = append(b.writes, string(p))
	return len(p), nil
}

// event is one step of the story, after a wait.
type event struct {
	wait time.Duration
	apply.Event
}

// story is an apply in which everything happens, never at the moment of a tick.
var story = []event{
	{50 * time.Millisecond, apply.Event{Kind: apply.Started, Address: at("realm", "influxdb"), Action: plan.Create}},
	{200 * time.Millisecond, apply.Event{Kind: apply.Done, Address: at("realm", "influxdb"), Action: plan.Create, ID: "r1"}},
	{0, apply.Event{Kind: apply.Started, Address: at("user", "marty"), Action: plan.Create}},
	{0, apply.Event{Kind: apply.Started, Address: at("user", "emmett"), Action: plan.Update, Adopt: true}},
	{time.Second, apply.Event{Kind: apply.Waiting, Message: "waiting 3s: rate limit"}},
	{0, apply.Event{Kind: apply.Waiting, Message: "waiting 3s: rate limit"}},
	{3 * time.Second, apply.Event{Kind: apply.Done, Address: at("user", "marty"), Action: plan.Create, ID: "8f14e45f"}},
	{0, apply.Event{Kind: apply.Note, Address: at("user", "marty"), Message: "the invitation may arrive twice"}},
	{24 * time.Second, apply.Event{Kind: apply.Failed, Address: at("user", "emmett"), Action: plan.Update, Message: "Conflict: another user\x1b[31m has the e-mail"}},
	{0, apply.Event{Kind: apply.Skipped, Address: at("group", "admins"), Action: plan.Update, Message: "needs user.emmett, which failed"}},
	{0, apply.Event{Kind: apply.Started, Address: at("user", "old"), Action: plan.Delete}},
	{0, apply.Event{Kind: apply.Started, Address: resource.Address{Kind: "cluster", Name: "production", Target: "appinstance"}, Action: plan.Update}},
	{100 * time.Millisecond, apply.Event{Kind: apply.Done, Address: at("user", "old"), Action: plan.Delete, ID: "u9"}},
	{0, apply.Event{Kind: apply.Done, Address: resource.Address{Kind: "cluster", Name: "production", Target: "appinstance"}, Action: plan.Update}},
	{0, apply.Event{Kind: apply.Done, Address: at("user", "lost"), Action: plan.Forget, ID: "u8"}},
	{0, apply.Event{Kind: apply.Done, Address: at("user", "moved"), Action: plan.NoOp, ID: "u7"}},
	{0, apply.Event{Kind: apply.Done, Address: at("user", "taken"), Action: plan.NoOp, Adopt: true, ID: "u6"}},
}

// tell runs a story in virtual time and returns the writes.
func tell(t *testing.T, o view.Options, story []event) []string {
	t.Helper()
	var writes []string
	synctest.Test(t, func(t *testing.T) {
		out := &buffer{}
		o.Out = out
		p := view.New(o).Progress(&plan.Plan{Changes: make6()})
		for _, e := range story {
			time.Sleep(e.wait)
			e.At = time.Now()
			p.Event(e.Event)
		}
		p.Message("Interrupt received: finishing what is in flight.")
		if err := p.Close(); err != nil {
			t.Error(err)
		}
		if err := p.Close(); err != nil {
			t.Error("a second Close:", err)
		}
		p.Event(story[0].Event)
		writes = out.writes
	})
	return writes
}

// make6 is six changes that count and one that does not.
func make6() []*plan.Change {
	var list []*plan.Change
	for range 6 {
		list = append(list, &plan.Change{Action: plan.Create})
	}
	return append(list, &plan.Change{Action: plan.NoOp})
}

func TestProgressInAPipe(t *testing.T) {
	text := strings.Join(tell(t, view.Options{}, story), "")
	checkText(t, text)
	golden(t, "progress_pipe", text+"======== with colours\n"+strings.Join(tell(t, view.Options{Color: true}, story), ""))
}

func TestProgressJSON(t *testing.T) {
	text := strings.Join(tell(t, view.Options{JSON: true, Terminal: true}, story), "")
	for l := range strings.Lines(text) {
		var e struct {
			Version                  string `json:"format_version"`
			Type, Timestamp, Message string
		}
		if err := json.Unmarshal([]byte(l), &e); err != nil || e.Version == "" || e.Type == "" || e.Timestamp == "" || e.Message == "" {
			t.Errorf("%v: %s", err, l)
		}
	}
	golden(t, "progress_json", text)
}

// The live display is shown as its frames, one after the other.
func TestProgressOnATerminal(t *testing.T) {
	var b strings.Builder
	for i, w := range tell(t, view.Options{Terminal: true, Width: 60}, story) {
		fmt.Fprintf(&b, "======== frame %d\n%s", i+1, w)
	}
	golden(t, "progress_terminal", b.String())
}

// A pipe is told how many run, not of each, when they are many.
func TestProgressOfABatch(t *testing.T) {
	var many []event
	for i := range 30 {
		many = append(many, event{0, apply.Event{Kind: apply.Started, Address: at("user", fmt.Sprintf("u%02d", i)), Action: plan.Create}})
	}
	many = append(many, event{15500 * time.Millisecond, apply.Event{Kind: apply.Done, Address: at("user", "u00"), Action: plan.Create}})
	for _, asJSON := range []bool{false, true} {
		text := strings.Join(tell(t, view.Options{JSON: asJSON}, many), "")
		if n := strings.Count(text, "Still running: 30, 0 of 30 done [10s elapsed]"); n != 1 || strings.Contains(text, "Still creating") {
			t.Errorf("JSON %v: %d reminders for all:\n%s", asJSON, n, text)
		}
	}
}

// What a terminal shows after all frames is the finished lines, each once, and
// nothing of the display, whatever was drawn in between.
func TestProgressLeavesNothingBehind(t *testing.T) {
	var many []event
	for i := range 30 {
		many = append(many, event{30 * time.Millisecond, apply.Event{Kind: apply.Started, Address: at("user", fmt.Sprintf("u%02d", i)), Action: plan.Create}})
	}
	for i := range 30 {
		many = append(many, event{70 * time.Millisecond, apply.Event{Kind: apply.Done, Address: at("user", fmt.Sprintf("u%02d", i)), Action: plan.Create, ID: strings.Repeat("x", i)}})
	}
	s := &screen{columns: 50}
	for _, w := range tell(t, view.Options{Terminal: true, Size: func() (int, int) { return 50, 9 }}, many) {
		s.write(t, w)
		if n := strings.Count(w, "Creating..."); n > 6 {
			t.Errorf("%d running objects on a terminal of 9 lines", n)
		}
	}
	text := s.text()
	for i := range 30 {
		if n := strings.Count(text, fmt.Sprintf("user.u%02d: Creation complete", i)); n != 1 {
			t.Errorf("object %d is shown as done %d times", i, n)
		}
	}
	if strings.Contains(text, "Creating") || strings.Contains(text, "running") {
		t.Errorf("the display was left behind:\n%s", text)
	}
}

// screen is as much of a terminal as the display needs: it wraps, and knows
// cursor up, carriage return, and clearing of a line's and the screen's rest.
type screen struct {
	rows        [][]rune
	row, col    int
	columns     int
	pendingWrap bool
}

func (s *screen) write(t *testing.T, text string) {
	for len(text) > 0 {
		if rest, ok := strings.CutPrefix(text, "\x1b["); ok {
			end := strings.IndexAny(rest, "AKJm")
			switch rest[end] {
			case 'A':
				var n int
				fmt.Sscanf(rest[:end], "%d", &n)
				s.row -= n
				if s.row < 0 {
					t.Fatal("the cursor left the screen")
				}
			case 'K':
				s.line(s.row)
				if s.col < len(s.rows[s.row]) {
					s.rows[s.row] = s.rows[s.row][:s.col]
				}
				if s.pendingWrap {
					t.Error("a line was cleared where it was full")
				}
			case 'J':
				s.rows = s.rows[:min(s.row, len(s.rows))]
			}
			text = rest[end+1:]
			continue
		}
		r := []rune(text)[0]
		text = text[len(string(r)):]
		switch r {
		case '\r':
			s.col = 0
		case '\n':
			s.row, s.col, s.pendingWrap = s.row+1, 0, false
			s.line(s.row)
		default:
			if s.pendingWrap {
				s.row, s.col, s.pendingWrap = s.row+1, 0, false
			}
			s.line(s.row)
			for len(s.rows[s.row]) <= s.col {
				s.rows[s.row] = append(s.rows[s.row], ' ')
			}
			s.rows[s.row][s.col] = r
			s.col++
			s.pendingWrap = s.col == s.columns
		}
	}
}

func (s *screen) line(n int) {
	for len(s.rows) <= n {
		s.rows = append(s.rows, nil)
	}
}

func (s *screen) text() string {
	var b strings.Builder
	for _, r := range s.rows {
		b.WriteString(string(r))
	}
	return b.String()
}

type brokenPipe struct{}

func (brokenPipe) Write([]byte) (int, error) { return 0, errors.New("broken pipe") }

func TestProgressReportsWriteErrors(t *testing.T) {
	for _, o := range []view.Options{{}, {Terminal: true}, {JSON: true}} {
		o.Out = brokenPipe{}
		p := view.New(o).Progress(nil)
		p.Event(story[1].Event)
		if err := p.Close(); err == nil {
			t.Errorf("%+v: the error of writing was lost", o)
		}
	}
}

func TestSummary(t *testing.T) {
	failure := apply.Failure{Address: at("user", "marty"), Action: plan.Create, Diagnostic: diag.Diagnostic{Summary: "Another user has the e-mail", Detail: "Adopt it by its id.", Subject: span(5, 3, 5, 13)}}
	skipped := func(a resource.Address, action plan.Action, why string) apply.Failure {
		return apply.Failure{Address: a, Action: action, Diagnostic: diag.Diagnostic{Severity: diag.Warning, Summary: "Not tried", Detail: why}}
	}
	notTried := []apply.Failure{
		skipped(at("group", "admins"), plan.Update, "needs user.marty, which failed"),
		skipped(resource.Address{Kind: "cluster", Name: "production", Target: "appinstance"}, plan.Update, "needs user.marty, which failed"),
		skipped(at("user", "old"), plan.Delete, "the run was interrupted"),
	}
	for i := range 25 {
		notTried = append(notTried, skipped(resource.Address{Kind: "user", Name: "team", Key: resource.IntKey(i)}, plan.Create, "the run was interrupted"))
	}
	tests := map[string]struct {
		s    apply.Summary
		mode plan.Mode
	}{
		"summary_ok":          {apply.Summary{Added: 3, Changed: 1}, plan.Normal},
		"summary_all":         {apply.Summary{Added: 3, Changed: 1, Destroyed: 2, Adopted: 2, Forgotten: 1, Files: 1, Diagnostics: diag.Diagnostics{{Severity: diag.Warning, Summary: "No dsn", Detail: "myinfluxdb.yml has no dsn."}}}, plan.Normal},
		"summary_destroyed":   {apply.Summary{Destroyed: 4, Files: 2}, plan.Destroy},
		"summary_failed":      {apply.Summary{Added: 1, Failed: []apply.Failure{failure}, NotTried: notTried[:2]}, plan.Normal},
		"summary_interrupted": {apply.Summary{Added: 1, NotTried: notTried, Interrupted: true}, plan.Normal},
		"summary_broken":      {apply.Summary{Diagnostics: diag.Diagnostics{{Summary: "State cannot be written", Detail: "No space left on device."}}}, plan.Destroy},
		"summary_credentials": {apply.Summary{Added: 1, Credentials: []apply.Credential{{Address: at("user", "marty"), UserName: "mcfly", Password: resource.NewSecret("CANARY-generated")}}}, plan.Normal},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			text := everyWay(t, view.Options{}, func(v *view.View) error { return v.Summary(&tt.s, tt.mode, files) })
			if strings.Contains(text, "CANARY") {
				t.Error("the summary shows a password")
			}
			golden(t, name, text)
		})
	}
}

func TestCredentials(t *testing.T) {
	list := []apply.Credential{
		{Address: at("user", "marty"), UserName: "mcfly@influxdata.com", Password: resource.NewSecret("Xk3-fj2K_9dLq"), Temporary: true},
		{Address: at("user", "emmett"), UserName: "brown@\x1b[31m", Password: resource.NewSecret("with\ttab")},
	}
	show := func(v *view.View) error { return v.Credentials(list) }
	golden(t, "credentials", rendered(t, view.Options{}, show)+"======== with colours\n"+rendered(t, view.Options{Color: true}, show))

	var out bytes.Buffer
	if err := view.New(view.Options{Out: &out, Err: &out, JSON: true}).Credentials(list); !errors.Is(err, view.ErrNotForPrograms) || out.Len() > 0 {
		t.Errorf("as JSON: %v, %q", err, out.String())
	}
}
