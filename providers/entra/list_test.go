package entra

import (
	"context"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/idpctl/idpctl/providers"
)

// What is no list must not pass for an empty one: then all that is there would be
// taken for gone.
func TestAnswersThatAreNoList(t *testing.T) {
	for answer, says := range map[string]string{
		`{}`:               "is no list",
		`{"value":null}`:   "is no list",
		`null`:             "is no list",
		``:                 "is no list",
		`{"value":[null]}`: "null in a list",
		`{"value":[],"@odata.nextLink":"http://graph/v1.0/users?$skiptoken=same"}`: "again and again",
		`{"value":[],"@odata.nextLink":"http://graph.evil.example/v1.0/users"}`:    "another server",
		`<html>`: "not the JSON",
	} {
		for _, kind := range []string{"client", "user", "group"} {
			synctest.Test(t, func(t *testing.T) {
				s := &script{item: func(string, string, string) (int, map[string]string, string) { return 200, nil, answer }}
				q := providers.Query{Kind: kind, Parent: tenantGUID, IDs: []string{userGUID}}
				if kind == "user" {
					q.All, q.IDs = true, nil
				}
				found, err := connect(t, s).List(context.Background(), q)
				if err == nil || !strings.Contains(err.Error(), says) || len(found) > 0 {
					t.Errorf("%s %q: %v, %v", kind, answer, found, err)
				}
			})
		}
	}
}
