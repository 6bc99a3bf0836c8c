package testdex

import (
	"context"
	"crypto/sha256"
	_ "embed"
	"encoding/hex"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// The module that Dex is built in.
var (
	//go:embed dex.mod
	goMod []byte
	//go:embed dex.sum
	goSum []byte
)

const (
	// version of Dex that dex.mod requires, as people call it.
	version = "2.41.1"
	// command is its program.
	command = "github.com/dexidp/dex/cmd/dex"
	// envCache names the cache folder.
	envCache = "IDPCTL_CACHE"
)

func cacheDir() (string, error) {
	dir := os.Getenv(envCache)
	if dir == "" {
		user, err := os.UserCacheDir()
		if err != nil {
			return "", fmt.Errorf("there is no place to keep Dex: set %s to a folder: %w", envCache, err)
		}
		dir = filepath.Join(user, "idpctl-test")
	}
	dir, err := filepath.Abs(dir)
	if err != nil {
		return "", fmt.Errorf("finding the cache folder: %w", err)
	}
	return dir, os.MkdirAll(dir, 0o755)
}

// programName is that of a Dex which is built from just these files.
func programName() string {
	sum := sha256.New()
	sum.Write(goMod) // a hash takes all
	sum.Write(goSum)
	return "dex-" + version + "-" + hex.EncodeToString(sum.Sum(nil))[:12]
}

// build returns the program, which it makes the first time. Two that do so at once do
// it twice, and one wins.
func build(ctx context.Context, cache string, say func(string, ...any)) (string, error) {
	kept := filepath.Join(cache, programName())
	if info, err := os.Stat(kept); err == nil && info.Mode().IsRegular() {
		return kept, nil
	}
	goTool, err := exec.LookPath("go")
	if err != nil {
		return "", fmt.Errorf("go is not there, which builds Dex: %w", err)
	}
	if err := compiler(ctx, goTool); err != nil {
		return "", err
	}
	tmp, err := os.MkdirTemp(cache, "dex-*.tmp")
	if err != nil {
		return "", fmt.Errorf("making a folder to build Dex in: %w", err)
	}
	defer func() { _ = os.RemoveAll(tmp) }()
	for name, text := range map[string][]byte{"go.mod": goMod, "go.sum": goSum} {
		if err := os.WriteFile(filepath.Join(tmp, name), text, 0o600); err != nil {
			return "", fmt.Errorf("making the module to build Dex in: %w", err)
		}
	}
	say("building Dex %s, once: this takes a minute or two, and longer if its source has to be fetched", version)
	built := filepath.Join(tmp, "dex")
	cmd := exec.CommandContext(ctx, goTool, "build", "-trimpath", "-ldflags=-s -w", "-o", built, command)
	cmd.Dir, cmd.Env = tmp, append(os.Environ(), "CGO_ENABLED=1", "GOWORK=off", "GOFLAGS=")
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("building Dex failed (%w):\n%s", err, tail(string(out), 15))
	}
	if err := os.Rename(built, kept); err != nil {
		return "", fmt.Errorf("keeping the built Dex: %w", err)
	}
	return kept, nil
}

// compiler says what to install where there is no C compiler: what go says then is that
// a package of sqlite has no files.
func compiler(ctx context.Context, goTool string) error {
	out, err := exec.CommandContext(ctx, goTool, "env", "CC").Output()
	if err != nil {
		return fmt.Errorf("asking go for its C compiler: %w", err)
	}
	fields := strings.Fields(string(out))
	if len(fields) == 0 {
		fields = []string{"gcc"}
	}
	if _, err := exec.LookPath(fields[0]); err != nil {
		return fmt.Errorf("%s is not there, which Dex's sqlite is compiled with: install a C compiler (Debian: apt-get install gcc libc6-dev)", fields[0])
	}
	return nil
}

// tail is the last lines of a text.
func tail(s string, lines int) string {
	all := strings.Split(strings.TrimSpace(s), "\n")
	return strings.Join(all[max(0, len(all)-lines):], "\n")
}
