package apply

import (
	"encoding/json"
	"slices"
)

// owned is how the state keeps the elements that idpctl added.
type owned = map[string]json.RawMessage

// joinJSON joins two JSON arrays of strings, or two JSON objects, the second
// of which wins.
func joinJSON(a, b json.RawMessage) json.RawMessage {
	if len(a) == 0 {
		return b
	}
	var la, lb []string
	if json.Unmarshal(a, &la) == nil && json.Unmarshal(b, &lb) == nil {
		all := slices.Concat(la, lb)
		slices.Sort(all)
		return encode(slices.Compact(all), b)
	}
	var ma, mb map[string]json.RawMessage
	if json.Unmarshal(a, &ma) == nil && json.Unmarshal(b, &mb) == nil {
		for k, v := range mb {
			ma[k] = v
		}
		return encode(ma, b)
	}
	return b
}

func encode(v any, fallback json.RawMessage) json.RawMessage {
	raw, err := json.Marshal(v)
	if err != nil {
		return fallback
	}
	return raw
}
