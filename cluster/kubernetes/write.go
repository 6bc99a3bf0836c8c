package kubernetes

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"slices"
	"strconv"
	"strings"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"

	"github.com/idpctl/idpctl/cluster"
	"github.com/idpctl/idpctl/diag"
)

// fieldManager is idpctl's name at the API server: what it wrote is its own.
const fieldManager = "idpctl"

// attempts are how often a write is tried while others change what does not concern
// it, doubtful how often if it is not known what became of it, and wait is the first
// pause between two; it doubles.
const (
	attempts = 8
	doubtful = 3
	wait     = 50 * time.Millisecond
)

// wish is what a change wants to be there.
type wish struct {
	// fields of the admin section to apply.
	fields map[string]any
	// fingerprint of the object once it is so.
	fingerprint string
}

// wishOf reads it from the text of a change. users is never missing in it: to leave
// it out would delete it.
func wishOf(content []byte) (wish, error) {
	o, err := parse(content)
	if err != nil {
		return wish{}, err
	}
	admin, _, err := unstructured.NestedFieldNoCopy(o, adminPath()...)
	if err != nil {
		return wish{}, err
	}
	section, _ := admin.(map[string]any)
	if section == nil {
		section = map[string]any{}
	}
	if section["users"] == nil {
		section["users"] = []any{}
	}
	if err := unstructured.SetNestedField(o, section, adminPath()...); err != nil {
		return wish{}, err
	}
	text, err := render(o)
	if err != nil {
		return wish{}, err
	}
	w := wish{fields: map[string]any{}, fingerprint: fingerprint(text)}
	for _, name := range []string{"identityProvider", "jwksEndpoint", "users"} {
		if v := section[name]; v != nil {
			w.fields[name] = v
		}
	}
	return w, nil
}

// apply sends fields by server-side apply, on the condition that the object is what
// it was when it was read. It returns the object as it is then.
func (t *Target) apply(ctx context.Context, o *object, fields map[string]any, force, dry bool) (*object, error) {
	body := map[string]any{
		"apiVersion": group + "/" + t.conn.version, "kind": kind,
		"metadata": map[string]any{"name": o.name, "namespace": t.place.Namespace, "uid": o.uid, "resourceVersion": o.version},
		"spec":     map[string]any{"package": map[string]any{"spec": map[string]any{"admin": fields}}},
	}
	data, err := json.Marshal(body)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	r := t.conn.rest.Patch(types.ApplyPatchType).AbsPath(t.conn.appInstances(t.place.Namespace, o.name)...).
		SetHeader("Accept", runtime.ContentTypeJSON).MaxRetries(retries).Body(data).
		Param("fieldManager", fieldManager).Param("force", strconv.FormatBool(force)).
		// What the schema does not know would be dropped without a word.
		Param("fieldValidation", metav1.FieldValidationStrict)
	if dry {
		r = r.Param("dryRun", metav1.DryRunAll)
	}
	u, err := t.conn.object(ctx, r)
	if err != nil {
		return nil, err
	}
	return newObject(u)
}

// Check asks the server whether it would take a change, and who else has set the
// fields of it; see [cluster.Remote].
func (t *Target) Check(ctx context.Context, live cluster.Live, change cluster.Change) diag.Diagnostics {
	t.takenFrom = nil
	if !change.Changed {
		return nil
	}
	w, err := wishOf(change.Content)
	if err != nil {
		return defect(err)
	}
	var ds diag.Diagnostics
	err = t.repeat(ctx, live, func(o *object) error {
		_, err := t.apply(ctx, o, w.fields, false, true)
		return err
	})
	if owned := conflicts(err); len(owned) > 0 {
		if !t.force {
			return refused(t.Path(), owned)
		}
		t.takenFrom = map[string]bool{}
		for _, m := range owned {
			t.takenFrom[m.manager] = true
		}
		ds = append(ds, takeover(t.Path(), owned))
		err = t.repeat(ctx, live, func(o *object) error {
			_, err := t.apply(ctx, o, w.fields, true, true)
			return err
		})
	}
	if err != nil && (!change.Unknown || !apierrors.IsInvalid(err)) {
		return append(ds, t.explain(err)...)
	}
	if t.read != nil && t.read.paused {
		ds = append(ds, diag.Diagnostic{
			Severity: diag.Warning, Summary: "Kubit is paused for the AppInstance",
			Detail: t.Path() + " has spec.pause set: what is written to it takes effect when that ends. Until then InfluxDB goes on with the admins that it has; who was disabled or deleted at the identity provider gets no new token all the same.",
		})
	}
	if t.read != nil {
		ds = append(ds, undone(t.Path(), t.read.lastApplied, w.fields)...)
	}
	return append(ds, t.conn.warned()...)
}

// Write writes a change, unless the object says something else than live by now.
func (t *Target) Write(ctx context.Context, live cluster.Live, change cluster.Change) diag.Diagnostics {
	if !change.Changed {
		return nil
	}
	if change.Unknown {
		return defect(fmt.Errorf("a value is still %q", cluster.KnownAfterApply))
	}
	w, err := wishOf(change.Content)
	if err != nil {
		return defect(err)
	}
	force := false
	var after *object
	write := func(o *object) error {
		if fingerprint(o.text) == w.fingerprint {
			after = o // an earlier attempt arrived, whatever was heard of it
			return nil
		}
		var err error
		after, err = t.apply(ctx, o, w.fields, force, false)
		return err
	}
	err = t.repeat(ctx, live, write, w.fingerprint)
	if owned := conflicts(err); len(owned) > 0 {
		named := !slices.ContainsFunc(owned, func(m owner) bool { return !t.takenFrom[m.manager] })
		if !t.force || !named {
			// Who has just written is such a manager, too: then it is that that counts.
			return t.settle(ctx, live, refused(t.Path(), owned))
		}
		force = true
		err = t.repeat(ctx, live, write, w.fingerprint)
	}
	if err != nil {
		return t.explain(err)
	}
	if fingerprint(after.text) != w.fingerprint {
		return diag.Diagnostics{{
			Summary: "The cluster did not keep what was written",
			Detail:  fmt.Sprintf("%s was written, and the server answered with other values: an admission webhook or policy of the cluster changes them. The next plan shows the difference.", t.Path()),
		}}
	}
	return t.conn.warned()
}

// settle says that the object has changed, if it has, and why else nothing was
// written.
func (t *Target) settle(ctx context.Context, live cluster.Live, why diag.Diagnostics) diag.Diagnostics {
	return t.explain(t.repeat(ctx, live, func(*object) error { return why }))
}

// changedError is that the object says something else than it did.
type changedError struct{ gone bool }

func (changedError) Error() string { return "the object changed since it was read" }

// repeat reads the object and tries something with it, again while others change
// what does not concern it, or while it is not known what became of the attempt. The
// object has to say what live does, or to have one of the other fingerprints.
func (t *Target) repeat(ctx context.Context, live cluster.Live, try func(*object) error, or ...string) error {
	delay, doubts := wait, 0
	for attempt := 1; ; attempt++ {
		o, ds := t.find(ctx)
		switch {
		case ds.HasErrors():
			return ds
		case o == nil:
			return changedError{gone: true}
		}
		if now := fingerprint(o.text); now != live.Fingerprint && !slices.Contains(or, now) {
			return changedError{}
		}
		err := try(o)
		if uncertain(err) {
			doubts++
		}
		if err == nil || attempt == attempts || doubts == doubtful || ctx.Err() != nil || !stale(err) && !uncertain(err) {
			return err
		}
		// Half of it is luck, so that two that met do not meet again.
		pause(ctx, delay/2+rand.N(delay))
		delay *= 2
	}
}

// stale reports whether somebody else has written in between.
func stale(err error) bool { return apierrors.IsConflict(err) && len(conflicts(err)) == 0 }

// uncertain reports whether an attempt may or may not have been done.
func uncertain(err error) bool {
	var network net.Error
	return errors.As(err, &network) || apierrors.IsInternalError(err) || apierrors.IsServerTimeout(err) || apierrors.IsTimeout(err) ||
		apierrors.IsServiceUnavailable(err) || apierrors.IsTooManyRequests(err) || apierrors.IsUnexpectedServerError(err)
}

// explain says what came of an attempt to write.
func (t *Target) explain(err error) diag.Diagnostics {
	var changed changedError
	var ds diag.Diagnostics
	switch {
	case errors.As(err, &ds):
		return ds
	case errors.As(err, &changed) && changed.gone:
		return diag.Diagnostics{{
			Summary: "The AppInstance is gone",
			Detail:  t.Path() + " was there when the plan was made, and is not any more. Nothing was written. Run plan again.",
		}}
	case errors.As(err, &changed):
		return diag.Diagnostics{{
			Summary: "The AppInstance has changed since it was read",
			Detail:  t.Path() + " is not what the plan was made for: somebody else has written its admin section. Nothing was written. Run plan again.",
		}}
	case stale(err):
		return diag.Diagnostics{{
			Summary: "The AppInstance is written all the time",
			Detail:  fmt.Sprintf("Somebody else has written %s each of the %d times that idpctl tried to. Its admin section is as it was. Apply again.", t.Path(), attempts),
		}}
	}
	return t.conn.explain(err, access{"patch", plural, group, t.place.Namespace})
}

func defect(err error) diag.Diagnostics {
	return diag.Diagnostics{{
		Summary: "The change cannot be written",
		Detail:  diag.Clean(err.Error(), 300) + ". This is a defect of idpctl: please report it.",
	}}
}

// owner is who has set a field that idpctl is to set.
type owner struct {
	manager string
	fields  []string
}

// conflicts are the managers that a server-side apply met; none if it failed for
// another reason.
func conflicts(err error) []owner {
	var status apierrors.APIStatus
	if !errors.As(err, &status) || status.Status().Details == nil {
		return nil
	}
	var out []owner
	for _, cause := range status.Status().Details.Causes {
		if cause.Type != metav1.CauseTypeFieldManagerConflict {
			continue
		}
		manager := "unknown"
		if _, rest, ok := strings.Cut(cause.Message, `"`); ok {
			manager, _, _ = strings.Cut(rest, `"`)
		}
		field := cause.Field[strings.LastIndexByte(cause.Field, '.')+1:]
		at := slices.IndexFunc(out, func(o owner) bool { return o.manager == manager })
		if at < 0 {
			at = len(out)
			out = append(out, owner{manager: manager})
		}
		if !slices.Contains(out[at].fields, field) {
			out[at].fields = append(out[at].fields, field)
		}
	}
	return out
}
