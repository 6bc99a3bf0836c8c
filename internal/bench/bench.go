package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// bench is one run of the program, whichever providers it measures.
type bench struct {
	dir     string
	say     func(format string, a ...any)
	verbose bool

	results []*result
}

// versionTurns is how often the version is asked for.
const versionTurns = 15

// sent are the requests that one run sent.
type sent struct {
	requests int
	// signIns are token and discovery, where they are told apart.
	signIns int
	// looks are those that ask how far a job is, where they are told apart.
	looks int
	// refused got a 429; early came before the Retry-After of one was over.
	refused, early int
}

// counter counts requests.
type counter interface {
	reset()
	count() sent
	// routes lists what was counted, a line each.
	routes(indent string) string
}

// side is idpctl or the raw calls at one work: what it does, and who counts
// the requests meanwhile.
type side struct {
	counter counter
	run     func(context.Context) (figures, error)
}

// timed is how raw calls are run, by this process.
func timed(do func(context.Context) error) func(context.Context) (figures, error) {
	return func(ctx context.Context) (figures, error) {
		start := time.Now()
		err := do(ctx)
		return figures{seconds: time.Since(start)}, err
	}
}

func (b *bench) result(server, users, work string, t target) *result {
	r := &result{server: server, users: users, work: work, target: t}
	b.results = append(b.results, r)
	return r
}

// version measures idpctl itself, without any server.
func (b *bench) version(ctx context.Context, idpctl command) error {
	b.say("version")
	r := b.result("", "", "version", target{seconds: 20 * time.Millisecond, memory: 40 << 20})
	for range versionTurns {
		f, err := idpctl.run(ctx, b.dir, 0, "version")
		if err != nil {
			return err
		}
		r.idpctl = append(r.idpctl, f)
	}
	return nil
}

// turn measures both sides once, each after fresh. Who goes first changes from
// turn to turn, as the second finds a server that is warm.
func (b *bench) turn(ctx context.Context, r *result, turn int, fresh func() error, idpctl, raw side) error {
	sides := []func() error{
		func() error { return b.alone(ctx, r, idpctl) },
		func() error {
			f, err := count(ctx, raw)
			r.raw = append(r.raw, f)
			b.tell("raw", r, f, raw.counter)
			return err
		},
	}
	if turn%2 == 1 {
		sides[0], sides[1] = sides[1], sides[0]
	}
	for _, side := range sides {
		if fresh != nil {
			if err := fresh(); err != nil {
				return err
			}
		}
		if err := side(); err != nil {
			return err
		}
	}
	return nil
}

// alone measures idpctl once, with nothing beside it.
func (b *bench) alone(ctx context.Context, r *result, idpctl side) error {
	f, err := count(ctx, idpctl)
	r.idpctl = append(r.idpctl, f)
	b.tell("idpctl", r, f, idpctl.counter)
	return err
}

// count runs a side, and adds the requests that were counted meanwhile.
func count(ctx context.Context, s side) (figures, error) {
	s.counter.reset()
	f, err := s.run(ctx)
	f.sent = s.counter.count()
	return f, err
}

func (b *bench) tell(who string, r *result, f figures, c counter) {
	if b.verbose {
		b.say("  %-6s %s, %s: %.3f s (CPU %.3f), %d requests, %s\n%s", who, r.users, r.work, f.seconds.Seconds(), f.cpu.Seconds(), f.requests, mebibytes(f.memory), c.routes("    "))
	}
}

// folder makes a folder with a configuration of its own.
func (b *bench) folder(config string, n int) (string, error) {
	dir, err := os.MkdirTemp(b.dir, "config-*")
	if err != nil {
		return "", err
	}
	return dir, writeConfig(dir, config, n)
}

// writeConfig writes a configuration, and the e-mails of the first n users.
func writeConfig(dir, config string, n int) error {
	var locals strings.Builder
	locals.WriteString("locals {\n  emails = [\n")
	for _, e := range emails(0, n) {
		fmt.Fprintf(&locals, "    %q,\n", e)
	}
	locals.WriteString("  ]\n}\n")
	return errors.Join(
		os.WriteFile(filepath.Join(dir, "bench.idp.hcl"), []byte(config), 0o600),
		os.WriteFile(filepath.Join(dir, "users.idp.hcl"), []byte(locals.String()), 0o600))
}

// emails are those of the users from first to last, without last.
func emails(first, last int) []string {
	out := make([]string, 0, last-first)
	for i := first; i < last; i++ {
		out = append(out, fmt.Sprintf("user%05d@example.com", i))
	}
	return out
}
