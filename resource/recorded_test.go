package resource_test

import (
	"encoding/json"
	"testing"

	"github.com/zclconf/go-cty/cty"

	"github.com/idpctl/idpctl/resource"
)

// What is decoded later is what would have been decoded at once, and what cannot
// be decoded is told at once.
func TestRecorded(t *testing.T) {
	attrs := []resource.Attribute{
		{Name: "name", Type: cty.String},
		{Name: "on", Type: cty.Bool},
		{Name: "size", Type: cty.Number},
		{Name: "tags", Type: cty.Set(cty.String)},
		{Name: "smtp", Block: []resource.Attribute{{Name: "host", Type: cty.String}}},
	}
	for _, raw := range []string{
		``, `null`, `{}`, `{"name":"x"}`, `{"name":"\u00e9\"\\","on":false}`, `{"name":"a","name":"b"}`, `{"n\u0061me":"x"}`,
		`{"name":null,"on":null}`, `{"gone":[1],"name":"x"}`, `{"name":"x","tags":["b","a"]}`, `{"size":3}`, `{"smtp":{"host":"h"}}`,
		`{"name":5}`, `{"name":["x"]}`, `{"on":"perhaps"}`, `{"on":"true"}`, `{"on":1}`, `{"smtp":"h"}`, `{"size":"many"}`, `["name"]`, `"name"`, `7`,
	} {
		want, wantErr := resource.DecodeAttrs(attrs, json.RawMessage(raw))
		r, err := resource.ReadRecorded(attrs, json.RawMessage(raw))
		switch {
		case (err != nil) != (wantErr != nil):
			t.Errorf("%s: %v, and DecodeAttrs says %v", raw, err, wantErr)
		case err != nil:
			if err.Error() != wantErr.Error() {
				t.Errorf("%s: %q, and DecodeAttrs says %q", raw, err, wantErr)
			}
		default:
			for range 2 { // the second time it is there
				if got := r.Value(); !got.RawEquals(want) {
					t.Errorf("%s: %#v, and DecodeAttrs says %#v", raw, got, want)
				}
			}
		}
	}
	if r := resource.Record(cty.NilVal); r != nil || r.Value() != cty.NilVal {
		t.Error("no value is recorded as something")
	}
	if v := resource.Record(cty.True).Value(); !v.RawEquals(cty.True) {
		t.Errorf("recorded True, and got %#v", v)
	}
}
