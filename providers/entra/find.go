package entra

import "strings"

// inMany is how many values "in" may list, and "or" may join
// (https://learn.microsoft.com/graph/filter-query-parameter). A batch of twenty
// look-ups finds 300 objects.
const inMany = 15

// inFilters are the filters that find objects by the values of a property, as
// few as there can be.
func inFilters(property string, values []string) []string {
	var out []string
	for len(values) > 0 {
		n := min(inMany, len(values))
		quotedValues := make([]string, n)
		for i, v := range values[:n] {
			quotedValues[i] = literal(v)
		}
		if n == 1 {
			out = append(out, property+" eq "+quotedValues[0])
		} else {
			out = append(out, property+" in ("+strings.Join(quotedValues, ",")+")")
		}
		values = values[n:]
	}
	return out
}

// anyFilters are the same for a property with several values.
func anyFilters(property, prefix string, values []string) []string {
	var out []string
	for len(values) > 0 {
		n := min(inMany, len(values))
		parts := make([]string, n)
		for i, v := range values[:n] {
			parts[i] = property + "/any(x:x eq " + literal(prefix+v) + ")"
		}
		out = append(out, strings.Join(parts, " or "))
		values = values[n:]
	}
	return out
}

// literal is a string in a filter (OData 4.01, 5.1.1.6.1).
func literal(s string) string { return "'" + strings.ReplaceAll(s, "'", "''") + "'" }
