package auth0

import (
	"encoding/base64"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// list says how a list is answered.
type list struct {
	// items is the name of the list in an envelope.
	items string
	// id is the property by which from finds the place to go on.
	id string
	// length: the envelope has it too, as that of users has (section 1).
	length bool
	// most is the offset up to which pages may reach; 0 is any (section 1).
	most int
	// always are properties that come even where fields leaves them out.
	always []string
}

// answerList gives the page that the query asks for (section 1).
func (c *call) answerList(l list, all []object) (reply, error) {
	if c.query.Has("take") {
		return c.checkpoint(l, all, 0)
	}
	page, err := c.integer("page", 0, 0, 1<<30)
	if err != nil {
		return reply{}, err
	}
	size, err := c.integer("per_page", 50, 0, 100)
	if err != nil {
		return reply{}, err
	}
	start := page * size
	if l.most > 0 && start >= l.most && start > 0 {
		return reply{}, fail(http.StatusBadRequest, "invalid_paging", "Requesting page %d exceeds the allowed maximum of %d records. "+
			"Page through more with checkpoint pagination where it is supported.", page, l.most)
	}
	end := start + size
	if l.most > 0 {
		end = min(end, l.most)
	}
	some := c.pick(all[min(start, len(all)):min(end, len(all))], l.always)
	totals, err := c.boolean("include_totals")
	if err != nil {
		return reply{}, err
	}
	if !totals {
		return ok(some)
	}
	o := object{"start": start, "limit": size, "total": len(all), l.items: some}
	if l.length {
		o["length"] = len(some)
	}
	return ok(o)
}

// checkpoint answers with the items after a mark; the default size may be 0 if
// the query has take.
func (c *call) checkpoint(l list, all []object, size int) (reply, error) {
	take, err := c.integer("take", size, 1, 100)
	if err != nil {
		return reply{}, err
	}
	start := 0
	if from := c.query.Get("from"); from != "" {
		if start, err = after(l, all, from); err != nil {
			return reply{}, err
		}
	}
	end := min(start+take, len(all))
	some := all[start:end]
	o := object{l.items: c.pick(some, l.always)}
	if end < len(all) || c.opts.EmptyLastPage && len(some) > 0 {
		o["next"] = mark(some[len(some)-1], l.id, end)
	}
	return ok(o)
}

// mark is where the next page begins: behind an object, or at a place if that
// object is gone by then.
func mark(last object, id string, place int) string {
	return base64.RawURLEncoding.EncodeToString([]byte(strconv.Itoa(place) + " " + str(last, id)))
}

func after(l list, all []object, from string) (int, error) {
	raw, err := base64.RawURLEncoding.DecodeString(from)
	place, id, found := strings.Cut(string(raw), " ")
	n, notNumber := strconv.Atoi(place)
	if err != nil || !found || notNumber != nil {
		return 0, badQuery("from", "Invalid checkpoint")
	}
	if i := slices.IndexFunc(all, func(o object) bool { return str(o, l.id) == id }); i >= 0 {
		return i + 1, nil
	}
	return min(n-1, len(all)), nil
}

// pick leaves in objects what the query's fields ask for.
func (c *call) pick(all []object, always []string) []object {
	out := make([]object, len(all))
	for i, o := range all {
		out[i] = c.pickOne(o, always)
	}
	return out
}

func (c *call) pickOne(o object, always []string) object {
	names := strings.FieldsFunc(c.query.Get("fields"), func(r rune) bool { return r == ',' })
	if len(names) == 0 {
		return o
	}
	include := c.query.Get("include_fields") != "false"
	out := object{}
	for k, v := range o {
		if slices.Contains(names, k) == include || include && slices.Contains(always, k) {
			out[k] = v
		}
	}
	return out
}

// integer reads a number of the query.
func (c *call) integer(name string, otherwise, least, most int) (int, error) {
	if !c.query.Has(name) {
		return otherwise, nil
	}
	n, err := strconv.Atoi(c.query.Get(name))
	switch {
	case err != nil:
		return 0, badQuery(name, "Expected type integer but found type string")
	case n < least:
		return 0, badQuery(name, "Value %d is less than minimum %d", n, least)
	case n > most:
		return 0, badQuery(name, "Value %d is greater than maximum %d", n, most)
	}
	return n, nil
}

// boolean reads a boolean of the query; false without it.
func (c *call) boolean(name string) (bool, error) {
	switch c.query.Get(name) {
	case "true":
		return true, nil
	case "", "false":
		return false, nil
	}
	return false, badQuery(name, "Expected type boolean but found type string")
}

// wanted reports whether a boolean property is what the query asks for, if it
// asks.
func (c *call) wanted(name string, value bool) bool {
	return !c.query.Has(name) || c.query.Get(name) == strconv.FormatBool(value)
}
