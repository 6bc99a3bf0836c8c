package parallel

import "testing"

func TestEach(t *testing.T) {
	for _, n := range []int{0, 1, few - 1, few, 10*few + 1} {
		times := make([]int, n)
		Each(n, func(i int) { times[i]++ })
		for i, got := range times {
			if got != 1 {
				t.Errorf("%d of %d is done %d times", i, n, got)
			}
		}
	}
}
