package keycloak

import (
	"cmp"
	"errors"
	"net/http"
	"slices"
	"strings"

	"github.com/idpctl/idpctl/emulator/oidc"
)

// importResult is one line of the answer to a partial import.
type importResult struct {
	Action       string `json:"action"`
	ResourceType string `json:"resourceType"`
	ResourceName string `json:"resourceName"`
	ID           string `json:"id"`
}

// importer does one partial import, all of it or nothing.
type importer struct {
	*call
	policy  string
	results []importResult
	undo    []func()
}

// partialImport is POST /partialImport. Unlike the routes for single objects
// it validates nothing: see [importer.user].
func (c *call) partialImport() (reply, error) {
	// The route reads the body by itself: whatever it cannot read is its own
	// failure, and not the client's.
	o, err := decodeObject(c.body, "PartialImportRepresentation")
	if errors.Is(err, syntaxError{}) {
		return reply{}, oauth(http.StatusInternalServerError, "invalid_request", "Cannot parse the JSON")
	}
	im := &importer{call: c, policy: cmp.Or(str(o, "ifResourceExists"), "FAIL"), results: []importResult{}}
	switch {
	case err != nil, len(c.body) == 0, !slices.Contains([]string{"FAIL", "SKIP", "OVERWRITE"}, im.policy):
		return reply{}, oauth(http.StatusInternalServerError, "unknown_error", "Cannot parse the JSON")
	case o == nil:
		return reply{}, errCrash()
	case o["identityProviders"] != nil || o["identityProviderMappers"] != nil:
		return reply{}, errNotEmulated("identity providers in a partial import")
	}
	if err := im.run(o); err != nil {
		for _, undo := range slices.Backward(im.undo) {
			undo()
		}
		return reply{}, err
	}
	count := func(action string) (n int) {
		for _, r := range im.results {
			if r.Action == action {
				n++
			}
		}
		return n
	}
	// The server keeps results in a set: their order means nothing. Backwards,
	// so that nobody relies on it.
	slices.Reverse(im.results)
	return ok(struct {
		Overwritten int            `json:"overwritten"`
		Added       int            `json:"added"`
		Skipped     int            `json:"skipped"`
		Results     []importResult `json:"results"`
	}{count("OVERWRITTEN"), count("ADDED"), count("SKIPPED"), im.results})
}

// importInto is the import of what a new realm holds.
func (c *call) importInto(rm *realm, o object) *apiError {
	inner := *c
	inner.realm = rm
	im := &importer{call: &inner, policy: "FAIL"}
	// As a part of a realm, groups need no path.
	for _, g := range objects(o["groups"]) {
		if str(g, "path") == "" {
			g["path"] = "/" + str(g, "name")
		}
	}
	if err := im.run(o); err != nil {
		return err
	}
	for _, p := range stringList(o["defaultGroups"]) {
		g := rm.groupByPath(p)
		if g == nil {
			return errCrash()
		}
		rm.defaultGroups = append(rm.defaultGroups, g)
	}
	return nil
}

// run imports clients, roles, groups and users, in that order: users refer to
// the others.
func (im *importer) run(o object) *apiError {
	roles, _ := o["roles"].(object)
	ofClients, _ := roles["client"].(object)
	for _, step := range []struct {
		list []object
		do   func(object) *apiError
	}{
		{objects(o["clients"]), im.client},
		{objects(roles["realm"]), func(r object) *apiError { return im.role(nil, r) }},
		{objects(o["groups"]), im.group},
		{objects(o["users"]), im.user},
	} {
		for _, item := range step.list {
			if err := step.do(item); err != nil {
				return err
			}
		}
	}
	for _, clientID := range sorted(ofClients) {
		cl := im.realm.clientIDs[clientID]
		if cl == nil {
			return errCrash()
		}
		for _, r := range objects(ofClients[clientID]) {
			if err := im.role(cl, r); err != nil {
				return err
			}
		}
	}
	return nil
}

// settle decides what becomes of an object that is there already. done means
// that nothing is left to do for it.
func (im *importer) settle(typ, name, id, exists string) (done bool, err *apiError) {
	switch im.policy {
	case "FAIL":
		return true, message(http.StatusConflict, "%s", exists)
	case "SKIP":
		im.results = append(im.results, importResult{"SKIPPED", typ, name, id})
		return true, nil
	}
	return false, nil
}

func (im *importer) done(overwritten bool, typ, name, id string) {
	action := "ADDED"
	if overwritten {
		action = "OVERWRITTEN"
	}
	im.results = append(im.results, importResult{action, typ, name, id})
}

// madeHere reports whether this import has made something already.
func (im *importer) madeHere(typ, id string) bool {
	return slices.ContainsFunc(im.results, func(r importResult) bool {
		return r.ResourceType == typ && r.ID == id && r.Action != "SKIPPED"
	})
}

// client imports a client; its id is passed over.
func (im *importer) client(o object) *apiError {
	name := str(o, "clientId")
	old := im.realm.clientIDs[name]
	if old != nil {
		if im.madeHere("CLIENT", old.id) {
			return message(http.StatusConflict, "Duplicate resource error")
		}
		done, err := im.settle("CLIENT", name, old.id, "Client id '"+name+"' already exists")
		if done {
			return err
		}
		return errNotEmulated("overwriting a client by partial import")
	}
	delete(o, "id")
	cl, err := im.makeClient(im.realm, o)
	if err != nil {
		return err
	}
	im.undo = append(im.undo, func() { im.removeClient(cl) })
	im.done(false, "CLIENT", name, cl.id)
	return nil
}

func (im *importer) role(owner *client, o object) *apiError {
	name := str(o, "name")
	typ, shown, exists := "REALM_ROLE", name, "Realm role '"+name+"' already exists."
	if owner != nil {
		typ, shown = "CLIENT_ROLE", owner.clientID+"-->"+name
		exists = "Client role '" + name + "' for client '" + owner.clientID + "' already exists."
	}
	if old := im.roleMap(owner)[name]; old != nil {
		done, err := im.settle(typ, shown, old.id, exists)
		if done {
			return err
		}
		return errNotEmulated("overwriting a role by partial import")
	}
	if o["composites"] != nil {
		return errNotEmulated("composites of an imported role")
	}
	r := im.realm.newRole(owner, name, str(o, "description"))
	r.attributes = attributeLists(o["attributes"])
	im.undo = append(im.undo, func() { im.removeRole(r) })
	id := r.id
	if owner != nil {
		id = owner.id // as the server has it
	}
	im.done(false, typ, shown, id)
	return nil
}

// group imports a group with those below it. It is found by its path, which
// must be there.
func (im *importer) group(o object) *apiError {
	path, given := text(o, "path")
	if !given {
		return errCrash()
	}
	name := str(o, "name")
	if old := im.realm.groupByPath(path); old != nil {
		done, err := im.settle("GROUP", name, old.id, "Group '"+path+"' already exists")
		if done {
			return err
		}
		return errNotEmulated("overwriting a group by partial import")
	}
	g := im.groupBelow(nil, o)
	im.undo = append(im.undo, func() { im.realm.removeGroup(g) })
	im.done(false, "GROUP", name, g.id)
	return nil
}

func (im *importer) groupBelow(parent *group, o object) *group {
	g := im.realm.addGroup(parent, str(o, "id"), str(o, "name"))
	g.attributes, g.description = attributeLists(o["attributes"]), str(o, "description")
	for _, child := range objects(o["subGroups"]) {
		im.groupBelow(g, child)
	}
	return g
}

// user imports a user. The id is honoured. Nothing is validated, default
// roles and groups are not given, and a temporary password does not have to
// be changed. A user exists if the name is taken (whatever the policy), or,
// under FAIL and OVERWRITE, the e-mail.
func (im *importer) user(o object) *apiError {
	rm := im.realm
	name, given := text(o, "username")
	if !given {
		return errCrash()
	}
	username, email := strings.ToLower(name), strings.ToLower(str(o, "email"))
	conflict := message(http.StatusConflict, "Duplicate resource error")
	byName := rm.users.byUsername[username]
	var byEmail *user
	if email != "" && !is(rm.rep, "duplicateEmailsAllowed") {
		byEmail = rm.users.byEmail[email]
	}
	old := byName
	if old == nil {
		old = byEmail
	}
	if old != nil {
		switch {
		case im.madeHere("USER", old.id):
			return conflict
		case byName == nil && im.policy == "SKIP":
			// The id of the result is looked up by a name that is not there.
			return errCrash()
		}
		done, err := im.settle("USER", name, old.id, "User with user name "+name+" already exists.")
		if done {
			return err
		}
		im.remove(old)
	}
	id := cmp.Or(str(o, "id"), oidc.NewID())
	if rm.users.byID[id] != nil {
		return conflict
	}
	u := &user{id: id, realm: rm, username: username, email: email, firstName: str(o, "firstName"),
		lastName: str(o, "lastName"), enabled: is(o, "enabled"), emailVerified: is(o, "emailVerified"),
		attributes: attributeLists(o["attributes"]), created: im.now().UnixMilli()}
	if created, given := number(o, "createdTimestamp"); given {
		u.created = created
	}
	u.notBefore, _ = number(o, "notBefore")
	for _, a := range stringList(o["requiredActions"]) {
		u.addRequiredAction(a)
	}
	for _, cred := range objects(o["credentials"]) {
		if value, given := text(cred, "value"); given {
			if rm.checkPassword(u, value) != nil {
				return errCrash()
			}
			u.setPassword(value, im.now())
		}
	}
	if err := im.grant(u, o); err != nil {
		return err
	}
	var groups []*group
	for _, p := range stringList(o["groups"]) {
		g := rm.groupByPath(p)
		if g == nil {
			return errCrash()
		}
		groups = append(groups, g)
	}
	rm.users.add(u)
	for _, g := range groups {
		u.join(g)
	}
	im.undo = append(im.undo, func() { rm.removeUser(u) })
	im.done(old != nil, "USER", name, u.id)
	return nil
}

// grant gives a user the roles of its representation; a realm role that does
// not exist is made.
func (im *importer) grant(u *user, o object) *apiError {
	for _, name := range stringList(o["realmRoles"]) {
		r := im.realm.roles[name]
		if r == nil {
			r = im.realm.newRole(nil, name, "")
			im.undo = append(im.undo, func() { im.removeRole(r) })
		}
		addMapping(u, r)
	}
	ofClients, _ := o["clientRoles"].(object)
	for clientID, names := range ofClients {
		cl := im.realm.clientIDs[clientID]
		if cl == nil {
			return errCrash()
		}
		for _, name := range stringList(names) {
			r := cl.roles[name]
			if r == nil {
				return errCrash()
			}
			addMapping(u, r)
		}
	}
	return nil
}

// remove deletes a user that is about to be overwritten.
func (im *importer) remove(u *user) {
	groups := slices.Clone(u.groups)
	im.realm.removeUser(u)
	im.undo = append(im.undo, func() {
		im.realm.users.add(u)
		for _, g := range groups {
			g.addMember(u)
		}
	})
}
