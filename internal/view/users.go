package view

import (
	"fmt"
	"slices"
	"strings"

	"github.com/zclconf/go-cty/cty"

	"github.com/idpctl/idpctl/resource"
)

// User is a user with the id that its tokens carry, for [View.Users]. The values
// are strings, or null; what is marked as sensitive is masked. The rest may be empty.
type User struct {
	Cluster, Address               string
	ID, Email, FirstName, LastName cty.Value
	// Groups are those of InfluxDB.
	Groups []string
}

// name is first and last name as one.
func (u User) name() string {
	if resource.IsSensitive(u.FirstName) || resource.IsSensitive(u.LastName) {
		return textSensitive
	}
	return strings.TrimSpace(bare(u.FirstName) + " " + bare(u.LastName))
}

// bare is a string without quotes.
func bare(v cty.Value) string {
	switch {
	case v == cty.NilVal:
		return ""
	case resource.IsSensitive(v):
		return textSensitive
	case v.IsNull() || !v.IsKnown() || v.Type() != cty.String:
		return ""
	}
	return v.AsString()
}

// Users shows users with their ids as a table under a title. On a terminal that
// is too narrow for all columns the names are left out: the e-mail tells who it
// is, and ids and e-mails are there to be copied. Of many the first are shown.
func (v *View) Users(title string, list []User) error {
	if v.opts.JSON { // it is for people only
		return nil
	}
	shown := list[:min(len(list), maxListed)]
	rows := make([][]string, len(shown))
	for i, u := range shown {
		rows[i] = []string{u.Address, bare(u.Email), u.name(), bare(u.ID)}
	}
	headers := []string{"Address", "E-mail", "Name", "ID"}
	if v.opts.Terminal && natural(headers, rows) > v.opts.Width {
		headers = slices.Delete(headers, 2, 3)
		for i := range rows {
			rows[i] = slices.Delete(rows[i], 2, 3)
		}
	}
	if err := v.write("\n" + v.style.bold(line(title)+":") + "\n\n"); err != nil {
		return err
	}
	if err := v.Table(headers, rows); err != nil || len(shown) == len(list) {
		return err
	}
	return v.write(fmt.Sprintf("... and %d more\n", len(list)-len(shown)))
}
