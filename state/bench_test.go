package state

import (
	"fmt"
	"testing"
)

// many is a state of n users as a real one looks.
func many(n int) *State {
	s := &State{Version: 1, Lineage: "l", Serial: 1}
	for i := range n {
		o := object(fmt.Sprintf("user.team[\"member-%d@example.com\"]", i), fmt.Sprintf("7d3f2c9e-4a55-4a53-9c12-%012d", i))
		o.Attributes = fmt.Appendf(nil, `{"attributes":{"department":["engineering"]},"email":"member-%d@example.com","email_verified":true,`+
			`"enabled":true,"first_name":"Member","id":"7d3f2c9e-4a55-4a53-9c12-%012d","last_name":"Number %d","realm":"influxdb",`+
			`"required_actions":["UPDATE_PASSWORD"],"username":"member-%d@example.com"}`, i, i, i, i)
		s.Objects = append(s.Objects, o)
	}
	s.sort()
	return s
}

func BenchmarkOpen10000(b *testing.B) {
	data, err := many(10_000).Encode()
	if err != nil {
		b.Fatal(err)
	}
	path := b.TempDir() + "/" + DefaultFile
	write(b, path, string(data))
	b.SetBytes(int64(len(data)))
	for b.Loop() {
		s, err := Open(b.Context(), NewLocal(path, LocalOptions{}), Options{})
		if err != nil {
			b.Fatal(err)
		}
		if len(s.View().Objects) != 10_000 {
			b.Fatal("objects are missing")
		}
		if err := s.Close(); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkEncode10000(b *testing.B) {
	s := many(10_000)
	for b.Loop() {
		if _, err := s.Encode(); err != nil {
			b.Fatal(err)
		}
	}
}

// A run of 1,000 new users: one line of intents, results one by one.
func BenchmarkRun1000(b *testing.B) {
	for _, mode := range []string{"Append", "AppendSoon"} {
		b.Run(mode, func(b *testing.B) {
			for b.Loop() {
				s, err := Open(b.Context(), NewLocal(b.TempDir()+"/s", LocalOptions{}), Options{})
				if err != nil {
					b.Fatal(err)
				}
				if err := s.Begin("prod", nil); err != nil {
					b.Fatal(err)
				}
				intents := make([]Intent, 1000)
				for i := range intents {
					intents[i] = create1(fmt.Sprintf("user.u[%d]", i))
				}
				if _, err := s.Intend(intents...); err != nil {
					b.Fatal(err)
				}
				record := s.Append
				if mode == "AppendSoon" {
					record = s.AppendSoon
				}
				for i := range intents {
					o := object(fmt.Sprintf("user.u[%d]", i), "id")
					if err := record(Result{Intent: uint64(i + 1), Object: &o}); err != nil {
						b.Fatal(err)
					}
				}
				if err := s.Close(); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
