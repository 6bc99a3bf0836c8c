package work

import "github.com/idpctl/idpctl/providers"

// Asked are the values that a query asks for, as sets by name: "id", which holds
// its IDs too, and the given names. A key counts for the first of them that it has.
func Asked(q providers.Query, names ...string) map[string]map[string]bool {
	names = append([]string{"id"}, names...)
	by := make(map[string]map[string]bool, len(names))
	for _, name := range names {
		by[name] = map[string]bool{}
	}
	for _, id := range q.IDs {
		if id != "" {
			by["id"][id] = true
		}
	}
	for _, key := range q.Keys {
		for _, name := range names {
			if v := key[name]; v != "" {
				by[name][v] = true
				break
			}
		}
	}
	return by
}
