package state

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/idpctl/idpctl/resource"
)

// model is what a state must say, written down in the plainest way.
type model struct {
	objects map[string]string // address → id
	files   map[string]string // address → path
	outputs string
	open    map[uint64]Intent
	pending map[uint64]string // number → address/id/kind
}

func (m *model) clone() *model {
	return &model{maps.Clone(m.objects), maps.Clone(m.files), m.outputs, maps.Clone(m.open), maps.Clone(m.pending)}
}

// forget drops credentials of an address for other objects than id.
func (m *model) forget(address, id string) {
	maps.DeleteFunc(m.pending, func(_ uint64, c string) bool {
		return strings.HasPrefix(c, address+"/") && !strings.HasPrefix(c, address+"/"+id+"/")
	})
}

func (m *model) put(address, id string) {
	m.forget(address, id)
	m.objects[address] = id
}

func (m *model) remove(address string) {
	m.forget(address, "-")
	delete(m.objects, address)
}

func (m *model) String() string {
	open := map[uint64]string{}
	for seq, r := range m.open {
		open[seq] = string(r.Verb) + " " + r.Address.String()
	}
	return fmt.Sprint(m.objects, m.files, m.outputs, open, m.pending)
}

// said is a state in the model's words.
func said(s *State) string {
	m := model{map[string]string{}, map[string]string{}, "", map[uint64]Intent{}, map[uint64]string{}}
	for _, o := range s.Objects {
		m.objects[o.Address.String()] = o.ID
	}
	for _, t := range s.Targets {
		m.files[t.Address.String()] = t.Path
	}
	for _, name := range slices.Sorted(maps.Keys(s.Outputs)) {
		m.outputs += name
	}
	for _, r := range s.Intents {
		m.open[r.Seq] = r
	}
	for _, c := range s.Pending {
		m.pending[c.Intent] = fmt.Sprintf("%s/%s/%s", c.Address, c.ID, c.Kind)
	}
	return m.String()
}

// machine drives sessions over one backend and a model beside them.
type machine struct {
	backend *memory
	session *Session
	model   *model
	// before is the model at the begin of the present journal, and lines what
	// it was after each line, with the length of the journal then.
	before *model
	lines  []struct {
		length int
		model  *model
	}
}

func (m *machine) restart(t *rapid.T) {
	var err error
	if m.session, err = Open(context.Background(), m.backend, Options{}); err != nil {
		t.Fatal(err)
	}
	m.check(t)
	if err := m.session.Begin("prod", nil); err != nil {
		t.Fatal(err)
	}
	m.before, m.lines = m.model.clone(), nil
}

func (m *machine) check(t *rapid.T) {
	if got, want := said(m.session.View()), m.model.String(); got != want {
		t.Fatalf("the state says\n%s\nand must say\n%s", got, want)
	}
}

// checkAll sees that the state is, to the last byte, what the next run reads.
func (m *machine) checkAll(t *rapid.T) {
	m.check(t)
	next, err := Open(context.Background(), m.backend, Options{Lock: NotLocked})
	if err != nil {
		t.Fatal(err)
	}
	here, there := *m.session.View(), *next.View()
	here.Run, there.Run = "", "" // a run that recorded nothing yet is not read
	got, want := encoded(t, &here), encoded(t, &there)
	if got != want || !here.sameContent(&there) {
		t.Fatalf("the state says\n%s\nand the next run reads\n%s", got, want)
	}
}

func encoded(t *rapid.T, s *State) string {
	data, err := s.Encode()
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// append records facts and notes the moment.
func (m *machine) append(t *rapid.T, records ...Record) {
	if err := m.session.Append(records...); err != nil {
		t.Fatal(err)
	}
	m.moment()
}

func (m *machine) moment() {
	m.lines = append(m.lines, struct {
		length int
		model  *model
	}{len(m.backend.journal), m.model.clone()})
}

var (
	people = []string{"user.marty", "user.emmett", `user.team["jennifer"]`, "user.lib[0]", "realm.influxdb"}
	files  = []string{"cluster.production.appinstance", `cluster.c["eu"].appinstance`}
)

// isOpen reports whether an address has an open intent.
func (m *machine) isOpen(a resource.Address) bool {
	for _, r := range m.model.open {
		if r.Address == a {
			return true
		}
	}
	return false
}

func (m *machine) intend(t *rapid.T) {
	var intents []Intent
	for _, name := range rapid.SliceOfNDistinct(rapid.SampledFrom(append(slices.Clone(people), files...)), 1, 3, rapid.ID).Draw(t, "intend") {
		a := addr(name)
		if m.isOpen(a) {
			continue
		}
		r := create1(name)
		id, exists := m.model.objects[name]
		switch {
		case a.Target != "":
			r = Intent{Verb: TargetWrite, Address: a, Kind: a.Target, Target: &Target{Address: a, Kind: a.Target}}
		case exists:
			r.Verb = rapid.SampledFrom([]Verb{Update, Delete, Replace}).Draw(t, "verb")
			r.Before = &Image{ID: id, Values: json.RawMessage(`{"x":[1,2]}`)}
			if r.Verb == Delete {
				r.After = nil
			}
		}
		if r.Verb != Delete && a.Target == "" {
			r.Credential = rapid.SampledFrom([]CredentialKind{NoCredential, Password, Invite}).Draw(t, "credential")
		}
		intents = append(intents, r)
	}
	if rapid.IntRange(0, 9).Draw(t, "disk") == 0 && len(intents) > 0 {
		// The disk is full for once: the run ends, nothing came of it.
		m.backend.fail = errors.New("no space left")
		if _, err := m.session.Intend(intents...); err == nil {
			t.Fatal("no error")
		}
		m.check(t)
		m.backend.fail = nil
		m.close(t)
		return
	}
	numbered, err := m.session.Intend(intents...)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range numbered {
		m.model.open[r.Seq] = r
	}
	m.moment()
}

func (m *machine) settle(t *rapid.T) {
	if len(m.model.open) == 0 {
		return // nothing to settle
	}
	seq := rapid.SampledFrom(slices.Sorted(maps.Keys(m.model.open))).Draw(t, "settle")
	intent := m.model.open[seq]
	name := intent.Address.String()
	r := Result{Intent: seq}
	delete(m.model.open, seq)
	switch how := rapid.IntRange(0, 2).Draw(t, "outcome"); {
	case how == 0:
		r.Error = "nothing came of it"
	case how == 1 || intent.Verb == Delete:
		r.Removed = true
		if intent.Verb == TargetWrite {
			delete(m.model.files, name)
		} else {
			m.model.remove(name)
		}
	case intent.Verb == TargetWrite:
		r.Target = &Target{Address: intent.Address, Kind: intent.Kind, Path: fmt.Sprint(seq)}
		m.model.files[name] = r.Target.Path
	default:
		id := fmt.Sprint("i", seq)
		if intent.Verb == Update {
			id = intent.Before.ID
		}
		if rapid.Bool().Draw(t, "as intended") {
			r.ID = id
		} else {
			r.Object = ptr(object(name, id))
		}
		m.model.put(name, id)
		if intent.Credential != NoCredential {
			prefix := fmt.Sprintf("%s/%s/", name, id)
			maps.DeleteFunc(m.model.pending, func(_ uint64, c string) bool { return strings.HasPrefix(c, prefix) }) // a user signs in with the latest
			m.model.pending[seq] = fmt.Sprintf("%s/%s/%s", name, id, intent.Credential)
		}
	}
	m.append(t, r)
}

func (m *machine) deliver(t *rapid.T) {
	if len(m.model.pending) == 0 {
		return // nothing to deliver
	}
	seq := rapid.SampledFrom(slices.Sorted(maps.Keys(m.model.pending))).Draw(t, "deliver")
	delete(m.model.pending, seq)
	m.append(t, Delivered{seq})
}

func (m *machine) direct(t *rapid.T) {
	name := rapid.SampledFrom(people).Draw(t, "name")
	file := rapid.SampledFrom(files).Draw(t, "file")
	var records []Record
	if _, is := m.model.objects[name]; is && rapid.Bool().Draw(t, "remove") {
		m.model.remove(name)
		records = append(records, Remove{addr(name)})
	} else {
		id := rapid.SampledFrom([]string{"a", "b"}).Draw(t, "id")
		m.model.put(name, id)
		records = append(records, Put{object(name, id)})
	}
	if _, is := m.model.files[file]; is {
		delete(m.model.files, file)
		records = append(records, RemoveTarget{addr(file)})
	} else {
		m.model.files[file] = "direct"
		records = append(records, PutTarget{Target{Address: addr(file), Kind: "appinstance", Path: "direct"}})
	}
	m.model.outputs = rapid.SampledFrom([]string{"", "x"}).Draw(t, "output")
	outputs := map[string]Output{}
	if m.model.outputs != "" {
		outputs[m.model.outputs] = Output{Sensitive: true}
	}
	m.append(t, append(records, PutOutputs{outputs})...)
}

func (m *machine) close(t *rapid.T) {
	if err := m.session.Close(); err != nil {
		t.Fatal(err)
	}
	if m.backend.journal != nil {
		t.Fatal("a journal is left")
	}
	m.restart(t)
}

// crash kills the process, the machine perhaps as well: the journal ends
// somewhere, and the run after it continues from there.
func (m *machine) crash(t *rapid.T) {
	cut := rapid.IntRange(0, len(m.backend.journal)).Draw(t, "cut")
	m.backend = &memory{snapshot: m.backend.snapshot, journal: slices.Clone(m.backend.journal[:cut])}
	m.model = m.before
	for _, l := range m.lines {
		if l.length <= cut {
			m.model = l.model
		}
	}
	m.restart(t)
}

func TestRandomHistories(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := &machine{
			backend: &memory{},
			model:   &model{map[string]string{}, map[string]string{}, "", map[uint64]Intent{}, map[uint64]string{}},
		}
		m.restart(t)
		t.Repeat(map[string]func(*rapid.T){
			"":        m.checkAll,
			"intend":  m.intend,
			"settle":  m.settle,
			"settle2": m.settle,
			"deliver": m.deliver,
			"direct":  m.direct,
			"close":   m.close,
			"crash":   m.crash,
		})
	})
}
