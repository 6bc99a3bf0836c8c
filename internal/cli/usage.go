package cli

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/agext/levenshtein"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// usage says what is wrong with a command line, and what to type instead. Most
// errors are those of cobra and pflag, which speak to programmers.
func usage(c *cobra.Command, err error) string {
	text := err.Error()
	if c == nil {
		return sentence(text)
	}
	help := fmt.Sprintf(" `%s -help` shows what there is.", c.CommandPath())
	if name, ok := strings.CutPrefix(text, "unknown flag: --"); ok {
		return fmt.Sprintf("%s has no flag -%s.%s%s", c.CommandPath(), name, similarFlag(c, name), help)
	}
	if name, ok := strings.CutPrefix(text, "flag needs an argument: --"); ok {
		return fmt.Sprintf("The flag -%s needs a value, as in -%s=…%s", name, name, help)
	}
	if m := regexp.MustCompile(`^unknown command ("[^"]*") for "([^"]*)"`).FindStringSubmatch(text); m != nil {
		if !c.HasSubCommands() {
			return fmt.Sprintf("%s does not take %s.%s", m[2], m[1], help)
		}
		did := ""
		if near := c.SuggestionsFor(strings.Trim(m[1], `"`)); len(near) > 0 {
			did = fmt.Sprintf(" Did you mean %q?", near[0])
		}
		return fmt.Sprintf("%s has no command %s.%s%s", m[2], m[1], did, help)
	}
	if m := regexp.MustCompile(`(?s)^invalid argument ("(?:[^"\\]|\\.)*") for "(?:-\w, )?--([^"]*)" flag: (.*)$`).FindStringSubmatch(text); m != nil {
		if f := c.Flag(m[2]); f != nil {
			if want, ok := map[string]string{"int": "a whole number", "bool": "true or false", "duration": "a time with its unit, as in 10s or 5m"}[f.Value.Type()]; ok {
				return fmt.Sprintf("The flag -%s takes %s, not %s.", m[2], want, m[1])
			}
		}
		return fmt.Sprintf("The flag -%s cannot be %s: %s.", m[2], m[1], m[3])
	}
	return sentence(text)
}

// sentence is an error's text as one: those of Go begin with a small letter and have
// no stop. What begins with a name or a flag keeps it.
func sentence(text string) string {
	switch word, _, _ := strings.Cut(text, " "); word {
	case "the", "there", "say":
		text = strings.ToUpper(text[:1]) + text[1:]
	}
	if !strings.HasSuffix(text, ".") && !strings.HasSuffix(text, "?") {
		text += "."
	}
	return text
}

// similarFlag asks whether a flag of much the same name was meant.
func similarFlag(c *cobra.Command, name string) string {
	best, least := "", 4
	c.Flags().VisitAll(func(f *pflag.Flag) {
		if d := levenshtein.Distance(name, f.Name, nil); d < least && d < len(name) {
			best, least = f.Name, d
		}
	})
	if best == "" {
		return ""
	}
	return fmt.Sprintf(" Did you mean -%s?", best)
}
