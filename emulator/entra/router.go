package entra

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// route is one method of one path of Graph. Segments in braces are parameters.
type route struct {
	method, pattern string
	handle          func(*call) (reply, error)
	// units are what it costs (section 7); 0 is 1.
	units float64
	// harmless: a POST that changes nothing.
	harmless bool

	segments []string
}

// name is how a route is called in permissions and counts.
func (rt *route) name() string { return rt.method + " " + rt.pattern }

// keyMark begins a segment that is an alternate key, to tell it from an id.
const keyMark = "("

// segments takes the path below /v1.0 apart. An alternate key becomes a segment
// of its own, "(appId=…"; users('id') is the same as users/id.
func segments(escaped string) ([]string, bool) {
	var out []string
	for s := range strings.SplitSeq(strings.Trim(escaped, "/"), "/") {
		s, err := url.PathUnescape(s)
		if err != nil {
			return nil, false
		}
		name, key, keyed := strings.Cut(s, "(")
		if !keyed {
			if cast, is := strings.CutPrefix(s, "graph."); is {
				s = "microsoft.graph." + cast // the SDKs use the schema's alias
			}
			out = append(out, s)
			continue
		}
		key, closed := strings.CutSuffix(key, ")")
		property, quoted := "", key
		if !strings.HasPrefix(key, "'") {
			property, quoted, _ = strings.Cut(key, "=")
			property = keyMark + property + "="
		}
		text, isText := unquote(quoted)
		if !closed || !isText {
			return nil, false
		}
		out = append(out, name, property+text)
	}
	return out, true
}

// unquote reads a text of OData: 'it”s'.
func unquote(s string) (string, bool) {
	if len(s) < 2 || s[0] != '\'' || s[len(s)-1] != '\'' {
		return "", false
	}
	inner := strings.ReplaceAll(s[1:len(s)-1], "''", "\x00")
	return strings.ReplaceAll(inner, "\x00", "'"), !strings.Contains(inner, "'")
}

func (rt *route) match(path []string) (map[string]string, bool) {
	if len(path) != len(rt.segments) {
		return nil, false
	}
	params := map[string]string{}
	for i, p := range rt.segments {
		before, name, isParam := strings.Cut(p, "{")
		switch {
		case !isParam:
			if p != path[i] {
				return nil, false
			}
		case !strings.HasPrefix(path[i], before), before == "" && (path[i] == "" || strings.HasPrefix(path[i], keyMark)):
			return nil, false
		default:
			params[strings.TrimSuffix(name, "}")] = strings.TrimPrefix(path[i], before)
		}
	}
	return params, true
}

// dispatch finds the route and runs it: who asks, how much, whether they may.
func (c *call) dispatch() (reply, error) {
	c.purgeExpired()
	path, ok := segments(strings.TrimPrefix(c.r.URL.EscapedPath(), "/v1.0"))
	if !ok {
		return reply{}, malformed("Invalid key in the path of the request.")
	}
	var other bool
	for i := range c.graph {
		rt := &c.graph[i]
		params, matches := rt.match(path)
		if !matches {
			continue
		}
		if rt.method == c.r.Method {
			c.rt, c.params = rt, params
			break
		}
		other = true
	}
	count := c.requests
	if c.batched {
		count = c.inner
	}
	if c.rt == nil {
		count[c.r.Method+" (not emulated)"]++
		if other {
			return reply{}, graphError(http.StatusMethodNotAllowed, "Request_BadRequest", "Specified HTTP method is not allowed for the request target.")
		}
		return reply{}, notEmulated(c.r.Method + " " + c.r.URL.Path)
	}
	count[c.rt.name()]++
	query, err := url.ParseQuery(c.r.URL.RawQuery)
	if err != nil {
		return reply{}, malformed("The query of the request is not well-formed.")
	}
	c.query = query
	if err := c.authenticate(); err != nil {
		return reply{}, err
	}
	if err := c.throttle(); err != nil {
		return reply{}, err
	}
	if !c.caller.holds(permissions[c.rt.name()]) {
		return reply{}, forbidden()
	}
	c.replica = fresh
	if !c.caller.delegated {
		c.replica = int(c.reads % uint64(c.opts.Lag.Replicas))
		c.reads++
	}
	return c.rt.handle(c)
}

// advanced reports whether the request may use advanced queries: it says
// ConsistencyLevel: eventual. $count=true is the other half, where it matters.
func (c *call) advanced() bool {
	return strings.EqualFold(c.r.Header.Get("ConsistencyLevel"), "eventual")
}

// knownOptions are the system query options that anything here reads.
var knownOptions = []string{"$select", "$filter", "$top", "$count", "$orderby", "$search", "$expand", "$skiptoken", "$skip", "$format"}

// checkOptions refuses system query options that do not exist or are not
// supported where they stand.
func (c *call) checkOptions() error {
	for name := range c.query {
		if strings.HasPrefix(name, "$") && !slices.Contains(knownOptions, name) {
			return malformed("The query parameter '%s' is not supported.", name)
		}
	}
	if c.query.Has("$skip") {
		return badRequest("'$skip' is not supported by the service.")
	}
	return nil
}

// Operations are all operations of Graph that are emulated, such as "GET
// users/{id}", apart from $batch.
func Operations() []string {
	var names []string
	for _, rt := range routes() {
		names = append(names, rt.name())
	}
	return names
}
