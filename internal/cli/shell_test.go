package cli

import (
	"os/exec"
	"testing"
)

// What the emulator prints to be pasted is one word to a shell, whatever the
// password is.
func TestShellWord(t *testing.T) {
	for _, s := range []string{"admin", "a b'c$(id)", "", "'", `"\`, "a;b", "ä", "-x"} {
		out, err := exec.CommandContext(t.Context(), "sh", "-c", "printf '%s|' "+shellWord(s)).Output()
		if err != nil || string(out) != s+"|" {
			t.Errorf("%q becomes %q, which is %q to a shell, %v", s, shellWord(s), out, err)
		}
	}
}
