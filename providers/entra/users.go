package entra

import (
	"context"
	"slices"
	"strconv"
	"strings"

	abstractions "github.com/microsoft/kiota-abstractions-go"
	"github.com/microsoftgraph/msgraph-sdk-go/groups"
	"github.com/microsoftgraph/msgraph-sdk-go/models"
	"github.com/microsoftgraph/msgraph-sdk-go/users"
	"github.com/zclconf/go-cty/cty"

	"github.com/idpctl/idpctl/providers"
	"github.com/idpctl/idpctl/providers/attr"
	"github.com/idpctl/idpctl/providers/work"
	"github.com/idpctl/idpctl/resource"
)

// userProperties are those that are asked for: without "$select" Graph leaves
// most of them out (https://learn.microsoft.com/graph/api/user-get).
func userProperties() []string {
	return []string{
		"id", "userPrincipalName", "mail", "givenName", "surname", "displayName", "mailNickname", "otherMails", "proxyAddresses",
		"usageLocation", "accountEnabled", "userType", "createdDateTime",
	}
}

// userSearch gathers what finds users.
type userSearch struct {
	*conn
	found map[string]resource.Object
	// asked are the e-mails that were looked for: who has one of them as a
	// secondary address alone is doubtful.
	asked map[string]bool
	// named are the user principal names that were looked for.
	named map[string]bool
	// principalNames are those that Entra ID has, by id.
	principalNames map[string]string
}

func (c *conn) listUsers(ctx context.Context, q providers.Query) ([]resource.Object, error) {
	s := &userSearch{conn: c, found: map[string]resource.Object{}, asked: map[string]bool{}, named: map[string]bool{}, principalNames: map[string]string{}}
	var err error
	switch {
	case q.Deleted:
		return s.deleted(ctx, q)
	case q.All:
		err = s.list(ctx, "")
	case q.Filters != cty.NilVal:
		err = s.filtered(ctx, q.Filters)
	}
	if err == nil && !q.All {
		err = s.lookUp(ctx, q)
	}
	if err != nil {
		return nil, err
	}
	out := make([]resource.Object, 0, len(s.found))
	for _, o := range s.found {
		out = append(out, o)
	}
	return out, nil
}

// list reads all users that meet a filter, in pages.
func (s *userSearch) list(ctx context.Context, filter string) error {
	q, err := s.get(ctx, filter)
	if err != nil {
		return err
	}
	return s.read(ctx, []*call{q})
}

// get is the call that lists users that meet a filter; empty: all.
func (s *userSearch) get(ctx context.Context, filter string) (*call, error) {
	params := &users.UsersRequestBuilderGetQueryParameters{Select: userProperties(), Top: ptr(s.page)}
	if filter != "" {
		params.Filter = &filter
	}
	info, err := users.NewUsersRequestBuilderInternal(s.path(), builders{}).ToGetRequestInformation(ctx,
		&users.UsersRequestBuilderGetRequestConfiguration{QueryParameters: params})
	if err != nil {
		return nil, badRequest(err)
	}
	return &call{info: info, doing: "list users", needs: readUsers}, nil
}

// read does calls for users and keeps what they find.
func (s *userSearch) read(ctx context.Context, calls []*call) error {
	return list[models.UserCollectionResponseable](ctx, s.conn, calls, models.CreateUserCollectionResponseFromDiscriminatorValue, func(_ int, u models.Userable) {
		s.keep(u)
	})
}

func (s *userSearch) keep(u models.Userable) {
	o := s.userObject(u)
	if o.ID != "" {
		s.found[o.ID] = o
	}
}

// filtered finds the users of a plural data block.
func (s *userSearch) filtered(ctx context.Context, args cty.Value) error {
	var parts []string
	if attr.IsSet(args, "enabled") {
		parts = append(parts, "accountEnabled eq "+boolText(attr.Bool(args, "enabled", true)))
	}
	if attr.IsSet(args, "guest") {
		typ := "Member"
		if attr.Bool(args, "guest", false) {
			typ = "Guest"
		}
		parts = append(parts, "userType eq '"+typ+"'")
	}
	group := attr.String(args, "group")
	if group == "" {
		return s.list(ctx, strings.Join(parts, " and "))
	}
	if !isID(group) {
		return nil
	}
	// A filter on members takes an advanced query; the members of one group are few
	// enough to be looked through here.
	info, err := groups.NewGroupsRequestBuilderInternal(s.path(), builders{}).ByGroupId(group).TransitiveMembers().GraphUser().ToGetRequestInformation(ctx,
		&groups.ItemTransitiveMembersGraphUserRequestBuilderGetRequestConfiguration{
			QueryParameters: &groups.ItemTransitiveMembersGraphUserRequestBuilderGetQueryParameters{Select: userProperties(), Top: ptr(s.page)},
		})
	if err != nil {
		return badRequest(err)
	}
	err = s.read(ctx, []*call{{info: info, doing: "list the members of group " + work.Quoted(group), needs: readGroupMembers, missing: true}})
	for id, o := range s.found {
		if attr.IsSet(args, "enabled") && attr.Bool(o.Attrs, "enabled", true) != attr.Bool(args, "enabled", true) ||
			attr.IsSet(args, "guest") && attr.Bool(o.Attrs, "guest", false) != attr.Bool(args, "guest", false) {
			delete(s.found, id)
		}
	}
	return err
}

func boolText(b bool) string {
	if b {
		return "true"
	}
	return "false"
}

// lookUp finds users by ids and keys: up to 15 with a filter, and 20 filters with
// a batch. An e-mail is looked for among all addresses that a user has.
func (s *userSearch) lookUp(ctx context.Context, q providers.Query) error {
	by := work.Asked(q, "user_principal_name", "email")
	ids, names, mails := by["id"], by["user_principal_name"], by["email"]
	t, err := s.readTenant(ctx)
	if err != nil {
		return err
	}
	for name := range names {
		s.named[name] = true
		// Nobody but a guest has a name from elsewhere, and Entra ID makes another
		// one of it.
		if _, domain, _ := strings.Cut(name, "@"); !slices.Contains(t.domains, domain) {
			mails[name] = true
		}
	}
	var filters []string
	filters = append(filters, inFilters("id", sorted(ids, isID))...)
	filters = append(filters, inFilters("userPrincipalName", sorted(names, nil))...)
	list := sorted(mails, nil)
	filters = append(filters, inFilters("mail", list)...)
	for _, mail := range list {
		s.asked[mail] = true
	}
	filters = append(filters, anyFilters("otherMails", "", list)...)
	filters = append(filters, anyFilters("proxyAddresses", "smtp:", list)...)
	guests := make([]string, len(list))
	for i, mail := range list {
		guests[i] = guestName(mail, t.initialDomain)
	}
	filters = append(filters, inFilters("userPrincipalName", guests)...)
	if whole, err := s.wholeIsCheaper(ctx, len(filters)); err != nil {
		return err
	} else if whole {
		return s.sift(ctx, ids, names, mails)
	}
	calls := make([]*call, len(filters))
	for i, f := range filters {
		if calls[i], err = s.get(ctx, f); err != nil {
			return err
		}
	}
	return s.read(ctx, calls)
}

// wholeIsCheaper reports whether all users fit into fewer pages than a number of
// look-ups into batches. Few look-ups are not worth the question.
func (s *userSearch) wholeIsCheaper(ctx context.Context, lookUps int) (bool, error) {
	batches := (lookUps + batchSize - 1) / batchSize
	if batches <= 3 {
		return false, nil
	}
	headers := abstractions.NewRequestHeaders()
	headers.Add("ConsistencyLevel", "eventual") // without it Graph does not count
	info, err := users.NewUsersRequestBuilderInternal(s.path(), builders{}).Count().ToGetRequestInformation(ctx,
		&users.CountRequestBuilderGetRequestConfiguration{Headers: headers})
	if err != nil {
		return false, badRequest(err)
	}
	r := s.do(ctx, &call{info: info, doing: "count the users", needs: readUsers})
	if r.err != nil {
		return false, r.err
	}
	n, err := strconv.Atoi(strings.TrimSpace(strings.TrimPrefix(string(r.body), "\ufeff")))
	return err == nil && n/int(s.page)+2 < batches, nil
}

// sift reads all users and keeps those who are asked for.
func (s *userSearch) sift(ctx context.Context, ids, names, mails map[string]bool) error {
	if err := s.list(ctx, ""); err != nil {
		return err
	}
	for id, o := range s.found {
		if !ids[id] && !names[attr.String(o.Attrs, "user_principal_name")] && !names[s.principalNames[id]] && !mails[attr.String(o.Attrs, "email")] {
			delete(s.found, id)
		}
	}
	return nil
}

// guestName is the user principal name that Entra ID makes for a guest.
func guestName(mail, initialDomain string) string {
	return strings.ReplaceAll(mail, "@", "_") + "#EXT#@" + initialDomain
}

// sorted are the elements of a set that are fit, in order.
func sorted(set map[string]bool, fit func(string) bool) []string {
	var out []string
	for s := range set {
		if fit == nil || fit(s) {
			out = append(out, s)
		}
	}
	slices.Sort(out)
	return out
}

// isID reports whether a text is an id of a directory object: a GUID. Others are
// refused as a whole ("Invalid GUID").
func isID(s string) bool {
	if len(s) != 36 {
		return false
	}
	for i, r := range s {
		switch {
		case i == 8 || i == 13 || i == 18 || i == 23:
			if r != '-' {
				return false
			}
		case r >= '0' && r <= '9', r >= 'a' && r <= 'f', r >= 'A' && r <= 'F':
		default:
			return false
		}
	}
	return true
}

// userObject is a user as an object.
func (s *userSearch) userObject(u models.Userable) resource.Object {
	o := s.blank("user")
	set := func(name, v string) {
		if v != "" {
			o[name] = cty.StringVal(v)
		}
	}
	id := text(u.GetId())
	set("id", id)
	set("tenant", s.tenantID())
	mail := strings.ToLower(text(u.GetMail()))
	var others []string
	others = append(others, u.GetOtherMails()...)
	var doubts map[string]string
	if mail == "" && len(others) > 0 && truthGuest(u) {
		mail = strings.ToLower(others[0]) // the address that a contact has already stands there alone
	}
	address := mail
	for _, m := range slices.Concat(others, smtp(u.GetProxyAddresses())) {
		if m = strings.ToLower(m); s.asked[m] && m != mail {
			doubts = map[string]string{"email": m + " is only a secondary address of that user, whose e-mail is " + orNone(mail)}
			address = m
		}
	}
	set("email", address)
	name := strings.ToLower(text(u.GetUserPrincipalName()))
	s.principalNames[id] = name
	if truthGuest(u) && mail != "" && !s.named[name] {
		name = mail // what a guest signs in with
	}
	set("user_principal_name", name)
	set("first_name", text(u.GetGivenName()))
	set("last_name", text(u.GetSurname()))
	set("display_name", text(u.GetDisplayName()))
	set("mail_nickname", text(u.GetMailNickname()))
	set("usage_location", text(u.GetUsageLocation()))
	o["other_mails"] = attr.OfStrings(others)
	o["enabled"] = cty.BoolVal(truth(u.GetAccountEnabled()))
	o["guest"] = cty.BoolVal(truthGuest(u))
	out := resource.Object{Kind: "user", ID: id, Attrs: cty.ObjectVal(o), Doubts: doubts}
	if at := u.GetCreatedDateTime(); at != nil {
		out.Created = *at
	}
	return out
}

func orNone(s string) string {
	if s == "" {
		return "not set"
	}
	return s
}

// truthGuest reports whether a user is a guest.
func truthGuest(u models.Userable) bool { return text(u.GetUserType()) == "Guest" }

// smtp are the mail addresses among the proxy addresses.
func smtp(list []string) []string {
	var out []string
	for _, p := range list {
		if scheme, address, ok := strings.Cut(p, ":"); ok && strings.EqualFold(scheme, "smtp") {
			out = append(out, strings.ToLower(address))
		}
	}
	return out
}

// tenantID is the id of the tenant, which was read by then.
func (c *conn) tenantID() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.tenant == nil {
		return ""
	}
	return c.tenant.id
}
