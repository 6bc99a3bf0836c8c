package entra

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"hash/fnv"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/idpctl/idpctl/emulator/jsonvalue"
)

// maxItems is how many requests a batch may have (section 6).
const maxItems = 20

// item is a request of a batch.
type item struct {
	ID        string            `json:"id"`
	Method    string            `json:"method"`
	URL       string            `json:"url"`
	Headers   map[string]string `json:"headers"`
	Body      json.RawMessage   `json:"body"`
	DependsOn []string          `json:"dependsOn"`
}

// itemReply is the answer to one.
type itemReply struct {
	ID      string            `json:"id"`
	Status  int               `json:"status"`
	Headers map[string]string `json:"headers,omitempty"`
	Body    json.RawMessage   `json:"body,omitempty"`
}

// serveBatch answers each item as a request of its own, and 200 for all of
// them, in an order that is not that of the request (section 6).
func (s *Server) serveBatch(w http.ResponseWriter, r *http.Request, body []byte) {
	s.mu.Lock()
	s.requests["POST $batch"]++
	s.batches++
	s.mu.Unlock()
	items, err := s.readBatch(r, body)
	if err != nil {
		s.writeGraph(w, r, reply{}, err)
		return
	}
	replies, failed := make([]itemReply, 0, len(items)), map[string]bool{}
	for _, it := range items {
		var rep itemReply
		if slices.ContainsFunc(it.DependsOn, func(id string) bool { return failed[id] }) {
			e := graphError(http.StatusFailedDependency, "FailedDependency", "The request failed because a request that it depends on failed.")
			rep = itemReply{ID: it.ID, Status: e.status, Headers: map[string]string{"Content-Type": "application/json"},
				Body: jsonvalue.Encode(e.body("", "", s.now()))}
		} else {
			rep = s.answerItem(r, it)
		}
		failed[it.ID] = rep.Status >= 400
		replies = append(replies, rep)
	}
	slices.SortFunc(replies, func(a, b itemReply) int { return cmp.Compare(shuffle(a.ID), shuffle(b.ID)) })
	if len(replies) > 1 && slices.EqualFunc(replies, items, func(a itemReply, b item) bool { return a.ID == b.ID }) {
		slices.Reverse(replies) // never by chance the order of the request
	}
	s.writeGraph(w, r, reply{http.StatusOK, object{"responses": replies}}, nil)
}

func shuffle(id string) uint64 {
	h := fnv.New64a()
	_, _ = h.Write([]byte(id))
	return h.Sum64()
}

func (s *Server) readBatch(r *http.Request, body []byte) ([]item, error) {
	s.mu.Lock()
	c := &call{Server: s, r: r, header: http.Header{}}
	err := c.authenticate()
	s.mu.Unlock()
	if err != nil {
		return nil, err
	}
	invalid := malformed("Invalid batch payload format.")
	if _, err := parse(body); err != nil {
		return nil, invalid
	}
	var batch struct {
		Requests []item `json:"requests"`
	}
	d := json.NewDecoder(bytes.NewReader(body))
	d.DisallowUnknownFields()
	if d.Decode(&batch) != nil || len(batch.Requests) == 0 {
		return nil, invalid
	}
	if len(batch.Requests) > maxItems {
		return nil, malformed("Number of batch request steps exceeds the maximum value of %d.", maxItems)
	}
	seen := map[string]bool{}
	for _, it := range batch.Requests {
		switch {
		case it.ID == "" || it.Method == "" || it.URL == "":
			return nil, invalid
		case seen[it.ID]:
			return nil, malformed("Request Id '%s' has to be unique in a batch.", it.ID)
		case len(it.DependsOn) > 1:
			return nil, malformed("Invalid dependsOn of request '%s': one earlier request may be named.", it.ID)
		case len(it.DependsOn) == 1 && !seen[it.DependsOn[0]]:
			return nil, malformed("Invalid dependsOn of request '%s': '%s' is no earlier request.", it.ID, it.DependsOn[0])
		}
		if u, err := url.Parse(it.URL); err != nil || u.Host != "" || u.Scheme != "" {
			return nil, malformed("The url of request '%s' is not a relative one.", it.ID)
		}
		seen[it.ID] = true
	}
	return batch.Requests, nil
}

// answerItem answers an item through Options.Items.
func (s *Server) answerItem(outer *http.Request, it item) itemReply {
	target := "/v1.0/" + strings.TrimPrefix(strings.TrimPrefix(it.URL, "/v1.0"), "/")
	body := []byte(it.Body)
	if string(body) == "null" {
		body = nil
	}
	r, err := http.NewRequestWithContext(outer.Context(), strings.ToUpper(it.Method), target, bytes.NewReader(body))
	if err != nil {
		return itemReply{ID: it.ID, Status: http.StatusBadRequest}
	}
	r.Host, r.TLS = outer.Host, outer.TLS
	r.RequestURI = target
	r.Header.Set("Authorization", outer.Header.Get("Authorization"))
	for k, v := range it.Headers {
		r.Header.Set(k, v) // however it is spelt
	}
	rec := &recorder{header: http.Header{}}
	s.items.ServeHTTP(rec, r)
	rep := itemReply{ID: it.ID, Status: rec.status, Headers: map[string]string{}}
	for k, v := range rec.header {
		// An item's header must be spelt Content-Type; the SDK looks for that.
		rep.Headers[k] = strings.Join(v, ", ")
	}
	switch text := rec.body.Bytes(); {
	case len(text) == 0:
	case json.Valid(text):
		rep.Body = text
	default:
		rep.Body = jsonvalue.Encode(string(text)) // what is not JSON is a text
	}
	return rep
}

// serveItem answers a request that is an item.
func (s *Server) serveItem(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		s.writeGraph(w, r, reply{}, errors.New("the item has no body"))
		return
	}
	c := &call{Server: s, r: r, body: body, header: w.Header(), batched: true}
	rep, text, err := s.answer(c)
	s.writeText(w, r, rep, text, err)
}

// recorder keeps an answer.
type recorder struct {
	header http.Header
	status int
	body   bytes.Buffer
}

// Header implements [http.ResponseWriter].
func (r *recorder) Header() http.Header { return r.header }

// WriteHeader implements [http.ResponseWriter].
func (r *recorder) WriteHeader(status int) {
	if r.status == 0 {
		r.status = status
	}
}

// Write implements [http.ResponseWriter].
func (r *recorder) Write(b []byte) (int, error) {
	r.WriteHeader(http.StatusOK)
	return r.body.Write(b)
}

// Mutates tells requests that change something: for fault.Injector's Mutating.
// A batch does if any of its items does; looking for objects by ids does not.
func Mutates(r *http.Request) bool {
	switch {
	case r.Method == http.MethodGet || r.Method == http.MethodHead:
		return false
	case !strings.HasPrefix(r.URL.Path, "/v1.0/"), strings.HasSuffix(r.URL.Path, "/directoryObjects/getByIds"):
		return false
	case r.URL.Path != "/v1.0/$batch":
		return true
	}
	raw, err := io.ReadAll(r.Body)
	r.Body = io.NopCloser(bytes.NewReader(raw))
	if err != nil {
		return true
	}
	again := r.Clone(r.Context())
	again.Body = io.NopCloser(bytes.NewReader(raw))
	plain, err := readBody(again)
	var batch struct{ Requests []item }
	if err != nil || json.Unmarshal(plain, &batch) != nil {
		return true
	}
	return slices.ContainsFunc(batch.Requests, func(it item) bool {
		return !strings.EqualFold(it.Method, http.MethodGet) && !strings.Contains(it.URL, "directoryObjects/getByIds")
	})
}
