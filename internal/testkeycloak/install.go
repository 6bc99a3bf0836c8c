package main

import (
	"archive/zip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"

	"github.com/idpctl/idpctl/internal/testserver"
)

const (
	// version of Keycloak that is started.
	version = "26.7.3"
	// artifact is its name in Maven Central.
	artifact = "org.keycloak:keycloak-quarkus-dist:" + version + ":zip"
	// checksum is the SHA-256 of the zip file.
	checksum = "27a6535553c3cdcd083872ba40629efafb3475e3b758e0c6f691395561dd0f1f"
	// javaNeeded is the oldest Java that runs this Keycloak.
	javaNeeded = 17
)

// findJava returns the java program, after a look at its version.
func findJava(ctx context.Context) (string, error) {
	const install = "install Java 17 or newer (Debian: apt-get install openjdk-17-jre-headless)"
	java := "java"
	if home := os.Getenv("JAVA_HOME"); home != "" {
		java = filepath.Join(home, "bin", "java")
	}
	path, err := exec.LookPath(java)
	if err != nil {
		return "", fmt.Errorf("%s is not there: %s", java, install)
	}
	out, err := exec.CommandContext(ctx, path, "-version").CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("%s does not run (%w): %s", path, err, install)
	}
	major, ok := javaVersion(string(out))
	if !ok || major >= javaNeeded { // one that we cannot read is left to Keycloak
		return path, nil
	}
	return "", fmt.Errorf("%s is Java %d, which Keycloak %s does not run on: %s", path, major, version, install)
}

// javaVersion reads the major version from what java -version prints.
func javaVersion(out string) (int, bool) {
	m := regexp.MustCompile(`version "(?:1\.)?(\d+)`).FindStringSubmatch(out)
	if m == nil {
		return 0, false
	}
	major, err := strconv.Atoi(m[1])
	return major, err == nil
}

// install returns the folder with an unpacked and built Keycloak, which it
// makes the first time. Two that do so at once do it twice, and one wins.
func install(ctx context.Context, cache, java string, say testserver.Say) (string, error) {
	home := filepath.Join(cache, "keycloak-"+version)
	if _, err := os.Stat(home); err == nil {
		return home, nil
	}
	tmp, err := os.MkdirTemp(cache, "install-*.tmp")
	if err != nil {
		return "", fmt.Errorf("making the cache folder: %w", err)
	}
	defer os.RemoveAll(tmp)
	archive, err := fetch(ctx, cache, tmp, say)
	if err != nil {
		return "", err
	}
	say("unpacking and building Keycloak %s, once", version)
	if err := unpack(archive, tmp); err != nil {
		return "", fmt.Errorf("unpacking %s: %w", archive, err)
	}
	unpacked := filepath.Join(tmp, "keycloak-"+version)
	if err := build(ctx, java, unpacked); err != nil {
		return "", err
	}
	if err := os.Rename(unpacked, home); err != nil {
		if _, statErr := os.Stat(home); statErr == nil {
			return home, nil // another run was faster
		}
		return "", fmt.Errorf("keeping the built Keycloak: %w", err)
	}
	return home, nil
}

// fetch returns the distribution's zip file: the one in the cache, or what
// Maven downloads.
func fetch(ctx context.Context, cache, tmp string, say testserver.Say) (string, error) {
	name := "keycloak-quarkus-dist-" + version + ".zip"
	kept := filepath.Join(cache, name)
	if _, err := os.Stat(kept); err == nil {
		return kept, verify(kept)
	}
	mvn, err := exec.LookPath("mvn")
	if err != nil {
		return "", errors.New("mvn is not there, which fetches Keycloak: install Maven (Debian: apt-get install maven)")
	}
	say("fetching Keycloak %s through Maven (176 MB)", version)
	cmd := exec.CommandContext(ctx, mvn, "-q", "-B", "dependency:copy", "-Dartifact="+artifact, "-DoutputDirectory="+tmp)
	cmd.Dir = tmp // away from a pom.xml that happens to be here
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("mvn could not fetch %s (%w):\n%s", artifact, err, testserver.Tail(string(out), 15))
	}
	fetched := filepath.Join(tmp, name)
	if err := verify(fetched); err != nil {
		return "", err
	}
	return fetched, nil // Maven keeps a copy in its own repository
}

// verify compares the zip file with the checksum.
func verify(file string) error {
	f, err := os.Open(file)
	if err != nil {
		return fmt.Errorf("reading Keycloak's distribution: %w", err)
	}
	defer f.Close()
	sum := sha256.New()
	if _, err := io.Copy(sum, f); err != nil {
		return fmt.Errorf("reading Keycloak's distribution: %w", err)
	}
	if got := hex.EncodeToString(sum.Sum(nil)); got != checksum {
		return fmt.Errorf("%s is not Keycloak %s as it was published (SHA-256 %s): remove it and try again", file, version, got)
	}
	return nil
}

// unpack writes what a zip file holds below dir. A name that leads elsewhere,
// a link or anything else than a file or folder is an error.
func unpack(archive, dir string) error {
	r, err := zip.OpenReader(archive)
	if err != nil {
		return err
	}
	defer r.Close()
	root, err := os.OpenRoot(dir)
	if err != nil {
		return err
	}
	defer root.Close()
	for _, f := range r.File {
		if !filepath.IsLocal(f.Name) {
			return fmt.Errorf("%q leads out of the folder", f.Name)
		}
		switch mode := f.Mode(); {
		case mode.IsDir():
			err = root.MkdirAll(f.Name, 0o755)
		case mode.IsRegular():
			err = unpackFile(root, f)
		default:
			err = fmt.Errorf("%q is neither a file nor a folder", f.Name)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func unpackFile(root *os.Root, f *zip.File) error {
	if err := root.MkdirAll(filepath.Dir(f.Name), 0o755); err != nil {
		return err
	}
	in, err := f.Open()
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := root.OpenFile(f.Name, os.O_CREATE|os.O_EXCL|os.O_WRONLY, f.Mode().Perm()|0o600)
	if err != nil {
		return err
	}
	if _, err := io.Copy(out, in); err != nil {
		out.Close()
		return err
	}
	return out.Close()
}

// build makes the optimized build, so that a start takes 11 s and not 40. The
// database lives in the server's memory: every server has one of its own.
func build(ctx context.Context, java, home string) error {
	cmd := exec.CommandContext(ctx, java, javaArgs(home, "build", "--db=dev-mem")...)
	cmd.Env = serverEnv()
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("building Keycloak failed (%w):\n%s", err, testserver.Tail(string(out), 15))
	}
	return nil
}

// javaArgs are the arguments that bin/kc.sh of the distribution passes to java;
// without that script no shell is needed, and there is one process to stop.
func javaArgs(home string, args ...string) []string {
	return append([]string{
		"-XX:+ExitOnOutOfMemoryError", "-XX:+UseG1GC", "-Xms64m", "-Xmx1g",
		"-Dfile.encoding=UTF-8", "-Dstdout.encoding=UTF-8", "-Dstderr.encoding=UTF-8",
		"-Duser.language=en", "-Duser.country=US",
		"--add-opens=java.base/java.util=ALL-UNNAMED", "--add-opens=java.base/java.util.concurrent=ALL-UNNAMED",
		"--add-opens=java.base/java.security=ALL-UNNAMED", "--add-opens=java.base/java.lang=ALL-UNNAMED",
		"--enable-native-access=ALL-UNNAMED",
		"-Djava.util.concurrent.ForkJoinPool.common.threadFactory=io.quarkus.bootstrap.forkjoin.QuarkusForkJoinWorkerThreadFactory",
		"-Djava.util.logging.manager=org.jboss.logmanager.LogManager",
		"-Dpicocli.disable.closures=true",
		"-Dkc.config.built=true", // kc.sh would otherwise be told to build and start again
		"-Dkc.home.dir=" + home,
		"-Djboss.server.config.dir=" + filepath.Join(home, "conf"),
		"-cp", filepath.Join(home, "lib", "quarkus-run.jar"),
		"io.quarkus.bootstrap.runner.QuarkusEntryPoint",
	}, args...)
}

// serverEnv is our environment without what would configure the server.
func serverEnv() []string {
	var env []string
	for _, v := range os.Environ() {
		if !strings.HasPrefix(v, "KC_") && !strings.HasPrefix(v, "QUARKUS_") {
			env = append(env, v)
		}
	}
	return env
}

// clone makes a copy of a folder that shares the files' contents where the file
// system can; the server writes to new files only.
func clone(from, to string) error {
	return filepath.WalkDir(from, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(from, path)
		if err != nil {
			return err
		}
		target := filepath.Join(to, rel)
		if d.IsDir() {
			return os.MkdirAll(target, 0o755)
		}
		if os.Link(path, target) == nil {
			return nil
		}
		return copyFile(path, target)
	})
}

func copyFile(from, to string) error {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.OpenFile(to, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	if _, err := io.Copy(out, in); err != nil {
		out.Close()
		return err
	}
	return out.Close()
}
