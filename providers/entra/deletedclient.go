package entra

import (
	"context"
	"net/http"
	"slices"

	"github.com/microsoftgraph/msgraph-sdk-go/directory"
	"github.com/microsoftgraph/msgraph-sdk-go/models"
	"github.com/zclconf/go-cty/cty"

	"github.com/idpctl/idpctl/providers"
	"github.com/idpctl/idpctl/providers/attr"
	"github.com/idpctl/idpctl/providers/work"
	"github.com/idpctl/idpctl/resource"
)

// deleted finds applications in the bin, where they are kept for 30 days with the
// unique names that they have (https://learn.microsoft.com/graph/api/directory-deleteditems-list):
// by id, and of those with a marker the latest. No filter finds them by it, so all
// are read.
func (s *clientSearch) deleted(ctx context.Context, q providers.Query) ([]resource.Object, error) {
	b := directory.NewDirectoryRequestBuilderInternal(s.path(), builders{}).DeletedItems().GraphApplication()
	info, err := b.ToGetRequestInformation(ctx, &directory.DeletedItemsGraphApplicationRequestBuilderGetRequestConfiguration{
		QueryParameters: &directory.DeletedItemsGraphApplicationRequestBuilderGetQueryParameters{Select: append(applicationProperties(), "deletedDateTime"), Top: ptr(s.page)},
	})
	if err != nil {
		return nil, badRequest(err)
	}
	latest := map[string]models.Applicationable{}
	err = list[models.ApplicationCollectionResponseable](ctx, s.conn, []*call{{info: info, doing: "list deleted applications", needs: readApplications}}, models.CreateApplicationCollectionResponseFromDiscriminatorValue, func(_ int, a models.Applicationable) {
		if slices.Contains(q.IDs, text(a.GetId())) {
			s.found[text(a.GetId())] = &foundClient{Applicationable: a}
		}
		m := markerIn(a.GetTags())
		if before := latest[m]; slices.Contains(q.Markers, m) && (before == nil || moment(a.GetDeletedDateTime()).After(moment(before.GetDeletedDateTime()))) {
			latest[m] = a
		}
	})
	if err != nil {
		return nil, err
	}
	for _, a := range latest {
		s.found[text(a.GetId())] = &foundClient{Applicationable: a}
	}
	return s.objects(q), nil
}

// restore asks for a deleted object to be brought back, with the id that it had
// (https://learn.microsoft.com/graph/api/directory-deleteditems-restore).
func (w *task) restore(id, what, needs string) reply {
	b := directory.NewDirectoryRequestBuilderInternal(w.path(), builders{}).DeletedItems().ByDirectoryObjectId(id).Restore()
	info, err := b.ToPostRequestInformation(w.working, nil)
	if err != nil {
		return reply{err: badRequest(err)}
	}
	r := w.ask(&call{info: info, doing: "restore " + what, needs: needs, nature: once})
	if r.status == http.StatusNotFound {
		r.err = &providers.Error{
			Class: providers.NotFound, Status: r.status, Summary: "The deleted " + what + " is not in the bin any more",
			Hint: "Apply again: it is made anew then",
		}
	}
	return r
}

// restorePrincipal brings back the service principal of an application that has
// none, if it is in the bin: it goes there with its application, and does not come
// back with it.
func (w *task) restorePrincipal(appID, name string) error {
	b := directory.NewDirectoryRequestBuilderInternal(w.path(), builders{}).DeletedItems().GraphServicePrincipal()
	info, err := b.ToGetRequestInformation(w.working, &directory.DeletedItemsGraphServicePrincipalRequestBuilderGetRequestConfiguration{
		QueryParameters: &directory.DeletedItemsGraphServicePrincipalRequestBuilderGetQueryParameters{Select: principalProperties(), Top: ptr(w.page)},
	})
	if err != nil {
		return badRequest(err)
	}
	var ids []string
	err = list[models.ServicePrincipalCollectionResponseable](w.working, w.conn, []*call{{info: info, doing: "list deleted service principals", needs: readApplications}}, models.CreateServicePrincipalCollectionResponseFromDiscriminatorValue, func(_ int, p models.ServicePrincipalable) {
		if text(p.GetAppId()) == appID {
			ids = append(ids, text(p.GetId()))
		}
	})
	if err != nil {
		return err
	}
	for _, id := range ids {
		// One that is not there any more is made anew by what follows.
		if r := w.restore(id, "service principal of "+work.Quoted(name), ownApplications); r.err != nil && r.status != http.StatusNotFound {
			return r.err
		}
	}
	return nil
}

// restoreClient brings a deleted application back with its client id, and makes it
// and its service principal as they are wanted.
func (w *task) restoreClient() providers.Result {
	name := attr.String(w.op.After, "name")
	if r := w.restore(w.op.Restore, describe("application", name), ownApplications); r.err != nil {
		return providers.Result{Err: r.err}
	}
	op := *w.op
	op.Verb, op.ID, op.Changed = providers.Update, op.Restore, nil
	before := w.blank("client")
	before["id"], before["name"] = cty.StringVal(op.ID), cty.StringVal(name)
	op.Before = cty.ObjectVal(before)
	for _, a := range clientKind().Attributes {
		if attr.IsSet(op.After, a.Name) && !a.Local && a.Name != "tenant" {
			op.Changed = append(op.Changed, a.Name)
		}
	}
	w.op = &op
	res := w.updateClient()
	res.ID, res.Object = op.ID, nil // what was not written is as it was: it is read
	return res
}
