package auth0

import (
	"context"
	"encoding/json"
	"net/http"
	"strconv"

	"github.com/auth0/go-auth0/management"

	"github.com/idpctl/idpctl/providers"
)

// pagesMost bounds a list: a server that says "next" for ever is none.
const pagesMost = 2000

// checkpoints reads a list that says where it goes on; page takes one answer.
func (c *conn) checkpoints(ctx context.Context, q call, size int, path []string, options []management.RequestOption, page func(raw []byte) (next string, err error)) error {
	seen := map[string]bool{}
	from := ""
	for range pagesMost {
		opts := append([]management.RequestOption{management.Take(min(size, c.page))}, options...)
		if from != "" {
			opts = append(opts, management.From(from))
		}
		a, err := c.ask(ctx, q, func(ctx context.Context, api *management.Management) error {
			return api.Request(ctx, http.MethodGet, api.URI(path...), &payload{}, opts...)
		})
		if err != nil {
			return err
		}
		next, err := page(a.body)
		if err != nil {
			return c.notAuth0(a)
		}
		if next == "" {
			return nil
		}
		if seen[next] {
			return &providers.Error{Class: providers.Internal, Summary: "Auth0's list does not end: " + q.doing}
		}
		seen[next], from = true, next
	}
	return &providers.Error{Class: providers.Internal, Summary: "Auth0's list does not end: " + q.doing}
}

// pages reads a list by page numbers; page takes one answer, and says how many
// items it had and how many there are in all.
func (c *conn) pages(ctx context.Context, q call, first int, path []string, options []management.RequestOption, page func(raw []byte) (got, total int, err error)) error {
	for n := first; n < pagesMost; n++ {
		got, total, err := c.onePage(ctx, q, n, path, options, page)
		if err != nil {
			return err
		}
		if got == 0 || (n+1)*c.page >= total {
			return nil
		}
	}
	return &providers.Error{Class: providers.Internal, Summary: "Auth0's list does not end: " + q.doing}
}

func (c *conn) onePage(ctx context.Context, q call, n int, path []string, options []management.RequestOption, page func(raw []byte) (got, total int, err error)) (got, total int, err error) {
	opts := append([]management.RequestOption{management.PerPage(c.page), management.Parameter("page", strconv.Itoa(n)), management.IncludeTotals(true)}, options...)
	a, err := c.ask(ctx, q, func(ctx context.Context, api *management.Management) error {
		return api.Request(ctx, http.MethodGet, api.URI(path...), &payload{}, opts...)
	})
	if err != nil {
		return 0, 0, err
	}
	if got, total, err = page(a.body); err != nil {
		return 0, 0, c.notAuth0(a)
	}
	return got, total, nil
}

func decode(raw []byte, into any) error { return json.Unmarshal(raw, into) }
