package kubernetes

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	"github.com/idpctl/idpctl/diag"
)

// habit is what a field manager will do next about fields that idpctl took over from it, and
// what is to be done so that it does not.
type habit struct{ next, instead string }

// habitOf knows those that are often met, by the names that they have at the API
// server: kubectl's in k8s.io/kubectl, Helm's is its own name, Argo CD's that of its
// controller (with server-side apply or without), Flux's those of its controllers.
func habitOf(manager string) habit {
	switch {
	case manager == "kubectl-client-side-apply" || manager == "before-first-apply":
		return habit{
			"the next `kubectl apply` of the file sets its values again",
			"Keep the file the same by an appinstance block for it, beside this one. Or take the fields out of it for good: after idpctl has set them, apply the file without them by `kubectl apply --server-side`, always (without that flag, kubectl would delete what is no longer in the file)",
		}
	case manager == "kubectl":
		return habit{
			"the next `kubectl apply --server-side` of the file that has the fields is refused, or takes them back with --force-conflicts",
			"Take the fields out of the file",
		}
	case strings.HasPrefix(manager, "kubectl-"): // edit, patch, create, replace, set
		return habit{
			"nothing by itself, as somebody set them by hand with `" + strings.Replace(manager, "-", " ", 1) + "`",
			"Ask who did so whether these values may go",
		}
	case manager == "helm" || manager == "Helm":
		return habit{
			"the next `helm upgrade` sets the values of the chart again",
			"Keep them the same by a helm_values block, beside this one or instead of it",
		}
	case strings.HasPrefix(manager, "argocd"):
		return habit{
			"Argo CD sets them again, within minutes where self-heal is on, and else with the next sync",
			"Take the fields out of the repository, and add them to ignoreDifferences of the Application with RespectIgnoreDifferences=true; or keep the repository the same by an appinstance block and no kubernetes block",
		}
	case manager == "kustomize-controller" || manager == "helm-controller":
		return habit{
			"Flux (" + manager + ") sets them again with its next reconciliation, within minutes",
			"Take the fields out of the repository; or keep it the same by an appinstance or helm_values block and no kubernetes block",
		}
	default:
		return habit{
			"it is not known what " + manager + " does next: what sets fields by itself sets them again",
			"Let one of the two have them: take them out of what the other one applies",
		}
	}
}

// lines tells of each manager what it has and what it will do.
func lines(owned []owner) string {
	var b strings.Builder
	for _, o := range owned {
		manager := diag.Clean(o.manager, 128)
		h := habitOf(manager)
		fmt.Fprintf(&b, "\n\n%s has set %s; %s. %s.", manager, strings.Join(cleaned(o.fields), ", "), h.next, h.instead)
	}
	return b.String()
}

func cleaned(names []string) []string {
	out := make([]string, len(names))
	for i, n := range names {
		out[i] = diag.Clean(n, 128)
	}
	return out
}

// refused is the error of fields that others have set.
func refused(what string, owned []owner) diag.Diagnostics {
	return diag.Diagnostics{{
		Summary: "Somebody else manages these fields of the AppInstance",
		Detail:  what + " has fields under spec.package.spec.admin that are to change and that another manager has set to other values." + lines(owned) + "\n\nTo take them over once, set force = true in the kubernetes block.",
	}}
}

// takeover is the warning of fields that are taken over.
func takeover(what string, owned []owner) diag.Diagnostic {
	return diag.Diagnostic{
		Severity: diag.Warning, Summary: "Fields of the AppInstance are taken over",
		Detail: "As force is set, idpctl takes over fields under spec.package.spec.admin of " + what + "." + lines(owned),
	}
}

// undone warns of a file that kubectl would set other values by. Who applies without
// --server-side is no manager of values that its file had and that were there already,
// so that there is no conflict.
func undone(what string, lastApplied, fields map[string]any) diag.Diagnostics {
	var differ []string
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		if v, ok := lastApplied[name]; ok && !reflect.DeepEqual(v, fields[name]) {
			differ = append(differ, name)
		}
	}
	if len(differ) == 0 {
		return nil
	}
	h := habitOf("kubectl-client-side-apply")
	return diag.Diagnostics{{
		Severity: diag.Warning, Summary: "kubectl apply would undo this",
		Detail: fmt.Sprintf("The file that %s was applied from by kubectl last has other values of %s: %s. %s.", what, strings.Join(differ, ", "), h.next, h.instead),
	}}
}
