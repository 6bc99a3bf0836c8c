package cluster

import (
	"strings"

	"al.essio.dev/pkg/shellescape"
	"go.yaml.in/yaml/v3"

	"github.com/idpctl/idpctl/cluster/internal/yamledit"
	"github.com/idpctl/idpctl/diag"
)

// helmValues finds the admin section in the values of InfluxData's chart
// influxdb3-clustered: the key admin of the first document, as Helm reads no
// other one.
type helmValues struct{ release Release }

func (helmValues) adminPath() []string { return []string{"admin"} }

func (helmValues) egress() (path []string, hint string) {
	return []string{"egress", "customCertificates"}, " Set useCustomEgress to true as well."
}

func (helmValues) blank() []byte { return []byte(blankHelmValues) }

const blankHelmValues = `# Made by idpctl: who may administer the cluster. The chart needs more than this:
# give helm this file beside your values, as a further --values.
admin:
`

func (helmValues) made(label string) diag.Diagnostic {
	return diag.Diagnostic{
		Severity: diag.Warning,
		Summary:  "The values file will be made and holds the admin section only",
		Detail: label + " is not there. Helm lays several files of values over each other: give it the new one after your own (helm upgrade --values YOURS --values " + label + "). " +
			"The chart also needs admin.dsn, which idpctl never sets. If you have a file of values already, set path to it.",
	}
}

// next upgrades the release with the file. One that holds the admin section only is
// laid over the values of the release: else helm would forget those.
func (v helmValues) next(f *yamledit.File, path string) Next {
	values := "--values"
	if docs := f.Docs(); len(docs) > 0 && len(resolve(docs[0]).Content) <= 2 {
		values = "--reuse-values --values"
	}
	known := func(s, what string) string {
		if s == "" {
			return "<" + what + ">"
		}
		return shellescape.Quote(s)
	}
	return Next{Of: Place{Name: v.release.Name, Namespace: v.release.Namespace}, Command: strings.Join([]string{
		"helm upgrade", known(v.release.Name, "release"), known(v.release.Chart, "chart"), values, shellescape.Quote(path), "--namespace", known(v.release.Namespace, "namespace"),
	}, " ")}
}

func (helmValues) find(f *yamledit.File) (int, error) {
	docs := f.Docs()
	if len(docs) == 0 {
		return 0, f.Problem(nil, "The file has no values", "It is empty or has comments only. Set path to the file of values that helm is given; if there is none yet, name a file that is not there, and idpctl makes one.")
	}
	first := docs[0]
	if err := f.Opaque(first); err != nil {
		return 0, err // {{ if x }} reads as a mapping
	}
	if resolve(first).Kind != yaml.MappingNode {
		return 0, f.Problem(first, "The file has no values of a chart", "A mapping is expected here, and there is a %s. Set path to the file of values that helm is given.", yamledit.KindName(resolve(first)))
	}
	if at, err := f.Find(first, "sops"); err != nil {
		return 0, err
	} else if at >= 0 {
		return 0, f.Problem(first.Content[at], "The values are encrypted by SOPS", sopsHint, "values")
	}
	kind, err := lookup(f, first, "kind")
	if err != nil {
		return 0, err
	}
	if version, err := lookup(f, first, "apiVersion"); err != nil || version != "" && kind != "" {
		if err != nil {
			return 0, err
		}
		return 0, f.Problem(first, "The file holds an object of Kubernetes and no values",
			"It has apiVersion %q and kind %q. Set path to the file of values that helm is given%s.", version, kind, map[bool]string{true: ", or write the block appinstance instead of helm_values"}[kind == "AppInstance"])
	}
	for i, doc := range docs[1:] {
		if resolve(doc).Kind != yaml.MappingNode {
			continue
		}
		if at, err := f.Find(doc, "admin"); err != nil {
			return 0, err
		} else if at >= 0 {
			return 0, f.Problem(doc.Content[at], "Helm does not read this admin section",
				"It stands in document %d of the file, and Helm reads the first one only. Move it there and run again.", i+2)
		}
	}
	return 0, nil
}

// sopsHint says what to do about a document that SOPS encrypted; %s is what is in it.
const sopsHint = "SOPS signs the whole document, so that a change of it makes it unreadable. Keep the secrets in a file of their own and the %s in plain text, or name another file."
