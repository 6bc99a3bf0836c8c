package entra

import (
	"context"

	"github.com/microsoftgraph/msgraph-sdk-go/groups"
	"github.com/microsoftgraph/msgraph-sdk-go/groupswithuniquename"
	"github.com/microsoftgraph/msgraph-sdk-go/models"
	"github.com/zclconf/go-cty/cty"

	"github.com/idpctl/idpctl/providers"
	"github.com/idpctl/idpctl/providers/attr"
	"github.com/idpctl/idpctl/providers/work"
	"github.com/idpctl/idpctl/resource"
)

func groupProperties() []string {
	return []string{"id", "displayName", "description", "mailNickname", "uniqueName", "createdDateTime", "securityEnabled", "groupTypes"}
}

// groupSearch gathers what finds groups.
type groupSearch struct {
	*conn
	found map[string]*foundGroup
}

type foundGroup struct {
	models.Groupable
	owners, members []string
}

func (c *conn) listGroups(ctx context.Context, q providers.Query) ([]resource.Object, error) {
	s := &groupSearch{conn: c, found: map[string]*foundGroup{}}
	if err := s.lookUp(ctx, q); err != nil {
		return nil, err
	}
	if err := s.references(ctx, q); err != nil {
		return nil, err
	}
	out := make([]resource.Object, 0, len(s.found))
	for _, g := range s.found {
		out = append(out, s.groupObject(g, q))
	}
	return out, nil
}

func (s *groupSearch) lookUp(ctx context.Context, q providers.Query) error {
	var calls []*call
	if q.All {
		all, err := s.get(ctx, "")
		if err != nil {
			return err
		}
		calls = append(calls, all)
	} else {
		by := work.Asked(q, "name")
		for _, f := range append(inFilters("id", sorted(by["id"], isID)), inFilters("displayName", sorted(by["name"], nil))...) {
			one, err := s.get(ctx, f)
			if err != nil {
				return err
			}
			calls = append(calls, one)
		}
	}
	if err := s.read(ctx, calls); err != nil {
		return err
	}
	return s.byUpsertKey(ctx, q.UpsertKeys)
}

// byUpsertKey finds groups by the unique names that they were made with.
func (s *groupSearch) byUpsertKey(ctx context.Context, keys []string) error {
	calls := make([]*call, len(keys))
	for i, key := range keys {
		info, err := groupswithuniquename.NewGroupsWithUniqueNameRequestBuilderInternal(s.path(), builders{}, ptr(uniqueName(key))).ToGetRequestInformation(ctx,
			&groupswithuniquename.GroupsWithUniqueNameRequestBuilderGetRequestConfiguration{
				QueryParameters: &groupswithuniquename.GroupsWithUniqueNameRequestBuilderGetQueryParameters{Select: groupProperties()},
			})
		if err != nil {
			return badRequest(err)
		}
		calls[i] = &call{info: info, doing: "look for a group", needs: readGroupMembers, missing: true}
	}
	for _, r := range s.all(ctx, calls) {
		if r.err != nil {
			return r.err
		}
		g, ok, err := parse[models.Groupable](r, models.CreateGroupFromDiscriminatorValue)
		if err != nil {
			return err
		}
		if ok {
			s.found[text(g.GetId())] = &foundGroup{Groupable: g}
		}
	}
	return nil
}

func (s *groupSearch) get(ctx context.Context, filter string) (*call, error) {
	params := &groups.GroupsRequestBuilderGetQueryParameters{Select: groupProperties(), Top: ptr(s.page)}
	if filter != "" {
		params.Filter = &filter
	}
	info, err := groups.NewGroupsRequestBuilderInternal(s.path(), builders{}).ToGetRequestInformation(ctx,
		&groups.GroupsRequestBuilderGetRequestConfiguration{QueryParameters: params})
	if err != nil {
		return nil, badRequest(err)
	}
	return &call{info: info, doing: "list groups", needs: readGroupMembers}, nil
}

func (s *groupSearch) read(ctx context.Context, calls []*call) error {
	return list[models.GroupCollectionResponseable](ctx, s.conn, calls, models.CreateGroupCollectionResponseFromDiscriminatorValue, func(_ int, g models.Groupable) {
		if truth(g.GetSecurityEnabled()) && len(g.GetGroupTypes()) == 0 {
			s.found[text(g.GetId())] = &foundGroup{Groupable: g}
		}
	})
}

// references reads owners and members of what was found, unless nobody asks for
// them.
func (s *groupSearch) references(ctx context.Context, q providers.Query) error {
	var calls []*call
	var into []*[]string
	for id, g := range s.found {
		b := groups.NewGroupsRequestBuilderInternal(s.path(), builders{}).ByGroupId(id)
		if !q.Omits("members") {
			info, err := b.Members().ToGetRequestInformation(ctx, &groups.ItemMembersRequestBuilderGetRequestConfiguration{
				QueryParameters: &groups.ItemMembersRequestBuilderGetQueryParameters{Select: []string{"id"}, Top: ptr(s.page)},
			})
			if err != nil {
				return badRequest(err)
			}
			calls = append(calls, &call{info: info, doing: "list the members of group " + work.Quoted(text(g.GetDisplayName())), needs: readGroupMembers, missing: true})
			into = append(into, &g.members)
		}
		if !q.Omits("owners") {
			// The application that made the group is an owner, too, and no user.
			info, err := b.Owners().GraphUser().ToGetRequestInformation(ctx, &groups.ItemOwnersGraphUserRequestBuilderGetRequestConfiguration{
				QueryParameters: &groups.ItemOwnersGraphUserRequestBuilderGetQueryParameters{Select: []string{"id"}, Top: ptr(s.page)},
			})
			if err != nil {
				return badRequest(err)
			}
			calls = append(calls, &call{info: info, doing: "list the owners of group " + work.Quoted(text(g.GetDisplayName())), needs: readGroupMembers, missing: true})
			into = append(into, &g.owners)
		}
	}
	return s.ids(ctx, calls, into)
}

// ids does calls that answer with directory objects, and keeps their ids.
func (c *conn) ids(ctx context.Context, calls []*call, into []*[]string) error {
	return list[models.DirectoryObjectCollectionResponseable](ctx, c, calls, models.CreateDirectoryObjectCollectionResponseFromDiscriminatorValue, func(i int, o models.DirectoryObjectable) {
		*into[i] = append(*into[i], text(o.GetId()))
	})
}

func (s *groupSearch) groupObject(g *foundGroup, q providers.Query) resource.Object {
	o := s.blank("group")
	id := text(g.GetId())
	for name, v := range map[string]string{
		"id": id, "tenant": s.tenantID(), "name": text(g.GetDisplayName()), "description": text(g.GetDescription()), "mail_nickname": text(g.GetMailNickname()),
	} {
		if v != "" {
			o[name] = cty.StringVal(v)
		}
	}
	if !q.Omits("members") {
		o["members"] = attr.OfStrings(g.members)
	}
	if !q.Omits("owners") {
		o["owners"] = attr.OfStrings(g.owners)
	}
	out := resource.Object{Kind: "group", ID: id, Attrs: cty.ObjectVal(o), UpsertKey: upsertKey(text(g.GetUniqueName()))}
	if at := g.GetCreatedDateTime(); at != nil {
		out.Created = *at
	}
	return out
}
