package jsonvalue_test

import (
	"reflect"
	"testing"

	"github.com/idpctl/idpctl/emulator/jsonvalue"
)

func TestLists(t *testing.T) {
	list := []any{"a", 1.0, map[string]any{"x": true}, nil, "b"}
	if got := jsonvalue.Texts(list); !reflect.DeepEqual(got, []string{"a", "b"}) {
		t.Errorf("texts %v", got)
	}
	if got := jsonvalue.Objects(list); !reflect.DeepEqual(got, []map[string]any{{"x": true}}) {
		t.Errorf("objects %v", got)
	}
	if len(jsonvalue.Texts("a")) != 0 || len(jsonvalue.Objects(nil)) != 0 {
		t.Error("something in what is no list")
	}
	if got := jsonvalue.Anys([]string{"a"}); !reflect.DeepEqual(got, []any{"a"}) {
		t.Errorf("anys %v", got)
	}
}

func TestClone(t *testing.T) {
	was := map[string]any{"list": []any{map[string]any{"x": 1}}}
	copied, _ := jsonvalue.Clone(was).(map[string]any)
	was["list"].([]any)[0].(map[string]any)["x"] = 2
	if !reflect.DeepEqual(copied, map[string]any{"list": []any{map[string]any{"x": 1}}}) {
		t.Errorf("%v", copied)
	}
}
