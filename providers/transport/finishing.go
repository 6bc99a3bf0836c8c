package transport

import (
	"context"
	"time"
)

// Grace is how long operations under way may go on after an interruption.
const Grace = 30 * time.Second

// Finishing is the context of what has begun: a request cut off leaves in doubt
// what it did, so it goes on for a while after ctx has ended. stop frees it.
func Finishing(ctx context.Context) (working context.Context, stop context.CancelFunc) {
	working, cancel := context.WithCancel(context.WithoutCancel(ctx))
	unwatch := context.AfterFunc(ctx, func() {
		timer := time.NewTimer(Grace)
		defer timer.Stop()
		select {
		case <-timer.C:
			cancel()
		case <-working.Done():
		}
	})
	return working, func() {
		unwatch()
		cancel()
	}
}
