package auth0

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"

	"github.com/idpctl/idpctl/emulator/jsonvalue"
)

// maxBody is more than any request needs.
const maxBody = 4 << 20

// object is a JSON object. Numbers in it are int64 or float64.
type object = map[string]any

// parse reads one JSON value; nothing may follow it.
func parse(b []byte) (any, error) {
	d := json.NewDecoder(bytes.NewReader(b))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		return nil, err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("something follows the value")
	}
	return numbers(v), nil
}

// numbers makes int64 or float64 of the numbers in a value.
func numbers(v any) any {
	switch v := v.(type) {
	case json.Number:
		if n, err := v.Int64(); err == nil {
			return n
		}
		f, _ := v.Float64() // out of range is infinite
		return f
	case object:
		for k, e := range v {
			v[k] = numbers(e)
		}
	case []any:
		for i, e := range v {
			v[i] = numbers(e)
		}
	}
	return v
}

// value reads the body of a request; GET and DELETE may come with "null" or
// "{}" (section 1).
func (c *call) value() (any, error) {
	if len(bytes.TrimSpace(c.body)) == 0 {
		return nil, nil
	}
	t, _, _ := strings.Cut(c.r.Header.Get("Content-Type"), ";")
	if !strings.EqualFold(strings.TrimSpace(t), "application/json") {
		return nil, fail(http.StatusUnsupportedMediaType, "", "Unsupported Media Type")
	}
	v, err := parse(c.body)
	if err != nil {
		return nil, fail(http.StatusBadRequest, "invalid_body", "Invalid request payload JSON format")
	}
	return v, nil
}

// decode reads the body as one object and checks it.
func (c *call) decode(s schema) (object, error) {
	v, err := c.value()
	if err != nil {
		return nil, err
	}
	o, ok := v.(object)
	if !ok {
		return nil, badBody("", "Expected type object but found type %s", typeOf(v))
	}
	return o, s.check(o)
}

// schema are the properties that an object may have, by their types: "string",
// "boolean", "integer", "number", "object", "array", "strings" (an array of
// different ones), "any"; with a ? null is allowed too, with a ! it is required.
type schema map[string]string

// check reports the first property, by name, that the schema does not allow.
func (s schema) check(o object) error {
	for _, name := range sortedKeys(s) {
		if _, has := o[name]; !has && strings.HasSuffix(s[name], "!") {
			return badBody("", "Missing required property: %s", name)
		}
	}
	for _, name := range sortedKeys(o) {
		want, known := s[name]
		if !known {
			return badBody("", "Additional properties not allowed: %s", name)
		}
		if err := checkType(name, want, o[name]); err != nil {
			return err
		}
	}
	return nil
}

func checkType(name, want string, v any) error {
	want = strings.TrimSuffix(want, "!")
	if null, is := strings.CutSuffix(want, "?"); is {
		if want = null; v == nil {
			return nil
		}
	}
	got := typeOf(v)
	switch {
	case want == "any", want == got, want == "number" && got == "integer":
	case want == "strings" && got == "array":
		for i, e := range v.([]any) {
			if _, is := e.(string); !is {
				return badBody(fmt.Sprintf("%s[%d]", name, i), "Expected type string but found type %s", typeOf(e))
			}
		}
	default:
		if want == "strings" {
			want = "array"
		}
		return badBody(name, "Expected type %s but found type %s", want, got)
	}
	return unique(name, v)
}

// unique refuses arrays of texts in which one stands twice, at any depth.
func unique(path string, v any) error {
	switch v := v.(type) {
	case object:
		for _, k := range sortedKeys(v) {
			if err := unique(path+"."+k, v[k]); err != nil {
				return err
			}
		}
	case []any:
		for j, e := range v {
			s, text := e.(string)
			if i := slices.Index(jsonvalue.Texts(v[:j]), s); text && i >= 0 {
				return badBody(path, "Array items are not unique (indexes %d and %d)", i, j)
			}
		}
	}
	return nil
}

func typeOf(v any) string {
	switch v.(type) {
	case nil:
		return "null"
	case string:
		return "string"
	case bool:
		return "boolean"
	case int64:
		return "integer"
	case float64:
		return "number"
	case []any:
		return "array"
	}
	return "object"
}

// oneOf refuses a text that is not one of some.
func oneOf(o object, name string, allowed ...string) error {
	if s, is := o[name].(string); is && !slices.Contains(allowed, s) {
		return badBody(name, "No enum match for: %s", s)
	}
	return nil
}
