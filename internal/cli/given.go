package cli

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"github.com/zclconf/go-cty/cty"

	"github.com/idpctl/idpctl/cluster"
	"github.com/idpctl/idpctl/config"
)

// given refuses what is wrong with any command line, whatever the command: a value
// that is empty, as that of a variable of the shell that is not set, would be taken
// for a flag that is not there, and the command do more than was asked for.
func (a *app) given(c *cobra.Command, args []string) error {
	if strings.HasPrefix(c.Name(), cobra.ShellCompRequestCmd) {
		return nil // what is not typed yet is empty
	}
	var wrong error
	c.Flags().Visit(func(f *pflag.Flag) {
		if wrong == nil {
			wrong = usable(f)
		}
	})
	if wrong != nil {
		return wrong
	}
	if slices.Contains(args, "") {
		return fmt.Errorf("%s is given an empty argument. If it comes from a variable of the shell, that one is not set; else leave it out", c.CommandPath())
	}
	_, err := a.dir()
	return err
}

// usable says what is wrong with a flag that was given.
func usable(f *pflag.Flag) error {
	empty := false
	switch v := f.Value.(type) {
	case varFlag: // it has refused what is empty
	case pflag.SliceValue:
		empty = len(v.GetSlice()) == 0 || slices.Contains(v.GetSlice(), "")
	default:
		empty = v.Type() == "string" && v.String() == ""
	}
	if empty {
		return fmt.Errorf("the flag -%s is empty. If its value comes from a variable of the shell, that one is not set; else leave the flag out", f.Name)
	}
	if d, err := time.ParseDuration(f.Value.String()); err == nil && d < 0 && f.Value.Type() == "duration" {
		return fmt.Errorf("the flag -%s takes a time from 0 on, as in 10s or 5m, not %s", f.Name, d)
	}
	return nil
}

// firstSet is the first flag that has a value, as a user writes it; "" if none has.
// namesAndValues are in turn.
func firstSet(namesAndValues ...string) string {
	for i := 0; i+1 < len(namesAndValues); i += 2 {
		if namesAndValues[i+1] != "" {
			return "-" + namesAndValues[i]
		}
	}
	return ""
}

// stdoutPath stands for standard output where a file may be named.
const stdoutPath = "-"

// noFile refuses "-" where a file is named that is no standard output, nor can be.
func noFile(flag, path, instead string) error {
	if path != stdoutPath {
		return nil
	}
	return fmt.Errorf("-%s takes a file, and not standard output (-): %s", flag, instead)
}

// profileFlag refuses what the block influxctl would refuse for the argument of the
// same name.
func profileFlag(name, value string) error {
	if value == "" {
		return nil
	}
	block, _ := cluster.Spec().Attribute("influxctl")
	for _, at := range block.Block {
		if at.Name == name {
			at.Name = "-" + name
			if problem := config.CheckValue(at, cty.StringVal(value)); problem != "" {
				return fmt.Errorf("%s", strings.TrimSuffix(strings.ReplaceAll(problem, fmt.Sprintf("%q", at.Name), at.Name), "."))
			}
			return nil
		}
	}
	return fmt.Errorf("the block influxctl has no argument %s: this is a defect of idpctl, please report it", name)
}
