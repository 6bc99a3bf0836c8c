package auth0

import (
	"net/http"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/idpctl/idpctl/emulator/oidc"
)

// checkClient checks what is more than a type.
func checkClient(in object) error {
	if name, sent := in["name"]; sent {
		s, _ := name.(string)
		if s == "" {
			return badBody("name", "String is too short (0 chars), minimum 1")
		}
		if strings.ContainsAny(s, "<>") {
			return badBody("name", "String does not match pattern ^[^<>]+$")
		}
	}
	if err := oneOf(in, "app_type", appTypes()...); err != nil {
		return err
	}
	if err := oneOf(in, "token_endpoint_auth_method", "none", "client_secret_post", "client_secret_basic"); err != nil {
		return err
	}
	metadata := sub(in, "client_metadata")
	if len(metadata) > 10 {
		return badBody("client_metadata", "Too many properties defined (%d), maximum 10", len(metadata))
	}
	for _, k := range sortedKeys(metadata) {
		s, text := metadata[k].(string)
		switch {
		case metadata[k] == nil:
		case !text:
			return badBody("client_metadata."+k, "Expected type string but found type %s", typeOf(metadata[k]))
		case utf8.RuneCountInString(s) > 255:
			return badBody("client_metadata."+k, "String is too long (%d chars), maximum 255", utf8.RuneCountInString(s))
		}
	}
	return nil
}

// newClient makes a client of what was sent.
func (s *Server) newClient(in object, id, secret string) *state {
	clientDefaults(in)
	if metadata := sub(in, "client_metadata"); metadata != nil {
		in["client_metadata"] = merge(object{}, metadata)
	}
	for k, v := range in {
		if v == nil {
			delete(in, k)
		}
	}
	in["client_id"], in["tenant"], in["global"] = id, s.tenantName(), false
	if s.key != nil { // it is there when somebody has a token to create a client with
		in["signing_keys"] = []any{object{"cert": "-----BEGIN CERTIFICATE-----\r\n" + s.key.Certificate() + "\r\n-----END CERTIFICATE-----\r\n", "subject": "/CN=" + s.opts.Domain}}
	}
	return (&state{props: in, secret: secret}).hideSecret()
}

// tenantName is the first label of the domain.
func (s *Server) tenantName() string {
	name, _, _ := strings.Cut(s.opts.Domain, ".")
	return name
}

// hideSecret shows the secret unless the client proves itself by a key
// (section 4).
func (st *state) hideSecret() *state {
	if st.props["client_authentication_methods"] != nil {
		delete(st.props, "client_secret")
	} else {
		st.props["client_secret"] = st.secret
	}
	return st
}

func (c *call) createClient() (reply, error) {
	in, err := c.decode(clientSchema())
	if err != nil {
		return reply{}, err
	}
	if err := checkClient(in); err != nil {
		return reply{}, err
	}
	if q := c.opts.Quota.Clients; q > 0 && len(c.all(KindClient)) > q { // the global client does not count
		return reply{}, tooMany()
	}
	id := oidc.RandomText(32, alphanumeric)
	if err := c.adoptCredentials(id, in); err != nil {
		return reply{}, err
	}
	st := c.newClient(in, id, oidc.RandomText(64, alphanumeric+"_-"))
	c.write(KindClient, id, st)
	return created(st.props)
}

func (c *call) listClients() (reply, error) {
	for _, name := range []string{"is_global", "is_first_party"} {
		if _, err := c.boolean(name); err != nil {
			return reply{}, err
		}
	}
	types := strings.FieldsFunc(c.query.Get("app_type"), func(r rune) bool { return r == ',' })
	var out, global []object
	for _, st := range c.listed(KindClient) {
		p := st.props
		if !c.wanted("is_global", is(p, "global")) || !c.wanted("is_first_party", is(p, "is_first_party")) ||
			len(types) > 0 && !slices.Contains(types, str(p, "app_type")) {
			continue
		}
		if is(p, "global") {
			global = append(global, p) // last of all (section 1)
			continue
		}
		out = append(out, p)
	}
	return c.answerList(list{items: "clients", id: "client_id", always: []string{"tenant"}}, append(out, global...))
}

func (c *call) getClient() (reply, error) {
	st := c.get(KindClient, c.params["id"])
	if st == nil {
		return reply{}, noClient()
	}
	return ok(c.pickOne(st.props, nil))
}

// patchClient: what is absent stays, null removes, arrays are replaced;
// jwt_configuration and client_metadata are merged (section 4).
func (c *call) patchClient() (reply, error) {
	st := c.get(KindClient, c.params["id"])
	if st == nil {
		return reply{}, noClient()
	}
	if is(st.props, "global") {
		return reply{}, notEmulated("a change of the global client")
	}
	allowed := clientSchema().patchable()
	allowed["client_secret"] = "string"
	in, err := c.decode(allowed)
	if err != nil {
		return reply{}, err
	}
	if err := checkClient(in); err != nil {
		return reply{}, err
	}
	if err := c.adoptCredentials(c.params["id"], in); err != nil {
		return reply{}, err
	}
	next := st.copy()
	if secret, sent := in["client_secret"].(string); sent {
		next.secret = secret
		delete(in, "client_secret")
	}
	for _, name := range []string{"jwt_configuration", "client_metadata", "refresh_token"} {
		if part := sub(in, name); part != nil {
			in[name] = merge(sub(next.props, name), part)
		}
	}
	next.props = merge(next.props, in)
	if metadata := sub(next.props, "client_metadata"); len(metadata) > 10 {
		return reply{}, badBody("client_metadata", "Too many properties defined (%d), maximum 10", len(metadata))
	}
	c.write(KindClient, c.params["id"], next.hideSecret())
	return ok(next.props)
}

// deleteClient is 204 also where there is none (section 3).
func (c *call) deleteClient() (reply, error) {
	id := c.params["id"]
	st := c.get(KindClient, id)
	if st == nil {
		return noContent()
	}
	if is(st.props, "global") {
		return reply{}, fail(http.StatusBadRequest, "", "The global client cannot be deleted.")
	}
	c.dropClient(id)
	return noContent()
}

// dropClient takes a client out of the connections too, with its grants and
// credentials.
func (s *Server) dropClient(id string) {
	s.write(KindClient, id, nil)
	delete(s.credentials, id)
	for _, con := range s.all(KindConnection) {
		if slices.Contains(con.members, id) {
			next := con.copy()
			next.members = slices.DeleteFunc(next.members, func(m string) bool { return m == id })
			s.write(KindConnection, str(con.props, "id"), next)
		}
	}
	for _, g := range s.all(KindClientGrant) {
		if str(g.props, "client_id") == id {
			s.write(KindClientGrant, str(g.props, "id"), nil)
		}
	}
}
