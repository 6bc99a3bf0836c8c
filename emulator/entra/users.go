package entra

import (
	"regexp"
	"slices"
	"strings"
	"unicode"

	"github.com/idpctl/idpctl/emulator/jsonvalue"
	"github.com/idpctl/idpctl/emulator/oidc"
)

func (c *call) listUsers() (reply, error) {
	return c.list(listing{kind: KindUser, fragment: "users", elements: c.elements(KindUser)})
}

func (c *call) countUsers() (reply, error) {
	return c.count(listing{kind: KindUser, elements: c.elements(KindUser)})
}

// user finds the user of the path, by id or user principal name.
func (c *call) user() (*entity, *state, error) {
	key := c.params["id"]
	e := c.dir.tables[KindUser].byID[strings.ToLower(key)]
	if e == nil {
		e = c.dir.find(KindUser, "userPrincipalName", key)
	}
	st := c.show(e, c.replica)
	if st == nil || st.deleted() || e.now == nil {
		return nil, nil, notFound(key)
	}
	return e, st, nil
}

func (c *call) getUser() (reply, error) {
	_, st, err := c.user()
	if err != nil {
		return reply{}, err
	}
	return c.one(KindUser, st, "users")
}

// createUser takes what section 4 demands. Its answer has the default
// properties only.
func (c *call) createUser() (reply, error) {
	in, err := c.decode()
	if err != nil {
		return reply{}, err
	}
	set, err := schemas[KindUser].check(KindUser, in, true)
	if err != nil {
		return reply{}, err
	}
	for _, name := range []string{"accountEnabled", "displayName", "mailNickname", "userPrincipalName", "passwordProfile"} {
		if set[name] == nil {
			return reply{}, missing(name)
		}
	}
	if str(sub(set, "passwordProfile"), "password") == "" {
		return reply{}, missing("password")
	}
	st := c.newUser(set)
	if err := c.checkUser(st, set); err != nil {
		return reply{}, err
	}
	c.write(KindUser, str(st.props, "id"), st)
	return c.created(KindUser, st, "users")
}

// newUser fills in what a user is by default.
func (s *Server) newUser(set object) *state {
	sc := schemas[KindUser]
	props := sc.fresh()
	props["id"], props["createdDateTime"] = oidc.NewID(), timestamp(s.now())
	st := &state{props: props}
	st.setUser(set)
	return st
}

// setUser merges what was set into a user. The password goes where no answer
// finds it; the mail becomes a proxy address (section 4).
func (s *state) setUser(set object) {
	schemas[KindUser].merge(s.props, set)
	if profile := sub(set, "passwordProfile"); profile != nil {
		if p := str(profile, "password"); p != "" {
			s.password = p
		}
		if force, has := profile["forceChangePasswordNextSignIn"]; has {
			s.mustChange = force == true
		}
	}
	if mail := str(set, "mail"); mail != "" {
		primary := "SMTP:" + mail
		proxies := slices.DeleteFunc(jsonvalue.Texts(s.props["proxyAddresses"]), func(p string) bool { return strings.EqualFold(p, primary) })
		for i, p := range proxies {
			if rest, ok := strings.CutPrefix(p, "SMTP:"); ok {
				proxies[i] = "smtp:" + rest
			}
		}
		s.props["proxyAddresses"] = jsonvalue.Anys(append([]string{primary}, proxies...))
	}
}

// upnName are the characters before the domain of a user principal name;
// guests have # in them (section 4).
var upnName = regexp.MustCompile(`^[A-Za-z0-9'.\-_!#^~]+$`)

// nickname excludes what mailNicknames may not have.
var nickname = regexp.MustCompile(`^[\x21-\x7e]+$`)

func validNickname(s string) bool {
	return len(s) <= 64 && nickname.MatchString(s) && !strings.ContainsAny(s, `@()\[]";:<>, `)
}

// checkUser holds a user against the rules; set is what the request set.
func (c *call) checkUser(st *state, set object) error {
	if upn, has := set["userPrincipalName"]; has {
		name, domain, _ := strings.Cut(str(set, "userPrincipalName"), "@")
		verified := slices.ContainsFunc(c.opts.domains(), func(d string) bool { return strings.EqualFold(d, domain) })
		switch {
		case upn == nil || !upnName.MatchString(name) || len(name) > 64:
			return invalidValue(KindUser, "userPrincipalName")
		case !verified:
			return badRequest("The domain portion of the userPrincipalName property is invalid. You must use one of the verified domain names in your organization.").
				with("InvalidValue", "userPrincipalName")
		}
	}
	if _, has := set["mailNickname"]; has && !validNickname(str(set, "mailNickname")) {
		return invalidValue(KindUser, "mailNickname")
	}
	if _, has := set["displayName"]; has && (str(set, "displayName") == "" || len([]rune(str(set, "displayName"))) > 256) {
		return invalidValue(KindUser, "displayName")
	}
	if mail := str(set, "mail"); mail != "" && !strings.Contains(mail, "@") {
		return invalidValue(KindUser, "mail")
	}
	if t, has := set["userType"]; has && t != "Member" && t != "Guest" {
		return invalidValue(KindUser, "userType")
	}
	if p, has := sub(set, "passwordProfile")["password"]; has && !strong(p) {
		return badRequest("The specified password does not comply with password complexity requirements. Please provide a different password.").
			with("InvalidValue", "passwordProfile")
	}
	if property := c.dir.conflict(KindUser, str(st.props, "id"), st); property != "" {
		return duplicate(property)
	}
	return nil
}

// strong is the password policy: 8 to 256 characters, three of four classes
// (section 4, mem).
func strong(v any) bool {
	p, _ := v.(string)
	var lower, upper, digit, other int
	for _, r := range p {
		switch {
		case unicode.IsLower(r):
			lower = 1
		case unicode.IsUpper(r):
			upper = 1
		case unicode.IsDigit(r):
			digit = 1
		default:
			other = 1
		}
	}
	n := len([]rune(p))
	return n >= 8 && n <= 256 && lower+upper+digit+other >= 3
}

func (c *call) patchUser() (reply, error) {
	in, err := c.decode()
	if err != nil {
		return reply{}, err
	}
	e, _, err := c.user()
	if err != nil {
		return reply{}, err
	}
	set, err := schemas[KindUser].check(KindUser, in, false)
	if err != nil {
		return reply{}, err
	}
	if err := c.mayChangeUser(set); err != nil {
		return reply{}, err
	}
	next := e.now.copy()
	next.setUser(set)
	if err := c.checkUser(next, set); err != nil {
		return reply{}, err
	}
	c.write(KindUser, e.id, next)
	return noContent()
}

// mayChangeUser looks at what is changed: passwords need a permission of
// their own, and enabling an account has one (section 11).
func (c *call) mayChangeUser(set object) error {
	for name := range set {
		var need []string
		switch name {
		case "passwordProfile":
			need = []string{passwordPermission}
		case "accountEnabled":
			need = append([]string{"User.EnableDisableAccount.All"}, writeUsers...)
		default:
			need = writeUsers
		}
		if !c.caller.holds(need) {
			return forbidden()
		}
	}
	return nil
}

func (c *call) deleteUser() (reply, error) {
	e, _, err := c.user()
	if err != nil {
		return reply{}, err
	}
	c.binUser(e)
	return noContent()
}

// binUser deletes a user softly. Its name gets its id as a prefix, so that it
// can be given to somebody else (section 4, mem).
func (s *Server) binUser(e *entity) {
	next := e.now.copy()
	next.upn = str(next.props, "userPrincipalName")
	next.props["userPrincipalName"] = strings.ReplaceAll(e.id, "-", "") + next.upn
	next.props["deletedDateTime"] = timestamp(s.now())
	s.bin[KindUser][e.id] = s.now()
	s.write(KindUser, e.id, next)
}
