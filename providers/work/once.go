package work

import "sync"

// Once reads something once for all who need it. A read that failed is tried again
// by the next. The zero value is ready.
type Once[T any] struct {
	mu   sync.Mutex
	busy chan struct{} // closed when the read under way is over; nil without one
	done bool
	val  T
}

// Get returns what was read, or reads it. Nothing is locked meanwhile.
func (o *Once[T]) Get(read func() (T, error)) (T, error) {
	for {
		o.mu.Lock()
		if o.done {
			val := o.val
			o.mu.Unlock()
			return val, nil
		}
		if busy := o.busy; busy != nil {
			o.mu.Unlock()
			<-busy
			continue
		}
		busy := make(chan struct{})
		o.busy = busy
		o.mu.Unlock()

		val, err := read()

		o.mu.Lock()
		if o.busy = nil; err == nil {
			o.val, o.done = val, true
		}
		o.mu.Unlock()
		close(busy)
		return val, err
	}
}
