package config

import (
	"encoding/base64"
	"fmt"
	"path/filepath"
	"unicode/utf8"

	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/function"
)

// readArgument reads the regular file that an argument of a function names, and
// says where it is. A relative path starts at dir.
func readArgument(dir, path string) (string, []byte, error) {
	if !filepath.IsAbs(path) {
		path = filepath.Join(dir, path)
	}
	src, err := readLimited(path)
	if err != nil {
		return path, nil, function.NewArgError(0, fmt.Errorf("cannot read %q: %s", path, plainError(err)))
	}
	return path, src, nil
}

// readText is readArgument for a file that must be text.
func readText(dir, path string) (string, []byte, error) {
	path, src, err := readArgument(dir, path)
	if err == nil && !utf8.Valid(src) {
		err = function.NewArgErrorf(0, "the file %q is not UTF-8; filebase64 reads it as it is", path)
	}
	return path, src, err
}

// fileFunc reads a regular file as text.
func fileFunc(dir string) function.Function {
	return pathFunc(func(path string) (string, error) {
		_, src, err := readText(dir, path)
		return string(src), err
	})
}

// fileSumFunc reads a regular file, whatever is in it, and makes a text of it.
func fileSumFunc(dir string, sum func([]byte) string) function.Function {
	return pathFunc(func(path string) (string, error) {
		_, src, err := readArgument(dir, path)
		if err != nil {
			return "", err
		}
		return sum(src), nil
	})
}

func pathFunc(read func(path string) (string, error)) function.Function {
	return function.New(&function.Spec{
		Params:       []function.Parameter{{Name: "path", Type: cty.String}},
		Type:         function.StaticReturnType(cty.String),
		RefineResult: notNull,
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
			text, err := read(args[0].AsString())
			if err != nil {
				return cty.NilVal, err
			}
			return cty.StringVal(text), nil
		},
	})
}

func inBase64(src []byte) string { return base64.StdEncoding.EncodeToString(src) }
