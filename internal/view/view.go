package view

import (
	"io"
	"sync"
	"time"

	"github.com/idpctl/idpctl/resource"
)

// Options say where to write and how.
type Options struct {
	// Out gets results (plans, tables, progress, JSON), Err diagnostics.
	Out, Err io.Writer
	// Color and ErrColor allow colours on Out and on Err.
	Color, ErrColor bool
	// Terminal says that Out is a terminal: progress is drawn in place, and
	// tables are fitted to the width. The caller has enabled escape sequences
	// where the system needs that.
	Terminal bool
	// Width in columns, to which prose and tables are fitted; 80 if it is 0.
	Width int
	// Size returns the terminal's columns and lines whenever progress is drawn,
	// as it may be resized; nil: Width columns and 24 lines.
	Size func() (columns, lines int)
	// JSON selects the JSON form: one object a line, all of it on Out.
	JSON bool
	// Now is the clock of progress displays; time.Now if nil.
	Now func() time.Time
	// Kind describes a kind of object at a provider ("keycloak.eu"), for the
	// order of attributes and to know what is sensitive. Where it does not
	// know, or is nil, attributes are in alphabetical order and values that the
	// state has not recorded are masked.
	Kind func(provider, kind string) (resource.Kind, bool)
}

// View writes for people or programs. Methods other than those of [Progress]
// must not be called concurrently. The errors that they return are those of
// the writers.
type View struct {
	opts  Options
	style style

	kindsMu sync.Mutex
	kinds   map[kindKey]kindEntry // what Options.Kind said
}

type kindKey struct{ provider, kind string }

type kindEntry struct {
	resource.Kind
	known bool
}

// New returns a view.
func New(o Options) *View {
	if o.Width <= 0 {
		o.Width = 80
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Out == nil {
		o.Out = io.Discard
	}
	if o.Err == nil {
		o.Err = io.Discard
	}
	if o.Size == nil {
		width := o.Width
		o.Size = func() (int, int) { return width, 24 }
	}
	return &View{opts: o, style: style{on: o.Color && !o.JSON}, kinds: map[kindKey]kindEntry{}}
}

// write sends text to Out.
func (v *View) write(text string) error { return send(v.opts.Out, text) }

// kind looks up the attributes of a kind, "id" first; false if unknown.
func (v *View) kind(provider, name string) (resource.Kind, bool) {
	if v.opts.Kind == nil {
		return resource.Kind{}, false
	}
	v.kindsMu.Lock()
	defer v.kindsMu.Unlock()
	key := kindKey{provider, name}
	entry, ok := v.kinds[key]
	if !ok {
		entry.Kind, entry.known = v.opts.Kind(provider, name)
		v.kinds[key] = entry
	}
	return entry.Kind, entry.known
}

func send(w io.Writer, text string) error {
	if text == "" {
		return nil
	}
	_, err := io.WriteString(w, text)
	return err
}
