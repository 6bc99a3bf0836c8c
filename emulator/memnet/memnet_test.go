package memnet_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/idpctl/idpctl/emulator/memnet"
)

// TestServe leaves no goroutine behind: the bubble would not end.
func TestServe(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client, stop := memnet.Serve(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			time.Sleep(time.Hour)
			_, _ = io.WriteString(w, r.Host)
		}))
		begin := time.Now()
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://any.test:1/", nil)
		if err != nil {
			t.Fatal(err)
		}
		resp, err := client.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		body, err := io.ReadAll(resp.Body)
		if err != nil || string(body) != "any.test:1" || time.Since(begin) != time.Hour {
			t.Errorf("%q, %v after %s", body, err, time.Since(begin))
		}
		stop()
		if resp, err := client.Do(req); !errors.Is(err, net.ErrClosed) {
			if err == nil {
				resp.Body.Close()
			}
			t.Errorf("after stop: %v", err)
		}
	})
}

// TestDialGivesUp when nobody accepts.
func TestDialGivesUp(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	l := memnet.Listen()
	defer l.Close()
	if _, err := l.Dial(ctx, "", ""); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
}
