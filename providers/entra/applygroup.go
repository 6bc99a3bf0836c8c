package entra

import (
	"cmp"
	"net/http"
	"time"

	abstractions "github.com/microsoft/kiota-abstractions-go"
	"github.com/microsoftgraph/msgraph-sdk-go/groups"
	"github.com/microsoftgraph/msgraph-sdk-go/groupswithuniquename"
	"github.com/microsoftgraph/msgraph-sdk-go/models"
	"github.com/zclconf/go-cty/cty"

	"github.com/idpctl/idpctl/providers"
	"github.com/idpctl/idpctl/providers/attr"
	"github.com/idpctl/idpctl/providers/work"
	"github.com/idpctl/idpctl/resource"
)

func (w *task) group(id string) *groups.GroupItemRequestBuilder {
	return groups.NewGroupsRequestBuilderInternal(w.path(), builders{}).ByGroupId(id)
}

func (w *task) applyGroup() providers.Result {
	switch w.op.Verb {
	case providers.Create:
		return w.createGroup()
	case providers.Update:
		return w.updateGroup()
	}
	info, err := w.group(w.op.ID).ToDeleteRequestInformation(w.working, nil)
	if err != nil {
		return providers.Result{Err: badRequest(err)}
	}
	r := w.ask(&call{info: info, doing: "delete " + describe("group", attr.String(w.op.Before, "name")), needs: writeGroups, nature: repeatable, missing: true, lagging: w.behind()})
	return providers.Result{Err: r.err}
}

// createGroup makes a group by its unique name, so that doing it twice makes one
// (https://learn.microsoft.com/graph/api/group-upsert).
func (w *task) createGroup() providers.Result {
	name := attr.String(w.op.After, "name")
	nickname := cmp.Or(attr.String(w.op.After, "mail_nickname"), nicknameOf(name))
	g := models.NewGroup()
	g.SetDisplayName(&name)
	g.SetMailNickname(&nickname)
	g.SetMailEnabled(ptr(false))
	g.SetSecurityEnabled(ptr(true))
	if s := attr.String(w.op.After, "description"); s != "" {
		g.SetDescription(&s)
	}
	b := groupswithuniquename.NewGroupsWithUniqueNameRequestBuilderInternal(w.path(), builders{}, ptr(uniqueName(w.op.ID)))
	info, err := b.ToPatchRequestInformation(w.working, g, &groupswithuniquename.GroupsWithUniqueNameRequestBuilderPatchRequestConfiguration{Headers: upsertHeaders()})
	if err != nil {
		return providers.Result{Err: badRequest(err)}
	}
	r, err := w.upsert(upsert{
		patch: info, taken: uniqueNameTaken, doing: "create " + describe("group", name), needs: createGroups,
		post: func() (*abstractions.RequestInformation, error) {
			g.SetUniqueName(ptr(uniqueName(w.op.ID)))
			return groups.NewGroupsRequestBuilderInternal(w.path(), builders{}).ToPostRequestInformation(w.working, g, nil)
		},
	})
	if err != nil {
		return providers.Result{Err: err}
	}
	if r.status == http.StatusNoContent { // an earlier request made it
		if info, err = b.ToGetRequestInformation(w.working, nil); err != nil {
			return providers.Result{Err: badRequest(err)}
		}
		if r = w.ask(&call{info: info, doing: "read " + describe("group", name), needs: readGroupMembers, lagging: isNotFound}); r.err != nil {
			return providers.Result{Err: r.err}
		}
	}
	made, ok, err := parse[models.Groupable](r, models.CreateGroupFromDiscriminatorValue)
	if err != nil || !ok || text(made.GetId()) == "" {
		return providers.Result{Err: &providers.Error{Class: providers.Ambiguous, Summary: "Entra ID did not tell the id of group " + work.Quoted(name), Err: err}}
	}
	id := text(made.GetId())
	if err := w.references(id, name, "owners", "members"); err != nil {
		return providers.Result{ID: id, Err: err}
	}
	return providers.Result{ID: id, Object: w.groupAsWritten(id, nickname, made.GetCreatedDateTime())}
}

// groupAsWritten is a new group; of an existing one other members are not known.
func (w *task) groupAsWritten(id, nickname string, created *time.Time) *resource.Object {
	o := w.blank("group")
	for attribute, v := range map[string]string{
		"id": id, "tenant": w.tenantID(), "name": attr.String(w.op.After, "name"), "description": attr.String(w.op.After, "description"), "mail_nickname": nickname,
	} {
		if v != "" {
			o[attribute] = cty.StringVal(v)
		}
	}
	o["owners"] = attr.OfStrings(attr.Strings(w.op.After, "owners"))
	o["members"] = attr.OfStrings(attr.Strings(w.op.After, "members"))
	return &resource.Object{Kind: "group", ID: id, Attrs: cty.ObjectVal(o), Created: moment(created), UpsertKey: w.op.ID}
}

func (w *task) updateGroup() providers.Result {
	g := models.NewGroup()
	gone := map[string]any{}
	fields := 0
	for name, field := range map[string]struct {
		set      func(*string)
		property string
	}{"name": {g.SetDisplayName, "displayName"}, "description": {g.SetDescription, "description"}, "mail_nickname": {g.SetMailNickname, "mailNickname"}} {
		if !work.Changes(w.op, name) {
			continue
		}
		fields++
		if v := attr.String(w.op.After, name); v != "" {
			field.set(&v)
		} else {
			gone[field.property] = nil
		}
	}
	name := attr.String(w.op.Before, "name")
	if fields > 0 {
		if len(gone) > 0 {
			g.SetAdditionalData(gone)
		}
		info, err := w.group(w.op.ID).ToPatchRequestInformation(w.working, g, nil)
		if err != nil {
			return providers.Result{Err: badRequest(err)}
		}
		r := w.ask(&call{info: info, doing: "change " + describe("group", name), needs: writeGroups, nature: repeatable, lagging: w.behind()})
		if r.status == http.StatusNotFound {
			return providers.Result{Err: work.Gone(w.op)}
		}
		if r.err != nil {
			return providers.Result{Err: r.err}
		}
	}
	if err := w.references(w.op.ID, name, "owners", "members"); err != nil {
		if fields > 0 {
			return providers.Result{ID: w.op.ID, Err: err}
		}
		return providers.Result{Err: err}
	}
	return providers.Result{ID: w.op.ID}
}

// references adds and removes owners and members. Additions go first: a group
// never is without its owners.
func (w *task) references(id, name string, of ...string) error {
	for _, set := range of {
		if w.op.Verb == providers.Update && !work.Changes(w.op, set) {
			continue
		}
		if err := w.add(id, name, set, work.Added(w.op, set)); err != nil {
			return err
		}
	}
	for _, set := range of {
		if w.op.Verb == providers.Update && !work.Changes(w.op, set) {
			continue
		}
		for _, member := range work.Removed(w.op, set) {
			if err := w.removeReference(id, name, set, member); err != nil {
				return err
			}
		}
	}
	return nil
}

// bindMost is how many references one PATCH may add.
const bindMost = 20

// add puts members into a group, twenty at a time. A PATCH is refused as a whole
// when one is a member already; then each is added by itself.
func (w *task) add(id, name, set string, members []string) error {
	for len(members) > 0 {
		some := members[:min(bindMost, len(members))]
		members = members[len(some):]
		if set == "members" && len(some) > 1 {
			done, err := w.bind(id, name, some)
			if err != nil {
				return err
			}
			if done {
				continue
			}
		}
		for _, member := range some {
			if err := w.addReference(id, name, set, member); err != nil {
				return err
			}
		}
	}
	return nil
}

// bind adds members with one request; false if one of them is a member already.
func (w *task) bind(id, name string, members []string) (bool, error) {
	g := models.NewGroup()
	links := make([]string, len(members))
	for i, m := range members {
		links[i] = w.objectURL(m)
	}
	g.SetAdditionalData(map[string]any{"members@odata.bind": links})
	info, err := w.group(id).ToPatchRequestInformation(w.working, g, nil)
	if err != nil {
		return false, badRequest(err)
	}
	r := w.ask(&call{info: info, doing: "add members to " + describe("group", name), needs: writeGroupMembers, nature: repeatable, lagging: lacksReference})
	if parseError(r.body).referencesExist() {
		return false, nil
	}
	return true, r.err
}

// lacksReference reports that a group or a member is not known to a replica yet.
func lacksReference(r reply) bool {
	return r.status == http.StatusNotFound
}

// groupRight is the permission that changing the members or owners of a group
// takes (https://learn.microsoft.com/graph/api/group-post-owners).
func groupRight(set string) string {
	if set == "owners" {
		return writeGroups
	}
	return writeGroupMembers
}

func (w *task) objectURL(id string) string { return w.graphURL + "/directoryObjects/" + id }

func (w *task) addReference(id, name, set, member string) error {
	ref := models.NewReferenceCreate()
	ref.SetOdataId(ptr(w.objectURL(member)))
	var info *abstractions.RequestInformation
	var err error
	if set == "owners" {
		info, err = w.group(id).Owners().Ref().ToPostRequestInformation(w.working, ref, nil)
	} else {
		info, err = w.group(id).Members().Ref().ToPostRequestInformation(w.working, ref, nil)
	}
	if err != nil {
		return badRequest(err)
	}
	r := w.ask(&call{info: info, doing: "add to the " + set + " of " + describe("group", name), needs: groupRight(set), nature: repeatable, lagging: lacksReference})
	if parseError(r.body).referencesExist() {
		return nil
	}
	return r.err
}

// removeReference takes a member out. Without "/$ref" the member itself would be
// deleted.
func (w *task) removeReference(id, name, set, member string) error {
	var info *abstractions.RequestInformation
	var err error
	if set == "owners" {
		info, err = w.group(id).Owners().ByDirectoryObjectId(member).Ref().ToDeleteRequestInformation(w.working, nil)
	} else {
		info, err = w.group(id).Members().ByDirectoryObjectId(member).Ref().ToDeleteRequestInformation(w.working, nil)
	}
	if err != nil {
		return badRequest(err)
	}
	r := w.ask(&call{info: info, doing: "take out of the " + set + " of " + describe("group", name), needs: groupRight(set), nature: repeatable, missing: true, lagging: w.behind()})
	if parseError(r.body).referencesAbsent() {
		return nil
	}
	return r.err
}
