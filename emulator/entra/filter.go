package entra

import (
	"slices"
	"strings"
	"time"
)

// filterable says which properties of a kind a filter may name: plain ones
// with eq, in and startsWith, advanced ones only in advanced queries. What is
// in neither cannot be filtered by, as uniqueName (section 2).
type filterable struct{ plain, advanced []string }

// filterables are those of all kinds (section 4 for users; for the others what
// Graph's reference says of each property).
var filterables = map[Kind]filterable{
	KindUser: {
		[]string{"id", "mail", "userPrincipalName", "displayName", "mailNickname", "userType", "accountEnabled", "otherMails", "proxyAddresses",
			"givenName", "surname", "jobTitle", "createdDateTime", "department", "usageLocation", "city", "country", "externalUserState", "creationType", "employeeId"},
		[]string{"companyName", "officeLocation", "mobilePhone", "employeeType", "onPremisesSamAccountName"},
	},
	KindGroup: {
		[]string{"id", "displayName", "mailNickname", "mail", "securityEnabled", "mailEnabled", "groupTypes", "proxyAddresses"},
		[]string{"description", "visibility"},
	},
	KindApplication: {
		[]string{"id", "appId", "displayName", "identifierUris", "tags"},
		[]string{"publisherDomain", "signInAudience", "notes"},
	},
	KindServicePrincipal: {
		[]string{"id", "appId", "displayName", "servicePrincipalNames", "servicePrincipalType", "accountEnabled", "tags"},
		[]string{"appOwnerOrganizationId", "homepage", "notes"},
	},
	KindAppRoleAssignment: {plain: []string{"principalId", "resourceId", "appRoleId", "principalDisplayName"}},
	KindPermissionGrant:   {plain: []string{"clientId", "resourceId", "principalId", "consentType", "scope"}},
}

// Limits of queries (section 1).
const (
	maxClauses  = 15
	maxAdvanced = 2048
)

// filter keeps the elements that $filter and $search ask for. counts tells
// that the request has both halves of an advanced query.
func (c *call) filter(l listing, counts bool) ([]element, error) {
	text, search := c.query.Get("$filter"), c.query.Get("$search")
	if counts && len(c.base(c.r))+len(c.r.URL.RequestURI()) > maxAdvanced {
		return nil, badRequest("The URL of an advanced query is longer than %d characters.", maxAdvanced)
	}
	if search != "" && !c.advanced() {
		return nil, unsupported("Request with $search query parameter only works through MSGraph with a special request header: 'ConsistencyLevel: eventual'")
	}
	list := l.elements
	if text != "" {
		if l.reference && !counts {
			return nil, unsupported("The specified filter to the reference property query is currently not supported.")
		}
		n, err := parseFilter(text)
		if err != nil {
			return nil, malformed("Invalid filter clause: %s.", err)
		}
		if err := n.check(l.kind, counts); err != nil {
			return nil, err
		}
		list = slices.DeleteFunc(slices.Clone(list), func(e element) bool { return !n.holds(e.st.props) })
	}
	if search != "" {
		property, value, ok := strings.Cut(strings.Trim(search, `"`), ":")
		if !ok || !slices.Contains([]string{"displayName", "mail", "userPrincipalName", "description"}, property) {
			return nil, unsupported("Unrecognized or unsupported $search clause.")
		}
		// The words of a text are what is searched, by their beginnings.
		list = slices.DeleteFunc(slices.Clone(list), func(e element) bool {
			words := strings.FieldsFunc(strings.ToLower(str(e.st.props, property)), func(r rune) bool { return strings.ContainsRune(" -_.@", r) })
			return !slices.ContainsFunc(words, func(w string) bool { return strings.HasPrefix(w, strings.ToLower(value)) })
		})
	}
	return list, nil
}

// check refuses what the directory does not filter by, and advanced queries
// that are not asked for as such.
func (n *node) check(kind Kind, counts bool) error {
	// Several clauses of one "or" count like the values of an "in".
	if size := n.clauses(); (n.op == "or" || n.op == "in") && size > maxClauses && !counts {
		return unsupported("Too many child clauses specified in search filter expression containing 'OR' operators: %d. Max allowed: %d.", size, maxClauses)
	}
	switch n.op {
	case "ne", "not", "endsWith":
		if !counts {
			return unsupported("Unsupported Query.")
		}
	}
	if n.property != "" {
		f := filterables[kind]
		known := slices.Contains(f.plain, n.property) || counts && slices.Contains(f.advanced, n.property)
		p, exists := schemas[kind][n.property]
		switch {
		case kind == "" && n.property == "displayName", kind == "" && n.property == "id":
		case kind != "" && !exists:
			return malformed("Invalid filter clause: Could not find a property named '%s' on type 'microsoft.graph.%s'.", n.property, kind)
		case !known:
			return unsupported("Unsupported or invalid query filter clause specified for property '%s' of resource '%s'.", n.property, typeNames[kind])
		case (n.op == "ge" || n.op == "le") && n.property != "createdDateTime":
			return unsupported("Unsupported Query.")
		case (p.typ == tStrings) != (n.op == "any"):
			return malformed("Invalid filter clause: '%s' is or is not a collection.", n.property)
		}
	}
	for _, p := range n.parts {
		if err := p.check(kind, counts); err != nil {
			return err
		}
	}
	return nil
}

// clauses counts the alternatives of an "or" or "in".
func (n *node) clauses() int {
	switch n.op {
	case "or":
		total := 0
		for _, p := range n.parts {
			total += p.clauses()
		}
		return total
	case "in":
		return len(n.values)
	}
	return 1
}

// holds evaluates a filter on an object.
func (n *node) holds(o object) bool {
	switch n.op {
	case "and":
		return !slices.ContainsFunc(n.parts, func(p *node) bool { return !p.holds(o) })
	case "or":
		return slices.ContainsFunc(n.parts, func(p *node) bool { return p.holds(o) })
	case "not":
		return !n.parts[0].holds(o)
	case "any":
		list, _ := o[n.property].([]any)
		return slices.ContainsFunc(list, func(v any) bool { return n.parts[0].holds(object{"": v}) })
	}
	v := o[n.property]
	equal := func(w any) bool { return same(v, w) }
	switch n.op {
	case "eq", "in":
		return slices.ContainsFunc(n.values, equal)
	case "ne":
		return !equal(n.values[0])
	}
	text, isText := v.(string)
	if n.op == "ge" || n.op == "le" {
		at, _ := n.values[0].(string)
		a, errA := time.Parse(time.RFC3339, text)
		b, errB := time.Parse(time.RFC3339, at)
		return errA == nil && errB == nil && (n.op == "ge" && !a.Before(b) || n.op == "le" && !a.After(b))
	}
	part, _ := n.values[0].(string)
	text, part = strings.ToLower(text), strings.ToLower(part)
	if n.op == "startsWith" {
		return isText && strings.HasPrefix(text, part)
	}
	return isText && strings.HasSuffix(text, part)
}

// same compares as the directory does: texts without regard to case.
func same(a, b any) bool {
	x, isText := a.(string)
	y, bothTexts := b.(string)
	if isText && bothTexts {
		return strings.EqualFold(x, y)
	}
	return a == b
}
