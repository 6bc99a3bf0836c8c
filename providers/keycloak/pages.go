package keycloak

import (
	"context"
	"slices"
)

const (
	// pageSize is the most that is asked for at once; it is Keycloak's fastest.
	pageSize = 1000
	// halfFrom is the length from which even a list of one page is read as two
	// at once: the server reads each page with one core, and users that it has
	// not in its cache take a millisecond each.
	halfFrom = 200
	// maxSteps bounds how often the reading of a list steps back.
	maxSteps = 5
)

// pager reads a list that others may be changing: Keycloak counts its pages by
// position, so that what is added or removed moves everything behind it. Pages
// therefore overlap by one element, which tells whether that happened.
type pager[T any] struct {
	page func(ctx context.Context, first, limit int) ([]T, error)
	id   func(T) string
}

// list reads a list of unknown length, one page after the other.
func (p pager[T]) list(ctx context.Context) ([]T, error) {
	out := &unique[T]{id: p.id}
	err := p.follow(ctx, 0, "", out)
	return out.list, err
}

// follow reads from first on until a page is not full. A page that lacks the
// last element of the one before has moved forward because something before it
// was removed: then the reading steps back, to find what slipped through.
func (p pager[T]) follow(ctx context.Context, first int, last string, out *unique[T]) error {
	for steps := 0; ; {
		got, err := p.page(ctx, first, pageSize)
		if err != nil {
			return err
		}
		if last != "" && steps < maxSteps && !slices.ContainsFunc(got, func(e T) bool { return p.id(e) == last }) {
			steps++
			first, last = max(first-pageSize/2, 0), ""
			continue
		}
		out.add(got)
		if len(got) < pageSize {
			return nil
		}
		last = p.id(got[len(got)-1])
		first += len(got) - 1
	}
}

// all reads a list of about total elements, several pages at once by each. If
// the pages do not fit together, it reads once more, one after the other.
func (p pager[T]) all(
	ctx context.Context, total int, each func(context.Context, int, func(context.Context, int) error) error,
) ([]T, error) {
	n := max((total+pageSize-1)/pageSize, 1)
	if n == 1 && total >= halfFrom {
		n = 2
	}
	size := (total+n-1)/n + 1
	got := make([][]T, n)
	err := each(ctx, n, func(ctx context.Context, i int) (err error) {
		got[i], err = p.page(ctx, i*(size-1), size)
		return err
	})
	if err != nil {
		return nil, err
	}
	out := &unique[T]{id: p.id}
	moved := false
	for i, page := range got {
		if i > 0 {
			before := got[i-1]
			moved = moved || len(before) == size && (len(page) == 0 || p.id(page[0]) != p.id(before[size-1]))
		}
		out.add(page)
	}
	switch end := got[n-1]; {
	case moved:
		err = p.follow(ctx, 0, "", out)
	case len(end) == size: // it has grown
		err = p.follow(ctx, n*(size-1), p.id(end[size-1]), out)
	}
	return out.list, err
}

// unique collects elements, each once.
type unique[T any] struct {
	id   func(T) string
	seen map[string]bool
	list []T
}

func (u *unique[T]) add(elements []T) {
	if u.seen == nil {
		u.seen = make(map[string]bool, len(elements))
	}
	for _, e := range elements {
		if id := u.id(e); !u.seen[id] {
			u.seen[id] = true
			u.list = append(u.list, e)
		}
	}
}
