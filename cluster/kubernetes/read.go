package kubernetes

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/rest"

	"github.com/idpctl/idpctl/diag"
)

// Of the custom resource (kubecfg/kubit, kustomize/crd).
const (
	group          = "kubecfg.dev"
	plural         = "appinstances"
	kind           = "AppInstance"
	defaultVersion = "v1alpha1"
)

// patience is how long a read may take with everything that client-go repeats.
const patience = 3 * timeout

// discover finds out which version of the custom resource the server prefers.
func (c *connection) discover(ctx context.Context) diag.Diagnostics {
	if c.version != "" {
		return nil
	}
	raw, err := send(ctx, c.get("/apis", group))
	switch {
	case apierrors.IsNotFound(err):
		return diag.Diagnostics{{
			Summary: "The cluster has no AppInstances",
			Detail:  fmt.Sprintf("%s does not know the API group %s: the custom resource %s.%s of kubit, which InfluxDB Clustered is installed with, is not there. Install it first, or set context to the right cluster.", c.name(), group, plural, group),
		}}
	case apierrors.IsForbidden(err):
		c.version = defaultVersion // who may not look round may still know the way
		return nil
	case err != nil:
		return c.explain(err, access{})
	}
	var g metav1.APIGroup
	if err := json.Unmarshal(raw, &g); err != nil || g.PreferredVersion.Version == "" {
		return diag.Diagnostics{{
			Summary: "That is no Kubernetes API server",
			Detail:  fmt.Sprintf("%s answers, and not as Kubernetes does. Correct the server of the cluster in the kubeconfig.", c.name()),
		}}
	}
	c.version = g.PreferredVersion.Version
	return nil
}

// retries are how often client-go repeats a request: what was not answered, and what
// the server puts off by Retry-After. It would be ten times, a second apart.
const retries = 1

// get is a request for what is at a path of the API. The dynamic client would do the same, and has
// no limit of retries.
func (c *connection) get(path ...string) *rest.Request {
	return c.rest.Get().AbsPath(path...).SetHeader("Accept", runtime.ContentTypeJSON).MaxRetries(retries)
}

// appInstances is the path of the AppInstances of a namespace, of all without one, and
// of one of them if it is named.
func (c *connection) appInstances(namespace string, name ...string) []string {
	path := []string{"/apis", group, c.version}
	if namespace != metav1.NamespaceAll {
		path = append(path, "namespaces", namespace)
	}
	return append(append(path, plural), name...)
}

// send sends a request, and returns the answer.
func send(ctx context.Context, r *rest.Request) ([]byte, error) {
	result := r.Do(ctx)
	if err := result.Error(); err != nil { // which has what the server says, as Raw has not
		return nil, err
	}
	return result.Raw()
}

// object sends a request that is answered by an object.
func (c *connection) object(ctx context.Context, r *rest.Request) (*unstructured.Unstructured, error) {
	raw, err := send(ctx, r)
	if err != nil {
		return nil, err
	}
	u := &unstructured.Unstructured{}
	return u, u.UnmarshalJSON(raw)
}

// list lists AppInstances.
func (c *connection) list(ctx context.Context, namespace string) (*unstructured.UnstructuredList, error) {
	raw, err := send(ctx, c.get(c.appInstances(namespace)...))
	if err != nil {
		return nil, err
	}
	l := &unstructured.UnstructuredList{}
	return l, l.UnmarshalJSON(raw)
}

// appInstance gets one, the only one of the namespace if name is empty; nil if there
// is none.
func (c *connection) appInstance(ctx context.Context, namespace, name string) (*object, diag.Diagnostics) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	if ds := c.discover(ctx); ds.HasErrors() {
		return nil, ds
	}
	if name == "" {
		list, err := c.list(ctx, namespace)
		switch {
		case apierrors.IsNotFound(err):
			return nil, c.noResource()
		case err != nil:
			return nil, c.explain(err, access{"list", plural, group, namespace})
		case len(list.Items) > 1:
			return nil, diag.Diagnostics{{
				Summary: "The namespace has several AppInstances",
				Detail:  fmt.Sprintf("In the namespace %s there are %s. Set name in the kubernetes block to say which one is meant.", namespace, strings.Join(names(list, namespace), ", ")),
			}}
		case len(list.Items) == 0:
			return nil, nil
		}
		return c.understood(&list.Items[0])
	}
	u, err := c.object(ctx, c.get(c.appInstances(namespace, name)...))
	switch {
	case apierrors.IsNotFound(err) && isObject(err):
		return nil, nil
	case apierrors.IsNotFound(err):
		return nil, c.noResource()
	case err != nil:
		return nil, c.explain(err, access{"get", plural, group, namespace})
	}
	return c.understood(u)
}

func (c *connection) understood(u *unstructured.Unstructured) (*object, diag.Diagnostics) {
	o, err := newObject(u)
	if err != nil {
		return nil, diag.Diagnostics{{
			Summary: "The AppInstance is not understood",
			Detail:  fmt.Sprintf("%s/%s: %s. This is a defect of idpctl: please report it.", u.GetNamespace(), u.GetName(), diag.Clean(err.Error(), 200)),
		}}
	}
	return o, nil
}

// isObject reports whether "not found" is about an object, and not its kind.
func isObject(err error) bool {
	var s apierrors.APIStatus
	ok := errors.As(err, &s)
	return ok && s.Status().Details != nil && s.Status().Details.Name != "" && s.Status().Details.Group == group
}

func (c *connection) noResource() diag.Diagnostics {
	return diag.Diagnostics{{
		Summary: "The cluster has no AppInstances",
		Detail:  fmt.Sprintf("%s has the API group %s, and no %s in its version %s. Update kubit, which InfluxDB Clustered is installed with.", c.name(), group, plural, c.version),
	}}
}

// missing says which AppInstances there are instead.
func (t *Target) missing(ctx context.Context) diag.Diagnostics {
	p, c := t.place, t.conn
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	var there []string
	// Who may not list them all may be allowed to in the namespace, or neither.
	for _, namespace := range []string{metav1.NamespaceAll, p.Namespace} {
		list, err := c.list(ctx, namespace)
		if err == nil {
			there = names(list, namespace)
			break
		}
	}
	d := diag.Diagnostic{Summary: "No such AppInstance"}
	if p.Name == "" {
		d.Detail = fmt.Sprintf("The namespace %s of %s has none.", p.Namespace, c.name())
	} else {
		d.Detail = fmt.Sprintf("%s has no AppInstance %s in the namespace %s.", c.name(), p.Name, p.Namespace)
	}
	if len(there) > 0 {
		d.Detail += " There is " + strings.Join(there, ", ") + "." + didYouMean(p.Namespace+"/"+p.Name, there)
	}
	d.Detail += " Set name and namespace in the kubernetes block, or install InfluxDB Clustered first: idpctl does not make an AppInstance."
	return diag.Diagnostics{d}
}

// names are those of a list, with their namespaces if it is of all of them.
func names(list *unstructured.UnstructuredList, namespace string) []string {
	var out []string
	for i := range list.Items {
		name := list.Items[i].GetName()
		if namespace == metav1.NamespaceAll {
			name = list.Items[i].GetNamespace() + "/" + name
		}
		out = append(out, diag.Clean(name, 320))
	}
	slices.Sort(out)
	return out
}

// pause waits, or until the context ends.
func pause(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}
