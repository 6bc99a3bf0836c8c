// Package memnet serves HTTP without a network: a listener whose connections
// are [net.Pipe]s. Unlike real sockets, they block durably in the sense of
// testing/synctest, so a server and its client can live under a virtual clock.
package memnet

import (
	"context"
	"net"
	"net/http"
	"sync"
	"time"
)

// Listener is a [net.Listener] that is dialled within the process.
type Listener struct {
	conns chan net.Conn
	done  chan struct{}
	once  sync.Once
}

// Listen returns a listener that nobody has dialled yet.
func Listen() *Listener {
	return &Listener{conns: make(chan net.Conn), done: make(chan struct{})}
}

// Accept waits for the next connection.
func (l *Listener) Accept() (net.Conn, error) {
	select {
	case c := <-l.conns:
		return c, nil
	case <-l.done:
		return nil, net.ErrClosed
	}
}

// Close ends Accept and Dial.
func (l *Listener) Close() error {
	l.once.Do(func() { close(l.done) })
	return nil
}

// Addr is a name, as there is no address.
func (l *Listener) Addr() net.Addr { return addr{} }

// Dial connects to the listener; network and address are ignored.
func (l *Listener) Dial(ctx context.Context, _, _ string) (net.Conn, error) {
	client, server := net.Pipe()
	select {
	case l.conns <- server:
		return client, nil
	case <-l.done:
		return nil, net.ErrClosed
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

type addr struct{}

func (addr) Network() string { return "memory" }
func (addr) String() string  { return "memory" }

// Serve serves h in memory. The client reaches it under every host name; stop
// ends the server and the client's idle connections, and returns when no
// goroutine of the server is left.
func Serve(h http.Handler) (client *http.Client, stop func()) {
	l := Listen()
	server := &http.Server{Handler: h, ReadHeaderTimeout: time.Hour} // nobody is slow here
	var running sync.WaitGroup
	running.Go(func() { _ = server.Serve(l) })
	transport := &http.Transport{DialContext: l.Dial}
	return &http.Client{Transport: transport}, func() {
		transport.CloseIdleConnections()
		_ = server.Close()
		running.Wait()
	}
}
