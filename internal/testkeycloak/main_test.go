package main

import (
	"archive/zip"
	"bytes"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/idpctl/idpctl/internal/testserver"
)

// fakeEnv makes the test binary act as java, or as the command that is run.
const fakeEnv = "TESTKEYCLOAK_FAKE"

func TestMain(m *testing.M) {
	switch os.Getenv(fakeEnv) {
	case "":
		os.Exit(m.Run())
	default:
		os.Exit(fake(os.Args[1:]))
	}
}

// fake is java when it is called like that, and a command that writes what it
// finds into the file named by its only argument otherwise.
func fake(args []string) int {
	switch {
	case slices.Equal(args, []string{"-version"}):
		fmt.Fprintf(os.Stderr, "openjdk version %q 2026-01-01\n", os.Getenv("FAKE_JAVA_VERSION"))
		return 0
	case slices.Contains(args, "start") && os.Getenv("FAKE_JAVA_DIES") != "":
		fmt.Println("ERROR: the database is broken")
		return 1
	case slices.Contains(args, "start"):
		if os.Getenv("KC_DB") != "" || os.Getenv("KC_BOOTSTRAP_ADMIN_PASSWORD") == "" {
			return 1
		}
		stopped := make(chan os.Signal, 1)
		signal.Notify(stopped, testserver.StopSignals()...)
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return 1
		}
		go func() { _ = http.Serve(l, http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})) }()
		fmt.Printf("INFO Keycloak started in 1s. Listening on: http://%s\n", l.Addr())
		<-stopped
		fmt.Println("INFO Keycloak stopped")
		return 143
	}
	url := os.Getenv(envURL)
	answer := "no answer"
	if resp, err := http.Get(url + "/realms/master"); err == nil {
		answer = resp.Status
		resp.Body.Close()
	}
	text := strings.Join([]string{url, os.Getenv(envUser), os.Getenv(envPassword), answer}, "\n")
	if os.WriteFile(args[0], []byte(text), 0o600) != nil {
		return 1
	}
	return 7
}

// sandbox is a cache with an installed Keycloak and a Java 21 that is faked.
func sandbox(t *testing.T) (cache string) {
	t.Helper()
	cache = t.TempDir()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	bin := filepath.Join(t.TempDir(), "bin")
	write(t, filepath.Join(cache, "keycloak-"+version, "lib", "quarkus-run.jar"), "jar")
	if err := os.MkdirAll(bin, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(self, filepath.Join(bin, "java")); err != nil {
		t.Fatal(err)
	}
	for k, v := range map[string]string{
		"JAVA_HOME": filepath.Dir(bin), fakeEnv: "1", "FAKE_JAVA_VERSION": "21.0.1", "FAKE_JAVA_DIES": "",
		testserver.EnvCache: cache, envURL: "", envUser: "", envPassword: "", "KC_DB": "postgres",
	} {
		t.Setenv(k, v)
	}
	return cache
}

func write(t *testing.T, file, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

func read(t *testing.T, file string) string {
	t.Helper()
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestTheCommandFindsAServerThatEndsWithIt(t *testing.T) {
	cache := sandbox(t)
	found, log := filepath.Join(t.TempDir(), "found"), filepath.Join(t.TempDir(), "log")
	var stderr bytes.Buffer
	if code := program().Run([]string{"-log", log, "--", os.Args[0], found}, &stderr); code != 7 {
		t.Fatalf("exit code %d, want the command's 7: %s", code, &stderr)
	}
	lines := strings.Split(read(t, found), "\n")
	if !strings.HasPrefix(lines[0], "http://127.0.0.1:") || lines[1] != "admin" || len(lines[2]) < 20 || lines[3] != "200 OK" {
		t.Errorf("the command found %q", lines)
	}
	if strings.Contains(stderr.String(), lines[2]) {
		t.Error("the password is in the output")
	}
	if _, err := http.Get(lines[0]); err == nil {
		t.Error("the server is still there")
	}
	if got := read(t, log); !strings.Contains(got, "Keycloak stopped") {
		t.Errorf("the server was not asked to stop, or its log is cut: %q", got)
	}
	if left, _ := filepath.Glob(filepath.Join(cache, "run-*")); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}

func TestAServerThatIsThereIsUsed(t *testing.T) {
	sandbox(t)
	t.Setenv("JAVA_HOME", t.TempDir()) // no Java is needed
	t.Setenv(envURL, "http://127.0.0.1:1")
	t.Setenv(envPassword, "theirs")
	found := filepath.Join(t.TempDir(), "found")
	if code := program().Run([]string{"--", os.Args[0], found}, &bytes.Buffer{}); code != 7 {
		t.Fatalf("exit code %d", code)
	}
	if got := read(t, found); !strings.HasPrefix(got, "http://127.0.0.1:1\n\ntheirs\n") {
		t.Errorf("the command found %q", got)
	}
}

func TestErrorsSayWhatToDo(t *testing.T) {
	tests := map[string]struct {
		set  func(t *testing.T, cache string)
		args []string
		code int
		want string
	}{
		"no command": {nil, []string{}, 2, "usage: "},
		"no Java":    {func(t *testing.T, _ string) { t.Setenv("JAVA_HOME", "/nowhere") }, nil, 1, "install Java 17"},
		"old Java":   {func(t *testing.T, _ string) { t.Setenv("FAKE_JAVA_VERSION", "1.8.0_402") }, nil, 1, "is Java 8"},
		"no Maven": {func(t *testing.T, cache string) {
			t.Setenv("PATH", "")
			os.RemoveAll(filepath.Join(cache, "keycloak-"+version))
		}, nil, 1, "install Maven"},
		"a damaged distribution": {func(t *testing.T, cache string) {
			os.RemoveAll(filepath.Join(cache, "keycloak-"+version))
			write(t, filepath.Join(cache, "keycloak-quarkus-dist-"+version+".zip"), "not it")
		}, nil, 1, "remove it and try again"},
		"the server dies": {func(t *testing.T, _ string) { t.Setenv("FAKE_JAVA_DIES", "1") }, nil, 1, "the database is broken"},
		"no such command": {nil, []string{"--", "/nowhere/command"}, 1, "starting the command"},
	}
	for title, tt := range tests {
		t.Run(title, func(t *testing.T) {
			cache := sandbox(t)
			if tt.set != nil {
				tt.set(t, cache)
			}
			args := tt.args
			if args == nil {
				args = []string{"--", os.Args[0], filepath.Join(t.TempDir(), "found")}
			}
			var stderr bytes.Buffer
			if code := program().Run(args, &stderr); code != tt.code || !strings.Contains(stderr.String(), tt.want) {
				t.Errorf("exit code %d and %q, want %d and %q", code, &stderr, tt.code, tt.want)
			}
			if left, _ := filepath.Glob(filepath.Join(cache, "*-*[0-9]")); len(left) > 1 {
				t.Errorf("left behind: %v", left)
			}
		})
	}
}

func TestUnpackStaysInItsFolder(t *testing.T) {
	tests := map[string]struct {
		header zip.FileHeader
		ok     bool
	}{
		"a file":   {zip.FileHeader{Name: "a/b.txt"}, true},
		"upwards":  {zip.FileHeader{Name: "a/../../b.txt"}, false},
		"absolute": {zip.FileHeader{Name: "/tmp/b.txt"}, false},
		"a link": {func() zip.FileHeader {
			h := zip.FileHeader{Name: "link"}
			h.SetMode(os.ModeSymlink | 0o777)
			return h
		}(), false},
	}
	for title, tt := range tests {
		t.Run(title, func(t *testing.T) {
			var buf bytes.Buffer
			w := zip.NewWriter(&buf)
			f, err := w.CreateHeader(&tt.header)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := f.Write([]byte("text")); err != nil {
				t.Fatal(err)
			}
			if err := w.Close(); err != nil {
				t.Fatal(err)
			}
			archive, dir := filepath.Join(t.TempDir(), "z.zip"), t.TempDir()
			write(t, archive, buf.String())
			if err := unpack(archive, dir); (err == nil) != tt.ok {
				t.Fatalf("got %v", err)
			}
			if tt.ok && read(t, filepath.Join(dir, tt.header.Name)) != "text" {
				t.Error("the file is not there")
			}
		})
	}
}
