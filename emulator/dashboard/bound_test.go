package dashboard

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// empty is an emulator that holds nothing.
type empty struct{}

func (empty) Overview(int) Overview { return Overview{} }

func (empty) ServeHTTP(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) }

// However many requests come, and however long their paths are, no more than a
// bound of it is kept.
func TestBoundedMemory(t *testing.T) {
	h := New(empty{}, Options{})
	for i := range 3 * kept {
		r := httptest.NewRequest("GET", fmt.Sprintf("/%d/%s?%s", i, strings.Repeat("x", 10_000), strings.Repeat("y", 10_000)), nil)
		h.ServeHTTP(httptest.NewRecorder(), r)
	}
	list, total := h.log.newest()
	size := 0
	for _, e := range list {
		size += len(e.path) + len(e.method)
	}
	if len(list) != kept || total != 3*kept || size > kept*(longestPath+10) || len(h.faults.Counts()) != 0 {
		t.Errorf("%d of %d requests in %d bytes, %d counts", len(list), total, size, len(h.faults.Counts()))
	}
}
