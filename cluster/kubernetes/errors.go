package kubernetes

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"regexp"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"github.com/idpctl/idpctl/diag"
)

// access is what was about to be done: a verb on a resource of an API group in a
// namespace.
type access struct{ verb, resource, group, namespace string }

// shown is the most of a server's message that is shown.
const shown = 400

// explain says what went wrong with a request, and what to do.
func (c *connection) explain(err error, a access) diag.Diagnostics {
	one := func(summary, format string, args ...any) diag.Diagnostics {
		return diag.Diagnostics{{Summary: summary, Detail: fmt.Sprintf(format, args...)}}
	}
	text := diag.Clean(masked(err.Error(), c.secrets), shown)
	switch {
	case strings.Contains(err.Error(), "getting credentials: "):
		return one("The kubeconfig's program gave no credentials", "%s: %s. Log in with it, and try kubectl get appinstances with the same context.", c.name(), c.pluginFailure(err))
	case apierrors.IsUnauthorized(err):
		return one("The Kubernetes API server does not accept the credentials", "%s answered 401: they are wrong or expired. Log in again, and try kubectl auth whoami with the same context.", c.name())
	case apierrors.IsForbidden(err) && denied(err):
		return c.forbidden(err, a)
	case apierrors.IsForbidden(err), apierrors.IsInvalid(err), apierrors.IsBadRequest(err):
		return one("The cluster refuses the change", "%s: %s.", c.name(), strings.TrimSuffix(text, "."))
	}
	var status apierrors.APIStatus
	if errors.As(err, &status) {
		return one("The Kubernetes API server reports an error", "%s answered %d: %s. Try again; if it stays so, look at the API server.", c.name(), status.Status().Code, strings.TrimSuffix(text, "."))
	}
	return one("The Kubernetes API server cannot be reached", "%s: %s. %s", c.name(), reason(err, text), hint(err))
}

// denied reports whether the authorizer refused a request, and not admission.
func denied(err error) bool {
	return regexp.MustCompile(`cannot \S+ (resource|path)`).MatchString(err.Error())
}

// forbidden names the right that is missing, and the least Role that is enough.
func (c *connection) forbidden(err error, a access) diag.Diagnostics {
	who := "the user of the context"
	if m := regexp.MustCompile(`User "([^"]+)"`).FindStringSubmatch(err.Error()); m != nil {
		who = diag.Clean(m[1], 200)
	}
	resource := strings.TrimSuffix(a.resource+"."+a.group, ".")
	return diag.Diagnostics{{
		Summary: "The credentials lack rights in the Kubernetes cluster",
		Detail: fmt.Sprintf("%s: %s may not %s %s in the namespace %s. This is all that idpctl needs; give it to that subject by a RoleBinding:\n\n%s",
			c.name(), who, a.verb, resource, a.namespace, Role(a.namespace)),
	}}
}

// Role is the least that idpctl needs in a namespace, as YAML.
func Role(namespace string) string {
	return `apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata:
  name: idpctl
  namespace: ` + namespace + `
rules:
- apiGroups: [` + group + `]
  resources: [` + plural + `]
  verbs: [get, list, patch]
`
}

// pluginFailure is what is known of a credential plugin, without anything that it
// wrote: there may be a token in it.
func (c *connection) pluginFailure(err error) string {
	command := "it"
	if c.config.ExecProvider != nil {
		command = diag.Clean(c.config.ExecProvider.Command, 200)
	}
	switch said := err.Error(); {
	case strings.Contains(said, "not found"), strings.Contains(said, "no such file"):
		s := command + ", which the context needs, is not there"
		if c.config.ExecProvider != nil && c.config.ExecProvider.InstallHint != "" {
			s += " (" + diag.Clean(c.config.ExecProvider.InstallHint, shown) + ")"
		}
		return s
	case regexp.MustCompile(`failed with exit code \d+`).MatchString(said):
		return command + " " + regexp.MustCompile(`failed with exit code \d+`).FindString(said)
	case strings.Contains(said, "interactive mode"):
		return command + " wants to ask something, and there is no terminal"
	default:
		return command + " gave no answer that can be used"
	}
}

// reason is why a connection failed, without the URL that it was for.
func reason(err error, text string) string {
	var u *url.Error
	if errors.As(err, &u) {
		err = u.Err
	}
	var unknown x509.UnknownAuthorityError
	var network net.Error
	switch {
	case errors.As(err, &unknown):
		return "its certificate is of an authority that the kubeconfig does not name"
	case errors.Is(err, context.Canceled):
		return "the run was interrupted"
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, os.ErrDeadlineExceeded), errors.As(err, &network) && network.Timeout(), errors.Is(err, http.ErrHandlerTimeout):
		return fmt.Sprintf("it did not answer within %.0f seconds", timeout.Seconds())
	}
	if u != nil {
		return diag.Clean(masked(err.Error(), nil), shown)
	}
	return text
}

func hint(err error) string {
	var unknown x509.UnknownAuthorityError
	var invalid x509.CertificateInvalidError
	var name x509.HostnameError
	var record tls.RecordHeaderError
	var dns *net.DNSError
	switch {
	case errors.As(err, &unknown), errors.As(err, &invalid), errors.As(err, &name):
		return "Correct certificate-authority or server of the cluster in the kubeconfig."
	case errors.As(err, &record):
		return "It does not speak TLS: correct server in the kubeconfig."
	case errors.As(err, &dns):
		return "Is the VPN up, and is the name right?"
	}
	return "Is the VPN up, and is it the right context?"
}
