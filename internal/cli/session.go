package cli

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/idpctl/idpctl/apply"
	"github.com/idpctl/idpctl/config"
	"github.com/idpctl/idpctl/diag"
	"github.com/idpctl/idpctl/internal/run"
	"github.com/idpctl/idpctl/internal/view"
	"github.com/idpctl/idpctl/providers"
	"github.com/idpctl/idpctl/state"
)

// runFlags are the flags of every command that makes a run.
type runFlags struct {
	vars        []config.VarSource
	input       bool
	lockTimeout time.Duration
	parallelism int
	refresh     refresh
	// unread: what clusters have is not looked at.
	unread bool
}

// varFlag collects -var and -var-file in the order of the command line, as
// later ones win.
type varFlag struct {
	list *[]config.VarSource
	file bool
}

func (v varFlag) String() string { return "" }
func (v varFlag) Type() string   { return "string" }
func (v varFlag) Set(s string) error {
	if s == "" {
		return map[bool]error{true: errors.New("it names a file"), false: errors.New("it is NAME=VALUE")}[v.file]
	}
	if v.file {
		*v.list = append(*v.list, config.VarSource{File: s})
		return nil
	}
	*v.list = append(*v.list, config.VarSource{Assignment: s})
	return nil
}

func (f *runFlags) varsFlags(c *cobra.Command) {
	c.Flags().Var(varFlag{list: &f.vars}, "var", "set a variable: `NAME=VALUE`; may be repeated")
	c.Flags().Var(varFlag{list: &f.vars, file: true}, "var-file", "read variables from this `FILE`; may be repeated")
	c.Flags().BoolVar(&f.input, "input", true, "ask for variables that are missing, if there is a terminal")
}

func (f *runFlags) add(c *cobra.Command) {
	f.varsFlags(c)
	c.Flags().DurationVar(&f.lockTimeout, "lock-timeout", 0, "how long to wait for another run's lock on the state, a `TIME` such as 10s or 5m (default: not at all)")
	c.Flags().IntVar(&f.parallelism, "parallelism", 8, "how many requests may be under way at once")
	c.Flags().Var(&f.refresh, "refresh", "`WHETHER` to read the objects of the state from the identity provider: true (the default), false, or strict: each by itself where a search index may be behind")
	c.Flags().Lookup("refresh").NoOptDefVal = "true"
}

// refresh is the value of -refresh.
type refresh string

const (
	refreshNot    refresh = "false"
	refreshStrict refresh = "strict"
)

func (r *refresh) String() string {
	if *r == "" {
		return "true"
	}
	return string(*r)
}

func (r *refresh) Type() string { return "string" }

func (r *refresh) Set(s string) error {
	if s != string(refreshStrict) {
		b, err := strconv.ParseBool(s)
		if err != nil {
			return errors.New("it is true, false or strict")
		}
		s = strconv.FormatBool(b)
	}
	*r = refresh(s)
	return nil
}

// options turns the flags into what package run needs.
func (a *app) options(f *runFlags, lock state.LockMode) (run.Options, error) {
	dir, err := a.dir()
	if err != nil {
		return run.Options{}, err
	}
	if f.parallelism < 1 {
		return run.Options{}, fmt.Errorf("-parallelism must be at least 1, not %d", f.parallelism)
	}
	a.inDir(f.vars)
	opts := run.Options{
		Dir: dir, Providers: a.Providers, Backend: a.backend(dir),
		Lock: lock, LockTimeout: f.lockTimeout,
		Waiting: func(e *state.LockedError) { fmt.Fprintln(a.Stderr, "Waiting for the lock:", e) },
		Vars:    f.vars, Env: a.Environ,
		Parallelism: f.parallelism, NoRefresh: f.refresh == refreshNot, Unread: f.unread, Strict: f.refresh == refreshStrict, Version: a.Version, Command: "idpctl",
		Log: a.requestLog(), Wait: a.waits(),
	}
	if f.input && isTerminal(a.Stdin) && isTerminal(a.Stdout) {
		opts.Prompt = a.prompt
	}
	return opts, nil
}

// waits tells what a plan waits for, be it that what was just written can be read or
// that the server takes another request: that may take minutes, and nothing else is
// shown meanwhile. Many requests may wait for the same limit.
func (a *app) waits() func(string, time.Duration) {
	const pause = 5 * time.Second
	var mu sync.Mutex
	told := map[string]time.Time{}
	return func(reason string, d time.Duration) {
		if !strings.HasPrefix(reason, "waiting for ") { // a request is repeated
			return
		}
		mu.Lock()
		defer mu.Unlock()
		if reason != apply.Replicating && time.Since(told[reason]) < pause {
			return
		}
		told[reason] = time.Now()
		fmt.Fprintf(a.Stderr, "%s%s: %s\n", strings.ToUpper(reason[:1]), reason[1:], apply.Seconds(d))
	}
}

// inDir makes the names of variable files relative to the folder of -chdir, as
// Terraform does.
func (a *app) inDir(vars []config.VarSource) {
	for i := range vars {
		vars[i].File = a.below(vars[i].File)
	}
}

// below is a path as the folder of -chdir sees it.
func (a *app) below(path string) string {
	if path == "" || a.chdir == "" || filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(a.chdir, path)
}

// requestLog writes one line for each request, under IDPCTL_LOG=debug.
func (a *app) requestLog() func(providers.RequestLog) {
	if !strings.EqualFold(a.getenv("IDPCTL_LOG"), "debug") {
		return nil
	}
	return func(l providers.RequestLog) {
		outcome := fmt.Sprint(l.Status)
		if l.Err != nil {
			outcome = "failed: " + providers.Clean(l.Err.Error(), 200)
		}
		fmt.Fprintf(a.Stderr, "[debug] %s %s %s (attempt %d, %s)\n", l.Method, l.URL, outcome, l.Attempt, l.Duration.Round(time.Millisecond))
	}
}

// prompt asks for a variable at the terminal; a sensitive one is not echoed.
func (a *app) prompt(req config.PromptRequest) (string, error) {
	fmt.Fprintf(a.Stdout, "var.%s\n", req.Name)
	if req.Description != "" {
		fmt.Fprintf(a.Stdout, "  %s\n\n", diag.Clean(req.Description, 400))
	}
	fmt.Fprint(a.Stdout, "  Enter a value: ")
	if in, ok := a.Stdin.(*os.File); ok && req.Sensitive {
		before, err := term.GetState(int(in.Fd()))
		if err != nil {
			return "", err
		}
		line, err := a.await(func() (string, error) {
			raw, err := term.ReadPassword(int(in.Fd()))
			return string(raw), err
		})
		if errors.Is(err, errInterrupted) {
			_ = term.Restore(int(in.Fd()), before) // the echo comes back
		}
		fmt.Fprint(a.Stdout, "\n\n")
		return line, err
	}
	line, err := a.readLine()
	fmt.Fprintln(a.Stdout)
	return line, err
}

// errInterrupted is the answer of somebody who pressed Ctrl-C at a prompt.
var errInterrupted = errors.New("interrupted at the prompt")

// await waits for an answer, or for Ctrl-C. What reads is left behind then: the
// process is about to end.
func (a *app) await(read func() (string, error)) (string, error) {
	type answer struct {
		line string
		err  error
	}
	answers := make(chan answer, 1)
	go func() {
		line, err := read()
		answers <- answer{line, err}
	}()
	var stopped <-chan struct{}
	if a.reading != nil {
		stopped = a.reading.Done()
	}
	select {
	case <-stopped:
		return "", errInterrupted
	case got := <-answers:
		return got.line, got.err
	case <-a.Interrupts: // never, if nil
		return "", errInterrupted
	}
}

// readLine reads one line of standard input, and not a byte more.
func (a *app) readLine() (string, error) {
	line, err := a.await(a.scanLine)
	if errors.Is(err, io.EOF) { // Ctrl-D
		err = errNoAnswer
	}
	return line, err
}

// errNoAnswer is that of somebody who ended the input at a prompt.
var errNoAnswer = errors.New("The input ended before there was an answer: type one and press Enter")

func (a *app) scanLine() (string, error) {
	var b strings.Builder
	r := bufio.NewReaderSize(oneByte{a.Stdin}, 16)
	for {
		c, err := r.ReadByte()
		if err != nil || c == '\n' {
			if errors.Is(err, io.EOF) && b.Len() > 0 {
				err = nil
			}
			return strings.TrimRight(b.String(), "\r"), err
		}
		b.WriteByte(c)
	}
}

// oneByte keeps a buffered reader from taking what the next prompt waits for.
type oneByte struct{ io.Reader }

func (r oneByte) Read(p []byte) (int, error) {
	if len(p) > 1 {
		p = p[:1]
	}
	return r.Reader.Read(p)
}

// approve asks whether to go on; only "yes" is a yes.
func (a *app) approve(question, explanation string) (bool, error) {
	if !isTerminal(a.Stdin) {
		return false, errors.New("There is no terminal to ask for approval: add -auto-approve")
	}
	fmt.Fprintf(a.Stdout, "\n%s\n  %s\n  Only 'yes' will be accepted to approve.\n\n  Enter a value: ", question, explanation)
	line, err := a.readLine()
	if errors.Is(err, errNoAnswer) {
		return false, errors.New("The input ended before there was an answer, and nothing was changed. Type yes to approve, or add -auto-approve")
	}
	if err != nil {
		return false, err
	}
	fmt.Fprintln(a.Stdout)
	return strings.TrimSpace(line) == "yes", nil
}

// source gives the lines of a configuration to show, with secrets masked.
func source(m *config.Module) view.Source {
	if m == nil {
		return func(string) []byte { return nil }
	}
	return m.Source
}

// closeRun ends a run and adds what went wrong with that.
func closeRun(r *run.Run, diags *diag.Diagnostics) {
	if r != nil {
		*diags = append(*diags, r.Close()...)
	}
}
