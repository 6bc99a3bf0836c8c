package entra

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
)

// maxBody is more than any request needs.
const maxBody = 16 << 20

// readBody reads a body, compressed or chunked (section 0: the SDK sends both).
// A plain body that is labelled gzip, as the SDK's retries send it, is an error.
func readBody(r *http.Request) ([]byte, error) {
	if r.Body == nil {
		return nil, nil
	}
	raw, err := io.ReadAll(io.LimitReader(r.Body, maxBody))
	if err != nil {
		return nil, malformed("The request body could not be read.")
	}
	switch enc := strings.ToLower(r.Header.Get("Content-Encoding")); enc {
	case "", "identity":
		return raw, nil
	case "gzip":
		if len(raw) == 0 {
			return nil, nil
		}
		z, err := gzip.NewReader(bytes.NewReader(raw))
		if err == nil {
			raw, err = io.ReadAll(io.LimitReader(z, maxBody))
		}
		if err != nil {
			return nil, malformed("The request body is not a gzip stream, which its Content-Encoding says it is.")
		}
		return raw, nil
	default:
		return nil, graphError(http.StatusUnsupportedMediaType, "BadRequest", "The Content-Encoding '%s' is not supported.", enc)
	}
}

// object is a JSON object. Numbers in it are int64 or float64.
type object = map[string]any

// parse reads one JSON value strictly: no key twice, nothing after it.
func parse(b []byte) (any, error) {
	d := json.NewDecoder(bytes.NewReader(b))
	d.UseNumber()
	v, err := value(d)
	if err != nil {
		return nil, err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("something follows the value")
	}
	return v, nil
}

func value(d *json.Decoder) (any, error) {
	t, err := d.Token()
	if err != nil {
		return nil, err
	}
	switch t := t.(type) {
	case json.Number:
		if n, err := t.Int64(); err == nil {
			return n, nil
		}
		return t.Float64()
	case json.Delim:
		if t == '[' {
			list := []any{}
			for d.More() {
				v, err := value(d)
				if err != nil {
					return nil, err
				}
				list = append(list, v)
			}
			_, err := d.Token()
			return list, err
		}
		o := object{}
		for d.More() {
			k, err := d.Token()
			if err != nil {
				return nil, err
			}
			key := k.(string) // the decoder lets nothing else be a key
			if _, twice := o[key]; twice {
				return nil, fmt.Errorf("the key %q stands there twice", key)
			}
			if o[key], err = value(d); err != nil {
				return nil, err
			}
		}
		_, err := d.Token()
		return o, err
	default:
		return t, nil
	}
}

// decode reads the body of a write as one object.
func (c *call) decode() (object, error) {
	if len(bytes.TrimSpace(c.body)) == 0 {
		return nil, malformed("Empty Payload. JSON content expected.")
	}
	t, _, _ := strings.Cut(c.r.Header.Get("Content-Type"), ";")
	if !strings.EqualFold(strings.TrimSpace(t), "application/json") {
		return nil, malformed("Write requests (excluding DELETE) must contain the Content-Type header declaration.")
	}
	v, err := parse(c.body)
	o, ok := v.(object)
	if err != nil || !ok {
		return nil, malformed("Unable to read JSON request payload. Please ensure Content-Type header is set and payload is of valid JSON format.")
	}
	return o, nil
}

// Access to decoded values; what is of another type is the zero value.

func str(o object, name string) string { s, _ := o[name].(string); return s }
func is(o object, name string) bool    { b, _ := o[name].(bool); return b }
func sub(o object, name string) object { s, _ := o[name].(object); return s }
