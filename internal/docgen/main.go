// Command docgen writes the reference pages of docs/ from what the providers
// and the functions say of themselves: `make generate`. What is written by hand
// in docs/reference, it leaves alone.
package main

import (
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/idpctl/idpctl/cluster"
	"github.com/idpctl/idpctl/config"
	"github.com/idpctl/idpctl/providers"
	"github.com/idpctl/idpctl/providers/auth0"
	"github.com/idpctl/idpctl/providers/entra"
	"github.com/idpctl/idpctl/providers/keycloak"
	"github.com/idpctl/idpctl/providers/oidc"
)

// registry are the providers that there are, as in cmd/idpctl.
func registry() []providers.Provider {
	return []providers.Provider{keycloak.New(), entra.New(), auth0.New(), oidc.New()}
}

func infos() []providers.Info {
	var all []providers.Info
	for _, p := range registry() {
		all = append(all, p.Info())
	}
	return all
}

func main() {
	all := pages(infos(), cluster.Spec(), config.FunctionReference())
	if err := write("docs/reference", all); err != nil {
		fmt.Fprintln(os.Stderr, "docgen:", err)
		os.Exit(1)
	}
}

// write replaces what it generated before.
func write(dir string, pages map[string]string) error {
	if err := clean(dir); err != nil {
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

// clean removes the generated pages of a folder.
func clean(dir string) error {
	return filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := os.ReadFile(path)
		if err != nil || !strings.HasPrefix(string(text), generated) {
			return err
		}
		return os.Remove(path)
	})
}
