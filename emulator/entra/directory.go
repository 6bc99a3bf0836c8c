package entra

import (
	"slices"
	"strings"

	"github.com/idpctl/idpctl/emulator/jsonvalue"
)

// organization is the tenant (section 9).
func (c *call) organization() (reply, error) {
	domains := c.opts.domains()
	verified := make([]any, len(domains))
	for i, d := range domains {
		verified[i] = object{"name": d, "isDefault": i == 0, "isInitial": d == c.opts.InitialDomain, "type": "Managed", "capabilities": "Email, OfficeCommunicationsOnline"}
	}
	o := object{"id": c.opts.TenantID, "displayName": c.opts.TenantName, "verifiedDomains": verified, "tenantType": "AAD",
		"countryLetterCode": "DE", "createdDateTime": nil, "deletedDateTime": nil, "technicalNotificationMails": []any{}, "businessPhones": []any{},
		"assignedPlans": []any{}, "provisionedPlans": []any{}, "defaultUsageLocation": nil, "preferredLanguage": "en", "city": nil, "country": nil,
		"onPremisesSyncEnabled": nil}
	o, err := picked(o, c.selected())
	if err != nil {
		return reply{}, err
	}
	return ok(object{"@odata.context": c.context("organization"), "value": []any{o}})
}

func (c *call) listDomains() (reply, error) {
	values := []any{}
	for _, d := range c.opts.domains() {
		o, err := picked(c.domain(d), c.selected())
		if err != nil {
			return reply{}, err
		}
		values = append(values, o)
	}
	return ok(object{"@odata.context": c.context("domains"), "value": values})
}

func (c *call) getDomain() (reply, error) {
	for _, d := range c.opts.domains() {
		if strings.EqualFold(d, c.params["id"]) {
			o, err := picked(c.domain(d), c.selected())
			if err != nil {
				return reply{}, err
			}
			o["@odata.context"] = c.context("domains/$entity")
			return ok(o)
		}
	}
	return reply{}, notFound(c.params["id"])
}

func (c *call) domain(name string) object {
	return object{"id": name, "authenticationType": "Managed", "availabilityStatus": nil, "isAdminManaged": true,
		"isDefault": name == c.opts.domains()[0], "isInitial": name == c.opts.InitialDomain, "isRoot": true, "isVerified": true,
		"supportedServices": []any{"Email"}, "passwordValidityPeriodInDays": int64(2147483647), "passwordNotificationWindowInDays": int64(14),
		"state": nil, "manufacturer": nil, "model": nil}
}

// picked is an object with some of its properties.
func picked(o object, names []string) (object, error) {
	if len(names) == 0 {
		return o, nil
	}
	out := object{}
	for _, n := range names {
		v, ok := o[n]
		if !ok {
			return nil, malformed("Parsing OData Select and Expand failed: Could not find a property named '%s' on the type.", n)
		}
		out[n] = v
	}
	return out, nil
}

// getByIDs finds up to 1,000 objects; those that are not there are left out
// (section 4).
func (c *call) getByIDs() (reply, error) {
	in, err := c.decode()
	if err != nil {
		return reply{}, err
	}
	set, err := schema{"ids": stringList, "types": stringList}.check(KindUser, in, true)
	if err != nil {
		return reply{}, err
	}
	ids, types := jsonvalue.Texts(set["ids"]), jsonvalue.Texts(set["types"])
	switch {
	case len(ids) == 0:
		return reply{}, missing("ids")
	case len(ids) > 1000:
		return reply{}, badRequest("The number of ids is limited to 1000.")
	}
	values, seen := []any{}, map[string]bool{}
	for _, id := range ids {
		if !guid.MatchString(id) {
			return reply{}, badRequest("Invalid GUID specified.")
		}
		kind, st := c.anyObject(id, c.replica)
		wanted := len(types) == 0 || slices.Contains(types, "directoryObject") || slices.Contains(types, string(kind))
		if st == nil || !wanted || seen[strings.ToLower(id)] {
			continue
		}
		seen[strings.ToLower(id)] = true
		o, err := c.represent(element{kind, st}, true)
		if err != nil {
			return reply{}, err
		}
		values = append(values, o)
	}
	return ok(object{"@odata.context": c.context("directoryObjects"), "value": values})
}

func (c *call) getObject() (reply, error) {
	kind, st := c.anyObject(c.params["id"], c.replica)
	if st == nil {
		return reply{}, notFound(c.params["id"])
	}
	o, err := c.represent(element{kind, st}, true)
	if err != nil {
		return reply{}, err
	}
	o["@odata.context"] = c.context("directoryObjects/$entity")
	return ok(o)
}
