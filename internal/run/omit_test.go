package run_test

import (
	"context"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/zclconf/go-cty/cty"

	"github.com/idpctl/idpctl/providers/conformance/memory"
)

// What is costly to read is read only where something of it is managed.
func TestReadsOnlyWhatIsManaged(t *testing.T) {
	w := newWorld(t, "")
	var mu sync.Mutex
	var reads, omitting int
	w.idp.SetFault(func(_ context.Context, r memory.Request) memory.Fault {
		mu.Lock()
		defer mu.Unlock()
		if r.Kind == "person" && !r.Mutates() && !r.Query.Brief {
			reads++
			if slices.Contains(r.Query.Omit, "attributes") {
				omitting++
			}
		}
		return memory.None
	})
	step := func(what string, want bool, hcl string) {
		t.Helper()
		w.config("space \"lab\" {}\n" + hcl)
		reads, omitting = 0, 0
		w.apply()
		w.empty()
		if reads == 0 || omitting != map[bool]int{true: reads}[want] {
			t.Errorf("%s: %d of %d reads leave the attributes out, want %t", what, omitting, reads, want)
		}
	}
	const marty = "person \"marty\" {\n  space = space.lab\n  email = \"marty@example.com\"\n  "
	step("not written", true, marty+"}\n")
	found, _ := w.idp.Find("person", "lab", "marty@example.com")
	w.idp.Change("person", found.ID, "attributes", cty.MapVal(map[string]cty.Value{"stranger": cty.StringVal("x")}))
	step("somebody else's", true, marty+"full_name = \"Marty\"\n}\n")
	step("written", false, marty+"attributes = { team = \"db\" }\n}\n")
	w.config("space \"lab\" {}\n" + marty + "}\n")
	reads, omitting = 0, 0
	w.apply()
	if reads == 0 || omitting > 0 {
		t.Errorf("written before: %d of %d reads leave the attributes out", omitting, reads)
	}
	step("removed", true, marty+"}\n")
	o, _ := w.idp.Find("person", "lab", "marty@example.com")
	if got := o.Attr("attributes"); got.LengthInt() != 1 || !strings.Contains(got.GoString(), "stranger") {
		t.Errorf("the attributes are %#v, want what somebody else wrote", got)
	}
	w.config("space \"lab\" {}\n" + marty + "}\ndata \"person\" \"marty\" {\n  space = space.lab\n  email = \"marty@example.com\"\n}\n" +
		"data \"space\" \"x\" {\n  name = data.person.marty.attributes.stranger == \"x\" ? \"lab\" : \"none\"\n}\n")
	w.empty() // it fails where the data block does not see them
}
