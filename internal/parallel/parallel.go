// Package parallel does the same with many things on all processors.
package parallel

import (
	"runtime"
	"sync"
	"sync/atomic"
)

// few things are not worth a processor of their own.
const few = 100

// Each calls do with each number from 0 to n-1, and returns when all are done.
// What do does must depend on nothing that another call does.
func Each(n int, do func(i int)) {
	var wg sync.WaitGroup
	var next atomic.Int64
	for range min(runtime.GOMAXPROCS(0), n/few+1) {
		wg.Go(func() {
			for i := int(next.Add(1)) - 1; i < n; i = int(next.Add(1)) - 1 {
				do(i)
			}
		})
	}
	wg.Wait()
}
