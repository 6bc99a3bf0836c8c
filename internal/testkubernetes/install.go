package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/idpctl/idpctl/internal/testserver"
)

const (
	// version of Kubernetes that is started.
	version = "1.37.2"
	// module is where its programs are.
	module = "k8s.io/kubernetes"
)

// The programs, as they are called in the cache.
const (
	apiserver = "kube-apiserver"
	kubectl   = "kubectl"
	etcd      = "etcd"
)

// programs are the packages that they are built from.
func programs() map[string]string {
	return map[string]string{
		apiserver: module + "/cmd/kube-apiserver",
		kubectl:   module + "/cmd/kubectl",
		etcd:      "go.etcd.io/etcd/server/v3",
	}
}

// install returns the folder with the programs, which it builds the first time. Two
// that do so at once do it twice, and one wins.
func install(ctx context.Context, cache string, say testserver.Say) (string, error) {
	home := filepath.Join(cache, "kubernetes-"+version)
	if _, err := os.Stat(home); err == nil {
		return home, nil
	}
	if _, err := exec.LookPath("go"); err != nil {
		return "", errors.New("go is not there, which builds Kubernetes: put the go command into PATH")
	}
	tmp, err := os.MkdirTemp(cache, "install-*.tmp")
	if err != nil {
		return "", fmt.Errorf("making the cache folder: %w", err)
	}
	defer os.RemoveAll(tmp)
	say("building Kubernetes %s and etcd, once (five minutes on two cores)", version)
	source, bin := filepath.Join(tmp, "source"), filepath.Join(tmp, "bin")
	if err := writeModule(ctx, source); err != nil {
		return "", err
	}
	for name, pkg := range programs() {
		if err := build(ctx, source, filepath.Join(bin, name), pkg); err != nil {
			return "", err
		}
		say("%s is built", name)
	}
	if err := os.Rename(bin, home); err != nil {
		if _, statErr := os.Stat(home); statErr == nil {
			return home, nil // another run was faster
		}
		return "", fmt.Errorf("keeping the programs: %w", err)
	}
	return home, nil
}

// writeModule makes a module that has the programs as its tools. Kubernetes' own
// module replaces its parts by folders of its repository, which a module may not do
// to others: here they are replaced by their published versions.
func writeModule(ctx context.Context, dir string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("making the module's folder: %w", err)
	}
	out, err := goCommand(ctx, dir, "mod", "download", "-json", module+"@v"+version)
	if err != nil {
		return err
	}
	var downloaded struct{ GoMod string }
	if err := json.Unmarshal(out, &downloaded); err != nil {
		return fmt.Errorf("reading what go mod download says: %w", err)
	}
	theirs, err := os.ReadFile(downloaded.GoMod)
	if err != nil {
		return fmt.Errorf("reading the module file of Kubernetes: %w", err)
	}
	if err := os.WriteFile(filepath.Join(dir, "go.mod"), []byte(moduleFile(string(theirs))), 0o600); err != nil {
		return fmt.Errorf("writing the module file: %w", err)
	}
	_, err = goCommand(ctx, dir, "mod", "tidy")
	return err
}

// moduleFile is made of Kubernetes' own module file.
func moduleFile(theirs string) string {
	var b strings.Builder
	b.WriteString("module testkubernetes\n\n")
	b.WriteString(regexp.MustCompile(`(?m)^go .*$`).FindString(theirs) + "\n\n")
	for _, pkg := range programs() {
		b.WriteString("tool " + pkg + "\n")
	}
	b.WriteString("\nrequire " + module + " v" + version + "\n\n")
	// The parts of 1.37.2 are published as v0.37.2.
	_, part, _ := strings.Cut(version, ".")
	for _, m := range regexp.MustCompile(`(?m)^\s*(k8s\.io/\S+) => \./staging/`).FindAllStringSubmatch(theirs, -1) {
		b.WriteString("replace " + m[1] + " => " + m[1] + " v0." + part + "\n")
	}
	return b.String()
}

func build(ctx context.Context, source, program, pkg string) error {
	flags := "-s -w"
	if strings.HasPrefix(pkg, module+"/") {
		// The server tells its version from these, and refuses to start without.
		parts := strings.SplitN(version, ".", 3)
		const v = " -X k8s.io/component-base/version."
		flags += v + "gitVersion=v" + version + v + "gitMajor=" + parts[0] + v + "gitMinor=" + parts[1]
	}
	_, err := goCommand(ctx, source, "build", "-trimpath", "-ldflags", flags, "-o", program, pkg)
	return err
}

func goCommand(ctx context.Context, dir string, args ...string) ([]byte, error) {
	cmd := exec.CommandContext(ctx, "go", args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOFLAGS=-buildvcs=false", "GOWORK=off")
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		return nil, fmt.Errorf("go %s failed (%w):\n%s", strings.Join(args, " "), err, testserver.Tail(stdout.String()+stderr.String(), 15))
	}
	return stdout.Bytes(), nil
}
