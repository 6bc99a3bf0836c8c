package auth0

import (
	"cmp"
	"context"
	"fmt"
	"strings"
	"time"
	"unicode"

	"github.com/idpctl/idpctl/providers"
	"github.com/idpctl/idpctl/providers/attr"
	"github.com/idpctl/idpctl/providers/work"
)

// Check tells what Auth0 would refuse; see [providers.Conn]. What cannot be read is
// told by the operation itself.
func (c *conn) Check(ctx context.Context, ops []providers.Operation) []error {
	errs := make([]error, len(ops))
	k := &checker{conn: c}
	_, single := c.split(ops)
	alone := make(map[int]bool, len(single))
	for _, i := range single {
		alone[i] = true
	}
	for i := range ops {
		switch op := &ops[i]; {
		case op.Verb == providers.Delete:
		case op.Kind == "client":
			errs[i] = k.client(ctx, op)
		case op.Kind == "user":
			errs[i] = k.user(ctx, op, alone[i])
		case op.Kind == "api":
			errs[i] = k.api(op)
		case op.Kind == "tenant":
			errs[i] = checkMask(op)
		}
	}
	return errs
}

// checker keeps what the operations of one plan are checked by.
type checker struct {
	*conn
	// mayCreate says of connections by name whether idpctl's own application may
	// create users in them one by one.
	mayCreate map[string]bool
}

func (k *checker) client(ctx context.Context, op *providers.Operation) error {
	if id := attr.String(op.After, "client_id"); op.Verb == providers.Create && id != "" {
		return work.Invalid("client_id", "Leave client_id out to have an application made: Auth0 chooses its id", "There is no application with the client id %s", work.Quoted(id))
	}
	for name := range attr.Map(op.After, "client_metadata") {
		if hiddenMetadata(name) {
			return work.Invalid("client_metadata", "Take another key", "client_metadata.%s is idpctl's own", name)
		}
	}
	if !work.Changes(op, "connections") && !work.Changes(op, "is_first_party") {
		return nil
	}
	third := !attr.Bool(op.After, "is_first_party", true)
	for _, name := range attr.Strings(op.After, "connections") {
		con, err := k.connectionNamed(ctx, name)
		if err != nil {
			return nil
		}
		if con == nil {
			list, _ := k.others(ctx)
			return unknownConnection("connections", name, list)
		}
		if third && !con.Domain {
			return work.Invalid("connections", "Set is_first_party = true, or promote the connection: https://auth0.com/docs/authenticate/identity-providers/promote-connections-to-domain-level",
				"A third party's application cannot use connection %s, which is not promoted to the domain level", work.Quoted(name))
		}
	}
	return nil
}

func (k *checker) user(ctx context.Context, op *providers.Operation, alone bool) error {
	creates := op.Verb == providers.Create
	name := attr.String(op.After, "connection")
	if name == "" || !creates && work.Password(op) == "" {
		return nil
	}
	con, err := k.connectionNamed(ctx, name)
	if err != nil {
		return nil
	}
	list, _ := k.databases(ctx)
	switch {
	case con == nil:
		return unknownConnection("connection", name, list)
	case con.Strategy != database:
		return work.Invalid("connection", "Databases are: "+providers.Clean(strings.Join(names(list), ", "), 300)+". Those who sign in elsewhere are looked up with data \"user\"",
			"Connection %s is no database (it is %s): users of it are made when they sign in", work.Quoted(name), providers.Clean(con.Strategy, 60))
	case creates && con.Options.RequiresUsername && attr.String(op.After, "username") == "":
		return work.Invalid("username", "Write username", "Users of connection %s have a user name", work.Quoted(name))
	}
	if pw := attr.String(op.After, "initial_password"); creates && pw != "" && !meets(pw, con.Options.PasswordPolicy) {
		return work.Invalid("initial_password", "Write a longer one of lower case, upper case, digits and symbols, or set generate_password = true",
			"The password is too weak for the policy of connection %s (%s)", work.Quoted(name), cmp.Or(providers.Clean(con.Options.PasswordPolicy, 20), "good"))
	}
	if creates && alone && !k.creates(ctx, *con) {
		return work.Invalid("connection", k.enableHint(), "The application that idpctl signs in as may not create users in connection %s", work.Quoted(name))
	}
	return nil
}

// creates reports whether idpctl's own application may create users in a
// connection. Jobs need no such right.
func (k *checker) creates(ctx context.Context, con connection) bool {
	if may, known := k.mayCreate[con.Name]; known {
		return may
	}
	may := true
	if id := k.clientID(); id != "" {
		if enabled, err := k.enabledOn(ctx, con); err == nil {
			may = enabled[id]
		}
	}
	if k.mayCreate == nil {
		k.mayCreate = map[string]bool{}
	}
	k.mayCreate[con.Name] = may
	return may
}

func (k *checker) api(op *providers.Operation) error {
	if id := attr.String(op.After, "identifier"); id == k.settings.audience || id == "https://"+k.settings.domain+"/api/v2/" {
		return work.Invalid("identifier", "Choose one of your own, as in https://influxdb.example.com", "%s is Auth0's own API", work.Quoted(id))
	}
	return nil
}

// checkMask refuses a mask with too few places for its characters
// (https://auth0.com/docs/get-started/applications/configure-tenant-for-device-authorization-flow).
func checkMask(op *providers.Operation) error {
	mask := attr.String(op.After, "device_code_mask")
	if mask == "" || !work.Changes(op, "device_code_mask") && !work.Changes(op, "device_code_charset") {
		return nil
	}
	least, charset := 8, cmp.Or(attr.String(op.After, "device_code_charset"), "base20")
	if charset == "digits" {
		least = 9
	}
	if n := strings.Count(mask, "*"); n < least {
		return work.Invalid("device_code_mask", fmt.Sprintf("Write at least %d stars", least), "%s has %d stars, and codes of %s have at least %d characters", work.Quoted(mask), n, charset, least)
	}
	return nil
}

// meets reports whether a password meets a policy of Auth0
// (https://auth0.com/docs/authenticate/database-connections/password-strength).
func meets(pw, policy string) bool {
	var lower, upper, digit, other, run, longest int
	var last rune
	for _, r := range pw {
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
		if run++; r != last {
			run = 1
		}
		last, longest = r, max(longest, run)
	}
	n := len([]rune(pw))
	switch policy {
	case "none":
		return n >= 1
	case "low":
		return n >= 6
	case "fair":
		return n >= 8 && lower+upper+digit == 3
	case "excellent":
		return n >= 10 && lower+upper+digit+other >= 3 && longest <= 2
	default: // good
		return n >= 8 && lower+upper+digit+other >= 3
	}
}

// Estimate is what operations will take; see [providers.Estimator].
func (c *conn) Estimate(ops []providers.Operation) providers.Estimate {
	imported, single := c.split(ops)
	n, size := 0, 0
	for _, i := range imported {
		size += 40 + len(attr.String(ops[i].After, "email"))*3 + 160 // about
	}
	if len(imported) > 0 {
		const requestsOfAJob = 3 // it, a look, its errors
		n += (size/importBytes + 1) * requestsOfAJob
	}
	clients := 0
	for _, i := range single {
		op := &ops[i]
		n++
		switch op.Kind {
		case "client":
			if op.Verb == providers.Create {
				clients++
			}
			if op.Verb != providers.Delete {
				n += len(work.Added(op, "connections")) + len(work.Removed(op, "connections"))
			}
		case "user":
			if op.Verb != providers.Delete && (op.Invite || attr.Bool(op.After, "invite", false)) {
				n++
			}
		case "group":
			if op.Verb != providers.Delete {
				n += (len(work.Added(op, "members")) + membersAtOnce - 1) / membersAtOnce
				n += len(work.Removed(op, "members"))
			}
		case "api":
			if op.Verb == providers.Update && work.Changes(op, "scopes") {
				n++
			}
		}
	}
	if clients > 0 {
		n++ // the list in which their keys would be
	}
	d := c.pace.estimate(n)
	if len(imported) > 0 {
		d = max(d, 2*firstPoll) // a job takes a while
	}
	return providers.Estimate{Requests: n, Duration: d.Round(time.Second)}
}
