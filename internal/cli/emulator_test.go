package cli_test

import (
	"bytes"
	"context"
	"net"
	"strings"
	"testing"

	"github.com/idpctl/idpctl/internal/cli"
)

// A port that is taken is no mistake in the command line.
func TestEmulatorOnABusyPort(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	var out bytes.Buffer
	code := cli.Main(context.Background(), []string{"emulator", "keycloak", "-listen", l.Addr().String()}, &cli.Env{
		Stdin: strings.NewReader(""), Stdout: &out, Stderr: &out, Version: "test",
	})
	if said := strings.Join(strings.Fields(out.String()), " "); code != 1 || !strings.HasPrefix(said, "Error: Cannot listen") || !strings.Contains(said, "port 0") {
		t.Errorf("exit code %d:\n%s", code, out.String())
	}
}
