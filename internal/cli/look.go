package cli

import (
	"context"
	"slices"

	"github.com/idpctl/idpctl/config"
	"github.com/idpctl/idpctl/diag"
	"github.com/idpctl/idpctl/internal/run"
	"github.com/idpctl/idpctl/state"
)

// look evaluates the configuration with what the identity provider has now, for a
// command that changes nothing. more is configuration to add to what a module has,
// read is what to do then; the errors of both are told: those of what was added as of
// the flag that told says its lines come from.
func (a *app) look(flags *runFlags, more func(*config.Module) (config.Source, diag.Diagnostics), told func(line int) string, read func(context.Context, *run.Run) diag.Diagnostics) error {
	opts, err := a.options(flags, state.NotLocked)
	if err != nil {
		return err
	}
	module, diags := glance(opts)
	if diags.HasErrors() {
		return a.tell(diags, source(module))
	}
	extra, diags := more(module)
	if diags.HasErrors() {
		return a.tell(diags, source(module))
	}
	if extra.Name != "" {
		opts.Extra = append(opts.Extra, extra)
	}
	ctx, stop := a.interruptible()
	defer stop()
	r, module, diags := run.Open(ctx, opts)
	if diags.HasErrors() {
		return a.tell(ofFlags(diags, extra, told), source(module))
	}
	diags = append(diags, read(ctx, r)...)
	closeRun(r, &diags)
	return a.tell(ofFlags(errorsOnly(diags), extra, told), source(module))
}

// ofFlags says of what is wrong in a made-up text which flag it comes from: nobody
// wrote, or can see, the text itself.
func ofFlags(diags diag.Diagnostics, extra config.Source, told func(line int) string) diag.Diagnostics {
	out := slices.Clone(diags)
	for i, d := range out {
		if extra.Name == "" || d.Subject.Filename != extra.Name {
			continue
		}
		if flag := told(d.Subject.Start.Line); flag != "" {
			out[i].Detail = flag + ": " + d.Detail
		}
		out[i].Subject, out[i].Address = diag.Range{}, ""
	}
	return out
}

// glance reads the configuration to see which blocks it has. It asks nobody.
func glance(opts run.Options) (*config.Module, diag.Diagnostics) {
	opts.Prompt, opts.ValidateOnly = nil, true
	return run.Load(opts)
}

func hasClusters(m *config.Module) bool {
	return slices.ContainsFunc(m.Layers(), func(layer []config.Block) bool {
		return slices.ContainsFunc(layer, func(b config.Block) bool { return b.Type == config.ClusterBlock })
	})
}

// errorsOnly leaves warnings out: what the plan warns of is none of the business of a
// command that only looks, and its output is for other programs.
func errorsOnly(diags diag.Diagnostics) diag.Diagnostics {
	return slices.DeleteFunc(slices.Clone(diags), func(d diag.Diagnostic) bool { return d.Severity != diag.Error })
}
