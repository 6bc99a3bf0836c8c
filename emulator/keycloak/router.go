package keycloak

import (
	"net/http"
	"strings"
)

// route is one method of one path. Segments in braces are parameters; {path}
// takes the rest.
type route struct {
	method, pattern string
	// realm: the path's realm must exist. admin: the caller must be known.
	realm, admin bool
	// roles of which the caller needs one; nil leaves it to the handler.
	roles  []string
	handle func(*call) (reply, error)
}

// serve checks what the route asks for, in the order of the real server.
func (rt *route) serve(c *call) (reply, error) {
	if rt.admin {
		a, err := c.authenticate()
		if err != nil {
			return reply{}, err
		}
		c.admin = a
		if rt.method == http.MethodGet {
			c.header.Set("Cache-Control", "no-cache")
		}
	}
	if rt.realm {
		rm := c.realms[c.params["realm"]]
		switch {
		case rm == nil && rt.admin:
			return reply{}, plain(http.StatusNotFound, "Realm not found.")
		case rm == nil:
			return reply{}, plain(http.StatusNotFound, "Realm does not exist")
		case rt.admin && c.admin.realm != c.master && c.admin.realm != rm:
			return reply{}, errForbidden()
		}
		c.realm = rm
	}
	if rt.roles != nil {
		if err := c.require(rt.roles...); err != nil {
			return reply{}, err
		}
	}
	return rt.handle(c)
}

// find returns the route of a request and its parameters, or another route of
// the same path.
func find(method string, segments []string) (rt *route, params map[string]string, other *route) {
	for _, r := range routes {
		p, matches := match(r.pattern, segments)
		if !matches {
			continue
		}
		if r.method == method || method == http.MethodHead && r.method == http.MethodGet {
			return &r, p, nil
		}
		other = &r
	}
	return nil, nil, other
}

func match(pattern string, segments []string) (map[string]string, bool) {
	params := map[string]string{}
	i := 0
	for p := range strings.SplitSeq(pattern, "/") {
		if p == "{path}" {
			if i >= len(segments) {
				return nil, false
			}
			params["path"] = strings.Join(segments[i:], "/")
			return params, true
		}
		if i >= len(segments) {
			return nil, false
		}
		if name, ok := strings.CutPrefix(p, "{"); ok {
			params[strings.TrimSuffix(name, "}")] = segments[i]
		} else if p != segments[i] {
			return nil, false
		}
		i++
	}
	return params, i == len(segments)
}

// api is a route of the admin API below a realm.
func api(method, path string, roles []string, handle func(*call) (reply, error)) route {
	pattern := "admin/realms/{realm}"
	if path != "" {
		pattern += "/" + path
	}
	return route{method: method, pattern: pattern, realm: true, admin: true, roles: roles, handle: handle}
}

// open is a route of a realm that anyone may call.
func open(method, path string, handle func(*call) (reply, error)) route {
	pattern := "realms/{realm}"
	if path != "" {
		pattern += "/" + path
	}
	return route{method: method, pattern: pattern, realm: true, handle: handle}
}
