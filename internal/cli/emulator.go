package cli

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/idpctl/idpctl/emulator/dashboard"
	"github.com/idpctl/idpctl/emulator/keycloak"
)

// emulatorCommand is `idpctl emulator`.
func (a *app) emulatorCommand() *cobra.Command {
	c := &cobra.Command{
		Use:     "emulator",
		Short:   "Run a local identity provider to try things on",
		Example: "  idpctl emulator keycloak\n  idpctl emulator entra\n  idpctl emulator auth0",
		Args:    cobra.NoArgs,
		RunE:    func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	var listen, user, password string
	kc := &cobra.Command{
		Use:   "keycloak",
		Short: "Run a Keycloak emulator: admin API, discovery, keys, device flow with pages",
		Long: `emulator keycloak behaves as Keycloak 26.7 does, as far as idpctl, influxctl and
InfluxDB use it. Everything is in memory and gone when it ends; a dashboard shows
it, with the last requests and mails, and sets faults. It is for trying and
testing, on this machine only: it is no identity provider for production.`,
		Example: "  idpctl emulator keycloak\n  idpctl emulator keycloak -listen 127.0.0.1:8080",
		Args:    cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			return a.serveKeycloak(listen, user, password)
		},
	}
	kc.Flags().StringVar(&listen, "listen", "127.0.0.1:0", "address `HOST:PORT` on this machine; port 0 takes a free one")
	kc.Flags().StringVar(&user, "user", "admin", "name of the admin of the master realm")
	kc.Flags().StringVar(&password, "password", "admin", "password of that admin")
	c.AddCommand(kc, a.emulateEntra(), a.emulateAuth0())
	return c
}

func (a *app) serveKeycloak(listen, user, password string) error {
	if err := loopback(listen); err != nil {
		return err
	}
	ctx, stop := a.interruptible()
	defer stop()
	l, err := listenLocally(ctx, listen)
	if err != nil {
		return a.tell(cannotListen(err), nil)
	}
	server := &http.Server{
		Handler:           dashboard.New(keycloak.New(keycloak.Options{AdminUser: user, AdminPassword: password}), dashboard.Options{}),
		ReadHeaderTimeout: 10 * time.Second,
	}
	fmt.Fprintf(a.Stdout, "Keycloak emulator at http://%s (Ctrl-C ends it)\n\n", l.Addr())
	fmt.Fprintf(a.Stdout, "  export KEYCLOAK_URL=http://%s KEYCLOAK_USER=%s KEYCLOAK_PASSWORD=%s\n\n", l.Addr(), shellWord(user), shellWord(password))
	a.tellDashboard("http://" + l.Addr().String())
	return serveUntil(ctx, server, l)
}

// tellDashboard says where the dashboard of an emulator is.
func (a *app) tellDashboard(base string) {
	fmt.Fprintf(a.Stdout, "Its dashboard, with objects, requests, mails and faults, is at\n%s%s\n\n", base, dashboard.Path)
}

func listenLocally(ctx context.Context, address string) (net.Listener, error) {
	return new(net.ListenConfig).Listen(ctx, "tcp", address)
}

// serveUntil serves until the context ends.
func serveUntil(ctx context.Context, server *http.Server, l net.Listener) error {
	go func() {
		<-ctx.Done()
		grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), 2*time.Second)
		defer cancel()
		if server.Shutdown(grace) != nil {
			_ = server.Close() // connections that do not end are cut
		}
	}()
	if err := server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

// shellWord writes a text so that a shell takes it for one word.
func shellWord(s string) string {
	if plain := strings.Trim(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.@"); plain == "" && s != "" {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}

// loopback refuses to serve anybody but this machine: the emulator's secrets
// are no secrets.
func loopback(listen string) error {
	host, _, err := net.SplitHostPort(listen)
	if err != nil {
		return fmt.Errorf("-listen: write it as HOST:PORT, as in 127.0.0.1:8080")
	}
	if ip := net.ParseIP(host); host != "localhost" && (ip == nil || !ip.IsLoopback()) {
		return fmt.Errorf("-listen: the emulator serves this machine only; %q is not a loopback address", host)
	}
	return nil
}
