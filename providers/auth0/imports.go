package auth0

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/auth0/go-auth0/management"

	"github.com/idpctl/idpctl/providers"
	"github.com/idpctl/idpctl/providers/attr"
	"github.com/idpctl/idpctl/providers/work"
)

// Limits of imports
// (https://auth0.com/docs/manage-users/user-migration/bulk-user-imports).
const (
	// importLeast is from how many new users on a job is quicker on the Free plan, if
	// it takes Auth0 some 5 s: it takes few requests, and a while. `make bench-auth0`
	// shows both.
	importLeast = 20
	// importBytes is how large the users of a job may be; the form around them takes
	// some of the 500 KB.
	importBytes = 480 << 10
	// importsAtOnce is how many jobs may run.
	importsAtOnce = 2
)

// The pauses between two looks at a job, and how long it is waited for.
const (
	firstPoll   = time.Second
	lastPoll    = 10 * time.Second
	longestWait = time.Hour
)

// split tells operations that go into jobs from those that are done one by one. A
// job takes no passwords, and sends no invitation.
func (c *conn) split(ops []providers.Operation) (imported, single []int) {
	for i := range ops {
		if imports(&ops[i]) {
			imported = append(imported, i)
		} else {
			single = append(single, i)
		}
	}
	if len(imported) >= c.importLeast {
		return imported, single
	}
	single = make([]int, len(ops))
	for i := range single {
		single[i] = i
	}
	return nil, single
}

func imports(op *providers.Operation) bool {
	switch {
	case op.Kind != "user" || op.Verb != providers.Create || op.Invite || work.Password(op) != "":
		return false
	case op.ID == "": // of a plan: the id is chosen, and a password made, by the apply
		return !attr.Bool(op.After, "generate_password", false) && !attr.Bool(op.After, "invite", false)
	}
	return strings.HasPrefix(op.ID, idPrefix)
}

// newUser is one user of a job.
type newUser struct {
	index   int
	op      *providers.Operation
	profile map[string]any
	size    int
}

// imports has users made by jobs, and reports each.
func (b *batch) imports(ops []providers.Operation, indexes []int, report func(providers.Result)) {
	byConnection, order := map[string][]newUser{}, []string{}
	for _, i := range indexes {
		op := &ops[i]
		if err := b.refuse(op); err != nil {
			report(providers.Result{Index: i, Err: err})
			continue
		}
		name := attr.String(op.After, "connection")
		if byConnection[name] == nil {
			order = append(order, name)
		}
		profile := b.profile(op)
		raw, _ := json.Marshal(profile) // texts, bools and maps of texts
		byConnection[name] = append(byConnection[name], newUser{i, op, profile, len(raw) + 1})
	}
	var jobs sync.WaitGroup
	slots := make(chan struct{}, importsAtOnce)
	for _, name := range order {
		users := byConnection[name]
		con, err := b.connectionNamed(b.working, name)
		if err == nil && con == nil {
			list, _ := b.databases(b.working)
			err = unknownConnection("connection", name, list)
		}
		if err != nil {
			reportAll(users, err, report)
			continue
		}
		for len(users) > 0 {
			n := min(fitting(users), b.importMost)
			part := users[:n]
			users = users[n:]
			slots <- struct{}{}
			jobs.Go(func() {
				defer func() { <-slots }()
				b.importPart(*con, part, report)
			})
		}
	}
	jobs.Wait()
}

// fitting is how many of users fit into a job; at least one.
func fitting(users []newUser) int {
	size := 0
	for i, u := range users {
		if size += u.size; size > importBytes && i > 0 {
			return i
		}
	}
	return len(users)
}

func reportAll(users []newUser, err error, report func(providers.Result)) {
	for _, u := range users {
		report(providers.Result{Index: u.index, Err: err})
	}
}

// importPart has some users made by one job.
func (b *batch) importPart(con connection, users []newUser, report func(providers.Result)) {
	if b.interrupted.Err() != nil {
		reportAll(users, work.NotAttempted(b.interrupted), report)
		return
	}
	list := make([]map[string]any, len(users))
	for i, u := range users {
		list[i] = u.profile
	}
	no, external := false, ""
	job := &management.Job{ConnectionID: &con.ID, Users: list, Upsert: &no, SendCompletionEmail: &no, ExternalID: &external}
	q := call{doing: fmt.Sprintf("import %d users", len(users)), scope: createUsers, nature: once}
	_, err := b.ask(b.working, q, func(ctx context.Context, api *management.Management) error { return api.Job.ImportUsers(ctx, job) })
	if err != nil {
		reportAll(users, b.secrets.Redacted(err), report)
		return
	}
	wrong, err := b.await(job.GetID(), len(users))
	if err != nil {
		reportAll(users, b.secrets.Redacted(err), report)
		return
	}
	for _, u := range users {
		var res providers.Result
		if e := wrong.of(u); e != nil {
			res = b.importError(u, *e)
		} else {
			res = b.imported(u)
		}
		res.Index = u.index
		res.Err = b.secrets.Redacted(res.Err)
		report(res)
	}
}

// importErrors are the errors of a job by the id and by the e-mail of the user.
type importErrors struct {
	byID, byEmail map[string]management.JobUserErrors
}

func (w importErrors) of(u newUser) *management.JobUserErrors {
	id, _ := strings.CutPrefix(u.op.ID, idPrefix)
	if e, ok := w.byID[id]; ok {
		return &e
	}
	if e, ok := w.byEmail[strings.ToLower(attr.String(u.op.After, "email"))]; ok {
		return &e
	}
	return nil
}

// await waits until a job is done, and reads what went wrong. An error means that it
// is not known who was made.
func (b *batch) await(id string, users int) (importErrors, error) {
	none := importErrors{}
	lost := func(err error) error {
		return &providers.Error{Class: providers.Ambiguous, Summary: fmt.Sprintf("What became of the import of %d users is not known (job %s)", users, providers.Clean(id, 60)), Err: err}
	}
	q := call{doing: "look at the import of users", scope: readUsers}
	begin := time.Now()
	for pause := firstPoll; ; pause = min(2*pause, lastPoll) {
		timer := time.NewTimer(pause)
		select {
		case <-timer.C:
		case <-b.working.Done():
			timer.Stop()
			return none, lost(b.working.Err())
		}
		var job *management.Job
		_, err := b.ask(b.working, q, func(ctx context.Context, api *management.Management) (err error) {
			job, err = api.Job.Read(ctx, id)
			return err
		})
		switch {
		case err != nil:
			return none, lost(err)
		case job.GetStatus() == "failed":
			return none, &providers.Error{Class: providers.Unavailable, Summary: fmt.Sprintf("Auth0 could not import the users (job %s)", providers.Clean(id, 60)), Hint: laterHint}
		case job.GetStatus() == "completed":
			if job.Summary != nil && job.Summary.GetFailed() == 0 {
				return none, nil
			}
			return b.importErrors(id, lost)
		case time.Since(begin) > longestWait:
			return none, lost(nil)
		}
	}
}

func (b *batch) importErrors(id string, lost func(error) error) (importErrors, error) {
	out := importErrors{byID: map[string]management.JobUserErrors{}, byEmail: map[string]management.JobUserErrors{}}
	var list []management.JobError
	_, err := b.ask(b.working, call{doing: "read the errors of the import", scope: readUsers}, func(ctx context.Context, api *management.Management) (err error) {
		list, err = api.Job.ReadErrors(ctx, id)
		return err
	})
	if err != nil {
		return out, lost(err)
	}
	for _, e := range list {
		if len(e.Errors) == 0 {
			continue
		}
		if s, _ := e.User["user_id"].(string); s != "" {
			out.byID[strings.TrimPrefix(s, idPrefix)] = e.Errors[0]
		} else if s, _ := e.User["email"].(string); s != "" {
			out.byEmail[strings.ToLower(s)] = e.Errors[0]
		}
	}
	return out, nil
}

// importError is what became of a user that a job did not make. If it is there with
// the id that was chosen for it, an earlier request made it: who chose the id looks.
func (b *batch) importError(u newUser, e management.JobUserErrors) providers.Result {
	email := work.Quoted(attr.String(u.op.After, "email"))
	if e.Code == "DUPLICATED_USER" {
		return providers.Result{Err: &providers.Error{
			Class: providers.Conflict, Attribute: "email",
			Summary: "Auth0 refused to import user " + email + ": " + providers.Clean(e.Message, 300),
			Hint:    "Plan again, which finds the user once Auth0's search shows it",
		}}
	}
	name, _, _ := strings.Cut(e.Path, ".")
	if ours, ok := attributes()[name]; ok {
		name = ours
	}
	return providers.Result{Err: &providers.Error{
		Class: providers.Invalid, Attribute: name, Summary: fmt.Sprintf("Auth0 refused to import user %s: %s (%s)", email, providers.Clean(e.Message, 300), providers.Clean(e.Code, 60)),
	}}
}

// imported is a user as the job made it: all that Auth0 would fill in was said.
func (b *batch) imported(u newUser) providers.Result {
	after := u.op.After
	text := func(name string) string { s, _ := u.profile[name].(string); return s }
	w := wireUser{
		ID: u.op.ID, Email: text("email"), Verified: flexible(attr.Bool(after, "email_verified", false)), Username: text("username"),
		GivenName: text("given_name"), FamilyName: text("family_name"), Name: text("name"), Nickname: text("nickname"),
		Blocked: attr.Bool(after, "blocked", false),
	}
	for _, name := range []string{"app_metadata", "user_metadata"} {
		metadata := map[string]any{}
		for k, v := range attr.Map(after, name) {
			metadata[k] = v
		}
		if name == "app_metadata" {
			w.App = metadata
		} else {
			w.User = metadata
		}
	}
	w.Identities = []wireIdentity{{Connection: attr.String(after, "connection")}}
	return b.userResult(w)
}
