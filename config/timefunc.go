package config

import (
	"time"

	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/function"
)

// timeCompare is timecmp: -1, 0 or 1.
func timeCompare() function.Function {
	return function.New(&function.Spec{
		Params:       []function.Parameter{{Name: "timestamp_a", Type: cty.String}, {Name: "timestamp_b", Type: cty.String}},
		Type:         function.StaticReturnType(cty.Number),
		RefineResult: notNull,
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
			var at [2]time.Time
			for i := range at {
				var err error
				if at[i], err = time.Parse(time.RFC3339, args[i].AsString()); err != nil {
					return cty.NilVal, function.NewArgErrorf(i, "it is not a time as in RFC 3339, such as \"2006-01-02T15:04:05Z\"")
				}
			}
			return cty.NumberIntVal(int64(at[0].Compare(at[1]))), nil
		},
	})
}
