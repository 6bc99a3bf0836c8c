package config

import (
	"crypto/md5"  //nolint:gosec // a function of the language, not for safety
	"crypto/sha1" //nolint:gosec // likewise
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"hash"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/function"
)

// fileFunctions read files; relative paths start at dir. A template may call
// the functions that it is given, and none of these twice over: templatefile is
// not among them.
func fileFunctions(dir string, inTemplates map[string]function.Function) map[string]function.Function {
	out := map[string]function.Function{
		"file": fileFunc(dir, utf8Text), "filebase64": fileFunc(dir, base64Text),
		"filemd5": fileFunc(dir, hashed(md5.New, hex.EncodeToString)), "filesha1": fileFunc(dir, hashed(sha1.New, hex.EncodeToString)),
		"filesha256": fileFunc(dir, hashed(sha256.New, hex.EncodeToString)), "filesha512": fileFunc(dir, hashed(sha512.New, hex.EncodeToString)),
		"filebase64sha256": fileFunc(dir, hashed(sha256.New, base64.StdEncoding.EncodeToString)),
		"filebase64sha512": fileFunc(dir, hashed(sha512.New, base64.StdEncoding.EncodeToString)),
	}
	maps.Copy(inTemplates, out)
	out["templatefile"] = templateFunc(dir, inTemplates)
	return out
}

// contents makes a text of what is in a file.
type contents func(path string, src []byte) (string, error)

func utf8Text(path string, src []byte) (string, error) {
	if !utf8.Valid(src) {
		return "", fmt.Errorf("the file %q is not UTF-8; filebase64 reads it as it is", path)
	}
	return string(src), nil
}

func base64Text(_ string, src []byte) (string, error) {
	return base64.StdEncoding.EncodeToString(src), nil
}

func hashed(algorithm func() hash.Hash, encode func([]byte) string) contents {
	return func(_ string, src []byte) (string, error) {
		h := algorithm()
		h.Write(src) // never fails, as of package hash
		return encode(h.Sum(nil)), nil
	}
}

func fileFunc(dir string, make contents) function.Function {
	return function.New(&function.Spec{
		Params:       []function.Parameter{{Name: "path", Type: cty.String}},
		Type:         function.StaticReturnType(cty.String),
		RefineResult: notNull,
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
			path, src, err := readFor(dir, args[0])
			if err != nil {
				return cty.NilVal, function.NewArgError(0, err)
			}
			s, err := make(path, src)
			if err != nil {
				return cty.NilVal, function.NewArgError(0, err)
			}
			return cty.StringVal(s), nil
		},
	})
}

func readFor(dir string, name cty.Value) (path string, src []byte, err error) {
	path = name.AsString()
	if !filepath.IsAbs(path) {
		path = filepath.Join(dir, path)
	}
	if src, err = readLimited(path); err != nil {
		return path, nil, fmt.Errorf("cannot read %q: %s", path, plainError(err))
	}
	return path, src, nil
}

// templateFunc renders a file with the variables that it is given, and nothing
// else: a template refers to no block.
func templateFunc(dir string, functions map[string]function.Function) function.Function {
	render := func(args []cty.Value) (cty.Value, error) {
		path, src, err := readFor(dir, args[0])
		if err != nil {
			return cty.NilVal, function.NewArgError(0, err)
		}
		if _, err := utf8Text(path, src); err != nil {
			return cty.NilVal, function.NewArgErrorf(0, "the file %q is not UTF-8", path)
		}
		vars, err := templateVariables(args[1])
		if err != nil {
			return cty.NilVal, function.NewArgError(1, err)
		}
		start := hcl.Pos{Line: 1, Column: 1}
		if d := checkNesting(src, path, start, templateSyntax); d != nil {
			return cty.NilVal, function.NewArgErrorf(0, "%s: %s", d.Subject, strings.TrimSuffix(d.Detail, "."))
		}
		x, diags := hclsyntax.ParseTemplate(src, path, start)
		if diags.HasErrors() {
			return cty.NilVal, function.NewArgError(0, firstOf(diags))
		}
		for _, t := range x.Variables() {
			if _, ok := vars[t.RootName()]; !ok {
				return cty.NilVal, function.NewArgErrorf(1, "vars has no %q, which %s uses.%s", t.RootName(), t.SourceRange(), didYouMean(t.RootName(), slices.Sorted(maps.Keys(vars))))
			}
		}
		v, diags := safeValue(x, &hcl.EvalContext{Variables: vars, Functions: functions})
		if diags.HasErrors() {
			return cty.NilVal, function.NewArgError(0, firstOf(diags))
		}
		return v, nil
	}
	return function.New(&function.Spec{
		Params: []function.Parameter{{Name: "path", Type: cty.String}, {Name: "vars", Type: cty.DynamicPseudoType}},
		Type: func(args []cty.Value) (cty.Type, error) {
			if !args[0].IsKnown() || !args[1].IsKnown() {
				return cty.DynamicPseudoType, nil
			}
			v, err := render(args)
			return v.Type(), err
		},
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) { return render(args) },
	})
}

func templateVariables(v cty.Value) (map[string]cty.Value, error) {
	if !v.Type().IsObjectType() && !v.Type().IsMapType() {
		return nil, fmt.Errorf("a map of variables is required, as in { name = var.name }")
	}
	vars := v.AsValueMap()
	for name := range vars {
		if !hclsyntax.ValidIdentifier(name) {
			return nil, fmt.Errorf("%q cannot be the name of a variable: it must begin with a letter and hold letters, digits, dashes and underscores", name)
		}
	}
	return vars, nil
}

// firstOf is what went wrong first in a template, with its place.
func firstOf(diags hcl.Diagnostics) error {
	for _, d := range diags {
		if d.Severity == hcl.DiagError {
			at := ""
			if d.Subject != nil {
				at = fmt.Sprintf("%s:%d:%d: ", d.Subject.Filename, d.Subject.Start.Line, d.Subject.Start.Column)
			}
			return fmt.Errorf("%s%s: %s", at, d.Summary, strings.TrimSuffix(d.Detail, "."))
		}
	}
	return nil
}
