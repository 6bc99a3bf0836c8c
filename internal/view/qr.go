package view

import (
	"strings"

	"rsc.io/qr"
)

// quiet is the margin around a QR code, in modules (ISO/IEC 18004 section 9.1).
const quiet = 4

// QRCode draws a text as a QR code, two modules in each character, with the light
// margin that readers want. With color it is black on white whatever the
// terminal's colours are; without, light is the colour of the terminal's text,
// which on a terminal with a light background makes a negative: most readers
// take it. It returns nil for a text that is too long for a code.
func QRCode(text string, color bool) []string {
	code, err := qr.Encode(text, qr.L) // a screen does not get dirty
	if err != nil {
		return nil
	}
	// Colours of the palette's fixed part, which themes leave alone.
	ink := [4]string{" ", "▀", "▄", "█"}
	before, after := "\x1b[38;5;16;48;5;231m", "\x1b[0m"
	if !color {
		ink = [4]string{"█", "▄", "▀", " "}
		before, after = "", ""
	}
	var lines []string
	for y := -quiet; y < code.Size+quiet; y += 2 {
		var b strings.Builder
		b.WriteString(before)
		for x := -quiet; x < code.Size+quiet; x++ {
			i := 0
			if code.Black(x, y) {
				i++
			}
			if code.Black(x, y+1) {
				i += 2
			}
			b.WriteString(ink[i])
		}
		b.WriteString(after)
		lines = append(lines, b.String())
	}
	return lines
}
