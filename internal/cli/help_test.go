package cli

import (
	"context"
	"io"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/spf13/cobra"
)

// What a command says of itself fits a terminal of 80 columns, as it is not wrapped.
func TestHelpFitsATerminal(t *testing.T) {
	a := &app{Env: &Env{Stdout: io.Discard, Stderr: io.Discard}, ctx: context.Background()}
	var visit func(*cobra.Command)
	visit = func(c *cobra.Command) {
		if c.Name() != "completion" && (!c.HasParent() || c.Parent().Name() != "completion") { // cobra's own
			for line := range strings.Lines(c.Long + "\n" + c.Example + "\n" + c.Short) {
				if n := utf8.RuneCountInString(strings.TrimSuffix(line, "\n")); n > 80 {
					t.Errorf("%s: %d columns: %s", c.CommandPath(), n, line)
				}
			}
		}
		for _, sub := range c.Commands() {
			visit(sub)
		}
	}
	visit(a.root())
}
