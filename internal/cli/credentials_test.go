package cli

import (
	"os"
	"path/filepath"
	"testing"
)

// What a run that was killed left beside the credentials file is removed, and
// nothing else is.
func TestCredentialsLeftBehind(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "odd [name]*")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{".first.json.idpctl-123", ".other.json.idpctl-123", "first.json.idpctl-1", ".first.json.bak"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte("secret"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	f := credentialsFile{filepath.Join(dir, "first.json")}
	if err := f.check(); err != nil {
		t.Fatal(err)
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	if len(names) != 3 || names[0] != ".first.json.bak" {
		t.Errorf("left: %q", names)
	}
}
