// Command coverage prints, for each package, how many of its statements a
// coverage profile reached, and what is uncovered by accident where that must
// not be: `make cover`.
package main

import (
	"fmt"
	"os"
	"path"
	"slices"

	"github.com/olekukonko/tablewriter"
	"golang.org/x/tools/cover"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "coverage:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	if len(args) != 1 {
		return fmt.Errorf("usage: coverage PROFILE")
	}
	profiles, err := cover.ParseProfiles(args[0])
	if err != nil {
		return err
	}
	type count struct{ reached, all int }
	packages := map[string]*count{"": {}}
	for _, p := range profiles {
		dir := path.Dir(p.FileName)
		if packages[dir] == nil {
			packages[dir] = &count{}
		}
		for _, b := range p.Blocks {
			for _, c := range []*count{packages[dir], packages[""]} {
				c.all += b.NumStmt
				if b.Count > 0 {
					c.reached += b.NumStmt
				}
			}
		}
	}
	var names []string
	for name := range packages {
		names = append(names, name)
	}
	slices.Sort(names)
	table := tablewriter.NewWriter(os.Stdout)
	table.Header("package", "statements", "covered")
	for _, name := range append(names[1:], "") {
		c := packages[name]
		label := name
		if name == "" {
			label = "all"
		}
		if err := table.Append(label, fmt.Sprint(c.all), fmt.Sprintf("%.1f %%", 100*float64(c.reached)/float64(max(c.all, 1)))); err != nil {
			return err
		}
	}
	if err := table.Render(); err != nil {
		return err
	}
	return report(profiles)
}

// most is how many functions may be undecided: what is reached differs a little
// from run to run.
const most = 5

// report lists what is uncovered by accident.
func report(profiles []*cover.Profile) error {
	decisions, err := readDecisions(decisionsText)
	if err != nil {
		return err
	}
	left, err := undecided(profiles, decisions)
	if err != nil {
		return err
	}
	fmt.Printf("In plan, apply, state and config %d functions are reached in part only by decision (internal/coverage/decisions.txt), %d otherwise.\n", len(decisions), len(left))
	for _, line := range left {
		fmt.Println("  " + line)
	}
	if len(left) > most {
		return fmt.Errorf("%d functions are neither reached as a whole nor decided on", len(left))
	}
	return nil
}
