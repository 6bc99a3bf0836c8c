package cli

import (
	"context"
	"sync"
)

// interruptible is a context that the first Ctrl-C ends. For commands that
// only read: nothing has to be finished.
func (a *app) interruptible() (context.Context, func()) {
	ctx, cancel := context.WithCancel(a.ctx)
	done := make(chan struct{})
	if a.Interrupts != nil {
		go func() {
			select {
			case <-a.Interrupts:
				cancel()
			case <-done:
			}
		}()
	}
	a.reading = ctx
	var once sync.Once
	return ctx, func() {
		once.Do(func() {
			a.reading = nil
			close(done)
			cancel()
		})
	}
}

// graceful is closed by the first Ctrl-C: what is in flight is finished and
// recorded. The second one ends the process at once, which loses nothing
// either, as every change was journaled before it was sent.
func (a *app) graceful(tell func(string)) (<-chan struct{}, func()) {
	stop, done := make(chan struct{}), make(chan struct{})
	if a.Interrupts != nil {
		go func() {
			select {
			case <-a.Interrupts:
			case <-done:
				return
			}
			tell("Stopping: what is under way is finished and recorded. Press Ctrl-C again to stop at once.")
			close(stop)
			select {
			case <-a.Interrupts:
				tell("Stopped at once. What was under way is in the journal; the next apply looks what became of it.")
				a.Exit(130)
			case <-done:
			}
		}()
	}
	var once sync.Once
	return stop, func() { once.Do(func() { close(done) }) }
}
