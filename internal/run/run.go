package run

import (
	"context"
	"errors"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/idpctl/idpctl/cluster"
	"github.com/idpctl/idpctl/config"
	"github.com/idpctl/idpctl/diag"
	"github.com/idpctl/idpctl/plan"
	"github.com/idpctl/idpctl/providers"
	"github.com/idpctl/idpctl/resource"
	"github.com/idpctl/idpctl/state"
)

// Options say what a run works on.
type Options struct {
	// Dir is the configuration's folder; the state and relative paths are in it.
	Dir string
	// Providers that there are; the registry is explicit.
	Providers []providers.Provider
	// Backend of the state; nil means a local file in Dir.
	Backend state.Backend
	// Lock and LockTimeout as in [state.Options].
	Lock        state.LockMode
	LockTimeout time.Duration
	// Waiting is told when another run holds the lock; nil for nobody.
	Waiting func(*state.LockedError)

	// Vars, Env and Prompt as in [config.Options].
	Vars   []config.VarSource
	Env    []string
	Prompt func(config.PromptRequest) (string, error)

	// Extra is configuration beside the folder's, as in [config.Options].
	Extra []config.Source

	// ValidateOnly: variables without a value are taken for unknown.
	ValidateOnly bool

	// Parallelism is how many requests may be under way at once.
	Parallelism int
	// NoRefresh takes the state for the live world.
	NoRefresh bool
	// Unread: the files and objects of clusters are not read, and nothing is planned for
	// them; for what tells of admins and clients alone.
	Unread bool
	// Strict: each object is read by itself where a search index may be behind.
	Strict bool
	// Log is told of each request, Wait of each pause; nil for nobody.
	Log  func(providers.RequestLog)
	Wait func(reason string, d time.Duration)
	// Pause lets time pass, or ends with the context; nil for a timer.
	Pause func(context.Context, time.Duration)
	// Version of idpctl, and the command for messages about the lock.
	Version, Command string
}

// Run is one run, from Open to Close.
type Run struct {
	opts    Options
	module  *config.Module
	eval    *config.Evaluator
	session *state.Session
	conns   *connections
	began   bool
	// early is the state as it was opened, decoded; nil once it was used.
	early *decoded
}

// decoded is what [Priors] made of a state.
type decoded struct {
	of     *state.State
	priors map[resource.Address]*plan.Prior
	diags  diag.Diagnostics
}

func decode(s *state.State, registry map[string]providers.Provider) *decoded {
	d := &decoded{of: s}
	kinds := &connections{registry: registry}
	d.priors, d.diags = Priors(s, kinds.kind)
	return d
}

// Load reads and checks the configuration, and nothing else: no state, no
// request. It is what `validate` needs.
func Load(opts Options) (*config.Module, diag.Diagnostics) {
	return config.Load(opts.Dir, config.Options{
		Providers: infos(opts.Providers),
		Cluster:   cluster.Spec(),
		Vars:      opts.Vars, Env: opts.Env, Prompt: opts.Prompt, Version: opts.Version, Extra: opts.Extra, ValidateOnly: opts.ValidateOnly,
	})
}

func infos(list []providers.Provider) map[string]providers.Info {
	out := make(map[string]providers.Info, len(list))
	for _, p := range list {
		info := p.Info()
		out[info.Type] = info
	}
	return out
}

// Open loads the configuration, takes the lock and reads the state. Whatever
// it returns beside errors must be closed. The module is returned for its
// sources even if there were errors.
func Open(ctx context.Context, opts Options) (*Run, *config.Module, diag.Diagnostics) {
	var module *config.Module
	var diags, ds diag.Diagnostics
	var session *state.Session
	var early *decoded
	registry := map[string]providers.Provider{}
	for _, p := range opts.Providers {
		registry[p.Info().Type] = p
	}
	open := func() {
		if session, ds = OpenState(ctx, opts); session != nil {
			early = decode(session.View(), registry)
		}
	}
	if opts.Prompt == nil {
		// Neither needs the other. Where somebody may be asked for a variable,
		// the lock is not held meanwhile.
		var wg sync.WaitGroup
		wg.Go(open)
		module, diags = Load(opts)
		wg.Wait()
	} else if module, diags = Load(opts); !diags.HasErrors() {
		open()
	}
	if diags.HasErrors() {
		if session != nil {
			_ = session.Close() // nothing was written
		}
		return nil, module, diags
	}
	diags = append(diags, ds...)
	if diags.HasErrors() {
		return nil, module, diags
	}
	if s := session.View(); s.Lineage != "" && s.Namespace != module.Namespace() && !s.IsEmpty() {
		diags = diags.Errorf("State of another namespace",
			"The state in this folder belongs to the namespace %q, and the configuration to %q. Either this is not its state, or the namespace was changed: put the old one back, as the markers at the identity provider carry it.",
			s.Namespace, module.Namespace())
		if err := session.Close(); err != nil {
			diags = append(diags, stateDiagnostic(err))
		}
		return nil, module, diags
	}
	r := &Run{opts: opts, module: module, eval: module.Evaluator(), session: session, early: early}
	r.conns = &connections{
		registry: registry, ranges: map[string]diag.Range{}, attrRanges: map[string]map[string]diag.Range{}, open: map[string]providers.Conn{},
		config: r.eval.ProviderConfig,
		template: providers.Config{
			Dir: opts.Dir, Parallelism: max(opts.Parallelism, 1), UserAgent: "idpctl/" + opts.Version, Log: opts.Log, Wait: opts.Wait,
		},
	}
	for _, b := range module.Providers() {
		r.conns.ranges[b.Name], r.conns.attrRanges[b.Name] = b.Range, b.AttrRanges
	}
	return r, module, diags
}

// OpenState takes the lock and reads the state alone.
func OpenState(ctx context.Context, opts Options) (*state.Session, diag.Diagnostics) {
	backend := opts.Backend
	if backend == nil {
		backend = state.NewLocal(filepath.Join(opts.Dir, state.DefaultFile), state.LocalOptions{})
	}
	session, err := state.Open(ctx, backend, state.Options{
		Lock: opts.Lock, LockTimeout: opts.LockTimeout, Waiting: opts.Waiting,
		Command: opts.Command, ToolVersion: opts.Version,
	})
	if err != nil {
		return nil, diag.Diagnostics{stateDiagnostic(err)}
	}
	var diags diag.Diagnostics
	for _, notice := range session.Notices() {
		diags = append(diags, diag.Diagnostic{Severity: diag.Warning, Summary: "State", Detail: notice})
	}
	return session, diags
}

func stateDiagnostic(err error) diag.Diagnostic {
	var locked *state.LockedError
	if errors.As(err, &locked) {
		return diag.Diagnostic{Summary: "State is locked", Detail: "T" + strings.TrimPrefix(locked.Error(), "t") + "."}
	}
	return diag.Diagnostic{Summary: "Cannot use the state", Detail: err.Error()}
}

// OwnFile reports whether a path is named like a file that idpctl keeps or reads
// itself: nothing else may be written there.
func OwnFile(path string) bool {
	base := filepath.Base(path)
	return strings.HasPrefix(base, state.DefaultFile) || strings.Contains(base, ".idp.hcl") || strings.Contains(base, ".idpvars")
}

// Close ends the run: connections are closed, the journal becomes a snapshot,
// the lock is freed.
func (r *Run) Close() diag.Diagnostics {
	var wg sync.WaitGroup
	wg.Go(r.conns.close) // the state has nothing to do with it
	err := r.session.Close()
	wg.Wait()
	if err != nil {
		return diag.Diagnostics{stateDiagnostic(err)}
	}
	return nil
}

// configures reports whether the configuration has a block for an address.
func (r *Run) configures(a resource.Address) bool {
	for _, layer := range r.module.Layers() {
		for _, b := range layer {
			if b.Address == a.Block() {
				return true
			}
		}
	}
	return false
}

// conn is connections.get in the form that package apply asks for.
func (r *Run) conn(ctx context.Context, provider string) (providers.Conn, error) {
	c, diags := r.conns.get(ctx, provider)
	if diags.HasErrors() {
		return nil, diags
	}
	return c, nil
}
