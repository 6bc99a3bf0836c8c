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
		if instead, ok := terraformFlags()[name]; ok {
			return fmt.Sprintf("%s has no flag -%s: %s.", c.CommandPath(), name, instead)
		}
		return fmt.Sprintf("%s has no flag -%s.%s%s", c.CommandPath(), name, similarFlag(c, name), help)
	}
	if _, name, ok := strings.Cut(text, " in -"); ok && strings.HasPrefix(text, "unknown shorthand flag: ") {
		return fmt.Sprintf("%s has no flag -%s.%s%s", c.CommandPath(), name, flagThatBegins(c, name), help)
	}
	if m := regexp.MustCompile(`^accepts at most (\d+) arg\(s\), received (\d+)$`).FindStringSubmatch(text); m != nil {
		return fmt.Sprintf("%s takes %s argument at most, and is given %s: %s.%s", c.CommandPath(), m[1], m[2], strings.Join(c.Flags().Args(), ", "), help)
	}
	if strings.HasPrefix(text, "requires at least ") {
		return fmt.Sprintf("%s needs an argument: `%s %s`.%s", c.CommandPath(), c.Parent().CommandPath(), c.Use, help)
	}
	if name, ok := strings.CutPrefix(text, "flag needs an argument: --"); ok {
		return fmt.Sprintf("The flag -%s needs a value, as in -%s=…%s", name, name, help)
	}
	if m := regexp.MustCompile(`^unknown command ("[^"]*") for "([^"]*)"`).FindStringSubmatch(text); m != nil {
		if !c.HasSubCommands() {
			return fmt.Sprintf("%s does not take %s.%s", m[2], m[1], help)
		}
		if instead, ok := terraformCommands()[m[2]+" "+strings.Trim(m[1], `"`)]; ok {
			return fmt.Sprintf("%s has no command %s: %s.", m[2], m[1], instead)
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

// terraformFlags says what to do instead of flags that users of Terraform know.
func terraformFlags() map[string]string {
	return map[string]string{
		"out":    "a plan cannot be saved, and apply plans anew, shows that plan and asks. With -json there is a plan for programs",
		"target": "a plan is always of the whole configuration",
	}
}

// terraformCommands says what to do instead of commands that users of Terraform know.
func terraformCommands() map[string]string {
	const anew = "a plan makes again what is gone, and sets what differs. To have an object made anew, delete it at the identity provider and run `idpctl apply`"
	return map[string]string{
		"idpctl import":       "write a block for what exists already, with its name or with id, and run `idpctl plan`. It shows what would be adopted, and an apply takes it over",
		"idpctl refresh":      "every plan reads the identity provider anew. `idpctl plan` shows what differs, and `idpctl apply` sets it",
		"idpctl taint":        anew,
		"idpctl untaint":      anew,
		"idpctl graph":        "`idpctl plan -json` says what depends on what",
		"idpctl workspace":    "a folder has one state. Make a folder for each environment, and name it with -chdir",
		"idpctl console":      "write the expression as an output, and `idpctl plan` shows its value",
		"idpctl force-unlock": "a lock ends with the process that holds it, so that there is nothing to unlock",
		"idpctl state mv":     "`idpctl state rm ADDRESS` has the old address forgotten. Give the block its new name, and the next plan shows that it would adopt the object",
		"idpctl state show":   "`idpctl show ADDRESS` shows an object of the state",
		"idpctl state pull":   "`idpctl show -json` prints the state, and its file is in the folder",
		"idpctl state push":   "the state is a file in the folder, and only idpctl writes it",
	}
}

// flagThatBegins asks whether a flag was meant that begins so; one letter is not a
// short form of any.
func flagThatBegins(c *cobra.Command, with string) string {
	var names []string
	c.Flags().VisitAll(func(f *pflag.Flag) {
		if strings.HasPrefix(f.Name, with) {
			names = append(names, "-"+f.Name)
		}
	})
	if len(names) == 0 {
		return ""
	}
	return fmt.Sprintf(" Did you mean %s?", strings.Join(names, " or "))
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
