package entra

import (
	"errors"
	"strconv"
	"strings"
	"time"
)

// node is a part of a filter: "and", "or", "not", a comparison ("eq", "ne",
// "ge", "le", "in", "startsWith", "endsWith"), or "any" with a condition on the
// elements.
type node struct {
	op       string
	parts    []*node
	property string
	values   []any
}

// errFilter is a filter that is not well-formed.
var errFilter = errors.New("syntax error in the filter")

// parser reads a $filter.
type parser struct {
	tokens []token
	// lambda is the range variable while the condition of an any is read.
	lambda string
}

// token is a word, a literal or a sign of a filter.
type token struct {
	text    string
	literal bool // a text in quotes
}

func parseFilter(s string) (*node, error) {
	tokens, err := lex(s)
	if err != nil {
		return nil, err
	}
	p := &parser{tokens: tokens}
	n, err := p.or()
	if err == nil && len(p.tokens) > 0 {
		err = errFilter
	}
	return n, err
}

func lex(s string) ([]token, error) {
	var out []token
	for i := 0; i < len(s); {
		switch ch := s[i]; {
		case ch == ' ' || ch == '\t':
			i++
		case strings.IndexByte("(),:", ch) >= 0:
			out = append(out, token{text: string(ch)})
			i++
		case ch == '\'':
			var b strings.Builder
			for i++; ; i++ {
				if i >= len(s) {
					return nil, errFilter
				}
				if s[i] == '\'' {
					if i+1 >= len(s) || s[i+1] != '\'' {
						break
					}
					i++
				}
				b.WriteByte(s[i])
			}
			i++
			out = append(out, token{b.String(), true})
		default:
			end := " \t(),:'"
			if ch >= '0' && ch <= '9' {
				end = " \t(),'" // a time has colons
			}
			j := i
			for j < len(s) && strings.IndexByte(end, s[j]) < 0 {
				j++
			}
			out = append(out, token{text: s[i:j]})
			i = j
		}
	}
	return out, nil
}

// is reports whether the next token is a word or sign, in whatever case.
func (p *parser) is(word string) bool {
	return len(p.tokens) > 0 && !p.tokens[0].literal && strings.EqualFold(p.tokens[0].text, word)
}

func (p *parser) take(word string) bool {
	if p.is(word) {
		p.tokens = p.tokens[1:]
		return true
	}
	return false
}

func (p *parser) next() (token, error) {
	if len(p.tokens) == 0 {
		return token{}, errFilter
	}
	t := p.tokens[0]
	p.tokens = p.tokens[1:]
	return t, nil
}

func (p *parser) or() (*node, error)  { return p.chain("or", p.and) }
func (p *parser) and() (*node, error) { return p.chain("and", p.unary) }

func (p *parser) chain(op string, part func() (*node, error)) (*node, error) {
	n, err := part()
	if err != nil || !p.is(op) {
		return n, err
	}
	all := &node{op: op, parts: []*node{n}}
	for p.take(op) {
		if n, err = part(); err != nil {
			return nil, err
		}
		all.parts = append(all.parts, n)
	}
	return all, nil
}

func (p *parser) unary() (*node, error) {
	if p.take("not") {
		n, err := p.unary()
		return &node{op: "not", parts: []*node{n}}, err
	}
	if p.take("(") {
		n, err := p.or()
		if err == nil && !p.take(")") {
			err = errFilter
		}
		return n, err
	}
	t, err := p.next()
	if err != nil || t.literal {
		return nil, errFilter
	}
	if name, isAny := strings.CutSuffix(t.text, "/any"); isAny && p.take("(") {
		return p.any(name)
	}
	if p.take("(") {
		return p.function(t.text)
	}
	return p.comparison(p.name(t.text))
}

// name is a property; within an any it is the range variable.
func (p *parser) name(s string) string {
	if p.lambda != "" && s == p.lambda {
		return ""
	}
	return s
}

func (p *parser) any(property string) (*node, error) {
	v, err := p.next()
	if err != nil || p.lambda != "" || !p.take(":") {
		return nil, errFilter
	}
	p.lambda = v.text
	n, err := p.or()
	p.lambda = ""
	if err == nil && !p.take(")") {
		err = errFilter
	}
	return &node{op: "any", property: property, parts: []*node{n}}, err
}

func (p *parser) function(name string) (*node, error) {
	op := map[string]string{"startswith": "startsWith", "endswith": "endsWith"}[strings.ToLower(name)]
	property, err := p.next()
	if op == "" || err != nil || property.literal || !p.take(",") {
		return nil, errFilter
	}
	v, err := p.literal()
	if err == nil && !p.take(")") {
		err = errFilter
	}
	return &node{op: op, property: p.name(property.text), values: []any{v}}, err
}

func (p *parser) comparison(property string) (*node, error) {
	op, err := p.next()
	if err != nil {
		return nil, err
	}
	n := &node{op: strings.ToLower(op.text), property: property}
	switch n.op {
	case "eq", "ne", "ge", "le":
		v, err := p.literal()
		n.values = []any{v}
		return n, err
	case "in":
		if !p.take("(") {
			return nil, errFilter
		}
		for {
			v, err := p.literal()
			if err != nil {
				return nil, err
			}
			n.values = append(n.values, v)
			if p.take(")") {
				return n, nil
			}
			if !p.take(",") {
				return nil, errFilter
			}
		}
	}
	return nil, errFilter
}

func (p *parser) literal() (any, error) {
	t, err := p.next()
	if err != nil || t.literal {
		return t.text, err
	}
	switch t.text {
	case "true":
		return true, nil
	case "false":
		return false, nil
	case "null":
		return nil, nil
	}
	if n, err := strconv.ParseInt(t.text, 10, 64); err == nil {
		return n, nil
	}
	if _, err := time.Parse(time.RFC3339, t.text); err == nil {
		return t.text, nil
	}
	return nil, errFilter
}
