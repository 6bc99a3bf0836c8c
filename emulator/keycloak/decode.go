package keycloak

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"
	"sync"
)

// object is a JSON object. After decode, its values are string, bool, int64,
// []any, object, and whatever JSON gives where the schema says "any".
type object = map[string]any

// schemaJSON says which fields Keycloak's representations have, and of which
// types. It was read from the classes of keycloak-core 26.7.3 by Jackson's own
// introspection. Types are string, bool, int, long, any, enum:A|B, [T], {T},
// the name of a representation, and textlist: lists of texts, where a single
// value is a list of one. Fields of the type "ignored" are left over from old
// versions and have no effect; a representation with the field * passes over
// fields that it does not have.
//
//go:embed schema.json
var schemaJSON []byte

var schema = sync.OnceValue(func() map[string]map[string]string {
	var s map[string]map[string]string
	if err := json.Unmarshal(schemaJSON, &s); err != nil {
		panic(err) // the file is part of this package
	}
	return s
})

// How decoding fails. Keycloak answers each of them in its own way, and not
// in the same way on every route.
type (
	// syntaxError: not JSON.
	syntaxError struct{}
	// typeError: JSON of another type than the representation's.
	typeError struct{}
	// rangeError: a number that the type cannot hold.
	rangeError struct{}
	// unknownFieldError: a field that the representation does not have.
	unknownFieldError struct {
		typ, field   string
		line, column int
	}
)

func (syntaxError) Error() string { return "not JSON" }
func (typeError) Error() string   { return "JSON of another type" }
func (rangeError) Error() string  { return "number out of range" }
func (e unknownFieldError) Error() string {
	return fmt.Sprintf("Invalid json representation for %s. Unrecognized field %q at line %d column %d.",
		e.typ, e.field, e.line, e.column)
}

// decodeError is the usual answer to a body that cannot be decoded.
func decodeError(err error) *apiError {
	const cannot = "Cannot parse the JSON"
	var unknown unknownFieldError
	switch {
	case errors.As(err, &unknown):
		return plain(400, unknown.Error())
	case errors.Is(err, typeError{}):
		return oauth(400, "unknown_error", cannot)
	case errors.Is(err, rangeError{}):
		return oauth(400, "HTTP 400 Bad Request", cannot)
	default:
		return oauth(400, "invalid_request", cannot)
	}
}

// decode reads the first JSON value of body as a type of the schema, as
// Jackson does: scalars are converted (5 is "5", "true" is true), what follows
// the value is ignored, and the first mistake in reading order counts. Null
// fields of a representation are left out. An empty body is nil.
func decode(body []byte, typ string) (any, error) {
	if len(bytes.TrimSpace(body)) == 0 {
		return nil, nil
	}
	d := &decoder{body: body, dec: json.NewDecoder(bytes.NewReader(body))}
	d.dec.UseNumber()
	return d.value(typ)
}

// decodeObject is decode for a body that is one representation; null is nil.
func decodeObject(body []byte, typ string) (object, error) {
	v, err := decode(body, typ)
	o, _ := v.(object)
	return o, err
}

type decoder struct {
	body []byte
	dec  *json.Decoder
}

func (d *decoder) token() (json.Token, error) {
	t, err := d.dec.Token()
	if err != nil {
		return nil, syntaxError{}
	}
	return t, nil
}

func (d *decoder) value(typ string) (any, error) {
	t, err := d.token()
	if err != nil {
		return nil, err
	}
	if t == nil {
		return nil, nil
	}
	switch {
	case typ == "any" || typ == "textlist":
		v, err := d.generic(t)
		if typ == "textlist" && err == nil {
			return texts(v), nil
		}
		return v, err
	case typ[0] == '[':
		return d.list(t, typ[1:len(typ)-1])
	case typ == "{textlist}":
		return d.textLists(t)
	case typ[0] == '{':
		return d.dict(t, typ[1:len(typ)-1])
	case schema()[typ] != nil:
		return d.representation(t, typ)
	default:
		return scalar(t, typ)
	}
}

// generic reads a value without a schema whose first token is t.
func (d *decoder) generic(t json.Token) (any, error) {
	switch t {
	case json.Delim('['):
		return d.list(t, "any")
	case json.Delim('{'):
		return d.dict(t, "any")
	}
	if n, ok := t.(json.Number); ok {
		if i, err := n.Int64(); err == nil {
			return i, nil
		}
		f, err := n.Float64()
		if err != nil {
			return nil, rangeError{}
		}
		return f, nil
	}
	return t, nil
}

func (d *decoder) list(t json.Token, elem string) (any, error) {
	if t != json.Delim('[') {
		return nil, typeError{}
	}
	list := []any{}
	for d.dec.More() {
		v, err := d.value(elem)
		if err != nil {
			return nil, err
		}
		list = append(list, v)
	}
	_, err := d.token()
	return list, err
}

func (d *decoder) dict(t json.Token, elem string) (any, error) {
	if t != json.Delim('{') {
		return nil, typeError{}
	}
	o := object{}
	for d.dec.More() {
		k, err := d.token()
		if err != nil {
			return nil, err
		}
		if o[k.(string)], err = d.value(elem); err != nil {
			return nil, err
		}
	}
	_, err := d.token()
	return o, err
}

// textLists reads the attributes of a user, for which Keycloak has a lenient
// deserializer: what is no object is empty, what is no list is a list of one.
func (d *decoder) textLists(t json.Token) (any, error) {
	v, err := d.generic(t)
	if err != nil {
		return nil, err
	}
	o, _ := v.(object)
	lists := object{}
	for k, v := range o {
		lists[k] = texts(v)
	}
	return lists, nil
}

func texts(v any) []any {
	list, ok := v.([]any)
	if !ok {
		list = []any{v}
	}
	out := []any{}
	for _, v := range list {
		switch v := v.(type) {
		case nil:
		case object, []any:
			out = append(out, "")
		default:
			out = append(out, fmt.Sprint(v))
		}
	}
	return out
}

func (d *decoder) representation(t json.Token, typ string) (any, error) {
	if t != json.Delim('{') {
		return nil, typeError{}
	}
	fields, o := schema()[typ], object{}
	for d.dec.More() {
		k, err := d.token()
		if err != nil {
			return nil, err
		}
		field := k.(string)
		fieldType, known := fields[field]
		if !known && fields["*"] == "" {
			line, column := d.valuePosition()
			return nil, unknownFieldError{typ, field, line, column}
		}
		kept := known && fieldType != "ignored"
		if !kept {
			fieldType = "any"
		}
		v, err := d.value(fieldType)
		if err != nil {
			return nil, err
		}
		if v != nil && kept {
			o[field] = v
		}
	}
	_, err := d.token()
	return o, err
}

// valuePosition is where Jackson stands when it has seen the key of a field
// and the first token of its value: after the value of a number or literal,
// after the opening quote or bracket otherwise. Columns count bytes from 1.
func (d *decoder) valuePosition() (line, column int) {
	i := int(d.dec.InputOffset())
	for i < len(d.body) && strings.IndexByte(" \t\r\n:", d.body[i]) >= 0 {
		i++
	}
	if i < len(d.body) && strings.IndexByte("\"{[", d.body[i]) >= 0 {
		i++
	} else {
		for i < len(d.body) && strings.IndexByte(" \t\r\n,}]", d.body[i]) < 0 {
			i++
		}
	}
	before := d.body[:i]
	return bytes.Count(before, []byte("\n")) + 1, i - bytes.LastIndexByte(before, '\n')
}

// scalar converts t to a scalar type.
func scalar(t json.Token, typ string) (any, error) {
	if _, isDelim := t.(json.Delim); isDelim {
		return nil, typeError{}
	}
	if values, isEnum := strings.CutPrefix(typ, "enum:"); isEnum {
		for v := range strings.SplitSeq(values, "|") {
			if v == t {
				return v, nil
			}
		}
		return nil, typeError{}
	}
	switch typ {
	case "string":
		return fmt.Sprint(t), nil
	case "bool":
		return toBool(t)
	case "int":
		return toInt(t, math.MinInt32, math.MaxInt32)
	case "long":
		return toInt(t, math.MinInt64, math.MaxInt64)
	}
	panic("schema.json: unknown type " + typ)
}

func toBool(t json.Token) (any, error) {
	switch t := t.(type) {
	case bool:
		return t, nil
	case json.Number:
		i, err := t.Int64()
		if err != nil {
			return nil, typeError{}
		}
		return i != 0, nil
	}
	switch strings.TrimSpace(t.(string)) {
	case "":
		return nil, nil
	case "true", "True", "TRUE":
		return true, nil
	case "false", "False", "FALSE":
		return false, nil
	}
	return nil, typeError{}
}

func toInt(t json.Token, low, high int64) (any, error) {
	var text string
	switch t := t.(type) {
	case json.Number:
		text = t.String()
	case string:
		if text = strings.TrimSpace(t); text == "" {
			return nil, nil
		}
	default:
		return nil, typeError{}
	}
	i, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		f, ferr := strconv.ParseFloat(text, 64)
		if ferr != nil {
			return nil, typeError{}
		}
		if f < float64(low) || f >= float64(high) {
			return nil, rangeError{}
		}
		i = int64(f)
	}
	if i < low || i > high {
		return nil, rangeError{}
	}
	return i, nil
}

// readBody reads a request's body, at most 64 MiB of it.
func readBody(r io.Reader) []byte {
	b, _ := io.ReadAll(io.LimitReader(r, 64<<20))
	return b
}
