package view

import (
	"time"

	"github.com/idpctl/idpctl/diag"
	"github.com/idpctl/idpctl/plan"
	"github.com/idpctl/idpctl/resource"
)

type jsonPlan struct {
	header
	Mode      plan.Mode `json:"mode,omitempty"`
	Namespace string    `json:"namespace"`
	// Elsewhere: providers that go to another address than the usual one.
	Elsewhere []string `json:"elsewhere,omitempty"`
	// Efforts: what providers with limits will take; MayLag: what may be missing.
	Efforts []jsonEffort `json:"efforts,omitempty"`
	MayLag  []string     `json:"may_lag,omitempty"`
	// Complete: there is a plan; without one only the diagnostics count.
	Complete bool `json:"complete"`
	// Changes: an apply would do something, if only to the state.
	Changes         bool                        `json:"changes"`
	ResourceChanges []jsonResourceChange        `json:"resource_changes"`
	TargetChanges   []jsonTargetChange          `json:"target_changes"`
	OutputChanges   map[string]jsonOutputChange `json:"output_changes"`
	Summary         jsonCounts                  `json:"summary"`
	Diagnostics     []jsonDiagnostic            `json:"diagnostics"`
}

type jsonCounts struct {
	Add     int `json:"add"`
	Change  int `json:"change"`
	Destroy int `json:"destroy"`
	Adopt   int `json:"adopt"`
	Release int `json:"release"`
	Files   int `json:"files"`
	Outputs int `json:"outputs"`
}

type jsonResourceChange struct {
	Address         string     `json:"address"`
	PreviousAddress string     `json:"previous_address,omitempty"`
	Mode            string     `json:"mode"`
	Kind            string     `json:"kind"`
	Name            string     `json:"name"`
	Index           any        `json:"index,omitempty"`
	Provider        string     `json:"provider"`
	Parent          string     `json:"parent,omitempty"`
	ID              string     `json:"id,omitempty"`
	Change          jsonChange `json:"change"`
	Adopt           bool       `json:"adopt"`
	Reclaim         bool       `json:"reclaim"`
	Recreate        bool       `json:"recreate"`
	WithParent      bool       `json:"with_parent"`
	Deliver         bool       `json:"deliver"`
	Reason          string     `json:"reason,omitempty"`
	Range           *jsonRange `json:"range,omitempty"`
}

type jsonChange struct {
	Actions         []string `json:"actions"`
	Before          any      `json:"before"`
	After           any      `json:"after"`
	AfterUnknown    any      `json:"after_unknown"`
	BeforeSensitive any      `json:"before_sensitive"`
	AfterSensitive  any      `json:"after_sensitive"`
	// Changed, Drift, ReplacePaths and WriteOnly are paths of attributes.
	Changed      []string `json:"changed"`
	Drift        []string `json:"drift"`
	ReplacePaths []string `json:"replace_paths"`
	WriteOnly    []string `json:"write_only"`
}

type jsonTargetChange struct {
	Address string     `json:"address"`
	Kind    string     `json:"kind"`
	Path    string     `json:"path"`
	Actions []string   `json:"actions"`
	Diff    string     `json:"diff"`
	Admins  jsonAdmins `json:"admins"`
	Fields  []string   `json:"fields"`
	Reason  string     `json:"reason,omitempty"`
	Range   *jsonRange `json:"range,omitempty"`
	// OutOfReach: it cannot be written now, those in Admins.Removed stay in it,
	// and those in Admins.Added are not added yet.
	OutOfReach bool `json:"out_of_reach,omitempty"`
}

type jsonAdmins struct {
	Added   []string `json:"added"`
	Updated []string `json:"updated"`
	Removed []string `json:"removed"`
}

type jsonOutputChange struct {
	Actions         []string `json:"actions"`
	Before          any      `json:"before"`
	After           any      `json:"after"`
	AfterUnknown    any      `json:"after_unknown"`
	BeforeSensitive any      `json:"before_sensitive"`
	AfterSensitive  any      `json:"after_sensitive"`
}

// jsonEffort is what an apply takes at one provider, about.
type jsonEffort struct {
	Provider string `json:"provider"`
	Requests int    `json:"requests"`
	Seconds  int    `json:"seconds"`
}

func (v *View) planJSON(p *plan.Plan, diags diag.Diagnostics, src Source) error {
	j := jsonPlan{
		header: headerOf("plan"), ResourceChanges: []jsonResourceChange{}, TargetChanges: []jsonTargetChange{},
		OutputChanges: map[string]jsonOutputChange{}, Diagnostics: jsonDiagnosticsOf(diags, newSources(src)),
	}
	if p == nil {
		return v.object(j)
	}
	n := p.Counts()
	j.Mode, j.Namespace, j.Complete, j.Changes, j.Elsewhere = p.Mode, p.Namespace, true, !p.Empty(), p.Elsewhere
	j.MayLag = p.MayLag
	for _, e := range p.Efforts {
		j.Efforts = append(j.Efforts, jsonEffort{e.Provider, e.Requests, int(e.Duration.Round(time.Second) / time.Second)})
	}
	j.Summary = jsonCounts{n.Add, n.Change, n.Destroy, n.Adopt, n.Forget, n.Targets, n.Outputs}
	for _, c := range p.Changes {
		j.ResourceChanges = append(j.ResourceChanges, v.resourceJSON(c))
	}
	for _, t := range p.Targets {
		j.TargetChanges = append(j.TargetChanges, targetJSON(t))
	}
	for _, o := range p.Outputs {
		j.OutputChanges[o.Name] = outputJSON(o)
	}
	return v.object(j)
}

func (v *View) resourceJSON(c *plan.Change) jsonResourceChange {
	before, after := v.endpoints(c)
	j := jsonResourceChange{
		Address: c.Address.String(), PreviousAddress: c.MovedFrom.String(), Mode: modeOf(c.Address),
		Kind: c.Address.Kind, Name: c.Address.Name, Index: index(c.Address.Key),
		Provider: c.Provider, Parent: c.Parent, ID: c.ID, Adopt: c.Adopt, Reclaim: c.Reclaim,
		Recreate: c.Recreate, WithParent: c.WithParent, Deliver: c.Deliver, Reason: c.Reason,
		Range: jsonRangeOf(c.Range),
		Change: jsonChange{
			Actions: actions(c.Action), Before: jsonValue(before), After: jsonValue(after),
			AfterUnknown: unknownTree(after), BeforeSensitive: sensitiveTree(before), AfterSensitive: sensitiveTree(after),
			Changed: []string{}, Drift: []string{}, ReplacePaths: []string{}, WriteOnly: []string{},
		},
	}
	for _, a := range c.Attributes {
		j.Change.Changed = append(j.Change.Changed, a.Path)
		if a.Drift {
			j.Change.Drift = append(j.Change.Drift, a.Path)
		}
		if a.Replaces {
			j.Change.ReplacePaths = append(j.Change.ReplacePaths, a.Path)
		}
		if a.WriteOnly {
			j.Change.WriteOnly = append(j.Change.WriteOnly, a.Path)
		}
	}
	return j
}

func modeOf(a resource.Address) string {
	if a.Mode == resource.Data {
		return "data"
	}
	return "managed"
}

// index is the key of an instance as JSON; nil for none.
func index(k resource.Key) any {
	if n, ok := k.Int(); ok {
		return n
	}
	if s, ok := k.Str(); ok {
		return s
	}
	return nil
}

// actions lists what is done, in order.
func actions(a plan.Action) []string {
	if a == plan.Replace {
		return []string{string(plan.Delete), string(plan.Create)}
	}
	return []string{string(a)}
}

func targetJSON(t *plan.TargetChange) jsonTargetChange {
	return jsonTargetChange{
		Address: t.Address.String(), Kind: t.Kind, Path: t.Path, Actions: actions(t.Action), Diff: maskURLs(t.Diff),
		Admins: jsonAdmins{Added: orEmpty(t.Added), Updated: orEmpty(t.Updated), Removed: orEmpty(t.Removed)},
		Fields: orEmpty(t.Fields), Reason: t.Reason, Range: jsonRangeOf(t.Range), OutOfReach: t.OutOfReach,
	}
}

func orEmpty(list []string) []string {
	if list == nil {
		return []string{}
	}
	return list
}

func outputJSON(o plan.OutputChange) jsonOutputChange {
	before, after := orNull(o.Before), orNull(o.After)
	if o.Sensitive {
		before, after = before.Mark(resource.Sensitive), after.Mark(resource.Sensitive)
	}
	return jsonOutputChange{
		Actions: actions(o.Action), Before: jsonValue(before), After: jsonValue(after), AfterUnknown: unknownTree(after),
		BeforeSensitive: sensitiveTree(before), AfterSensitive: sensitiveTree(after),
	}
}
