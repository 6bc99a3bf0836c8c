package entra

import (
	"context"
	"strings"

	abstractions "github.com/microsoft/kiota-abstractions-go"

	"github.com/idpctl/idpctl/providers"
)

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

// page is what one answer of a collection holds.
type page struct {
	next string
	err  error
}

// collect does calls that answer with collections, and follows their next links
// until there is no more. read takes an answer's objects and returns where the
// next are; more makes the call for that.
func (c *conn) collect(ctx context.Context, calls []*call, read func(i int, r reply) page, more func(link string) (*abstractions.RequestInformation, error)) error {
	places := make([]int, len(calls))
	for i := range places {
		places[i] = i
	}
	for len(calls) > 0 {
		var next []*call
		var nextPlaces []int
		var failure error
		c.send(ctx, calls, func(n int, r reply) {
			if r.err != nil {
				failure = r.err
				return
			}
			p := read(places[n], r)
			if p.err != nil {
				failure = p.err
			}
			if p.next == "" || failure != nil {
				return
			}
			info, err := more(p.next)
			if err != nil {
				failure = badRequest(err)
				return
			}
			for _, name := range calls[n].info.Headers.ListKeys() {
				for _, v := range calls[n].info.Headers.Get(name) {
					info.Headers.TryAdd(name, v) // ConsistencyLevel is to be sent again
				}
			}
			again := *calls[n]
			again.info = info
			next, nextPlaces = append(next, &again), append(nextPlaces, places[n])
		})
		if failure != nil {
			return failure
		}
		if err := ctx.Err(); err != nil {
			return &providers.Error{Class: providers.NotAttempted, Summary: "Interrupted", Err: err}
		}
		calls, places = next, nextPlaces
	}
	return nil
}

// sameHost refuses a next link to another place: it would get our token.
func (c *conn) sameHost(link string) error {
	if strings.HasPrefix(link, c.graphURL+"/") {
		return nil
	}
	return &providers.Error{Class: providers.Internal, Summary: "Microsoft Graph answers with the address of another server for the next page"}
}
