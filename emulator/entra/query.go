package entra

import (
	"cmp"
	"encoding/base64"
	"encoding/json"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/idpctl/idpctl/emulator/jsonvalue"
)

// Page sizes (sections 4 and 5).
const (
	defaultPage = 100
	maxPage     = 999
)

// element is an object of a list as the client is to see it.
type element struct {
	kind Kind
	st   *state
}

// listing is a list that a client asked for.
type listing struct {
	// kind of the elements; "" for directory objects of several kinds.
	kind Kind
	// fragment of the @odata.context.
	fragment string
	// typed: elements say their @odata.type.
	typed bool
	// reference: a list of references, whose filters are advanced queries.
	reference bool
	elements  []element
}

// skip is what a $skiptoken says: the last id of the page before, and whether
// the next page is one of the empty ones.
type skip struct {
	After  string `json:"a"`
	Offset int    `json:"o"`
	Empty  bool   `json:"e,omitempty"`
}

// list answers a list: filtered, ordered, cut into pages.
func (c *call) list(l listing) (reply, error) {
	if err := c.checkOptions(); err != nil {
		return reply{}, err
	}
	counts := strings.EqualFold(c.query.Get("$count"), "true") && c.advanced()
	filtered, err := c.filter(l, counts)
	if err != nil {
		return reply{}, err
	}
	ordered, err := c.order(l, filtered, counts)
	if err != nil {
		return reply{}, err
	}
	top := defaultPage
	if text := c.query.Get("$top"); text != "" {
		if top, err = strconv.Atoi(text); err != nil || top < 1 || top > maxPage {
			return reply{}, badRequest("Invalid page size specified: '%s'. Must be between 1 and 999 inclusive.", text)
		}
	}
	var from skip
	token := c.query.Get("$skiptoken")
	if token != "" {
		raw, err := base64.RawURLEncoding.DecodeString(token)
		if err != nil || json.Unmarshal(raw, &from) != nil {
			return reply{}, badRequest("The skip token is not valid.")
		}
	}
	body := object{"@odata.context": c.context(l.fragment)}
	if counts && token == "" {
		body["@odata.count"] = len(ordered)
	}
	rest := after(ordered, from, c.query.Has("$orderby"))
	page := rest[:min(top, len(rest))]
	var next *skip
	switch {
	case c.opts.EmptyPages && !from.Empty && len(rest) > 0:
		// A page of nothing comes before each one that has something.
		page, next = nil, &skip{from.After, from.Offset, true}
	case len(rest) > len(page):
		next = &skip{After: str(page[len(page)-1].st.props, "id"), Offset: from.Offset + len(page)}
	}
	values := make([]any, 0, len(page))
	for _, e := range page {
		o, err := c.represent(e, l.typed)
		if err != nil {
			return reply{}, err
		}
		values = append(values, o)
	}
	body["value"] = values
	if next != nil {
		body["@odata.nextLink"] = c.nextLink(*next)
	}
	return ok(body)
}

// after is what follows a page. In the order of ids the last one need not be
// there any more.
func after(list []element, from skip, ordered bool) []element {
	if ordered {
		return list[min(max(from.Offset, 0), len(list)):]
	}
	slices.SortFunc(list, func(a, b element) int { return cmp.Compare(str(a.st.props, "id"), str(b.st.props, "id")) })
	i, found := slices.BinarySearchFunc(list, from.After, func(e element, id string) int { return cmp.Compare(str(e.st.props, "id"), id) })
	if found {
		i++
	}
	return list[i:]
}

// nextLink is the URL of the next page: the same query with a $skiptoken.
func (c *call) nextLink(s skip) string {
	q := url.Values{}
	for k, v := range c.query {
		q[k] = v
	}
	q.Set("$skiptoken", base64.RawURLEncoding.EncodeToString(jsonvalue.Encode(s)))
	return c.base(c.r) + c.r.URL.EscapedPath() + "?" + strings.ReplaceAll(q.Encode(), "%24", "$")
}

// selected are the names of $select.
func (c *call) selected() []string {
	var names []string
	for n := range strings.SplitSeq(c.query.Get("$select"), ",") {
		if n = strings.TrimSpace(n); n != "" {
			names = append(names, n)
		}
	}
	return names
}

// represent is an object as it stands in an answer.
func (c *call) represent(e element, typed bool) (object, error) {
	selected := c.selected()
	if typed {
		// A list of several types takes the names that any of them has.
		selected = slices.DeleteFunc(selected, func(n string) bool {
			_, has := schemas[e.kind][n]
			return !has
		})
		if len(selected) == 0 && c.query.Has("$select") {
			selected = []string{"id"}
		}
	}
	o, err := schemas[e.kind].shown(e.st.props, selected)
	if err != nil {
		return nil, err
	}
	if typed {
		o["@odata.type"] = "#microsoft.graph." + string(e.kind)
	}
	return o, c.expand(e, o)
}

// expand adds the relations that $expand names: at most 20 objects of each.
func (c *call) expand(e element, o object) error {
	text := c.query.Get("$expand")
	if text == "" {
		return nil
	}
	name, _, _ := strings.Cut(text, "(")
	var ids []string
	switch {
	case name == "members" && e.kind == KindGroup:
		ids = e.st.members
	case name == "owners" && (e.kind == KindGroup || e.kind == KindApplication || e.kind == KindServicePrincipal):
		ids = e.st.owners
	default:
		return notEmulated("$expand=" + text)
	}
	values := []any{}
	for _, id := range ids {
		if kind, st := c.anyObject(id, c.replica); st != nil && len(values) < 20 {
			member, err := schemas[kind].shown(st.props, nil)
			if err != nil {
				return err
			}
			member["@odata.type"] = "#microsoft.graph." + string(kind)
			values = append(values, member)
		}
	}
	o[name] = values
	return nil
}

// one answers a single object.
func (c *call) one(kind Kind, st *state, collection string) (reply, error) {
	if err := c.checkOptions(); err != nil {
		return reply{}, err
	}
	o, err := c.represent(element{kind, st}, false)
	if err != nil {
		return reply{}, err
	}
	fragment := collection + "/$entity"
	if s := c.query.Get("$select"); s != "" {
		fragment = collection + "(" + s + ")/$entity"
	}
	o["@odata.context"] = c.context(fragment)
	return ok(o)
}

// created is 201 with the new object, as the primary has it.
func (c *call) created(kind Kind, st *state, collection string) (reply, error) {
	o, err := schemas[kind].shown(st.props, nil)
	if err != nil {
		return reply{}, err
	}
	o["@odata.context"] = c.context(collection + "/$entity")
	c.header.Set("Location", c.base(c.r)+"/v1.0/"+collection+"/"+str(st.props, "id"))
	return reply{201, o}, nil
}

// elements are the live objects of a kind that the replica shows.
func (c *call) elements(kind Kind) []element {
	all := c.dir.tables[kind].all()
	out := make([]element, 0, len(all))
	for _, e := range all {
		if st := c.show(e, c.replica); st != nil && !st.deleted() {
			out = append(out, element{kind, st})
		}
	}
	return out
}

// order sorts by $orderby; together with $filter that is an advanced query.
func (c *call) order(l listing, list []element, counts bool) ([]element, error) {
	by := c.query.Get("$orderby")
	if by == "" {
		return list, nil
	}
	if (c.query.Has("$filter") || l.reference) && !counts {
		return nil, unsupported("Sorting not supported for current query.")
	}
	name, direction, _ := strings.Cut(strings.TrimSpace(by), " ")
	if !slices.Contains([]string{"displayName", "userPrincipalName", "createdDateTime"}, name) {
		return nil, unsupported("Unsupported sort property '%s' for '%s'.", name, typeNames[l.kind])
	}
	list = slices.Clone(list)
	slices.SortStableFunc(list, func(a, b element) int {
		n := cmp.Compare(strings.ToLower(str(a.st.props, name)), strings.ToLower(str(b.st.props, name)))
		if strings.EqualFold(strings.TrimSpace(direction), "desc") {
			n = -n
		}
		return n
	})
	return list, nil
}

// count answers /$count, which is an advanced query (section 1).
func (c *call) count(l listing) (reply, error) {
	if !c.advanced() {
		return reply{}, badRequest("$count is not currently supported.")
	}
	filtered, err := c.filter(l, true)
	if err != nil {
		return reply{}, err
	}
	return ok(plainText(strconv.Itoa(len(filtered))))
}
