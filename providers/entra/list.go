package entra

import (
	"context"
	"net/http"
	"net/url"
	"strings"

	abstractions "github.com/microsoft/kiota-abstractions-go"
	"github.com/microsoft/kiota-abstractions-go/serialization"

	"github.com/idpctl/idpctl/providers"
)

// collection is an answer of the SDK's models that holds a list, or a page of it.
type collection[T any] interface {
	serialization.Parsable
	GetValue() []T
	GetOdataNextLink() *string
}

// list does calls that answer with collections, and follows their next links until
// there is no more. keep takes each element; i is the place of its call. An answer
// that is no list is an error, as it must not pass for an empty one; 404 to a call
// for which that is no error has no elements.
func list[L collection[T], T any](ctx context.Context, c *conn, calls []*call, factory serialization.ParsableFactory, keep func(i int, v T)) error {
	places := make([]int, len(calls))
	for i := range places {
		places[i] = i
	}
	type followed struct {
		place int
		link  string
	}
	seen := map[followed]bool{}
	for len(calls) > 0 {
		var next []*call
		var nextPlaces []int
		var failure error
		c.send(ctx, calls, func(n int, r reply) {
			link, err := readPage[L](r, factory, func(v T) { keep(places[n], v) })
			if err == nil && link != "" {
				at := followed{places[n], link}
				if err = c.sameHost(link); err == nil && seen[at] {
					err = wrongLink("has the same next page again and again")
				}
				seen[at] = true
			}
			if err != nil {
				failure = err
			}
			if link == "" || failure != nil {
				return
			}
			again, err := follow(calls[n], link)
			if err != nil {
				failure = badRequest(err)
				return
			}
			next, nextPlaces = append(next, again), append(nextPlaces, places[n])
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

// readPage reads one answer, and returns where the next page is.
func readPage[L collection[T], T any](r reply, factory serialization.ParsableFactory, keep func(v T)) (next string, err error) {
	if r.err != nil || r.status == http.StatusNotFound {
		return "", r.err
	}
	page, ok, err := parse[L](r, factory)
	if err != nil {
		return "", err
	}
	if !ok || page.GetValue() == nil {
		return "", unexpected("is no list", nil)
	}
	for _, v := range page.GetValue() {
		if any(v) == nil {
			return "", unexpected("has null in a list", nil)
		}
		keep(v)
	}
	if link := page.GetOdataNextLink(); link != nil {
		next = *link
	}
	return next, nil
}

// follow is the call for the next page. Its address is used as it is
// (https://learn.microsoft.com/graph/paging).
func follow(q *call, link string) (*call, error) {
	u, err := url.Parse(link)
	if err != nil {
		return nil, err
	}
	info := abstractions.NewRequestInformation()
	info.Method = abstractions.GET
	info.SetUri(*u)
	for _, name := range q.info.Headers.ListKeys() {
		for _, v := range q.info.Headers.Get(name) {
			info.Headers.Add(name, v) // ConsistencyLevel is to be sent again
		}
	}
	again := *q
	again.info = info
	return &again, nil
}

// sameHost refuses a next link to another place: it would get our token.
func (c *conn) sameHost(link string) error {
	if _, err := url.Parse(link); err != nil {
		return wrongLink("has something that is no address for the next page")
	}
	if strings.HasPrefix(link, c.graphURL+"/") {
		return nil
	}
	return wrongLink("has the address of another server for the next page")
}

// wrongLink is the error of a next link that cannot be followed.
func wrongLink(how string) error {
	return &providers.Error{
		Class: providers.Internal, Summary: "Microsoft Graph's answer " + how,
		Hint: "If graph_endpoint is a proxy, have it pass on the address under which it is asked; otherwise try again later",
	}
}

const graphHint = "Check that graph_endpoint, if it is set, is the address of Microsoft Graph, and that nothing changes its answers on the way"

// unexpected is the error of an answer that Microsoft Graph does not give.
func unexpected(how string, err error) error {
	return &providers.Error{
		Class: providers.Internal, Err: err, Summary: "Microsoft Graph's answer " + how,
		Hint: graphHint,
	}
}
