package main

import (
	"context"
	"fmt"
	"maps"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"
)

// proxy passes requests on to the server and counts them.
type proxy struct {
	url    string
	server *http.Server
	id     *regexp.Regexp

	mu   sync.Mutex
	sent map[string]int // by method and path
}

// startProxy starts a proxy on the loopback interface. The server sees the
// proxy's address as its own, so that the endpoints that it tells lead here.
func startProxy(server string) (*proxy, error) {
	target, err := url.Parse(server)
	if err != nil {
		return nil, fmt.Errorf("the server's URL: %w", err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	p := &proxy{url: "http://" + l.Addr().String(), sent: map[string]int{}, id: regexp.MustCompile(`/[0-9a-f]{8}-[0-9a-f-]{27}`)}
	forward := &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(target)
			r.Out.Host = r.In.Host
		},
		Transport: &http.Transport{MaxIdleConnsPerHost: 64, DisableCompression: true},
	}
	p.server = &http.Server{
		ReadHeaderTimeout: time.Minute,
		Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			p.note(r)
			forward.ServeHTTP(w, r)
		}),
	}
	go func() { _ = p.server.Serve(l) }() // it ends when it is closed
	return p, nil
}

func (p *proxy) close() { _ = p.server.Shutdown(context.Background()) }

// note counts a request under its method and path, with ids left out.
func (p *proxy) note(r *http.Request) {
	route := r.Method + " " + p.id.ReplaceAllString(r.URL.Path, "/{id}")
	p.mu.Lock()
	defer p.mu.Unlock()
	p.sent[route]++
}

func (p *proxy) reset() {
	p.mu.Lock()
	defer p.mu.Unlock()
	clear(p.sent)
}

func (p *proxy) count() sent {
	p.mu.Lock()
	defer p.mu.Unlock()
	n := 0
	for _, k := range p.sent {
		n += k
	}
	return sent{requests: n}
}

func (p *proxy) routes(indent string) string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return routeLines(p.sent, indent)
}

// routeLines lists how often each route was asked for, a line each.
func routeLines(counts map[string]int, indent string) string {
	var lines []string
	for _, route := range slices.Sorted(maps.Keys(counts)) {
		lines = append(lines, fmt.Sprintf("%s%5d %s", indent, counts[route], route))
	}
	return strings.Join(lines, "\n")
}
