//go:build influxdata

package main

import (
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// TestStepsAreAllThere reads InfluxData's page, which is not part of this repository,
// and finds a row for each of its headings and numbered steps.
func TestStepsAreAllThere(t *testing.T) {
	text, err := os.ReadFile("../../../shared/seed.md")
	if err != nil {
		t.Fatal(err)
	}
	var rows []string
	for _, s := range steps(t) {
		rows = append(rows, s.name)
	}
	heading, item := regexp.MustCompile(`^#{2,6} (.*)`), regexp.MustCompile(`^(\d+)\. +(.*)`)
	code, where, wanted := false, "", 0
	want := func(row string) {
		wanted++
		if !slices.Contains(rows, row) {
			t.Errorf("no row is called %q", row)
		}
	}
	for line := range strings.Lines(string(text)) {
		line = strings.TrimRight(line, " \r\n")
		if strings.HasPrefix(strings.TrimSpace(line), "```") {
			code = !code
		}
		if code {
			continue
		}
		if m := heading.FindStringSubmatch(line); m != nil && m[1] != "Related" {
			where = m[1]
			want(where)
		}
		// A list of the headings below says nothing of its own.
		if m := item.FindStringSubmatch(line); m != nil && !strings.Contains(line, "](#") && !slices.Contains(rows, m[2]) {
			want(fmt.Sprintf("%s, step %s", where, m[1]))
		}
	}
	if wanted < 35 {
		t.Errorf("only %d steps were found on the page", wanted)
	}
}
