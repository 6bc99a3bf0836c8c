package keycloak

import (
	"context"
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// inOrder runs all of them, in order.
func inOrder(ctx context.Context, n int, do func(context.Context, int) error) error {
	for i := range n {
		if err := do(ctx, i); err != nil {
			return err
		}
	}
	return nil
}

// backwards runs all of them, the last first.
func backwards(ctx context.Context, n int, do func(context.Context, int) error) error {
	for i := range n {
		if err := do(ctx, n-1-i); err != nil {
			return err
		}
	}
	return nil
}

// directory is a list that changes between two pages.
type directory struct {
	list  []string
	pages int
	// after changes the list after a page was read.
	after func(d *directory)
}

func (d *directory) pager() pager[string] {
	return pager[string]{
		size: pageSize,
		page: func(_ context.Context, first, limit int) ([]string, error) {
			d.pages++
			got := append([]string(nil), d.list[min(first, len(d.list)):min(first+limit, len(d.list))]...)
			if d.after != nil {
				d.after(d)
			}
			return got, nil
		},
		id: func(s string) string { return s },
	}
}

func numbered(n int) []string {
	list := make([]string, n)
	for i := range list {
		list[i] = fmt.Sprintf("m%06d", i)
	}
	return list
}

func TestPages(t *testing.T) {
	for _, c := range []struct {
		n, told          int
		listed, allPages int
	}{
		{0, 0, 1, 1},
		{1, 1, 1, 1},
		{halfFrom - 1, halfFrom - 1, 1, 1},
		{halfFrom, halfFrom, 1, 2},
		{999, 999, 1, 2},
		{1000, 1000, 2, 2},
		{1001, 1001, 2, 2},
		{1003, 1003, 2, 2},
		{10000, 10000, 11, 10},
		{1500, 1000, 2, 3},  // it has grown since it was counted
		{900, 1500, 1, 2},   // it has shrunk
		{3000, 0, 4, 1 + 4}, // the count knows nothing
	} {
		t.Run(fmt.Sprintf("%d, told %d", c.n, c.told), func(t *testing.T) {
			d := &directory{list: numbered(c.n)}
			got, err := d.pager().list(t.Context())
			if err != nil || len(got) != c.n || d.pages != c.listed {
				t.Errorf("list: %d elements in %d pages, %v; want %d in %d", len(got), d.pages, err, c.n, c.listed)
			}
			d.pages = 0
			got, err = d.pager().all(t.Context(), c.told, backwards)
			if err != nil || len(got) != c.n || d.pages != c.allPages {
				t.Errorf("all: %d elements in %d pages, %v; want %d in %d", len(got), d.pages, err, c.n, c.allPages)
			}
		})
	}
}

// Whoever was there from beginning to end is found, and nobody twice, when up
// to a handful of others come and go between two pages.
func TestPagesWhileChanging(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(900, 4200).Draw(t, "n")
		stay := numbered(n)
		d := &directory{list: append([]string(nil), stay...)}
		changes := 0
		d.after = func(d *directory) {
			if changes++; changes > 4 {
				return
			}
			for range rapid.IntRange(0, 3).Draw(t, "changes") {
				at := rapid.IntRange(0, len(d.list)).Draw(t, "at")
				if rapid.Bool().Draw(t, "comes") || at == len(d.list) || d.list[at][0] == 'm' {
					d.list = append(d.list[:at:at], append([]string{fmt.Sprintf("x%d", rapid.Uint32().Draw(t, "name"))}, d.list[at:]...)...)
				} else {
					d.list = append(d.list[:at:at], d.list[at+1:]...)
				}
			}
		}
		// Some are there at first and leave later.
		for range rapid.IntRange(0, 9).Draw(t, "leaving") {
			at := rapid.IntRange(0, len(d.list)).Draw(t, "where")
			d.list = append(d.list[:at:at], append([]string{fmt.Sprintf("y%d", at)}, d.list[at:]...)...)
		}
		leaving := d.after
		d.after = func(d *directory) {
			leaving(d)
			left := 0 // more than the overlap makes up for
			d.list = slices.DeleteFunc(d.list, func(e string) bool {
				if e[0] != 'y' || left == 3 {
					return false
				}
				left++
				return true
			})
		}
		var got []string
		var err error
		switch rapid.SampledFrom([]string{"list", "all in order", "all backwards"}).Draw(t, "how") {
		case "list":
			got, err = d.pager().list(context.Background())
		case "all in order":
			got, err = d.pager().all(context.Background(), len(d.list), inOrder)
		default:
			got, err = d.pager().all(context.Background(), len(d.list), backwards)
		}
		if err != nil {
			t.Fatal(err)
		}
		seen := map[string]int{}
		for _, e := range got {
			seen[e]++
			if seen[e] > 1 {
				t.Fatalf("%s twice", e)
			}
		}
		for _, e := range stay {
			if seen[e] == 0 {
				t.Fatalf("%s is missing", e)
			}
		}
	})
}
