package testdex

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// fakeEnv makes the test binary act as Dex: well, or badly.
const fakeEnv = "TESTDEX_FAKE"

func TestMain(m *testing.M) {
	switch os.Getenv(fakeEnv) {
	case "":
		os.Exit(m.Run())
	case "dies":
		fmt.Println("failed to initialize server: the storage is broken")
		os.Exit(2)
	case "go": // the go command, which cannot build anything
		if os.Args[1] == "env" {
			fmt.Println(os.Getenv("FAKE_CC"))
			os.Exit(0)
		}
		fmt.Println("no required module provides it, says " + os.Getenv("CGO_ENABLED"))
		os.Exit(1)
	}
	raw, err := os.ReadFile(os.Args[2])
	var cfg struct{ Web struct{ HTTP string } }
	if os.Args[1] != "serve" || err != nil || json.Unmarshal(raw, &cfg) != nil {
		os.Exit(3)
	}
	stopped := make(chan os.Signal, 1)
	signal.Notify(stopped, syscall.SIGTERM)
	go func() {
		_ = http.ListenAndServe(cfg.Web.HTTP, http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	}()
	<-stopped
}

// self is the test binary, which acts as what kind says.
func self(t *testing.T, kind string) string {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv(fakeEnv, kind)
	return exe
}

func TestAServerEndsWhenItIsStopped(t *testing.T) {
	s, err := start(t.Context(), self(t, "serves"), Config{})
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(s.Issuer, "http://127.0.0.1:") {
		t.Errorf("the issuer is %s", s.Issuer)
	}
	if resp, err := http.Get(s.Issuer + "/healthz"); err != nil || resp.Body.Close() != nil || resp.StatusCode != http.StatusOK {
		t.Errorf("it does not answer: %v", err)
	}
	for range 2 {
		if err := s.Stop(); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := os.Stat(s.dir); !os.IsNotExist(err) {
		t.Error("its folder is left behind")
	}
	if s.cmd.ProcessState == nil {
		t.Error("it is still there")
	}
}

func TestAServerThatDiesSaysWhy(t *testing.T) {
	if _, err := start(t.Context(), self(t, "dies"), Config{}); err == nil || !strings.Contains(err.Error(), "the storage is broken") {
		t.Errorf("%v", err)
	}
}

func TestBuildErrorsSayWhatToDo(t *testing.T) {
	for name, c := range map[string]struct{ cc, want string }{
		"no compiler": {"/nowhere/cc", "install a C compiler"},
		"no build":    {"true", "no required module provides it, says 1"},
	} {
		t.Run(name, func(t *testing.T) {
			bin, cache := t.TempDir(), t.TempDir()
			if err := os.Symlink(self(t, "go"), filepath.Join(bin, "go")); err != nil {
				t.Fatal(err)
			}
			t.Setenv("PATH", bin+string(os.PathListSeparator)+os.Getenv("PATH"))
			t.Setenv("FAKE_CC", c.cc)
			if _, err := build(t.Context(), cache, t.Logf); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%v", err)
			}
			if left, err := os.ReadDir(cache); err != nil || len(left) > 0 {
				t.Errorf("left behind: %v", left)
			}
		})
	}
}

// What was built once is used, and the cache is where the user says.
func TestAProgramIsKept(t *testing.T) {
	cache := filepath.Join(t.TempDir(), "new")
	t.Setenv(envCache, cache)
	dir, err := cacheDir()
	if err != nil || dir != cache {
		t.Fatal(dir, err)
	}
	kept := filepath.Join(cache, programName())
	if err := os.WriteFile(kept, []byte("a program"), 0o700); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", "") // nothing is built
	if got, err := build(t.Context(), cache, t.Logf); err != nil || got != kept {
		t.Errorf("%s %v", got, err)
	}
}

func TestDocument(t *testing.T) {
	raw, err := Config{
		Users:    []User{{ID: "u-1", Email: "jane@example.com", Name: "jane"}},
		Clients:  []Client{{ID: "cli"}, {ID: "web", Secret: "s"}},
		CodeLife: time.Minute,
	}.document("http://127.0.0.1:1/dex", "127.0.0.1:1")
	if err != nil {
		t.Fatal(err)
	}
	text := strings.Join(strings.Fields(string(raw)), "")
	for _, want := range []string{
		`"issuer":"http://127.0.0.1:1/dex"`, `"web":{"http":"127.0.0.1:1"}`, `"expiry":{"deviceRequests":"1m0s"}`,
		`{"id":"cli","name":"cli","public":true}`, `{"id":"web","name":"web","public":false,"secret":"s"}`,
		`{"email":"jane@example.com","hash":"` + passwordHash + `","userID":"u-1","username":"jane"}`,
	} {
		if !strings.Contains(text, want) {
			t.Errorf("%s is missing in %s", want, text)
		}
	}
}
