package auth0

import (
	"errors"
	"fmt"
	"strings"
)

// match reports whether a user is what a query looks for.
type match func(user object) bool

// parser reads the part of Lucene's query syntax that Auth0 documents: terms,
// phrases, fields, wildcards, ranges, AND, OR, NOT, groups and _exists_
// (section 5).
type parser struct{ rest string }

// parseQuery reads a query; an empty one is nil.
func parseQuery(q string) (match, error) {
	p := &parser{strings.TrimSpace(q)}
	if p.rest == "" {
		return nil, nil
	}
	m, err := p.either("")
	if err == nil && p.rest != "" {
		err = fmt.Errorf("unexpected %q", p.rest)
	}
	return m, err
}

func (p *parser) skip() { p.rest = strings.TrimLeft(p.rest, " ") }

// word takes an operator, which stands alone and in capitals.
func (p *parser) word(w string) bool {
	p.skip()
	rest, found := strings.CutPrefix(p.rest, w)
	if !found || rest != "" && !strings.ContainsAny(rest[:1], " (") {
		return false
	}
	p.rest = strings.TrimLeft(rest, " ")
	return true
}

// either is a list of alternatives; terms side by side are some too.
func (p *parser) either(field string) (match, error) {
	m, err := p.both(field)
	for err == nil {
		p.skip()
		if !p.word("OR") && (p.rest == "" || p.rest[0] == ')') {
			return m, nil
		}
		left := m
		var right match
		if right, err = p.both(field); err == nil {
			m = func(u object) bool { return left(u) || right(u) }
		}
	}
	return nil, err
}

func (p *parser) both(field string) (match, error) {
	m, err := p.not(field)
	for err == nil && p.word("AND") {
		left := m
		var right match
		if right, err = p.not(field); err == nil {
			m = func(u object) bool { return left(u) && right(u) }
		}
	}
	return m, err
}

func (p *parser) not(field string) (match, error) {
	p.skip()
	negated := p.word("NOT")
	if rest, minus := strings.CutPrefix(p.rest, "-"); minus && !negated {
		negated, p.rest = true, rest
	}
	m, err := p.one(field)
	if err == nil && negated {
		inner := m
		m = func(u object) bool { return !inner(u) }
	}
	return m, err
}

// one is a group, or a field with what it has to be, or a term.
func (p *parser) one(field string) (match, error) {
	p.skip()
	switch {
	case p.rest == "":
		return nil, errors.New("something is missing at its end")
	case p.rest[0] == '(':
		p.rest = p.rest[1:]
		m, err := p.either(field)
		if err != nil {
			return nil, err
		}
		if !strings.HasPrefix(p.rest, ")") {
			return nil, errors.New("a parenthesis is not closed")
		}
		p.rest = p.rest[1:]
		return m, nil
	case p.rest[0] == '[' || p.rest[0] == '{':
		return p.span(field)
	}
	text, quoted, err := p.text()
	if err != nil {
		return nil, err
	}
	if rest, named := strings.CutPrefix(p.rest, ":"); named && !quoted {
		if p.rest = strings.TrimLeft(rest, " "); text != "_exists_" {
			return p.one(text)
		}
		name, _, err := p.text()
		return func(u object) bool { return len(valuesAt(u, name)) > 0 }, err
	}
	// A suffix has to be three characters long at least (section 5).
	if suffix, is := strings.CutPrefix(text, "*"); is && !quoted && suffix != "" && len(strings.Trim(suffix, "*")) < 3 {
		return nil, errors.New("a leading wildcard needs three characters after it")
	}
	return term{field, text, quoted}.matches, nil
}

// text takes a word or a phrase; a backslash takes the next character as it is.
func (p *parser) text() (text string, quoted bool, err error) {
	var b strings.Builder
	s := p.rest
	if quoted = strings.HasPrefix(s, `"`); quoted {
		s = s[1:]
	}
	for i := 0; i < len(s); i++ {
		switch ch := s[i]; {
		case ch == '\\' && i+1 < len(s):
			i++
			b.WriteByte(s[i])
		case quoted && ch == '"':
			p.rest = s[i+1:]
			return b.String(), true, nil
		case !quoted && strings.IndexByte(" ():\"[]{}", ch) >= 0:
			if p.rest = s[i:]; i == 0 {
				return "", false, fmt.Errorf("unexpected %q", s)
			}
			return b.String(), false, nil
		default:
			b.WriteByte(ch)
		}
	}
	if quoted {
		return "", false, errors.New("a quotation mark is not closed")
	}
	p.rest = ""
	return b.String(), false, nil
}

func (p *parser) span(field string) (match, error) {
	end := strings.IndexAny(p.rest, "]}")
	if end < 0 || field == "" {
		return nil, errors.New("a range is not closed, or has no field")
	}
	inner, open, last := p.rest[1:end], p.rest[0], p.rest[end]
	p.rest = p.rest[end+1:]
	least, most, found := strings.Cut(inner, " TO ")
	if !found {
		return nil, fmt.Errorf("%q is no range", inner)
	}
	return span{field, strings.Trim(least, ` "`), strings.Trim(most, ` "`), open == '{', last == '}'}.matches, nil
}
