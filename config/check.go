package config

import (
	"fmt"
	"net/mail"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"

	"github.com/idpctl/idpctl/resource"
)

// normalize does to a value what the server does to it.
func normalize(a resource.Attribute, v cty.Value) cty.Value {
	if len(a.Always) > 0 {
		v = withAlways(v, a.Always)
	}
	if a.Normalize != resource.Lower {
		return v
	}
	if v.Type() == cty.String {
		return lower(v)
	}
	out, err := cty.Transform(v, func(_ cty.Path, el cty.Value) (cty.Value, error) {
		return lower(el), nil
	})
	if err != nil {
		return v
	}
	return out
}

// withAlways adds to a set of strings what is always in it.
func withAlways(v cty.Value, always []string) cty.Value {
	bare, marks := v.Unmark()
	if !bare.IsKnown() || bare.IsNull() || !bare.Type().Equals(cty.Set(cty.String)) {
		return v
	}
	elements := bare.AsValueSlice()
	for _, s := range always {
		elements = append(elements, cty.StringVal(s))
	}
	return cty.SetVal(elements).WithMarks(marks)
}

// lower does what [resource.Lower] says to one value.
func lower(v cty.Value) cty.Value {
	bare, marks := v.Unmark()
	if bare.Type() != cty.String || !bare.IsKnown() || bare.IsNull() {
		return v
	}
	s := strings.TrimSpace(bare.AsString())
	if lookalike(s) != 0 {
		return v // refused by check
	}
	return cty.StringVal(strings.ToLower(s)).WithMarks(marks)
}

// lookalike finds a letter outside of ASCII whose lower case is a letter of
// ASCII, such as U+0130: folding it would make one person's name another's. The
// Kelvin sign never gets here: by Unicode's canonical form, which cty brings all
// text into, it is a K.
func lookalike(s string) rune {
	for _, r := range s {
		if r > unicode.MaxASCII && unicode.ToLower(r) <= unicode.MaxASCII {
			return r
		}
	}
	return 0
}

// patterns keeps compiled patterns: they are matched once for each instance.
type patterns map[string]*regexp.Regexp

// CheckValue says what is wrong with a value of an attribute by the attribute's own
// checks, as a configuration would be told, or "". For values that come from elsewhere.
func CheckValue(a resource.Attribute, v cty.Value) string { return patterns{}.check(a, v) }

// IsExpression reports whether a text is one expression and nothing else.
func IsExpression(text string) bool {
	if checkNesting([]byte(text), "", hcl.InitialPos, expressionSyntax) != nil {
		return false
	}
	_, ds := hclsyntax.ParseExpression([]byte(text), "", hcl.InitialPos)
	return !ds.HasErrors()
}

// check says what is wrong with the known parts of a value, or "". The text
// holds the value only if it is not sensitive.
func (p patterns) check(a resource.Attribute, v cty.Value) string {
	c := a.Check
	secret := a.Sensitive || a.WriteOnly || resource.IsSensitive(v)
	v, _ = v.UnmarkDeep()
	if !v.IsKnown() || v.IsNull() {
		return ""
	}
	t := v.Type()
	switch {
	case t == cty.String && a.Normalize == resource.Lower && lookalike(v.AsString()) != 0:
		return fmt.Sprintf("%q has the letter %U, which in lower case is another person's %q. Write the name in lower case, as it is meant.",
			a.Name, lookalike(v.AsString()), unicode.ToLower(lookalike(v.AsString())))
	case t == cty.String:
		return p.checkString(c, fmt.Sprintf("%q", a.Name), v.AsString(), secret)
	case t == cty.Number && c.HasRange:
		f := v.AsBigFloat()
		lo, hi := cty.NumberIntVal(c.Min), cty.NumberIntVal(c.Max)
		if f.Cmp(lo.AsBigFloat()) < 0 || f.Cmp(hi.AsBigFloat()) > 0 {
			is := ""
			if !secret {
				is = "; it is " + f.Text('f', -1)
			}
			return fmt.Sprintf("%q must be from %d to %d%s.", a.Name, c.Min, c.Max, is)
		}
		if !f.IsInt() {
			return fmt.Sprintf("%q must be a whole number.", a.Name)
		}
	case t.IsCollectionType():
		n := v.LengthInt()
		if v.IsWhollyKnown() && c.MinLen > 0 && n < c.MinLen {
			return fmt.Sprintf("%q needs at least %d elements; it has %d.", a.Name, c.MinLen, n)
		}
		if c.MaxLen > 0 && n > c.MaxLen {
			return fmt.Sprintf("%q may have %d elements at most; it has %d.", a.Name, c.MaxLen, n)
		}
		c.MinLen, c.MaxLen = 0, 0
		for it := v.ElementIterator(); it.Next(); {
			_, el := it.Element()
			if el.Type() == cty.String && el.IsKnown() && !el.IsNull() {
				if problem := p.checkString(c, "An element of \""+a.Name+"\"", el.AsString(), secret); problem != "" {
					return problem
				}
			}
		}
	}
	return ""
}

// given repeats a value in a message, unless it is a secret.
func given(s string, secret bool) string {
	if secret {
		return ""
	}
	if r := []rune(s); len(r) > 60 {
		s = string(r[:60]) + "…"
	}
	return fmt.Sprintf("; it is %q", s)
}

func (p patterns) checkString(c resource.Check, name, s string, secret bool) string {
	n := utf8.RuneCountInString(s)
	is := given(s, secret)
	switch {
	case c.MinLen > 0 && n == 0:
		return name + " must not be empty."
	case n < c.MinLen:
		return fmt.Sprintf("%s needs at least %d characters%s.", name, c.MinLen, is)
	case c.MaxLen > 0 && n > c.MaxLen:
		return fmt.Sprintf("%s may have %d characters at most, and has %d.", name, c.MaxLen, n)
	case len(c.OneOf) > 0 && !slices.Contains(c.OneOf, s):
		dym := ""
		if !secret {
			dym = didYouMean(s, c.OneOf)
		}
		return fmt.Sprintf("%s must be %s%s.%s", name, list(quoted(c.OneOf), "or"), is, dym)
	case c.Email && !isEmail(s):
		return fmt.Sprintf("%s must be an e-mail address such as jane@example.com%s.", name, is)
	case c.URL && !isURL(s):
		if strings.Contains(s, "@") {
			is = "" // it may hold a password
		}
		return fmt.Sprintf("%s must be a URL that begins with https:// or http://%s.", name, is)
	case c.URL && hasUserinfo(s):
		return name + " must be a URL without a user and a password: it is written to files and shown. Leave out what stands before the @; if the password has been used, change it."
	case c.Pattern != "" && !p.matches(c.Pattern, s):
		return fmt.Sprintf("%s must be %s%s.", name, c.PatternDoc, is)
	case slices.Contains(c.NotOneOf, s):
		return fmt.Sprintf("%s must not be %q, which is %s.", name, s, c.NotOneOfDoc)
	}
	return ""
}

// isEmail accepts a bare address as of RFC 5322 without quoting, comments or
// a display name.
func isEmail(s string) bool {
	addr, err := mail.ParseAddress(s)
	if err != nil || addr.Address != s || strings.ContainsAny(s, "\" ()<>,;:\\[]") {
		return false
	}
	domain := s[strings.LastIndexByte(s, '@')+1:]
	for label := range strings.SplitSeq(domain, ".") {
		if label == "" || strings.HasPrefix(label, "-") || strings.HasSuffix(label, "-") {
			return false
		}
	}
	return true
}

func isURL(s string) bool {
	u, err := url.Parse(s)
	return err == nil && (u.Scheme == "https" || u.Scheme == "http") && u.Hostname() != ""
}

// hasUserinfo reports whether a URL has a user or a password in front of its host.
func hasUserinfo(s string) bool {
	u, err := url.Parse(s)
	return err == nil && u.User != nil
}

// matches reports whether the whole of s matches; a pattern that is none, a
// defect of the kind, matches everything.
func (p patterns) matches(pattern, s string) bool {
	re, ok := p[pattern]
	if !ok {
		re, _ = regexp.Compile(`\A(?:` + pattern + `)\z`)
		p[pattern] = re
	}
	return re == nil || re.MatchString(s)
}
