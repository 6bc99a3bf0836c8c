package config

import (
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/hashicorp/hcl/v2/hclwrite"

	"github.com/idpctl/idpctl/diag"
)

// Format lays out a file in native syntax as idpctl fmt does. JSON is returned
// as it is, and so is a file whose syntax is wrong, with diagnostics.
func Format(src []byte, filename string) ([]byte, diag.Diagnostics) {
	var r report
	if strings.HasSuffix(filename, ".json") {
		return src, nil
	}
	if problem := checkNesting(src, filename, hcl.InitialPos, configSyntax); problem != nil {
		r.hcl(hcl.Diagnostics{problem})
		return src, r.result()
	}
	if _, ds := hclsyntax.ParseConfig(src, filename, hcl.InitialPos); ds.HasErrors() {
		r.hcl(ds)
		return src, r.result()
	}
	return hclwrite.Format(src), nil
}
