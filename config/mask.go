package config

import (
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"

	"github.com/idpctl/idpctl/resource"
)

// span is a piece of a source, in bytes.
type span struct{ start, end int }

func (f *sourceFile) mask(r hcl.Range) {
	f.masks = append(f.masks, span{r.Start.Byte, r.End.Byte})
}

// Source is the text of a file that was read, with the literals of sensitive
// attributes and variables, and user and password in URLs, replaced by asterisks: it
// may be shown. Columns stay
// as they are. It is nil for a file that was not read.
func (m *Module) Source(filename string) []byte {
	f := m.files[filename]
	if f == nil {
		return nil
	}
	if f.broken {
		return m.maskBroken(f)
	}
	out := slices.Clone(f.src)
	for _, s := range f.masks {
		out = maskSpan(out, s)
	}
	for _, at := range userinfo.FindAllSubmatchIndex(out, -1) {
		out = maskSpan(out, span{at[2], at[3]})
	}
	return out
}

// userinfo is the user and password of a URL, whatever attribute it is written to. The
// last @ counts: not every password is encoded as it should be.
var userinfo = regexp.MustCompile(`[a-zA-Z][a-zA-Z0-9+.-]*://([^\s"']*)@`)

// maskSpan puts an asterisk in place of every character but spaces, line ends
// and the quotes at both ends. Each stand-in takes as many bytes as the character
// that it replaces, so that positions in bytes and in characters stay.
func maskSpan(src []byte, s span) []byte {
	start, end := max(s.start, 0), min(s.end, len(src))
	for i := start; i < end; {
		_, size := utf8.DecodeRune(src[i:])
		c := src[i]
		switch {
		case c == '\n' || c == '\r' || c == ' ' || c == '\t' || c == '"' && (i == start || i == end-1):
		default:
			copy(src[i:], [...]string{"", "*", "·", "∗", "\U0001F7B6"}[size])
		}
		i += max(size, 1)
	}
	return src
}

// maskSecrets finds the literals that end up in something sensitive: in its
// expression, in the local values and in the defaults of the variables that
// the expression uses.
func (m *Module) maskSecrets() {
	for _, v := range m.variables {
		if v.sensitive && v.def != nil {
			m.maskAll(v.def.Range())
		}
	}
	masker := &masker{m: m, locals: map[string]bool{}, vars: map[string]bool{}}
	for _, name := range m.providerOrder {
		p := m.providers[name]
		masker.content(p.info.Config, p.content)
	}
	for _, b := range m.blockOrder {
		for _, c := range m.allCandidates(b) {
			masker.content(b.spec(c.kind), b.content)
		}
		if b.content.dynamic {
			masker.dynamic(b.content.body, m.allCandidates(b))
		}
	}
	for _, o := range m.outputs {
		if o.value != nil && o.sensitive {
			masker.expr(o.value.Expression)
		}
	}
	m.maskCalls(masker)
}

// maskAll masks everything in a range.
func (m *Module) maskAll(r hcl.Range) {
	if f := m.files[r.Filename]; f != nil {
		f.mask(r)
	}
}

// masker follows the expressions of sensitive attributes.
type masker struct {
	m            *Module
	locals, vars map[string]bool
}

func (k *masker) content(attrs []resource.Attribute, c *content) {
	for _, a := range attrs {
		if arg := c.args[a.Name]; arg != nil && (a.Sensitive || a.WriteOnly) {
			k.expr(arg.expr.Expression)
		}
		for _, n := range c.blocks {
			if a.Block != nil && n.typ == a.Name {
				k.content(a.Block, n.content)
			}
		}
	}
}

// dynamic masks every literal of an argument inside of a dynamic block that
// has the name of a sensitive attribute.
func (k *masker) dynamic(body hcl.Body, candidates []candidate) {
	names := map[string]bool{}
	for _, c := range candidates {
		sensitiveNames(c.kind.Attributes, names)
	}
	switch b := body.(type) {
	case *hclsyntax.Body:
		k.namedIn(b, names)
	case jsonBody:
		attrs, _ := b.JustAttributes()
		if attr := attrs["dynamic"]; attr != nil {
			k.m.maskAll(attr.Expr.Range())
		}
	}
}

func (k *masker) namedIn(b *hclsyntax.Body, names map[string]bool) {
	for name, attr := range b.Attributes {
		if names[name] {
			k.expr(attr.Expr)
		}
	}
	for _, block := range b.Blocks {
		k.namedIn(block.Body, names)
	}
}

func sensitiveNames(attrs []resource.Attribute, into map[string]bool) {
	for _, a := range attrs {
		if a.Sensitive || a.WriteOnly {
			into[a.Name] = true
		}
		sensitiveNames(a.Block, into)
	}
}

// expr masks the literals of an expression and of what it refers to.
func (k *masker) expr(e hcl.Expression) {
	native := nativeExpr(e)
	if native == nil {
		return
	}
	if _, isJSON := e.(*jsonExpr); isJSON {
		// Escapes make the places of the parts inexact.
		k.m.maskAll(e.Range())
	} else {
		k.literals(native)
	}
	for _, t := range native.Variables() {
		name, ok := stepName(t, 1)
		switch {
		case !k.m.refersTo(t.RootName()):
			k.m.maskAll(t.SourceRange()) // a password without quotes
		case !ok:
		case t.RootName() == "local" && k.m.locals[name] != nil && !k.locals[name]:
			k.locals[name] = true
			k.m.locals[name].secret = true
			k.expr(k.m.locals[name].expr.Expression)
		case t.RootName() == "var" && k.m.variables[name] != nil && k.m.variables[name].def != nil && !k.vars[name]:
			k.vars[name] = true
			k.m.maskAll(k.m.variables[name].def.Range())
		}
	}
}

// refersTo reports whether references begin with a name.
func (m *Module) refersTo(root string) bool {
	return slices.Contains([]string{"var", "local", "data", "each", "count", "path", "cluster"}, root) || slices.Contains(m.kindNames(), root)
}

func (k *masker) literals(node hclsyntax.Node) {
	_ = hclsyntax.VisitAll(node, func(n hclsyntax.Node) hcl.Diagnostics {
		if lit, ok := n.(*hclsyntax.LiteralValueExpr); ok && !lit.Val.IsNull() && lit.Val.Type() != cty.Bool {
			k.m.maskAll(lit.SrcRange)
		}
		return nil
	})
}

// maskCalls masks what stands in calls of the function sensitive, wherever.
func (m *Module) maskCalls(k *masker) {
	visit := func(e hcl.Expression) {
		native := nativeExpr(e)
		if native == nil {
			return
		}
		_ = hclsyntax.VisitAll(native, func(n hclsyntax.Node) hcl.Diagnostics {
			if call, ok := n.(*hclsyntax.FunctionCallExpr); ok && call.Name == "sensitive" {
				for _, arg := range call.Args {
					k.expr(arg)
				}
			}
			return nil
		})
	}
	for _, l := range m.locals {
		visit(l.expr.Expression)
	}
	for _, o := range m.outputs {
		if o.value != nil {
			visit(o.value.Expression)
		}
	}
	for _, b := range m.blockOrder {
		for _, x := range b.exprs {
			visit(x.Expression)
		}
	}
	for _, p := range m.providers {
		for _, x := range p.exprs {
			visit(x.Expression)
		}
	}
}

// maskBroken masks a file whose syntax is wrong. What in it is a secret cannot
// be said, so all quoted text but labels and keys goes, with all that follows
// the name of a sensitive attribute on its line, and every heredoc.
func (m *Module) maskBroken(f *sourceFile) []byte {
	names := map[string]bool{"default": true}
	for _, info := range m.opts.Providers {
		sensitiveNames(info.Config, names)
		for _, k := range info.Kinds {
			sensitiveNames(k.Attributes, names)
		}
	}
	sensitiveNames(m.opts.Cluster.Attributes, names)
	values := strings.Contains(filepath.Base(f.name), ".idpvars") || !strings.Contains(filepath.Base(f.name), nativeSuffix)
	header := regexp.MustCompile(`^\s*[\pL_][\pL\pN_-]*(\s+"[^"]*")*\s*\{\s*$`)
	assignment := regexp.MustCompile(`"?([\pL_][\pL\pN_-]*)"?\s*[=:]`)
	heredoc := regexp.MustCompile(`<<-?\s*([\pL_][\pL\pN_-]*)`)
	out := slices.Clone(f.src)
	pos, until := 0, ""
	for line := range strings.SplitAfterSeq(string(f.src), "\n") {
		start, end := pos, pos+len(line)
		pos = end
		switch {
		case until != "" && strings.TrimSpace(line) == until:
			until = ""
		case until != "":
			out = maskSpan(out, span{start, end})
		case header.MatchString(line):
		default:
			maskQuoted(out, line, start)
			for _, match := range assignment.FindAllStringSubmatchIndex(line, -1) {
				if values || names[line[match[2]:match[3]]] {
					out = maskSpan(out, span{start + match[1], end})
					break
				}
			}
			if match := heredoc.FindStringSubmatch(line); match != nil {
				until = match[1]
			}
		}
	}
	return out
}

// maskQuoted masks the quoted text in a line that starts at offset, but not
// the keys of JSON objects.
func maskQuoted(out []byte, line string, offset int) {
	for i := 0; i < len(line); i++ {
		if line[i] != '"' {
			continue
		}
		end := i + 1
		for end < len(line) && line[end] != '"' {
			if line[end] == '\\' {
				end++
			}
			end++
		}
		end = min(end, len(line))
		after := ""
		if end+1 <= len(line) {
			after = strings.TrimSpace(line[min(end+1, len(line)):])
		}
		if !strings.HasPrefix(after, ":") {
			maskSpan(out, span{offset + i + 1, offset + end})
		}
		i = end
	}
}
