package state

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/idpctl/idpctl/resource"
)

// memory is a backend without a disk, for tests about what a session does.
type memory struct {
	snapshot, journal []byte
	locked            bool
	// appends counts calls of Append; fail makes the next ones fail.
	appends int
	fail    error
	// entered and release let a test stop inside Append; nil for not.
	entered, release chan struct{}
}

var _ Backend = (*memory)(nil)

func (*memory) String() string { return "memory" }

func (m *memory) Lock(context.Context, Holder) error {
	if m.locked {
		return &LockedError{Path: "memory"}
	}
	m.locked = true
	return nil
}

func (m *memory) Unlock() error { m.locked = false; return nil }

func (m *memory) Read(context.Context) (Stored, error) {
	return Stored{Snapshot: m.snapshot, Journal: m.journal, SnapshotPath: "s", JournalPath: "s.journal"}, nil
}

func (m *memory) Append(_ context.Context, line []byte) error {
	if m.entered != nil {
		m.entered <- struct{}{}
		<-m.release
	}
	m.appends++
	if m.fail != nil {
		return m.fail
	}
	m.journal = append(m.journal, line...)
	return nil
}

func (m *memory) Replace(_ context.Context, snapshot []byte) error {
	if m.fail != nil {
		return m.fail
	}
	m.snapshot, m.journal = slices.Clone(snapshot), nil
	return nil
}

func (m *memory) Discard(context.Context) error { m.journal = nil; return nil }

// crashed is what a killed process leaves.
func (m *memory) crashed() *memory {
	return &memory{snapshot: slices.Clone(m.snapshot), journal: slices.Clone(m.journal)}
}

func addr(s string) resource.Address {
	a, err := resource.ParseAddress(s)
	if err != nil {
		panic(err)
	}
	return a
}

func object(address, id string) Object {
	a := addr(address)
	return Object{
		Address: a, Kind: a.Kind, Provider: "keycloak", Parent: "influxdb", ID: id, Origin: Created,
		Attributes: json.RawMessage(fmt.Sprintf(`{"email":"%s@example.com","enabled":true}`, a.Name)),
		DependsOn:  []resource.Address{addr("realm.influxdb")},
		Written:    time.Date(2026, 11, 23, 10, 0, 0, 123456789, time.UTC),
	}
}

func create1(address string) Intent {
	o := object(address, "")
	return Intent{
		Verb: Create, Address: o.Address, Kind: o.Kind, Provider: o.Provider, Parent: o.Parent,
		Key: map[string]string{"username": o.Address.Name}, After: &o, ServerTime: o.Written,
	}
}

func open(t *testing.T, b Backend) *Session {
	t.Helper()
	s, err := Open(context.Background(), b, Options{Command: "idpctl apply", ToolVersion: "1.2.3"})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func begin(t *testing.T, b Backend) *Session {
	t.Helper()
	s := open(t, b)
	must(t, s.Begin("prod", nil))
	return s
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func intend(t *testing.T, s *Session, intents ...Intent) []Intent {
	t.Helper()
	numbered, err := s.Intend(intents...)
	must(t, err)
	return numbered
}

func write(t testing.TB, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func ptr[T any](v T) *T { return &v }

// content is a state as text without what differs between two runs.
func content(t *testing.T, s *State) string {
	t.Helper()
	c := *s
	c.Lineage, c.Run, c.Serial = "", "", 0
	text, err := c.Encode()
	must(t, err)
	return string(text)
}

func wantErr(t *testing.T, err error, parts ...string) {
	t.Helper()
	if err == nil {
		t.Fatalf("no error, want one with %q", parts)
	}
	for _, p := range parts {
		if !strings.Contains(err.Error(), p) {
			t.Errorf("error is\n  %v\nand lacks %q", err, p)
		}
	}
}

func TestAddresses(t *testing.T) {
	s := &State{
		Objects: []Object{object("realm.influxdb", "r"), object(`user.team["a.b"]`, "1"), object(`user.team["c"]`, "2"), object("user.teammate", "3")},
		Targets: []Target{{Address: addr("cluster.production.appinstance")}},
	}
	for _, c := range []struct {
		filters string
		want    string
	}{
		{"", `cluster.production.appinstance realm.influxdb user.team["a.b"] user.team["c"] user.teammate`},
		{"user.team", `user.team["a.b"] user.team["c"]`},
		{`user.team["c"] realm.influxdb`, `realm.influxdb user.team["c"]`},
		{"cluster.production", "cluster.production.appinstance"},
		{"cluster.production.helm_values", ""},
		{"user.nobody", ""},
	} {
		var filters []resource.Address
		for _, f := range strings.Fields(c.filters) {
			filters = append(filters, addr(f))
		}
		var got []string
		for _, a := range s.Addresses(filters...) {
			got = append(got, a.String())
		}
		if g := strings.Join(got, " "); g != c.want {
			t.Errorf("Addresses(%s) = %s, want %s", c.filters, g, c.want)
		}
	}
	if _, ok := s.Object(addr(`user.team["c"]`)); !ok {
		t.Error("Object does not find")
	}
	if _, ok := s.Object(addr("user.nobody")); ok {
		t.Error("Object finds what is not there")
	}
	if _, ok := s.Target(addr("cluster.production.appinstance")); !ok {
		t.Error("Target does not find")
	}
}

// A field that equal forgets would be lost when nothing else changes.
func TestEveryFieldCounts(t *testing.T) {
	s := full()
	everyField(t, s.Objects[0], Object.equal)
	everyField(t, s.Targets[0], Target.equal)
	everyField(t, s.Outputs["client_id"], Output.equal)
	everyField(t, s.Intents[0], Intent.equal)
	everyField(t, *s, func(a, b State) bool { return a.sameContent(&b) },
		"Version", "ToolVersion", "Lineage", "Serial", "Run")
}

// everyField empties each field of v, or fills it, and wants equal to notice.
func everyField[T any](t *testing.T, v T, equal func(a, b T) bool, but ...string) {
	t.Helper()
	if !equal(v, v) {
		t.Errorf("%T is not equal to itself", v)
	}
	for i := range reflect.TypeFor[T]().NumField() {
		field := reflect.TypeFor[T]().Field(i)
		if slices.Contains(but, field.Name) {
			continue
		}
		other := v
		f := reflect.ValueOf(&other).Elem().Field(i)
		switch {
		case !f.IsZero():
			f.SetZero()
		case f.Kind() == reflect.Bool:
			f.SetBool(true)
		case f.Kind() == reflect.Pointer:
			f.Set(reflect.New(f.Type().Elem()))
		default:
			t.Fatalf("%T.%s is empty in the example", v, field.Name)
		}
		if equal(v, other) || equal(other, v) {
			t.Errorf("%T.%s makes no difference", v, field.Name)
		}
	}
}
