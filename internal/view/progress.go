package view

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/idpctl/idpctl/apply"
	"github.com/idpctl/idpctl/plan"
	"github.com/idpctl/idpctl/resource"
)

const (
	// frame is how often the live display is drawn at most.
	frame = 100 * time.Millisecond
	// reminder is how often a pipe is told of what still runs.
	reminder = 10 * time.Second
)

// Progress shows an apply while it runs: lines in a pipe, a live display on a
// terminal, one JSON object an event. Its methods may be called concurrently.
type Progress struct {
	view *View
	stop chan struct{}
	gone chan struct{}

	mu      sync.Mutex
	running map[resource.Address]*running
	total   int // expected
	done    int
	failed  int
	skipped int
	begin   time.Time
	waiting string // the last wait that was told, until something else happens
	live    *live  // nil without a terminal
	closed  bool
	err     error
}

// running is something under way.
type running struct {
	event    apply.Event
	since    time.Time
	reminded time.Time
}

// Progress begins to show the apply of a plan. Close ends it; until then
// nothing else may be written to Out.
func (v *View) Progress(p *plan.Plan) *Progress {
	pr := &Progress{
		view: v, stop: make(chan struct{}), gone: make(chan struct{}),
		running: map[resource.Address]*running{}, total: steps(p), begin: v.opts.Now(),
	}
	every := reminder / 10
	if v.opts.Terminal && !v.opts.JSON {
		pr.live = &live{out: v.opts.Out, size: v.opts.Size}
		every = frame
	}
	go pr.tick(every)
	return pr
}

// steps counts what events will come of.
func steps(p *plan.Plan) int {
	n := 0
	if p == nil {
		return n
	}
	for _, c := range p.Changes {
		if c.IsChange() { // what is only read is announced if it fails
			n++
		}
	}
	for _, t := range p.Targets {
		if t.Action != plan.NoOp {
			n++
		}
	}
	return n
}

// Event shows one step.
func (p *Progress) Event(e apply.Event) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return
	}
	if e.At.IsZero() {
		e.At = p.view.opts.Now()
	}
	lasted := time.Duration(-1) // it is done without having been announced
	if r := p.running[e.Address]; r != nil {
		lasted = max(0, e.At.Sub(r.since))
	}
	p.account(e)
	if e.Kind == apply.Waiting {
		if e.Message == p.waiting {
			return // eight requests may wait for the same
		}
		p.waiting = e.Message
	} else {
		p.waiting = ""
	}
	if p.view.opts.JSON {
		p.keep(p.view.object(eventJSON(e, lasted)))
		return
	}
	text := eventLine(p.view.style, e, lasted)
	switch {
	case p.live == nil:
		p.keep(p.view.write(text + "\n"))
	case e.Kind != apply.Started:
		p.live.print(text)
	}
}

// account keeps the counts.
func (p *Progress) account(e apply.Event) {
	switch e.Kind {
	case apply.Started:
		p.running[e.Address] = &running{event: e, since: e.At, reminded: e.At}
		return
	case apply.Done:
		p.done++
	case apply.Failed:
		p.failed++
	case apply.Skipped:
		p.skipped++
	default:
		return
	}
	delete(p.running, e.Address)
}

// Message shows a line between the events, such as the answer to an interrupt.
func (p *Progress) Message(text string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	text = line(text)
	switch {
	case p.closed:
	case p.view.opts.JSON:
		p.keep(p.view.object(eventJSON(apply.Event{Kind: apply.Note, Message: text, At: p.view.opts.Now()}, 0)))
	case p.live != nil:
		p.live.print(p.view.style.bold(text))
	default:
		p.keep(p.view.write(text + "\n"))
	}
}

// Close shows what is left to show and takes the live display away. It
// returns the first error of writing.
func (p *Progress) Close() error {
	p.mu.Lock()
	if p.closed {
		p.mu.Unlock()
		return p.err
	}
	p.closed = true
	close(p.stop)
	p.mu.Unlock()
	<-p.gone
	if p.live != nil {
		p.keep(p.live.draw(nil))
	}
	return p.err
}

func (p *Progress) keep(err error) {
	if p.err == nil {
		p.err = err
	}
}

// tick redraws the live display, or reminds of what still runs.
func (p *Progress) tick(every time.Duration) {
	defer close(p.gone)
	t := time.NewTicker(every)
	defer t.Stop()
	for {
		select {
		case <-p.stop:
			return
		case <-t.C:
		}
		p.mu.Lock()
		if now := p.view.opts.Now(); p.live != nil {
			p.keep(p.live.draw(p.area(now)))
		} else {
			p.remind(now)
		}
		p.mu.Unlock()
	}
}

// remind tells a pipe what has been running for long: each object, or how many
// if they are many, as those of one batch are.
func (p *Progress) remind(now time.Time) {
	var due []*running
	for _, r := range p.inOrder() {
		if now.Sub(r.reminded) >= reminder {
			r.reminded = now
			due = append(due, r)
		}
	}
	if len(due) > maxRunning {
		lasted := now.Sub(due[0].since)
		p.still(now, apply.Event{}, lasted, fmt.Sprintf("Still running: %d, %s [%s elapsed]", len(due), p.counts(), elapsed(lasted)))
		return
	}
	for _, r := range due {
		lasted := now.Sub(r.since)
		s := p.view.style
		p.still(now, r.event, lasted, s.bold(line(r.event.Address.String())+": ")+
			"Still "+strings.ToLower(phraseOf(r.event).doing)+"... ["+elapsed(lasted)+" elapsed]")
	}
}

// still writes one reminder.
func (p *Progress) still(now time.Time, e apply.Event, lasted time.Duration, text string) {
	if !p.view.opts.JSON {
		p.keep(p.view.write(text + "\n"))
		return
	}
	e.At = now
	j := eventJSON(e, lasted)
	j.Type, j.Message = "apply_progress", text
	p.keep(p.view.object(j))
}

// counts is "12 of 1000 done, 1 failed".
func (p *Progress) counts() string {
	total := max(p.total, p.done+p.failed+p.skipped+len(p.running))
	text := fmt.Sprintf("%d of %d done", p.done, total)
	if p.failed > 0 {
		text += fmt.Sprintf(", %d failed", p.failed)
	}
	if p.skipped > 0 {
		text += fmt.Sprintf(", %d not tried", p.skipped)
	}
	return text
}

// inOrder lists what runs, the longest running first.
func (p *Progress) inOrder() []*running {
	list := make([]*running, 0, len(p.running))
	for _, r := range p.running {
		list = append(list, r)
	}
	slices.SortFunc(list, func(a, b *running) int {
		if c := a.since.Compare(b.since); c != 0 {
			return c
		}
		return a.event.Address.Compare(b.event.Address)
	})
	return list
}

// eventLine is an event in words.
func eventLine(s style, e apply.Event, lasted time.Duration) string {
	ph := phraseOf(e)
	msg := line(e.Message)
	name := s.bold(line(e.Address.String()) + ": ")
	if e.Address == (resource.Address{}) {
		name = ""
	}
	switch e.Kind {
	case apply.Started:
		return name + ph.doing + "..."
	case apply.Done:
		text := name + ph.noun + " complete" + took(lasted)
		if msg != "" {
			text += " (" + msg + ")"
		}
		if e.ID != "" && e.Action != plan.Delete {
			text += " [id=" + line(e.ID) + "]"
		}
		return text
	case apply.Failed:
		return name + s.strong(codeRed, ph.noun+" failed") + after(msg, took(lasted))
	case apply.Skipped:
		return name + s.sgr(codeYellow, "Not tried") + after(msg, "")
	case apply.Waiting:
		if strings.HasPrefix(strings.ToLower(msg), "waiting") {
			return s.yellow(strings.ToUpper(msg[:1]) + msg[1:])
		}
		return s.yellow("Waiting: " + msg)
	default:
		return name + s.yellow("Note: ") + msg
	}
}

// after puts a message behind a colon, and how long it took before.
func after(msg, lasted string) string {
	if msg == "" {
		return lasted
	}
	return lasted + ": " + msg
}

type jsonEvent struct {
	header
	Timestamp      string      `json:"timestamp"`
	Message        string      `json:"message"`
	Address        string      `json:"address,omitempty"`
	Action         plan.Action `json:"action,omitempty"`
	Adopt          bool        `json:"adopt,omitempty"`
	ID             string      `json:"id,omitempty"`
	ElapsedSeconds float64     `json:"elapsed_seconds,omitempty"`
	// Reason is why it failed, was not tried or waits.
	Reason string `json:"reason,omitempty"`
}

func eventJSON(e apply.Event, lasted time.Duration) jsonEvent {
	kind := map[apply.EventKind]string{
		apply.Started: "apply_start", apply.Done: "apply_complete", apply.Failed: "apply_errored",
		apply.Skipped: "apply_skipped", apply.Waiting: "waiting", apply.Note: "note",
	}[e.Kind]
	return jsonEvent{
		header: headerOf(kind), Timestamp: e.At.Format(time.RFC3339Nano), Message: eventLine(style{}, e, lasted),
		Address: e.Address.String(), Action: e.Action, Adopt: e.Adopt, ID: e.ID,
		ElapsedSeconds: max(0, lasted).Round(time.Millisecond).Seconds(), Reason: line(e.Message),
	}
}
