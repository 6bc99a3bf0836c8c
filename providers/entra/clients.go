package entra

import (
	"context"
	"slices"
	"strings"

	"github.com/microsoftgraph/msgraph-sdk-go/applications"
	"github.com/microsoftgraph/msgraph-sdk-go/applicationswithuniquename"
	"github.com/microsoftgraph/msgraph-sdk-go/models"
	"github.com/microsoftgraph/msgraph-sdk-go/serviceprincipals"
	"github.com/zclconf/go-cty/cty"

	"github.com/idpctl/idpctl/providers"
	"github.com/idpctl/idpctl/providers/attr"
	"github.com/idpctl/idpctl/providers/work"
	"github.com/idpctl/idpctl/resource"
)

// markerTag is what the tag begins with that says whose an application is.
const markerTag = "idpctl:"

// uniquePrefix begins the unique names of what idpctl makes; the rest is random.
const uniquePrefix = "idpctl-"

func uniqueName(key string) string { return uniquePrefix + key }

// upsertKey is the key that an object was made with, empty if idpctl did not
// make it.
func upsertKey(uniqueName string) string {
	key, ok := strings.CutPrefix(uniqueName, uniquePrefix)
	if !ok {
		return ""
	}
	return key
}

func applicationProperties() []string {
	return []string{"id", "appId", "displayName", "notes", "isFallbackPublicClient", "signInAudience", "api", "requiredResourceAccess", "tags", "uniqueName", "createdDateTime"}
}

// clientSearch gathers what finds applications.
type clientSearch struct {
	*conn
	found map[string]*foundClient // by object id
}

type foundClient struct {
	models.Applicationable
	owners    []string
	principal models.ServicePrincipalable
	assigned  []string
}

func (c *conn) listClients(ctx context.Context, q providers.Query) ([]resource.Object, error) {
	s := &clientSearch{conn: c, found: map[string]*foundClient{}}
	if q.Deleted {
		return s.deleted(ctx, q)
	}
	if err := s.lookUp(ctx, q); err != nil {
		return nil, err
	}
	if !q.Brief {
		if err := s.complete(ctx, q); err != nil {
			return nil, err
		}
	}
	return s.objects(q), nil
}

func (s *clientSearch) objects(q providers.Query) []resource.Object {
	out := make([]resource.Object, 0, len(s.found))
	for _, a := range s.found {
		out = append(out, s.clientObject(a, q))
	}
	return out
}

// markerIn is the marker among an application's tags, empty if there is none.
func markerIn(tags []string) string {
	for _, t := range tags {
		if m, ok := strings.CutPrefix(t, markerTag); ok {
			return m
		}
	}
	return ""
}

func (s *clientSearch) lookUp(ctx context.Context, q providers.Query) error {
	var filters []string
	if q.All {
		filters = []string{""}
	} else {
		by := work.Asked(q, "client_id")
		var tags []string
		for _, m := range q.Markers {
			tags = append(tags, markerTag+m)
		}
		filters = slices.Concat(inFilters("id", sorted(by["id"], isID)), inFilters("appId", sorted(by["client_id"], isID)), anyFilters("tags", "", tags))
	}
	calls := make([]*call, len(filters))
	for i, f := range filters {
		params := &applications.ApplicationsRequestBuilderGetQueryParameters{Select: applicationProperties(), Top: ptr(s.page)}
		if f != "" {
			params.Filter = &f
		}
		info, err := applications.NewApplicationsRequestBuilderInternal(s.path(), builders{}).ToGetRequestInformation(ctx,
			&applications.ApplicationsRequestBuilderGetRequestConfiguration{QueryParameters: params})
		if err != nil {
			return badRequest(err)
		}
		calls[i] = &call{info: info, doing: "list applications", needs: readApplications}
	}
	err := list[models.ApplicationCollectionResponseable](ctx, s.conn, calls, models.CreateApplicationCollectionResponseFromDiscriminatorValue, func(_ int, a models.Applicationable) {
		s.found[text(a.GetId())] = &foundClient{Applicationable: a}
	})
	if err != nil {
		return err
	}
	return s.byUpsertKey(ctx, q.UpsertKeys)
}

// byUpsertKey finds applications by the unique names that they were made with,
// on which there is no filter.
func (s *clientSearch) byUpsertKey(ctx context.Context, keys []string) error {
	calls := make([]*call, len(keys))
	for i, key := range keys {
		q, err := s.getByUniqueName(ctx, key)
		if err != nil {
			return err
		}
		calls[i] = q
	}
	for _, r := range s.all(ctx, calls) {
		if r.err != nil {
			return r.err
		}
		a, ok, err := parse[models.Applicationable](r, models.CreateApplicationFromDiscriminatorValue)
		if err != nil {
			return err
		}
		if ok {
			s.found[text(a.GetId())] = &foundClient{Applicationable: a}
		}
	}
	return nil
}

func (c *conn) getByUniqueName(ctx context.Context, key string) (*call, error) {
	info, err := applicationswithuniquename.NewApplicationsWithUniqueNameRequestBuilderInternal(c.path(), builders{}, ptr(uniqueName(key))).ToGetRequestInformation(ctx,
		&applicationswithuniquename.ApplicationsWithUniqueNameRequestBuilderGetRequestConfiguration{
			QueryParameters: &applicationswithuniquename.ApplicationsWithUniqueNameRequestBuilderGetQueryParameters{Select: applicationProperties()},
		})
	if err != nil {
		return nil, badRequest(err)
	}
	return &call{info: info, doing: "look for the application", needs: readApplications, missing: true}, nil
}

// complete reads the service principals of what was found, and owners and
// assignments unless nobody asks for them.
func (s *clientSearch) complete(ctx context.Context, q providers.Query) error {
	byApp := map[string]*foundClient{}
	var apps []string
	var calls []*call
	var into []*[]string
	for id, a := range s.found {
		byApp[text(a.GetAppId())] = a
		apps = append(apps, text(a.GetAppId()))
		if q.Omits("owners") {
			continue
		}
		info, err := applications.NewApplicationsRequestBuilderInternal(s.path(), builders{}).ByApplicationId(id).Owners().GraphUser().ToGetRequestInformation(ctx,
			&applications.ItemOwnersGraphUserRequestBuilderGetRequestConfiguration{
				QueryParameters: &applications.ItemOwnersGraphUserRequestBuilderGetQueryParameters{Select: []string{"id"}, Top: ptr(s.page)},
			})
		if err != nil {
			return badRequest(err)
		}
		calls = append(calls, &call{info: info, doing: "list the owners of application " + work.Quoted(text(a.GetDisplayName())), needs: readApplications, missing: true})
		into = append(into, &a.owners)
	}
	if err := s.ids(ctx, calls, into); err != nil {
		return err
	}
	slices.Sort(apps)
	if err := s.principals(ctx, apps, byApp); err != nil {
		return err
	}
	if q.Omits("assigned") {
		return nil
	}
	return s.assignments(ctx)
}

func (s *clientSearch) principals(ctx context.Context, apps []string, byApp map[string]*foundClient) error {
	filters := inFilters("appId", apps)
	calls := make([]*call, len(filters))
	for i, f := range filters {
		info, err := serviceprincipals.NewServicePrincipalsRequestBuilderInternal(s.path(), builders{}).ToGetRequestInformation(ctx,
			&serviceprincipals.ServicePrincipalsRequestBuilderGetRequestConfiguration{
				QueryParameters: &serviceprincipals.ServicePrincipalsRequestBuilderGetQueryParameters{Filter: &f, Select: principalProperties(), Top: ptr(s.page)},
			})
		if err != nil {
			return badRequest(err)
		}
		calls[i] = &call{info: info, doing: "list service principals", needs: readApplications}
	}
	return list[models.ServicePrincipalCollectionResponseable](ctx, s.conn, calls, models.CreateServicePrincipalCollectionResponseFromDiscriminatorValue, func(_ int, p models.ServicePrincipalable) {
		if a := byApp[text(p.GetAppId())]; a != nil {
			a.principal = p
		}
	})
}

func principalProperties() []string {
	return []string{"id", "appId", "accountEnabled", "appRoleAssignmentRequired"}
}

func (s *clientSearch) assignments(ctx context.Context) error {
	var calls []*call
	var of []*foundClient
	for _, a := range s.found {
		if a.principal == nil {
			continue
		}
		info, err := serviceprincipals.NewServicePrincipalsRequestBuilderInternal(s.path(), builders{}).ByServicePrincipalId(text(a.principal.GetId())).AppRoleAssignedTo().ToGetRequestInformation(ctx,
			&serviceprincipals.ItemAppRoleAssignedToRequestBuilderGetRequestConfiguration{
				QueryParameters: &serviceprincipals.ItemAppRoleAssignedToRequestBuilderGetQueryParameters{Top: ptr(s.page)},
			})
		if err != nil {
			return badRequest(err)
		}
		calls = append(calls, &call{info: info, doing: "list who is assigned to application " + work.Quoted(text(a.GetDisplayName())), needs: readApplications, missing: true})
		of = append(of, a)
	}
	return list[models.AppRoleAssignmentCollectionResponseable](ctx, s.conn, calls, models.CreateAppRoleAssignmentCollectionResponseFromDiscriminatorValue, func(i int, a models.AppRoleAssignmentable) {
		if id := a.GetPrincipalId(); id != nil {
			of[i].assigned = append(of[i].assigned, id.String())
		}
	})
}

func (s *clientSearch) clientObject(a *foundClient, q providers.Query) resource.Object {
	o := s.blank("client")
	id := text(a.GetId())
	for name, v := range map[string]string{
		"id": id, "tenant": s.tenantID(), "name": text(a.GetDisplayName()), "client_id": text(a.GetAppId()), "notes": text(a.GetNotes()),
		"sign_in_audience": text(a.GetSignInAudience()),
	} {
		if v != "" {
			o[name] = cty.StringVal(v)
		}
	}
	version := int64(1) // null means version 1
	if api := a.GetApi(); api != nil && api.GetRequestedAccessTokenVersion() != nil {
		version = int64(*api.GetRequestedAccessTokenVersion())
	}
	o["access_token_version"] = cty.NumberIntVal(version)
	o["user_read"] = cty.BoolVal(asksUserRead(a.GetRequiredResourceAccess()))
	o["public_client"] = cty.BoolVal(truth(a.GetIsFallbackPublicClient()))
	var tags []string
	for _, t := range a.GetTags() {
		if !strings.HasPrefix(t, markerTag) {
			tags = append(tags, t)
		}
	}
	o["tags"] = attr.OfStrings(tags)
	if !q.Omits("owners") {
		o["owners"] = attr.OfStrings(a.owners)
	}
	o["assignment_required"], o["enabled"] = cty.False, cty.False
	if a.principal != nil {
		o["enabled"] = cty.BoolVal(truth(a.principal.GetAccountEnabled()))
		o["service_principal_id"] = cty.StringVal(text(a.principal.GetId()))
		o["assignment_required"] = cty.BoolVal(truth(a.principal.GetAppRoleAssignmentRequired()))
	}
	if !q.Omits("assigned") {
		o["assigned"] = attr.OfStrings(a.assigned)
	}
	out := resource.Object{Kind: "client", ID: id, Attrs: cty.ObjectVal(o), Marker: markerIn(a.GetTags()), UpsertKey: upsertKey(text(a.GetUniqueName()))}
	if at := a.GetCreatedDateTime(); at != nil {
		out.Created = *at
	}
	return out
}
