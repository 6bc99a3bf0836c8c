package entra

import (
	"cmp"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
	abstractions "github.com/microsoft/kiota-abstractions-go"
	"github.com/microsoftgraph/msgraph-sdk-go/applications"
	"github.com/microsoftgraph/msgraph-sdk-go/applicationswithuniquename"
	"github.com/microsoftgraph/msgraph-sdk-go/models"
	"github.com/microsoftgraph/msgraph-sdk-go/serviceprincipals"
	"github.com/microsoftgraph/msgraph-sdk-go/serviceprincipalswithappid"
	"github.com/zclconf/go-cty/cty"

	"github.com/idpctl/idpctl/providers"
	"github.com/idpctl/idpctl/providers/attr"
	"github.com/idpctl/idpctl/providers/work"
	"github.com/idpctl/idpctl/resource"
)

// userReadID is Microsoft Graph's delegated permission User.Read, which the portal
// has every new application ask for: without a delegated permission of Graph,
// signing in with CLIENT_ID/.default ends in AADSTS650056.
const userReadID = "e1fe6dd8-ba31-4d61-89e7-88639da4683d"

// defaultRole is the app role of an assignment to an application that has none
// (https://learn.microsoft.com/graph/api/serviceprincipal-post-approleassignedto).
const defaultRole = "00000000-0000-0000-0000-000000000000"

func (w *task) application(id string) *applications.ApplicationItemRequestBuilder {
	return applications.NewApplicationsRequestBuilderInternal(w.path(), builders{}).ByApplicationId(id)
}

func (w *task) applyClient() providers.Result {
	switch w.op.Verb {
	case providers.Create:
		if w.op.Restore != "" {
			return w.restoreClient()
		}
		return w.createClient()
	case providers.Update:
		return w.updateClient()
	}
	info, err := w.application(w.op.ID).ToDeleteRequestInformation(w.working, nil)
	if err != nil {
		return providers.Result{Err: badRequest(err)}
	}
	// The service principal goes with it.
	r := w.ask(&call{info: info, doing: "delete " + describe("application", attr.String(w.op.Before, "name")), needs: ownApplications, nature: repeatable, missing: true, lagging: w.behind()})
	return providers.Result{Err: r.err}
}

// tags are those of the application once the change is made, idpctl's included.
func (w *task) tags(live []string) []string {
	out := []string{}
	removed := work.Removed(w.op, "tags")
	for _, t := range live {
		if !strings.HasPrefix(t, markerTag) && !slices.Contains(removed, t) {
			out = append(out, t)
		}
	}
	for _, t := range attr.Strings(w.op.After, "tags") {
		if !slices.Contains(out, t) {
			out = append(out, t)
		}
	}
	if w.op.Marker != "" {
		out = append(out, markerTag+w.op.Marker)
	}
	return out
}

// createClient makes the application by its unique name, then its service
// principal, owners and assignments.
func (w *task) createClient() providers.Result {
	name := attr.String(w.op.After, "name")
	a := models.NewApplication()
	a.SetDisplayName(&name)
	a.SetIsFallbackPublicClient(ptr(attr.Bool(w.op.After, "public_client", true)))
	a.SetSignInAudience(ptr(cmp.Or(attr.String(w.op.After, "sign_in_audience"), "AzureADMyOrg")))
	api := models.NewApiApplication()
	api.SetRequestedAccessTokenVersion(ptr(int32(attr.Int(w.op.After, "access_token_version", 2))))
	a.SetApi(api)
	a.SetTags(w.tags(nil))
	if s := attr.String(w.op.After, "notes"); s != "" {
		a.SetNotes(&s)
	}
	if attr.Bool(w.op.After, "user_read", true) {
		a.SetRequiredResourceAccess(withUserRead(nil, true))
	}
	b := applicationswithuniquename.NewApplicationsWithUniqueNameRequestBuilderInternal(w.path(), builders{}, ptr(uniqueName(w.op.ID)))
	info, err := b.ToPatchRequestInformation(w.working, a, &applicationswithuniquename.ApplicationsWithUniqueNameRequestBuilderPatchRequestConfiguration{Headers: upsertHeaders()})
	if err != nil {
		return providers.Result{Err: badRequest(err)}
	}
	r, err := w.upsert(upsert{
		patch: info, taken: uniqueNameTaken, doing: "create " + describe("application", name), needs: ownApplications,
		post: func() (*abstractions.RequestInformation, error) {
			a.SetUniqueName(ptr(uniqueName(w.op.ID)))
			return applications.NewApplicationsRequestBuilderInternal(w.path(), builders{}).ToPostRequestInformation(w.working, a, nil)
		},
	})
	if err != nil {
		return providers.Result{Err: err}
	}
	if r.status == http.StatusNoContent { // an earlier request made it
		q, err := w.getByUniqueName(w.working, w.op.ID)
		if err != nil {
			return providers.Result{Err: err}
		}
		q.missing, q.lagging = false, isNotFound
		if r = w.ask(q); r.err != nil {
			return providers.Result{Err: r.err}
		}
	}
	made, ok, err := parse[models.Applicationable](r, models.CreateApplicationFromDiscriminatorValue)
	if err != nil || !ok || text(made.GetId()) == "" || text(made.GetAppId()) == "" {
		return providers.Result{Err: &providers.Error{Class: providers.Ambiguous, Summary: "Entra ID did not tell the id of application " + work.Quoted(name), Err: err}}
	}
	id, appID := text(made.GetId()), text(made.GetAppId())
	principal, err := w.principal(appID, name)
	if err != nil {
		return providers.Result{ID: id, Err: err}
	}
	if err := w.clientReferences(id, principal, name); err != nil {
		return providers.Result{ID: id, Err: err}
	}
	return providers.Result{ID: id, Object: w.clientAsWritten(id, appID, principal, made.GetCreatedDateTime())}
}

// isUserRead reports whether a permission is the delegated User.Read.
func isUserRead(p models.ResourceAccessable) bool {
	return p.GetId() != nil && p.GetId().String() == userReadID && strings.EqualFold(text(p.GetTypeEscaped()), "Scope")
}

// asksUserRead reports whether it is among the permissions that an application
// asks for.
func asksUserRead(required []models.RequiredResourceAccessable) bool {
	return slices.ContainsFunc(required, func(r models.RequiredResourceAccessable) bool {
		return text(r.GetResourceAppId()) == graphApplicationID && slices.ContainsFunc(r.GetResourceAccess(), isUserRead)
	})
}

// withUserRead are these permissions with it, or without it; the others stay.
func withUserRead(required []models.RequiredResourceAccessable, wanted bool) []models.RequiredResourceAccessable {
	out := []models.RequiredResourceAccessable{}
	var graph []models.ResourceAccessable
	for _, r := range required {
		if text(r.GetResourceAppId()) == graphApplicationID {
			graph = append(graph, r.GetResourceAccess()...)
		} else {
			out = append(out, r)
		}
	}
	graph = slices.DeleteFunc(graph, isUserRead)
	if wanted {
		access := models.NewResourceAccess()
		access.SetId(ptr(uuid.MustParse(userReadID)))
		access.SetTypeEscaped(ptr("Scope"))
		graph = append(graph, access)
	}
	if len(graph) > 0 {
		r := models.NewRequiredResourceAccess()
		r.SetResourceAppId(ptr(graphApplicationID))
		r.SetResourceAccess(graph)
		out = append(out, r)
	}
	return out
}

// principal makes the service principal of an application, or finds it, and
// returns its id (https://learn.microsoft.com/graph/api/serviceprincipal-upsert).
func (w *task) principal(appID, name string) (string, error) {
	p := models.NewServicePrincipal()
	p.SetAccountEnabled(ptr(attr.Bool(w.op.After, "enabled", true)))
	if attr.IsSet(w.op.After, "assignment_required") {
		p.SetAppRoleAssignmentRequired(ptr(attr.Bool(w.op.After, "assignment_required", false)))
	}
	b := serviceprincipalswithappid.NewServicePrincipalsWithAppIdRequestBuilderInternal(w.path(), builders{}, &appID)
	info, err := b.ToPatchRequestInformation(w.working, p, &serviceprincipalswithappid.ServicePrincipalsWithAppIdRequestBuilderPatchRequestConfiguration{Headers: upsertHeaders()})
	if err != nil {
		return "", badRequest(err)
	}
	r, err := w.upsert(upsert{
		patch: info, taken: hasPrincipal, doing: "create the service principal of " + work.Quoted(name), needs: ownApplications, lagging: lacksApplication,
		post: func() (*abstractions.RequestInformation, error) {
			p.SetAppId(&appID)
			return serviceprincipals.NewServicePrincipalsRequestBuilderInternal(w.path(), builders{}).ToPostRequestInformation(w.working, p, nil)
		},
	})
	if err != nil {
		return "", err
	}
	if r.status == http.StatusNoContent {
		info, err := b.ToGetRequestInformation(w.working, &serviceprincipalswithappid.ServicePrincipalsWithAppIdRequestBuilderGetRequestConfiguration{
			QueryParameters: &serviceprincipalswithappid.ServicePrincipalsWithAppIdRequestBuilderGetQueryParameters{Select: principalProperties()},
		})
		if err != nil {
			return "", badRequest(err)
		}
		if r = w.ask(&call{info: info, doing: "read the service principal of " + work.Quoted(name), needs: readApplications, lagging: isNotFound}); r.err != nil {
			return "", r.err
		}
	}
	made, ok, err := parse[models.ServicePrincipalable](r, models.CreateServicePrincipalFromDiscriminatorValue)
	if err != nil || !ok {
		return "", &providers.Error{Class: providers.Ambiguous, Summary: "Entra ID did not tell the id of the service principal of " + work.Quoted(name), Err: err}
	}
	return text(made.GetId()), nil
}

// lacksApplication reports that a replica does not know the application yet that
// a service principal is to be made of.
func lacksApplication(r reply) bool {
	if r.status != http.StatusBadRequest && r.status != http.StatusForbidden {
		return false
	}
	e := parseError(r.body)
	return e.has("NoBackingApplicationObject") || strings.Contains(e.Message, "does not reference a valid application object") ||
		strings.HasPrefix(e.Message, "When using this permission, the backing application of the service principal being created must in the local tenant")
}

func (w *task) clientAsWritten(id, appID, principal string, created *time.Time) *resource.Object {
	o := w.blank("client")
	for name, v := range map[string]string{
		"id": id, "tenant": w.tenantID(), "name": attr.String(w.op.After, "name"), "client_id": appID, "service_principal_id": principal,
		"notes": attr.String(w.op.After, "notes"), "sign_in_audience": cmp.Or(attr.String(w.op.After, "sign_in_audience"), "AzureADMyOrg"),
	} {
		if v != "" {
			o[name] = cty.StringVal(v)
		}
	}
	o["enabled"] = cty.BoolVal(attr.Bool(w.op.After, "enabled", true))
	o["public_client"] = cty.BoolVal(attr.Bool(w.op.After, "public_client", true))
	o["user_read"] = cty.BoolVal(attr.Bool(w.op.After, "user_read", true))
	o["access_token_version"] = cty.NumberIntVal(attr.Int(w.op.After, "access_token_version", 2))
	o["assignment_required"] = cty.BoolVal(attr.Bool(w.op.After, "assignment_required", false))
	for _, name := range []string{"tags", "owners", "assigned"} {
		o[name] = attr.OfStrings(attr.Strings(w.op.After, name))
	}
	return &resource.Object{Kind: "client", ID: id, Attrs: cty.ObjectVal(o), Created: moment(created), Marker: w.op.Marker, UpsertKey: w.op.ID}
}

func (w *task) updateClient() providers.Result {
	name := attr.String(w.op.Before, "name")
	info, err := w.application(w.op.ID).ToGetRequestInformation(w.working, &applications.ApplicationItemRequestBuilderGetRequestConfiguration{
		QueryParameters: &applications.ApplicationItemRequestBuilderGetQueryParameters{Select: applicationProperties()},
	})
	if err != nil {
		return providers.Result{Err: badRequest(err)}
	}
	r := w.ask(&call{info: info, doing: "read " + describe("application", name), needs: readApplications, lagging: w.behind()})
	if work.IsAbsent(r.err) {
		return providers.Result{Err: work.Gone(w.op)}
	}
	if r.err != nil {
		return providers.Result{Err: r.err}
	}
	live, ok, err := parse[models.Applicationable](r, models.CreateApplicationFromDiscriminatorValue)
	if err != nil || !ok {
		return providers.Result{Err: work.Gone(w.op)}
	}
	a, needed := w.difference(live)
	if needed {
		if info, err = w.application(w.op.ID).ToPatchRequestInformation(w.working, a, nil); err != nil {
			return providers.Result{Err: badRequest(err)}
		}
		r := w.ask(&call{info: info, doing: "change " + describe("application", name), needs: ownApplications, nature: repeatable, lagging: w.behind()})
		if work.IsAbsent(r.err) {
			return providers.Result{Err: work.Gone(w.op)}
		}
		if r.err != nil {
			return providers.Result{Err: r.err}
		}
	}
	principal := attr.String(w.op.Before, "service_principal_id")
	if principal == "" {
		if err := w.restorePrincipal(text(live.GetAppId()), name); err != nil {
			return providers.Result{ID: w.op.ID, Err: err}
		}
	}
	if principal == "" || work.Changes(w.op, "assignment_required") || work.Changes(w.op, "enabled") {
		if principal, err = w.principal(text(live.GetAppId()), name); err != nil {
			return providers.Result{ID: w.op.ID, Err: err}
		}
	}
	if err := w.clientReferences(w.op.ID, principal, name); err != nil {
		return providers.Result{ID: w.op.ID, Err: err}
	}
	return providers.Result{ID: w.op.ID}
}

// difference is what is to be written of an application, if anything.
func (w *task) difference(live models.Applicationable) (models.Applicationable, bool) {
	a, needed := models.NewApplication(), false
	if work.Changes(w.op, "name") {
		a.SetDisplayName(ptr(attr.String(w.op.After, "name")))
		needed = true
	}
	if work.Changes(w.op, "notes") {
		needed = true
		if s := attr.String(w.op.After, "notes"); s != "" {
			a.SetNotes(&s)
		} else {
			a.SetAdditionalData(map[string]any{"notes": nil})
		}
	}
	if work.Changes(w.op, "user_read") {
		a.SetRequiredResourceAccess(withUserRead(live.GetRequiredResourceAccess(), attr.Bool(w.op.After, "user_read", true)))
		needed = true
	}
	if work.Changes(w.op, "public_client") {
		a.SetIsFallbackPublicClient(ptr(attr.Bool(w.op.After, "public_client", true)))
		needed = true
	}
	if work.Changes(w.op, "sign_in_audience") {
		a.SetSignInAudience(ptr(attr.String(w.op.After, "sign_in_audience")))
		needed = true
	}
	if work.Changes(w.op, "access_token_version") {
		api := models.NewApiApplication()
		api.SetRequestedAccessTokenVersion(ptr(int32(attr.Int(w.op.After, "access_token_version", 2))))
		a.SetApi(api)
		needed = true
	}
	if tags := w.tags(live.GetTags()); !slices.Equal(slices.Sorted(slices.Values(tags)), slices.Sorted(slices.Values(live.GetTags()))) {
		a.SetTags(tags)
		needed = true
	}
	return a, needed
}

// clientReferences adds and removes owners and assignments.
func (w *task) clientReferences(id, principal, name string) error {
	if w.op.Verb == providers.Create || work.Changes(w.op, "owners") {
		if err := w.owners(id, name); err != nil {
			return err
		}
	}
	if w.op.Verb == providers.Create || work.Changes(w.op, "assigned") {
		return w.assign(principal, name)
	}
	return nil
}

func (w *task) owners(id, name string) error {
	for _, owner := range work.Added(w.op, "owners") {
		ref := models.NewReferenceCreate()
		ref.SetOdataId(ptr(w.objectURL(owner)))
		info, err := w.application(id).Owners().Ref().ToPostRequestInformation(w.working, ref, nil)
		if err != nil {
			return badRequest(err)
		}
		r := w.ask(&call{info: info, doing: "add an owner to " + describe("application", name), needs: ownApplications, nature: repeatable, lagging: lacksReference})
		if r.err != nil && !parseError(r.body).referencesExist() {
			return r.err
		}
	}
	for _, owner := range work.Removed(w.op, "owners") {
		info, err := w.application(id).Owners().ByDirectoryObjectId(owner).Ref().ToDeleteRequestInformation(w.working, nil)
		if err != nil {
			return badRequest(err)
		}
		r := w.ask(&call{info: info, doing: "remove an owner of " + describe("application", name), needs: ownApplications, nature: repeatable, missing: true, lagging: w.behind()})
		if r.err != nil && !parseError(r.body).referencesAbsent() {
			return r.err
		}
	}
	return nil
}

func (w *task) assign(principal, name string) error {
	to := serviceprincipals.NewServicePrincipalsRequestBuilderInternal(w.path(), builders{}).ByServicePrincipalId(principal).AppRoleAssignedTo()
	for _, member := range work.Added(w.op, "assigned") {
		who, err := uuid.Parse(member)
		if err != nil {
			return invalid("assigned", "%s is not an id of a user or group", work.Quoted(member))
		}
		resourceID, err := uuid.Parse(principal)
		if err != nil {
			return badRequest(err)
		}
		role := uuid.MustParse(defaultRole)
		a := models.NewAppRoleAssignment()
		a.SetPrincipalId(&who)
		a.SetResourceId(&resourceID)
		a.SetAppRoleId(&role)
		info, err := to.ToPostRequestInformation(w.working, a, nil)
		if err != nil {
			return badRequest(err)
		}
		r := w.ask(&call{info: info, doing: "assign somebody to " + describe("application", name), needs: assignRoles, nature: repeatable, lagging: lacksReference})
		if r.err != nil && !strings.Contains(parseError(r.body).Message, "already exists on the object") {
			return r.err
		}
	}
	removed := work.Removed(w.op, "assigned")
	if len(removed) == 0 {
		return nil
	}
	info, err := to.ToGetRequestInformation(w.working, nil)
	if err != nil {
		return badRequest(err)
	}
	var assigned []models.AppRoleAssignmentable
	calls := []*call{{info: info, doing: "list who is assigned to " + describe("application", name), needs: readApplications}}
	err = list[models.AppRoleAssignmentCollectionResponseable](w.working, w.conn, calls, models.CreateAppRoleAssignmentCollectionResponseFromDiscriminatorValue,
		func(_ int, a models.AppRoleAssignmentable) { assigned = append(assigned, a) })
	if err != nil {
		return err
	}
	for _, a := range assigned {
		if who := a.GetPrincipalId(); who == nil || !slices.Contains(removed, who.String()) {
			continue
		}
		info, err := to.ByAppRoleAssignmentId(text(a.GetId())).ToDeleteRequestInformation(w.working, nil)
		if err != nil {
			return badRequest(err)
		}
		r := w.ask(&call{info: info, doing: "take somebody off " + describe("application", name), needs: assignRoles, nature: repeatable, missing: true, lagging: w.behind()})
		if r.err != nil {
			return r.err
		}
	}
	return nil
}
