package view

import (
	"errors"
	"strings"

	"github.com/idpctl/idpctl/apply"
)

// ErrNotForPrograms is returned when something that people alone may see is to
// be written as JSON.
var ErrNotForPrograms = errors.New("credentials are never written as JSON; -credentials-out writes them to a file")

// Credentials shows the first passwords that an apply made. It is the only
// method that reveals a secret: the caller has made sure that Out is a
// terminal. As JSON it writes nothing and returns [ErrNotForPrograms].
func (v *View) Credentials(list []apply.Credential) error {
	if len(list) == 0 {
		return nil
	}
	if v.opts.JSON {
		return ErrNotForPrograms
	}
	var b strings.Builder
	b.WriteByte('\n')
	head := "First passwords. They are shown this once: idpctl does not keep them."
	b.WriteString(indent(wrap(head, v.opts.Width), ""))
	for _, c := range list {
		note := ""
		if c.Temporary {
			note = v.style.dim(" # to be changed at the first sign-in")
		}
		b.WriteString("\n  " + v.style.bold(line(c.Address.String())) + note + "\n")
		b.WriteString("    user name  " + line(c.UserName) + "\n")
		password := c.Password.Reveal()
		if !printable(password) {
			password = quote(password) + " (escaped)"
		}
		b.WriteString("    password   " + password + "\n")
	}
	return v.write(b.String())
}
