package config

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
)

// The parsers of hcl/v2 v2.25.0 descend once for each nesting and each
// operator, and so does every evaluation. A file made for it overflows the
// stack, which ends the process: recover does not help. So the depth is counted
// on the tokens, before anything is parsed.
const (
	maxNesting   = 200
	maxOperators = 500
	maxFileSize  = 8 << 20
	// maxExponent bounds the powers of ten in numbers: written out, which a
	// number is where a text is wanted, 1e1000000000 has a billion digits.
	maxExponent = 1000
)

type syntax int

const (
	configSyntax syntax = iota
	expressionSyntax
	templateSyntax
	jsonSyntax
)

// checkNesting refuses what nests too deeply.
func checkNesting(src []byte, filename string, start hcl.Pos, s syntax) *hcl.Diagnostic {
	if s == jsonSyntax {
		return checkJSONNesting(src, filename)
	}
	if isFlat(src) {
		return nil
	}
	return countNesting(src, filename, start, s)
}

func countNesting(src []byte, filename string, start hcl.Pos, s syntax) *hcl.Diagnostic {
	var tokens hclsyntax.Tokens
	switch s {
	case templateSyntax:
		tokens, _ = hclsyntax.LexTemplate(src, filename, start)
	default:
		tokens, _ = hclsyntax.LexConfig(src, filename, start)
	}
	// A level is what stands between two brackets. Operators count up to the
	// next separator: a chain of them nests without any bracket.
	type level struct {
		operators int
		newlines  bool
	}
	levels := []level{{newlines: s == configSyntax}}
	directives := 0
	for i, tok := range tokens {
		top := &levels[len(levels)-1]
		switch tok.Type {
		case hclsyntax.TokenNumberLit:
			if hugeNumber(tok.Bytes) {
				return tooLong(tok.Range)
			}
		case hclsyntax.TokenOBrack:
			top.operators++
			levels = append(levels, level{})
		case hclsyntax.TokenOParen:
			levels = append(levels, level{})
		case hclsyntax.TokenOBrace:
			levels = append(levels, level{newlines: true})
		case hclsyntax.TokenTemplateControl:
			levels = append(levels, level{})
			if i+1 < len(tokens) {
				switch string(tokens[i+1].Bytes) {
				case "if", "for":
					directives++
				case "endif", "endfor":
					directives--
				}
			}
		case hclsyntax.TokenTemplateInterp:
			levels = append(levels, level{})
		case hclsyntax.TokenCBrack, hclsyntax.TokenCParen, hclsyntax.TokenCBrace, hclsyntax.TokenTemplateSeqEnd:
			if len(levels) > 1 {
				levels = levels[:len(levels)-1]
			}
		case hclsyntax.TokenComma:
			top.operators = 0
		case hclsyntax.TokenNewline:
			if top.newlines {
				top.operators = 0
			}
		case hclsyntax.TokenPlus, hclsyntax.TokenMinus, hclsyntax.TokenStar, hclsyntax.TokenSlash,
			hclsyntax.TokenPercent, hclsyntax.TokenBang, hclsyntax.TokenAnd, hclsyntax.TokenOr,
			hclsyntax.TokenEqualOp, hclsyntax.TokenNotEqual, hclsyntax.TokenLessThan, hclsyntax.TokenLessThanEq,
			hclsyntax.TokenGreaterThan, hclsyntax.TokenGreaterThanEq, hclsyntax.TokenQuestion,
			hclsyntax.TokenColon, hclsyntax.TokenDot:
			top.operators++
		}
		if len(levels) > maxNesting || directives > maxNesting {
			return tooDeep(tok.Range, fmt.Sprintf("More than %d levels of brackets or template directives stand inside one another here.", maxNesting))
		}
		if levels[len(levels)-1].operators > maxOperators {
			return tooDeep(tok.Range, fmt.Sprintf("More than %d operators stand in one expression here.", maxOperators))
		}
	}
	return nil
}

// isFlat reports whether it is plain without making tokens of src that it stays
// within the limits: it has too few brackets, and too few operators between two
// commas at the end of a line. Comments and texts of several lines, where such a
// comma separates nothing, and exponents need a closer look.
func isFlat(src []byte) bool {
	brackets, operators := 0, 0
	for i, c := range src {
		switch c {
		case '[', '(', '{':
			brackets++
			operators++
		case '#':
			return false
		case '/':
			if i > 0 && src[i-1] == '/' || i+1 < len(src) && src[i+1] == '*' {
				return false
			}
			operators++
		case '+', '-', '*', '%', '!', '&', '|', '=', '>', '?', ':', '.':
			operators++
		case '<':
			if i > 0 && src[i-1] == '<' {
				return false
			}
			operators++
		case 'e', 'E':
			if i > 0 && (isDigit(src[i-1]) || src[i-1] == '.') {
				return false
			}
		case '\n':
			if i > 0 && src[i-1] == ',' {
				operators = 0
			}
		}
		if brackets > maxNesting || operators > maxOperators {
			return false
		}
	}
	return true
}

// checkJSONNesting counts brackets outside of strings, and checks long strings
// as the templates that they are. Where one is read as an expression, jsonExpr
// checks it again.
func checkJSONNesting(src []byte, filename string) *hcl.Diagnostic {
	depth, line, lineStart := 0, 1, 0
	for i := 0; i < len(src); i++ {
		at := func(end int) hcl.Range {
			pos := hcl.Pos{Line: line, Column: i - lineStart + 1, Byte: i}
			return hcl.Range{Filename: filename, Start: pos, End: hcl.Pos{Line: line, Column: pos.Column + 1, Byte: end}}
		}
		switch src[i] {
		case '\n':
			line, lineStart = line+1, i+1
		case '[', '{':
			if depth++; depth > maxNesting {
				return tooDeep(at(i+1), fmt.Sprintf("More than %d levels of brackets stand inside one another here.", maxNesting))
			}
		case ']', '}':
			depth--
		case '"':
			end := stringEnd(src, i)
			if end-i > maxNesting {
				place := at(i + 1)
				if problem := checkJSONString(src[i:end], filename, place); problem != nil {
					return problem
				}
			}
			for j := i; j < end; j++ {
				if src[j] == '\n' { // not allowed in JSON; the parser says so
					line, lineStart = line+1, j+1
				}
			}
			i = end - 1
		case 'e', 'E':
			// the word true has an e too, and no digit before it
			if i > 0 && (isDigit(src[i-1]) || src[i-1] == '.') && hugeNumber(src[i:min(i+20, len(src))]) {
				return tooLong(at(i + 1))
			}
		}
	}
	return nil
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

// hugeNumber reports whether the number at the beginning of s has an exponent
// beyond maxExponent.
func hugeNumber(s []byte) bool {
	_, exponent, found := bytes.Cut(bytes.ToLower(s), []byte("e"))
	if !found {
		return false
	}
	exponent = bytes.TrimLeft(exponent, "+-0")
	n := 0
	for n < len(exponent) && isDigit(exponent[n]) {
		n++
	}
	value, err := strconv.Atoi(string(exponent[:n]))
	return n > 0 && (err != nil || value > maxExponent)
}

func tooLong(rng hcl.Range) *hcl.Diagnostic {
	return &hcl.Diagnostic{
		Severity: hcl.DiagError,
		Summary:  "Number too long",
		Detail:   fmt.Sprintf("The exponent of a number is from -%d to %d.", maxExponent, maxExponent),
		Subject:  &rng,
	}
}

// stringEnd is the index behind the JSON string that begins at start.
func stringEnd(src []byte, start int) int {
	for i := start + 1; i < len(src); i++ {
		switch src[i] {
		case '\\':
			i++
		case '"':
			return i + 1
		}
	}
	return len(src)
}

func checkJSONString(quoted []byte, filename string, place hcl.Range) *hcl.Diagnostic {
	var s string
	if json.Unmarshal(quoted, &s) != nil {
		return nil // the parser refuses it
	}
	problem := checkNesting([]byte(s), filename, place.Start, templateSyntax)
	if problem != nil {
		problem.Subject = &place
	}
	return problem
}

func tooDeep(rng hcl.Range, what string) *hcl.Diagnostic {
	return &hcl.Diagnostic{
		Severity: hcl.DiagError,
		Summary:  "Expression nested too deeply",
		Detail:   what + " Split it up with local values.",
		Subject:  &rng,
	}
}
