package auth0

import (
	"cmp"
	"net/http"
	"regexp"
	"slices"
	"strings"

	"github.com/idpctl/idpctl/emulator/jsonvalue"
)

func connectionSchema() schema {
	return schema{"name": "string!", "strategy": "string!", "display_name": "string", "options": "object", "enabled_clients": "strings",
		"is_domain_connection": "boolean", "realms": "strings", "metadata": "object", "show_as_button": "boolean", "authentication": "object", "connected_accounts": "object"}
}

// refilled are the options that are never missing (section 6).
func refilled(options object) object {
	defaults(options, object{
		"authentication_methods": object{"password": object{"enabled": true, "api_behavior": "required"}, "passkey": object{"enabled": false}},
		"passkey_options":        object{"challenge_ui": "both", "local_enrollment_enabled": true, "progressive_enrollment_enabled": true},
	})
	return options
}

// newConnection makes a connection of what was sent (section 6).
func newConnection(in object, id string) *state {
	options, _ := in["options"].(object)
	if options == nil {
		options = object{}
	}
	st := &state{members: jsonvalue.Texts(in["enabled_clients"])}
	delete(in, "enabled_clients")
	if str(in, "strategy") == "auth0" {
		defaults(options, object{"mfa": object{"active": true, "return_enroll_settings": true}, "passwordPolicy": "good", "strategy_version": int64(2),
			"brute_force_protection": true})
		refilled(options)
	}
	in["options"], in["id"] = options, id
	defaults(in, object{"is_domain_connection": false, "authentication": object{"active": true}, "connected_accounts": object{"active": false},
		"realms": []any{in["name"]}})
	st.props = in
	return st
}

// connection is what answers show of one; enabled: with enabled_clients.
func connection(st *state, enabled bool) object {
	if !enabled {
		return st.props
	}
	return merge(st.props, object{"enabled_clients": jsonvalue.Anys(st.members)})
}

var connectionName = regexp.MustCompile(`^[a-zA-Z0-9](-[a-zA-Z0-9]|[a-zA-Z0-9])*$`)

func (c *call) createConnection() (reply, error) {
	in, err := c.decode(connectionSchema())
	if err != nil {
		return reply{}, err
	}
	name := str(in, "name")
	switch {
	case !connectionName.MatchString(name) || len(name) > 128:
		return reply{}, badBody("name", "String does not match pattern ^[a-zA-Z0-9](-[a-zA-Z0-9]|[a-zA-Z0-9])*$")
	case c.find(KindConnection, "name", name) != nil:
		return reply{}, fail(http.StatusConflict, "connection_conflict", "A connection with the same name already exists")
	case c.opts.Quota.Connections > 0 && len(c.all(KindConnection)) >= c.opts.Quota.Connections:
		return reply{}, tooMany()
	}
	if err := checkOptions(sub(in, "options")); err != nil {
		return reply{}, err
	}
	st := newConnection(in, newID("con_"))
	c.write(KindConnection, str(st.props, "id"), st)
	return created(connection(st, true))
}

func checkOptions(options object) error {
	if policy, set := options["passwordPolicy"].(string); set && !slices.Contains([]string{"none", "low", "fair", "good", "excellent"}, policy) {
		return badBody("options.passwordPolicy", "No enum match for: %s", policy)
	}
	return nil
}

func (c *call) listConnections() (reply, error) {
	var out []object
	strategies := c.query["strategy"]
	for _, st := range c.listed(KindConnection) {
		p := st.props
		if c.query.Has("name") && str(p, "name") != c.query.Get("name") || len(strategies) > 0 && !slices.Contains(strategies, str(p, "strategy")) {
			continue
		}
		out = append(out, connection(st, c.opts.EnabledClients))
	}
	// By name, whatever the case (section 1).
	slices.SortStableFunc(out, func(a, b object) int {
		return cmp.Compare(strings.ToLower(str(a, "name")), strings.ToLower(str(b, "name")))
	})
	return c.answerList(list{items: "connections", id: "id", always: connectionFields()}, out)
}

// connectionsOfClient are those that are enabled for a client (section 6).
func (c *call) connectionsOfClient() (reply, error) {
	if c.get(KindClient, c.params["id"]) == nil {
		return reply{}, noClient()
	}
	out := []object{}
	for _, st := range c.listed(KindConnection) {
		if slices.Contains(st.members, c.params["id"]) {
			out = append(out, connection(st, c.opts.EnabledClients))
		}
	}
	slices.SortStableFunc(out, func(a, b object) int {
		return cmp.Compare(strings.ToLower(str(a, "name")), strings.ToLower(str(b, "name")))
	})
	return c.checkpoint(list{items: "connections", id: "id", always: connectionFields()}, out, 0)
}

// connectionFields come with every choice of fields (section 1).
func connectionFields() []string {
	return []string{"id", "is_domain_connection", "authentication", "connected_accounts"}
}

func (c *call) getConnection() (reply, error) {
	st := c.get(KindConnection, c.params["id"])
	if st == nil {
		return reply{}, noConnection()
	}
	return ok(c.pickOne(connection(st, c.opts.EnabledClients), connectionFields()))
}

// patchConnection replaces options as a whole (section 6).
func (c *call) patchConnection() (reply, error) {
	st := c.get(KindConnection, c.params["id"])
	if st == nil {
		return reply{}, noConnection()
	}
	allowed := connectionSchema().patchable()
	delete(allowed, "name")
	delete(allowed, "strategy")
	if !c.opts.EnabledClients {
		delete(allowed, "enabled_clients")
	}
	in, err := c.decode(allowed)
	if err != nil {
		return reply{}, err
	}
	if err := checkOptions(sub(in, "options")); err != nil {
		return reply{}, err
	}
	next := st.copy()
	if clients, sent := in["enabled_clients"]; sent {
		next.members = jsonvalue.Texts(clients)
		delete(in, "enabled_clients")
	}
	if options := sub(in, "options"); options != nil && str(st.props, "strategy") == "auth0" {
		in["options"] = refilled(options)
	}
	next.props = merge(next.props, in)
	c.write(KindConnection, c.params["id"], next)
	return ok(connection(next, c.opts.EnabledClients))
}

// deleteConnection answers 202, and its users go with it (section 3).
func (c *call) deleteConnection() (reply, error) {
	id := c.params["id"]
	if c.get(KindConnection, id) == nil {
		if at, known := c.deleted[id]; known && c.now().Before(at.Add(c.opts.DeletedConnections)) {
			return reply{http.StatusAccepted, object{"deleted_at": timestamp(at)}}, nil
		}
		return noContent()
	}
	c.dropConnection(id)
	c.deleted[id] = c.now()
	return reply{http.StatusAccepted, object{"deleted_at": timestamp(c.now())}}, nil
}

func (s *Server) dropConnection(id string) {
	for _, u := range s.all(KindUser) {
		if u.connection == id {
			s.dropUser(str(u.props, "user_id"))
		}
	}
	s.write(KindConnection, id, nil)
}

// listEnabled are the clients of a connection, 50 a page (section 6).
func (c *call) listEnabled() (reply, error) {
	if c.get(KindConnection, c.params["id"]) == nil {
		return reply{}, noConnection()
	}
	out := []object{}
	if st := c.shown(KindConnection, c.params["id"]); st != nil {
		for _, id := range st.members {
			out = append(out, object{"client_id": id})
		}
	}
	return c.checkpoint(list{items: "clients", id: "client_id"}, out, 50)
}

// patchEnabled adds and removes clients, at most 50 a call (section 6).
func (c *call) patchEnabled() (reply, error) {
	st := c.get(KindConnection, c.params["id"])
	if st == nil {
		return reply{}, noConnection()
	}
	v, err := c.value()
	if err != nil {
		return reply{}, err
	}
	changes, isList := v.([]any)
	switch {
	case !isList:
		return reply{}, badBody("", "Expected type array but found type %s", typeOf(v))
	case len(changes) > 50:
		return reply{}, badBody("", "Array is too long (%d), maximum 50", len(changes))
	case len(changes) == 0:
		return reply{}, badBody("", "Array is too short (0), minimum 1")
	}
	next := st.copy()
	for _, change := range changes {
		o, _ := change.(object)
		if err := (schema{"client_id": "string!", "status": "boolean!"}).check(o); err != nil {
			return reply{}, err
		}
		id := str(o, "client_id")
		if c.get(KindClient, id) == nil {
			return reply{}, noClient()
		}
		switch enabled := slices.Contains(next.members, id); {
		case is(o, "status") && !enabled:
			next.members = append(next.members, id)
		case !is(o, "status"):
			next.members = slices.DeleteFunc(next.members, func(m string) bool { return m == id })
		}
	}
	c.write(KindConnection, c.params["id"], next)
	return noContent()
}
