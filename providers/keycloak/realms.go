package keycloak

import (
	"context"
	"encoding/json"
	"strconv"
	"time"

	"github.com/zclconf/go-cty/cty"
	"golang.org/x/sync/errgroup"

	"github.com/idpctl/idpctl/providers"
	"github.com/idpctl/idpctl/providers/attr"
	"github.com/idpctl/idpctl/resource"
)

// markerAttribute is where the marker of a realm or client is. It is part of
// no map of attributes that the user sees.
const markerAttribute = "idpctl.marker"

// wireRealm is a RealmRepresentation: the fields of realmFields by name, and
// these.
type wireRealm struct {
	ID         string            `json:"id"`
	Name       string            `json:"realm"`
	Attributes map[string]string `json:"attributes"`
	SMTP       map[string]string `json:"smtpServer"`
	fields     map[string]json.RawMessage
}

func (w *wireRealm) UnmarshalJSON(b []byte) error {
	type plain wireRealm
	if err := json.Unmarshal(b, (*plain)(w)); err != nil {
		return err
	}
	return json.Unmarshal(b, &w.fields)
}

// realmFacts is what decides how far users of a realm can be trusted, and what
// user names they may have.
type realmFacts struct {
	read time.Time
	// known is false if the account may not read the realm's settings.
	known           bool
	registration    bool
	emailAsUsername bool
	editUsername    bool
}

// factsLive is how long realmFacts are believed: a plan's length.
const factsLive = 30 * time.Second

func (w *wireRealm) facts() realmFacts {
	f := realmFacts{read: time.Now(), known: w.ID != ""}
	_ = json.Unmarshal(w.fields["registrationAllowed"], &f.registration)
	_ = json.Unmarshal(w.fields["registrationEmailAsUsername"], &f.emailAsUsername)
	_ = json.Unmarshal(w.fields["editUsernameAllowed"], &f.editUsername)
	return f
}

func readRealm(name string) request {
	return request{doing: "read the realm's settings", realm: name, role: "view-realm"}
}

// getRealm reads a realm; nil if there is none. An account without view-realm
// gets a few fields and no id.
func (c *conn) getRealm(ctx context.Context, name string) (*wireRealm, error) {
	w, err := one[wireRealm](ctx, c, readRealm(name), nil)
	if w != nil {
		c.learn(name, w.facts())
	}
	return w, err
}

func (c *conn) learn(realm string, f realmFacts) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.realms[realm] = f
}

// unlearn forgets what was read of a realm that is being changed.
func (c *conn) unlearn(realm string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.realms, realm)
}

// facts of a realm, as read lately.
func (c *conn) facts(ctx context.Context, realm string) (realmFacts, error) {
	c.mu.Lock()
	f, ok := c.realms[realm]
	c.mu.Unlock()
	if ok && time.Since(f.read) < factsLive {
		return f, nil
	}
	w, err := c.getRealm(ctx, realm)
	if providers.ClassOf(err) == providers.Forbidden && err != nil {
		return realmFacts{}, nil
	}
	if w == nil || err != nil {
		return realmFacts{}, err
	}
	return w.facts(), nil
}

func (c *conn) listRealms(ctx context.Context, q providers.Query) ([]resource.Object, error) {
	found := map[string]*wireRealm{} // by name
	if q.All {
		var all []*wireRealm
		if err := c.get(ctx, request{doing: "list the realms", role: "view-realm"}, nil, &all); err != nil {
			return nil, err
		}
		for _, w := range all {
			if w.ID == "" {
				return nil, c.unreadable(w.Name)
			}
			c.learn(w.Name, w.facts())
			found[w.Name] = w
		}
		return c.realmObjects(ctx, q, found, nil)
	}
	var names []string
	ids := map[string]bool{}
	for _, id := range q.IDs {
		ids[id] = true
	}
	for _, key := range q.Keys {
		if id, ok := key["id"]; ok {
			ids[id] = true
		} else if name := key["realm"]; safeSegment(name) {
			names = append(names, name)
		}
	}
	if err := c.fetchRealms(ctx, names, found); err != nil {
		return nil, err
	}
	for _, w := range found {
		delete(ids, w.ID)
	}
	docs, err := c.madeRealms(ctx, q, ids, found)
	if err != nil {
		return nil, err
	}
	if len(ids) > 0 {
		names, err := c.realmNames(ctx, ids)
		if err != nil {
			return nil, err
		}
		if err := c.fetchRealms(ctx, names, found); err != nil {
			return nil, err
		}
	}
	return c.realmObjects(ctx, q, found, docs)
}

// madeRealms reads those of the realms with some ids that this connection made: their
// names are known, so that nothing has to be looked up first. The ids of those found
// are taken out.
func (c *conn) madeRealms(ctx context.Context, q providers.Query, ids map[string]bool, found map[string]*wireRealm) (map[string]discovered, error) {
	c.mu.Lock()
	var names []string
	for id := range ids {
		if name, ok := c.made[id]; ok {
			names = append(names, name)
		}
	}
	c.mu.Unlock()
	docs := make([]discovered, len(names))
	group, inner := errgroup.WithContext(ctx)
	if !q.Brief {
		group.Go(func() error {
			return c.each(inner, len(names), func(ctx context.Context, i int) (err error) {
				docs[i], err = c.discover(ctx, names[i])
				return err
			})
		})
	}
	read := map[string]*wireRealm{}
	group.Go(func() error { return c.fetchRealms(inner, names, read) })
	if err := group.Wait(); err != nil {
		return nil, err
	}
	out := map[string]discovered{}
	for i, name := range names {
		if w := read[name]; w != nil && ids[w.ID] { // else another one has the name by now
			found[name], out[name] = w, docs[i]
			delete(ids, w.ID)
		}
	}
	return out, nil
}

// realmNames finds realms by id: the API knows them by name only. An account
// that may not see a realm's id does not find it by id.
func (c *conn) realmNames(ctx context.Context, ids map[string]bool) ([]string, error) {
	var brief []struct{ ID, Realm string }
	err := c.get(ctx, request{doing: "list the realms", role: "view-realm"}, map[string]string{"briefRepresentation": "true"}, &brief)
	if err != nil {
		return nil, err
	}
	var names []string
	for _, b := range brief {
		if ids[b.ID] {
			names = append(names, b.Realm)
		}
	}
	return names, nil
}

func (c *conn) fetchRealms(ctx context.Context, names []string, found map[string]*wireRealm) error {
	got := make([]*wireRealm, len(names))
	err := c.each(ctx, len(names), func(ctx context.Context, i int) error {
		w, err := c.getRealm(ctx, names[i])
		if err == nil && w != nil && w.ID == "" {
			return c.unreadable(names[i])
		}
		got[i] = w
		return err
	})
	for _, w := range got {
		if w != nil {
			found[w.Name] = w
		}
	}
	return err
}

// unreadable is the error for a realm of which the account sees only the name.
func (c *conn) unreadable(realm string) error {
	return c.refusal(readRealm(realm), &answer{status: 403, json: true})
}

// realmObjects are the objects of realms; known are discovery documents that were
// read already.
func (c *conn) realmObjects(ctx context.Context, q providers.Query, found map[string]*wireRealm, known map[string]discovered) ([]resource.Object, error) {
	realms := make([]*wireRealm, 0, len(found))
	for _, w := range found {
		realms = append(realms, w)
	}
	docs := make([]discovered, len(realms))
	if !q.Brief {
		group, ctx := errgroup.WithContext(ctx)
		group.SetLimit(c.parallelism)
		for i, w := range realms {
			if d, is := known[w.Name]; is {
				docs[i] = d
				continue
			}
			group.Go(func() (err error) {
				docs[i], err = c.discover(ctx, w.Name)
				return err
			})
		}
		if err := group.Wait(); err != nil {
			return nil, err
		}
	}
	out := make([]resource.Object, len(realms))
	for i, w := range realms {
		out[i] = c.realmObject(w, docs[i], q.Brief)
	}
	return out, nil
}

func (c *conn) realmObject(w *wireRealm, d discovered, brief bool) resource.Object {
	attrs := c.blank("realm")
	attrs["id"], attrs["realm"] = cty.StringVal(w.ID), cty.StringVal(w.Name)
	if !brief {
		for _, f := range realmFields() {
			attrs[f.Name] = fieldVal(f.Type, w.fields[f.json])
		}
		attrs["smtp_server"] = smtpVal(w.SMTP)
		attrs["attributes"] = mapVal(realmAttributes(w.Attributes))
		attrs["issuer"], attrs["jwks_uri"] = attr.OfString(d.Issuer), attr.OfString(d.JWKS)
		attrs["token_endpoint"], attrs["device_authorization_endpoint"] = attr.OfString(d.Token), attr.OfString(d.DeviceEndpoint)
	}
	return resource.Object{
		Kind: "realm", ID: w.ID, Attrs: cty.ObjectVal(attrs),
		Marker: w.Attributes[markerAttribute], Builtin: w.Name == "master",
	}
}

// realmAttributes are those that the user sees: without the marker, and
// without those that a field of their own shows.
func realmAttributes(live map[string]string) map[string]string {
	out := make(map[string]string, len(live))
	for k, v := range live {
		if k != markerAttribute && !mirrored(k) {
			out[k] = v
		}
	}
	return out
}

// mirrored reports whether a realm's attribute is a field as well.
func mirrored(name string) bool {
	return name == "oauth2DeviceCodeLifespan" || name == "oauth2DevicePollingInterval"
}

// fieldVal is a JSON value as one of our attributes. A string that is not set
// is "", as that is how it is written.
func fieldVal(ty cty.Type, raw json.RawMessage) cty.Value {
	switch ty {
	case cty.Bool:
		var b bool
		if json.Unmarshal(raw, &b) == nil && len(raw) > 0 {
			return cty.BoolVal(b)
		}
	case cty.Number:
		var n int64
		if json.Unmarshal(raw, &n) == nil && len(raw) > 0 {
			return cty.NumberIntVal(n)
		}
	case cty.String:
		var s string
		_ = json.Unmarshal(raw, &s)
		return cty.StringVal(s)
	}
	return cty.NullVal(ty)
}

// smtpFields are the texts of smtp_server by their names at the server.
func smtpFields() map[string]string {
	return map[string]string{
		"host": "host", "from": "from", "from_display_name": "fromDisplayName", "reply_to": "replyTo",
		"reply_to_display_name": "replyToDisplayName", "envelope_from": "envelopeFrom", "username": "user",
	}
}

// smtpVal is the block smtp_server. It is never null: without a mail server
// all in it is unset, as in an empty block.
func smtpVal(w map[string]string) cty.Value {
	attrs := map[string]cty.Value{
		"port": nullNumber, "password": nullString, "password_version": nullNumber,
		"starttls": cty.BoolVal(w["starttls"] == "true"), "ssl": cty.BoolVal(w["ssl"] == "true"),
	}
	for name, key := range smtpFields() {
		attrs[name] = attr.OfString(w[key])
	}
	if w["auth"] != "true" {
		attrs["username"] = nullString
	}
	if port, err := strconv.ParseInt(w["port"], 10, 32); err == nil {
		attrs["port"] = cty.NumberIntVal(port)
	}
	return cty.ObjectVal(attrs)
}

// keptPassword stands for the mail server's password that Keycloak has; it
// shows it instead of the password, and takes it as "the same".
const keptPassword = "**********"

// smtpWire is the block as Keycloak wants it: everything a string.
func smtpWire(block cty.Value) map[string]string {
	w := map[string]string{}
	if block.IsNull() || !attr.IsSet(block, "host") {
		return w
	}
	for name, key := range smtpFields() {
		if s := attr.String(block, name); s != "" {
			w[key] = s
		}
	}
	if port := attr.Int(block, "port", 0); port > 0 {
		w["port"] = strconv.FormatInt(port, 10)
	}
	w["starttls"] = strconv.FormatBool(attr.Bool(block, "starttls", false))
	w["ssl"] = strconv.FormatBool(attr.Bool(block, "ssl", false))
	w["auth"] = strconv.FormatBool(w["user"] != "")
	if w["user"] != "" {
		w["password"] = keptPassword
		if password := attr.String(block, "password"); password != "" {
			w["password"] = password
		}
	}
	return w
}
