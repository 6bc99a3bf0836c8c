// Command docgen writes the reference pages of docs/ from what the providers
// say of themselves: `make generate`. Nothing in docs/reference is written by
// hand.
package main

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"

	"github.com/idpctl/idpctl/cluster"
	"github.com/idpctl/idpctl/providers"
	"github.com/idpctl/idpctl/providers/keycloak"
)

func main() {
	if err := write("docs/reference", pages([]providers.Info{keycloak.New().Info()}, cluster.Spec())); err != nil {
		fmt.Fprintln(os.Stderr, "docgen:", err)
		os.Exit(1)
	}
}

// write replaces the folder's content.
func write(dir string, pages map[string]string) error {
	if err := os.RemoveAll(dir); err != nil {
		return err
	}
	for _, name := range slices.Sorted(maps.Keys(pages)) {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(path, []byte(pages[name]), 0o644); err != nil {
			return err
		}
	}
	return nil
}
