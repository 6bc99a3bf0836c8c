package view_test

import (
	"strings"
	"testing"

	"rsc.io/qr"

	"github.com/idpctl/idpctl/internal/view"
)

// TestQRCode reads the drawing back, module by module: the margin is light, and
// everything within is as the code has it.
func TestQRCode(t *testing.T) {
	const text = "https://sso.example.com/realms/influxdb/device?user_code=WDJB-MJHT"
	code, err := qr.Encode(text, qr.L)
	if err != nil {
		t.Fatal(err)
	}
	// Which halves of a character are dark.
	dark := map[bool]map[rune][2]bool{
		true:  {' ': {false, false}, '▀': {true, false}, '▄': {false, true}, '█': {true, true}},
		false: {'█': {false, false}, '▄': {true, false}, '▀': {false, true}, ' ': {true, true}},
	}
	for _, color := range []bool{true, false} {
		lines := view.QRCode(text, color)
		if want := (code.Size + 9) / 2; len(lines) != want {
			t.Fatalf("%d lines, want %d", len(lines), want)
		}
		for i, line := range lines {
			inner := strings.TrimSuffix(strings.TrimPrefix(line, "\x1b[38;5;16;48;5;231m"), "\x1b[0m")
			if color == (inner == line) {
				t.Errorf("color %v: line %q", color, line)
			}
			runes := []rune(inner)
			if len(runes) != code.Size+8 {
				t.Fatalf("%d columns", len(runes))
			}
			for x, r := range runes {
				halves, ok := dark[color][r]
				if !ok {
					t.Fatalf("character %q", r)
				}
				for half, is := range halves {
					if want := code.Black(x-4, 2*i+half-4); is != want {
						t.Fatalf("color %v: module %d,%d is dark: %v", color, x-4, 2*i+half-4, is)
					}
				}
			}
		}
	}
	if got := view.QRCode(strings.Repeat("x", 5000), true); got != nil {
		t.Errorf("%d lines of a code that cannot be", len(got))
	}
}
