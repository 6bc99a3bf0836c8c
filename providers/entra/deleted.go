package entra

import (
	"context"
	"strings"

	"github.com/microsoftgraph/msgraph-sdk-go/directory"
	"github.com/microsoftgraph/msgraph-sdk-go/models"

	"github.com/idpctl/idpctl/providers"
	"github.com/idpctl/idpctl/providers/attr"
	"github.com/idpctl/idpctl/providers/work"
	"github.com/idpctl/idpctl/resource"
)

// deleted finds users in the bin, where they are kept for 30 days
// (https://learn.microsoft.com/graph/api/directory-deleteditems-list), of each
// name the latest. Their names have the id in front, so that they can be given
// again, and no filter finds them by it: all are read.
func (s *userSearch) deleted(ctx context.Context, q providers.Query) ([]resource.Object, error) {
	wanted := map[string]bool{}
	for _, key := range q.Keys {
		wanted[key["user_principal_name"]] = true
	}
	b := directory.NewDirectoryRequestBuilderInternal(s.path(), builders{}).DeletedItems().GraphUser()
	info, err := b.ToGetRequestInformation(ctx, &directory.DeletedItemsGraphUserRequestBuilderGetRequestConfiguration{
		QueryParameters: &directory.DeletedItemsGraphUserRequestBuilderGetQueryParameters{Select: append(userProperties(), "deletedDateTime"), Top: ptr(s.page)},
	})
	if err != nil {
		return nil, badRequest(err)
	}
	latest := map[string]models.Userable{}
	err = list[models.UserCollectionResponseable](ctx, s.conn, []*call{{info: info, doing: "list deleted users", needs: readUsers}}, models.CreateUserCollectionResponseFromDiscriminatorValue, func(_ int, u models.Userable) {
		name := formerName(u)
		if before := latest[name]; wanted[name] && (before == nil || moment(u.GetDeletedDateTime()).After(moment(before.GetDeletedDateTime()))) {
			latest[name] = u
		}
	})
	if err != nil {
		return nil, err
	}
	var out []resource.Object
	for name, u := range latest {
		u.SetUserPrincipalName(&name)
		out = append(out, s.userObject(u))
	}
	return out, nil
}

// formerName is the user principal name that a deleted user had; of a guest it is
// the e-mail.
func formerName(u models.Userable) string {
	if truthGuest(u) {
		return strings.ToLower(text(u.GetMail()))
	}
	name := strings.ToLower(text(u.GetUserPrincipalName()))
	return strings.TrimPrefix(name, strings.ReplaceAll(strings.ToLower(text(u.GetId())), "-", ""))
}

// restoreUser brings a deleted user back, with the id that it had, and makes it as
// it is wanted (https://learn.microsoft.com/graph/api/directory-deleteditems-restore).
func (w *task) restoreUser() providers.Result {
	name := attr.String(w.op.After, "user_principal_name")
	if r := w.restore(w.op.Restore, describe("user", name), writeUsers); r.err != nil {
		return providers.Result{Err: r.err}
	}
	op := *w.op
	op.Verb, op.ID, op.Before, op.Changed = providers.Update, op.Restore, w.op.After, nil
	for _, a := range userKind().Attributes {
		if a.Name == "user_principal_name" && attr.Bool(op.After, "guest", false) {
			continue // that of a guest is Entra ID's
		}
		if attr.IsSet(op.After, a.Name) && !a.OnCreate && !a.Local && a.Name != "tenant" && a.Name != "guest" {
			op.Changed = append(op.Changed, a.Name)
		}
	}
	if pw := work.Password(w.op); pw != "" && op.Password.IsZero() {
		op.Password, op.PasswordTemporary = resource.NewSecret(pw), work.Temporary(w.op)
	}
	w.op = &op
	res := w.updateUser()
	res.ID, res.Object = op.ID, nil // what was not written is as it was: it is read
	return res
}
