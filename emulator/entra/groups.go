package entra

import (
	"net/http"
	"slices"
	"strings"

	"github.com/idpctl/idpctl/emulator/jsonvalue"
	"github.com/idpctl/idpctl/emulator/oidc"
)

// maxBound is how many relations one request may bind (section 5).
const maxBound = 20

func (c *call) listGroups() (reply, error) {
	return c.list(listing{kind: KindGroup, fragment: "groups", elements: c.elements(KindGroup)})
}

func (c *call) countGroups() (reply, error) {
	return c.count(listing{kind: KindGroup, elements: c.elements(KindGroup)})
}

// group finds the group of the path.
func (c *call) group() (*entity, *state, error) {
	e, st, name := c.keyed(KindGroup)
	if st == nil || e.now == nil {
		return nil, nil, notFound(name)
	}
	return e, st, nil
}

func (c *call) getGroup() (reply, error) {
	_, st, err := c.group()
	if err != nil {
		return reply{}, err
	}
	return c.one(KindGroup, st, "groups")
}

func (c *call) createGroup() (reply, error) {
	in, err := c.decode()
	if err != nil {
		return reply{}, err
	}
	return c.makeGroup(in)
}

// makeGroup creates a group. Names are not unique: two requests make two
// groups (section 5).
func (c *call) makeGroup(in object) (reply, error) {
	members, owners, err := takeBound(in)
	if err != nil {
		return reply{}, err
	}
	set, err := schemas[KindGroup].check(KindGroup, in, true)
	if err != nil {
		return reply{}, err
	}
	for _, name := range []string{"displayName", "mailEnabled", "mailNickname", "securityEnabled"} {
		if set[name] == nil {
			return reply{}, missing(name)
		}
	}
	unified := slices.Contains(jsonvalue.Texts(set["groupTypes"]), "Unified")
	if is(set, "mailEnabled") != unified || !unified && !is(set, "securityEnabled") {
		return reply{}, badRequest("The service does not currently support writes of mail-enabled groups. Please ensure that the mail-enablement property is unset.").
			with("InvalidValue", "mailEnabled")
	}
	st := c.newGroup(set)
	if err := c.checkGroup(st, nil, set); err != nil {
		return reply{}, err
	}
	for _, ref := range append(slices.Clone(members), owners...) {
		// Of what a replica does not know, a creation says 400 (section 8).
		if _, o := c.anyObject(ref, c.replica); o == nil {
			return reply{}, badRequest("Resource '%s' does not exist or one of its queried reference-property objects are not present.", ref)
		}
	}
	st.members, st.owners = members, owners
	c.write(KindGroup, str(st.props, "id"), st)
	return c.created(KindGroup, st, "groups")
}

func (s *Server) newGroup(set object) *state {
	props := schemas[KindGroup].fresh()
	props["id"], props["createdDateTime"] = oidc.NewID(), timestamp(s.now())
	props["renewedDateTime"] = props["createdDateTime"]
	schemas[KindGroup].merge(props, set)
	if slices.Contains(jsonvalue.Texts(props["groupTypes"]), "Unified") {
		props["mail"] = str(props, "mailNickname") + "@" + s.opts.domains()[0]
	}
	return &state{props: props}
}

func (c *call) checkGroup(st, old *state, set object) error {
	if n := len([]rune(str(st.props, "displayName"))); n == 0 || n > 256 {
		return invalidValue(KindGroup, "displayName")
	}
	if _, has := set["mailNickname"]; has && !validNickname(str(set, "mailNickname")) {
		return invalidValue(KindGroup, "mailNickname")
	}
	if old != nil {
		if was := str(old.props, "uniqueName"); was != "" && was != str(st.props, "uniqueName") {
			return badRequest("Property 'uniqueName' is read-only and cannot be set.").with("PropertyNotUpdatable", "uniqueName")
		}
	}
	if property := c.dir.conflict(KindGroup, str(st.props, "id"), st); property != "" {
		return duplicate(property)
	}
	return nil
}

// takeBound takes the relations out of a request.
func takeBound(in object) (members, owners []string, err error) {
	total := 0
	for name, to := range map[string]*[]string{"members@odata.bind": &members, "owners@odata.bind": &owners} {
		v, has := in[name]
		if !has {
			continue
		}
		delete(in, name)
		list, isList := v.([]any)
		if !isList {
			return nil, nil, malformed("The value of '%s' is not a list of references.", name)
		}
		for _, e := range list {
			ref, _ := e.(string)
			id, ok := referenced(ref)
			if !ok {
				return nil, nil, badRequest("The reference '%s' is not valid.", ref)
			}
			if slices.Contains(*to, id) {
				return nil, nil, badRequest("One or more added object references are not unique.")
			}
			*to = append(*to, id)
		}
		total += len(list)
	}
	if total > maxBound {
		return nil, nil, badRequest("The number of relationships that can be added in one request is limited to %d.", maxBound)
	}
	return members, owners, nil
}

// referenced reads the id out of the URL of an object.
func referenced(ref string) (string, bool) {
	path, _, _ := strings.Cut(ref, "?")
	_, rest, found := strings.Cut(path, "/v1.0/")
	if !found {
		rest = strings.TrimPrefix(path, "/")
	}
	parts, ok := segments(rest)
	if !ok || len(parts) != 2 || !slices.Contains([]string{"directoryObjects", "users", "groups", "servicePrincipals"}, parts[0]) {
		return "", false
	}
	return strings.ToLower(parts[1]), guid.MatchString(parts[1])
}

// patchGroup updates a group and adds members or owners, all of it or nothing.
// By uniqueName it creates the group if the request prefers that.
func (c *call) patchGroup() (reply, error) {
	in, err := c.decode()
	if err != nil {
		return reply{}, err
	}
	e, st, name := c.keyed(KindGroup)
	unique, upsert := c.params["uniqueName"]
	if st == nil && upsert && c.createsIfMissing() {
		if own, has := in["uniqueName"]; has && own != unique {
			return reply{}, invalidValue(KindGroup, "uniqueName")
		}
		in["uniqueName"] = unique
		return c.makeGroup(in)
	}
	if st == nil || e.now == nil {
		return reply{}, notFound(name)
	}
	members, owners, err := takeBound(in)
	if err != nil {
		return reply{}, err
	}
	set, err := schemas[KindGroup].check(KindGroup, in, false)
	if err != nil {
		return reply{}, err
	}
	if (len(set) > 0 || len(owners) > 0) && !c.caller.holds(writeGroups) {
		return reply{}, forbidden()
	}
	next := e.now.copy()
	schemas[KindGroup].merge(next.props, set)
	if err := c.checkGroup(next, e.now, set); err != nil {
		return reply{}, err
	}
	if err := c.add(&next.members, "members", members); err != nil {
		return reply{}, err
	}
	if err := c.add(&next.owners, "owners", owners); err != nil {
		return reply{}, err
	}
	c.write(KindGroup, e.id, next)
	return noContent()
}

// deleteGroup puts Microsoft 365 groups into the recycle bin. Security groups
// are gone, unless the tenant keeps them (section 5).
func (c *call) deleteGroup() (reply, error) {
	e, _, err := c.group()
	if err != nil {
		return reply{}, err
	}
	c.removeGroup(e)
	return reply{status: http.StatusNoContent}, nil
}

func (s *Server) removeGroup(e *entity) {
	if s.opts.SoftDeleteSecurityGroups || slices.Contains(jsonvalue.Texts(e.now.props["groupTypes"]), "Unified") {
		s.softDelete(e)
		return
	}
	s.drop(KindGroup, e.id)
}
