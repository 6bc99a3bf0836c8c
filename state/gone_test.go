package state

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// A deletion is remembered where its time was told, which is where reads lag, and
// forgotten after a day, or when the object is back.
func TestDeletionsAreRemembered(t *testing.T) {
	marty := object("user.marty", "m")
	at := marty.Written.Add(time.Hour)
	base := &State{Version: 1, Lineage: "l", Objects: []Object{marty}}
	removal := Intent{Seq: 1, Verb: Delete, Address: marty.Address, Kind: "user", Provider: "keycloak", Parent: "influxdb", Before: &Image{ID: "m"}}
	replacement := Intent{Seq: 1, Verb: Replace, Address: marty.Address, Kind: "user", Provider: "keycloak", Parent: "new", Before: &Image{ID: "m", Parent: "influxdb"}, After: &marty}
	gone := []Gone{{Provider: "keycloak", Kind: "user", Parent: "influxdb", ID: "m", Written: at}}
	begin := func(after time.Duration) Record {
		return Begin{Version: 1, Lineage: "l", Holder: Holder{Started: at.Add(after)}}
	}
	tests := map[string]struct {
		records []Record
		want    []Gone
	}{
		"deleted":                    {[]Record{removal, Result{Intent: 1, Removed: true, Written: at}}, gone},
		"deleted where nothing lags": {[]Record{removal, Result{Intent: 1, Removed: true}}, nil},
		"not deleted":                {[]Record{removal, Result{Intent: 1, Error: "no", Written: at}}, nil},
		"replaced":                   {[]Record{replacement, Result{Intent: 1, ID: "n", Written: at}}, gone},
		"first half of it":           {[]Record{replacement, Result{Intent: 1, Removed: true, Written: at}}, gone},
		"an hour later":              {[]Record{removal, Result{Intent: 1, Removed: true, Written: at}, begin(time.Hour)}, gone},
		"two days later":             {[]Record{removal, Result{Intent: 1, Removed: true, Written: at}, begin(48 * time.Hour)}, []Gone{}},
		"back":                       {[]Record{removal, Result{Intent: 1, Removed: true, Written: at}, Put{marty}}, []Gone{}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			s, err := Replay(base, tt.records)
			if err != nil {
				t.Fatal(err)
			}
			if len(s.Gone)+len(tt.want) > 0 {
				if d := cmp.Diff(tt.want, s.Gone); d != "" {
					t.Error(d)
				}
			}
			data, err := s.Encode()
			must(t, err)
			back, err := Decode("s", data)
			must(t, err)
			if !back.sameContent(s) {
				t.Errorf("read back: %+v", back.Gone)
			}
		})
	}
}

// A result may say when it was done, which is later than when it was begun.
func TestAResultSaysWhenItWasDone(t *testing.T) {
	marty := object("user.marty", "m")
	in := create1("user.marty")
	in.Seq = 1
	for _, at := range []time.Time{{}, marty.Written.Add(time.Minute)} {
		s, err := Replay(nil, []Record{in, Result{Intent: 1, ID: "m", Written: at}})
		must(t, err)
		want := at
		if at.IsZero() {
			want = in.ServerTime
		}
		if got := s.Objects[0].Written; !got.Equal(want) {
			t.Errorf("written %s, not %s", got, want)
		}
	}
}

func TestASnapshotRefusesAnObjectThatIsGoneWithoutId(t *testing.T) {
	s := &State{Version: Version, Lineage: "l", Serial: 1, Gone: []Gone{{Provider: "keycloak", Kind: "user", Written: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)}}}
	data, err := s.Encode()
	if err == nil {
		_, err = Decode("s", data)
	}
	if err == nil || !strings.Contains(err.Error(), "no kind or no id") {
		t.Errorf("%v: %s", err, data)
	}
}
