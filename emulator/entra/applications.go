package entra

import (
	"net/http"
	"slices"
	"strings"

	"github.com/idpctl/idpctl/emulator/jsonvalue"
	"github.com/idpctl/idpctl/emulator/oidc"
)

func (c *call) listApplications() (reply, error) {
	return c.list(listing{kind: KindApplication, fragment: "applications", elements: c.elements(KindApplication)})
}

func (c *call) countApplications() (reply, error) {
	return c.count(listing{kind: KindApplication, elements: c.elements(KindApplication)})
}

// keyed finds the object that the path names by id or by another key, as the
// replica shows it. The entity is there as well if only the primary has it.
func (c *call) keyed(kind Kind) (e *entity, st *state, name string) {
	t := c.dir.tables[kind]
	for _, key := range []string{"uniqueName", "appId"} {
		if v, has := c.params[key]; has {
			e, name = c.dir.find(kind, key, v), v
		}
	}
	if id, has := c.params["id"]; has && e == nil && name == "" {
		e, name = t.byID[strings.ToLower(id)], id
	}
	st = c.show(e, c.replica)
	if st != nil && st.deleted() {
		st = nil
	}
	return e, st, name
}

// application finds the application of the path, or says 404 or 403.
func (c *call) application(kind Kind) (*entity, *state, error) {
	e, st, name := c.keyed(kind)
	if st == nil || e.now == nil {
		return nil, nil, notFound(name)
	}
	if !c.mayTouch(st) {
		return nil, nil, forbidden()
	}
	return e, st, nil
}

func (c *call) getApplication() (reply, error) {
	_, st, err := c.application(KindApplication)
	if err != nil {
		return reply{}, err
	}
	return c.one(KindApplication, st, "applications")
}

func (c *call) createApplication() (reply, error) {
	in, err := c.decode()
	if err != nil {
		return reply{}, err
	}
	return c.makeApplication(in)
}

// makeApplication creates an application. The caller becomes its owner, so
// that Application.ReadWrite.OwnedBy is enough to go on with it.
func (c *call) makeApplication(in object) (reply, error) {
	set, err := schemas[KindApplication].check(KindApplication, in, true)
	if err != nil {
		return reply{}, err
	}
	if str(set, "displayName") == "" {
		return reply{}, missing("displayName")
	}
	st := c.newApplication(set)
	if err := c.checkApplication(st, nil); err != nil {
		return reply{}, err
	}
	if err := c.quota(); err != nil {
		return reply{}, err
	}
	if c.caller.principal != "" && !c.caller.delegated {
		st.owners = []string{c.caller.principal}
	}
	c.write(KindApplication, str(st.props, "id"), st)
	return c.created(KindApplication, st, "applications")
}

// quota refuses what is too much for who is no administrator (section 2).
func (c *call) quota() error {
	owned := 0
	for _, kind := range []Kind{KindApplication, KindServicePrincipal} {
		for _, e := range c.dir.tables[kind].order {
			if e.now != nil && slices.Contains(e.now.owners, c.caller.principal) {
				owned++
			}
		}
	}
	if c.opts.ObjectQuota > 0 && owned >= c.opts.ObjectQuota {
		return graphError(http.StatusForbidden, "Directory_QuotaExceeded", "The directory object quota limit for the Principal has been exceeded. "+
			"Please ask your administrator to increase the quota limit or delete objects to reduce the used quota.")
	}
	return nil
}

// newApplication fills in what an application is by default (section 2).
func (s *Server) newApplication(set object) *state {
	sc := schemas[KindApplication]
	props := sc.fresh()
	props["id"], props["appId"] = oidc.NewID(), oidc.NewID()
	props["createdDateTime"], props["publisherDomain"] = timestamp(s.now()), s.opts.domains()[0]
	props["parentalControlSettings"] = object{"countriesBlockedForMinors": []any{}, "legalAgeGroupRule": "Allow"}
	sc.merge(props, set)
	return &state{props: props}
}

// checkApplication holds an application against the rules; old is nil for a new one.
func (c *call) checkApplication(st, old *state) error {
	p := st.props
	switch {
	case len([]rune(str(p, "displayName"))) > 256 || str(p, "displayName") == "":
		return invalidValue(KindApplication, "displayName")
	case len([]rune(str(p, "description"))) > 1024:
		return invalidValue(KindApplication, "description")
	}
	audiences := []string{"AzureADMyOrg", "AzureADMultipleOrgs", "AzureADandPersonalMicrosoftAccount", "PersonalMicrosoftAccount"}
	if !slices.Contains(audiences, str(p, "signInAudience")) {
		return invalidValue(KindApplication, "signInAudience")
	}
	api := sub(p, "api")
	if v := api["requestedAccessTokenVersion"]; v != nil && v != int64(1) && v != int64(2) {
		return invalidValue(KindApplication, "requestedAccessTokenVersion")
	} else if strings.Contains(str(p, "signInAudience"), "PersonalMicrosoftAccount") && v != int64(2) {
		return invalidValue(KindApplication, "requestedAccessTokenVersion")
	}
	known := []string{}
	if old != nil {
		known = jsonvalue.Texts(old.props["identifierUris"])
		// uniqueName is immutable; one PATCH may fill an empty one (section 2).
		if was := str(old.props, "uniqueName"); was != "" && was != str(p, "uniqueName") {
			return badRequest("Property 'uniqueName' is read-only and cannot be set.").with("PropertyNotUpdatable", "uniqueName")
		}
	}
	for _, uri := range jsonvalue.Texts(p["identifierUris"]) {
		if !slices.Contains(known, uri) && !c.acceptableURI(uri, str(p, "appId")) {
			return badRequest("Failed to add identifier URI %s. All newly added URIs must contain a tenant verified domain, tenant ID, or app ID, "+
				"as per the default tenant policy of your organization.", uri).with("InvalidValue", "identifierUris")
		}
	}
	if property := c.dir.conflict(KindApplication, str(p, "id"), st); property != "" {
		return duplicate(property)
	}
	return nil
}

// acceptableURI tells the identifier URIs that the tenant's policy allows.
func (c *call) acceptableURI(uri, appID string) bool {
	rest, isAPI := strings.CutPrefix(uri, "api://")
	host, path, _ := strings.Cut(rest, "/")
	if isAPI && (host == appID || host == c.opts.TenantID && path == appID) {
		return true
	}
	rest, isHTTPS := strings.CutPrefix(rest, "https://")
	if host, _, _ = strings.Cut(rest, "/"); !isAPI && !isHTTPS {
		return false
	}
	return slices.ContainsFunc(c.opts.domains(), func(d string) bool { return host == d || strings.HasSuffix(host, "."+d) })
}

// patchApplication updates, or creates if the path has an alternate key and
// the request prefers that (section 2).
func (c *call) patchApplication() (reply, error) {
	in, err := c.decode()
	if err != nil {
		return reply{}, err
	}
	e, st, name := c.keyed(KindApplication)
	unique, upsert := c.params["uniqueName"]
	if st == nil && upsert && c.createsIfMissing() {
		if _, has := in["passwordCredentials"]; has {
			return reply{}, badRequest("Property 'passwordCredentials' cannot be set in this request.").with("InvalidValue", "passwordCredentials")
		}
		if own, has := in["uniqueName"]; has && own != unique {
			return reply{}, invalidValue(KindApplication, "uniqueName")
		}
		in["uniqueName"] = unique
		return c.makeApplication(in)
	}
	if st == nil || e.now == nil {
		return reply{}, notFound(name)
	}
	if !c.mayTouch(st) {
		return reply{}, forbidden()
	}
	sc := schemas[KindApplication]
	set, err := sc.check(KindApplication, in, false)
	if err != nil {
		return reply{}, err
	}
	next := e.now.copy()
	sc.merge(next.props, set)
	if err := c.checkApplication(next, e.now); err != nil {
		return reply{}, err
	}
	c.write(KindApplication, e.id, next)
	return noContent()
}

// createsIfMissing reports whether a PATCH by an alternate key may create.
func (c *call) createsIfMissing() bool {
	if c.opts.NoUpsert {
		return false
	}
	for prefer := range strings.SplitSeq(strings.Join(c.r.Header.Values("Prefer"), ","), ",") {
		if strings.EqualFold(strings.TrimSpace(prefer), "create-if-missing") {
			return true
		}
	}
	return false
}

func (c *call) deleteApplication() (reply, error) {
	e, _, err := c.application(KindApplication)
	if err != nil {
		return reply{}, err
	}
	c.binApplication(e)
	return noContent()
}

// binApplication puts the application into the recycle bin, and with it its
// service principal in this tenant (section 2, mem).
func (s *Server) binApplication(e *entity) {
	if sp := s.dir.find(KindServicePrincipal, "appId", str(e.now.props, "appId")); sp != nil && sp.now != nil && !sp.now.deleted() {
		s.softDelete(sp)
	}
	s.softDelete(e)
}

// softDelete puts an object into the recycle bin.
func (s *Server) softDelete(e *entity) {
	next := e.now.copy()
	next.props["deletedDateTime"] = timestamp(s.now())
	s.bin[e.kind][e.id] = s.now()
	s.write(e.kind, e.id, next)
}
