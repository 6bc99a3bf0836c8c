package keycloak

import (
	"context"
	"slices"
)

const (
	// pageSize is the most that is asked for at once. It is Keycloak's fastest
	// for what it has at hand.
	pageSize = 1000
	// fullPageSize is that for users with their attributes. Those that Keycloak
	// has not in its cache it fetches one by one, and each takes longer the more
	// there were before it on the page: 10,000 took 4.8 s in pages of 1,000,
	// 2.2 s in pages of 300 (26.7.3, two cores).
	fullPageSize = 300
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
	size int // of a page, at most
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
		got, err := p.page(ctx, first, p.size)
		if err != nil {
			return err
		}
		if last != "" && steps < maxSteps && !slices.ContainsFunc(got, func(e T) bool { return p.id(e) == last }) {
			steps++
			first, last = max(first-p.size/2, 0), ""
			continue
		}
		out.add(got)
		if len(got) < p.size {
			return nil
		}
		last = p.id(got[len(got)-1])
		first += len(got) - 1
	}
}

// at is how the pages of a list of about total elements lie: how many there
// are, and how long each is.
func (p pager[T]) at(total int) (n, size int) {
	n = max((total+p.size-1)/p.size, 1)
	if n == 1 && total >= halfFrom {
		n = 2
	}
	return n, (total+n-1)/n + 1
}

// span reads the pages of a list of about total elements, several at once by
// each.
func (p pager[T]) span(ctx context.Context, total int, each eachFunc) ([][]T, error) {
	n, size := p.at(total)
	got := make([][]T, n)
	err := each(ctx, n, func(ctx context.Context, i int) (err error) {
		got[i], err = p.page(ctx, i*(size-1), size)
		return err
	})
	return got, err
}

// eachFunc calls a function for 0 to n-1, as [conn.each] does.
type eachFunc func(ctx context.Context, n int, do func(context.Context, int) error) error

// all reads a list of about total elements, several pages at once by each. If
// the pages do not fit together, it reads once more, one after the other.
func (p pager[T]) all(ctx context.Context, total int, each eachFunc) ([]T, error) {
	got, err := p.span(ctx, total, each)
	if err != nil {
		return nil, err
	}
	n, size := p.at(total)
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
