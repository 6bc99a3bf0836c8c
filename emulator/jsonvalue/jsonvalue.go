// Package jsonvalue is what the emulators do with decoded JSON: objects as
// map[string]any, lists as []any.
package jsonvalue

import (
	"bytes"
	"encoding/json"
)

// Texts are the strings of a list; nothing if it is none.
func Texts(v any) []string { return only[string](v) }

// Objects are the objects of a list; nothing if it is none.
func Objects(v any) []map[string]any { return only[map[string]any](v) }

func only[T any](v any) []T {
	list, _ := v.([]any)
	out := make([]T, 0, len(list))
	for _, e := range list {
		if t, ok := e.(T); ok {
			out = append(out, t)
		}
	}
	return out
}

// Anys is a list of strings as decoding gives it.
func Anys(list []string) []any {
	out := make([]any, len(list))
	for i, s := range list {
		out[i] = s
	}
	return out
}

// Clone copies a value deeply.
func Clone(v any) any {
	switch v := v.(type) {
	case map[string]any:
		o := make(map[string]any, len(v))
		for k, e := range v {
			o[k] = Clone(e)
		}
		return o
	case []any:
		l := make([]any, len(v))
		for i, e := range v {
			l[i] = Clone(e)
		}
		return l
	default:
		return v
	}
}

// Encode is JSON without the escapes that are for HTML.
func Encode(v any) []byte {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		panic(err) // an emulator encodes only what it made
	}
	return bytes.TrimRight(b.Bytes(), "\n")
}
