package view_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/idpctl/idpctl/internal/view"
)

var update = flag.Bool("update", false, "write the golden files anew")

// golden compares got with testdata/NAME.golden. Escape characters are
// written as ␛ there, so that the files can be read.
func golden(t *testing.T, name, got string) {
	t.Helper()
	got = strings.ReplaceAll(got, "\x1b", "␛")
	path := filepath.Join("testdata", name+".golden")
	if *update {
		if err := os.MkdirAll("testdata", 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatalf("%v (write it with -update)", err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s differs (-want +got); -update writes it anew:\n%s", path, diff)
	}
}

// rendering writes something with a view.
type rendering func(v *view.View) error

// rendered runs a rendering and returns what it wrote to Out and Err, in the
// order of writing.
func rendered(t testing.TB, o view.Options, r rendering) string {
	t.Helper()
	var b bytes.Buffer
	o.Out, o.Err = &b, &b
	if o.Now == nil {
		o.Now = func() time.Time { return time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC) }
	}
	if err := r(view.New(o)); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// everyWay is one golden text with a rendering at 80 and 120 columns, without
// and with colours, and as JSON (indented, here).
func everyWay(t *testing.T, o view.Options, r rendering) string {
	t.Helper()
	var b strings.Builder
	seen := map[string]string{}
	for _, width := range []int{80, 120} {
		for _, color := range []bool{false, true} {
			o.Width, o.Color, o.ErrColor, o.JSON = width, color, color, false
			title := fmt.Sprintf("%d columns, without colours", width)
			if color {
				title = fmt.Sprintf("%d columns, with colours", width)
			}
			text := rendered(t, o, r)
			if !color {
				checkText(t, text)
			}
			if first, ok := seen[text]; ok {
				text = "(the same as: " + first + ")\n"
			} else {
				seen[text] = title
			}
			fmt.Fprintf(&b, "======== %s\n%s", title, text)
		}
	}
	o.JSON = true
	text := rendered(t, o, r)
	fmt.Fprintf(&b, "======== JSON\n")
	for l := range strings.Lines(text) {
		var pretty bytes.Buffer
		if err := json.Indent(&pretty, []byte(l), "", "  "); err != nil {
			t.Fatalf("not one JSON value a line: %v\n%s", err, l)
		}
		b.WriteString(strings.TrimRight(pretty.String(), "\n") + "\n")
	}
	return b.String()
}

// checkText holds for every text that is written without colours.
func checkText(t *testing.T, text string) {
	t.Helper()
	for _, r := range text {
		if r != '\n' && (r < ' ' || r >= 0x7f && r < 0xa0 || r >= 0x202a && r <= 0x202e || r >= 0x2066 && r <= 0x2069 || r == 0x200f || r == 0x200e) {
			t.Errorf("the text has the control character %U", r)
			return
		}
	}
	for _, c := range canaries {
		if strings.Contains(text, c) {
			t.Errorf("the text shows the secret %q", c)
		}
	}
	for l := range strings.Lines(text) {
		if strings.TrimRight(l, " \n") != strings.TrimRight(l, "\n") {
			t.Errorf("a line ends in spaces: %q", l)
		}
	}
}
