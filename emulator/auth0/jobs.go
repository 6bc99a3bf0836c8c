package auth0

import (
	"bytes"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"regexp"
	"strconv"
	"time"
)

// Limits of imports (section 9).
const (
	importBytes   = 512000
	importsAtOnce = 2
	jobLife       = 24 * time.Hour
)

// job imports users.
type job struct {
	id, connection, external string
	created                  time.Time
	upsert                   bool
	users                    []byte
	// status is "pending", "completed" or "failed".
	status                    string
	inserted, updated, failed int
	errors                    []any
}

func (j *job) body() object {
	o := object{"id": j.id, "type": "users_import", "status": j.status, "connection_id": j.connection, "created_at": timestamp(j.created)}
	if j.external != "" {
		o["external_id"] = j.external // an empty one is not echoed (section 9)
	}
	if j.status == "completed" {
		o["summary"] = object{"failed": j.failed, "updated": j.updated, "inserted": j.inserted, "total": j.failed + j.updated + j.inserted}
	}
	return o
}

var connectionID = regexp.MustCompile(`^con_[A-Za-z0-9]{16}$`)

// importUsers begins a job.
func (c *call) importUsers() (reply, error) {
	if len(c.body) > importBytes {
		return reply{}, fail(http.StatusRequestEntityTooLarge, "", "Payload content length greater than maximum allowed: %d", importBytes)
	}
	form, err := c.multipart()
	if err != nil {
		return reply{}, err
	}
	for _, name := range sortedKeys(form) {
		if _, known := map[string]bool{"users": true, "connection_id": true, "upsert": true, "external_id": true, "send_completion_email": true}[name]; !known {
			return reply{}, badBody("", "Additional properties not allowed: %s", name)
		}
	}
	j := &job{id: newID("job_"), connection: string(form["connection_id"]), external: string(form["external_id"]), created: c.now(), status: "pending", users: form["users"]}
	if text, sent := form["upsert"]; sent {
		if j.upsert, err = strconv.ParseBool(string(text)); err != nil {
			return reply{}, badBody("upsert", "Expected type boolean but found type string")
		}
	}
	switch {
	case form["users"] == nil:
		return reply{}, badBody("", "Missing required property: users")
	case !connectionID.MatchString(j.connection):
		return reply{}, badBody("connection_id", "String does not match pattern ^con_[A-Za-z0-9]{16}$")
	}
	con := c.get(KindConnection, j.connection)
	if con == nil {
		return reply{}, noConnection()
	}
	running := 0
	for _, other := range c.jobs {
		if other.status == "pending" {
			running++
		}
	}
	if running >= importsAtOnce {
		return reply{}, fail(http.StatusTooManyRequests, "", "There are %d active import users jobs, please wait until some of them are finished and try again", running)
	}
	c.jobs = append(c.jobs, j)
	o := j.body()
	o["connection"] = str(con.props, "name")
	return reply{http.StatusAccepted, o}, nil
}

// multipart reads the parts of a form by name.
func (c *call) multipart() (map[string][]byte, error) {
	t, params, err := mime.ParseMediaType(c.r.Header.Get("Content-Type"))
	if err != nil || t != "multipart/form-data" {
		return nil, fail(http.StatusUnsupportedMediaType, "", "Unsupported Media Type")
	}
	form, r := map[string][]byte{}, multipart.NewReader(bytes.NewReader(c.body), params["boundary"])
	for {
		part, err := r.NextPart()
		if errors.Is(err, io.EOF) {
			return form, nil
		}
		if err != nil {
			return nil, fail(http.StatusBadRequest, "", "Invalid multipart payload format")
		}
		if form[part.FormName()], err = io.ReadAll(part); err != nil {
			return nil, fail(http.StatusBadRequest, "", "Invalid multipart payload format")
		}
	}
}

// job finds one; after a day it is forgotten (section 9).
func (c *call) job() *job {
	for _, j := range c.jobs {
		if j.id == c.params["id"] && c.now().Before(j.created.Add(jobLife)) {
			return j
		}
	}
	return nil
}

func (c *call) getJob() (reply, error) {
	j := c.job()
	if j == nil {
		return reply{}, noJob()
	}
	o := j.body()
	if con := c.get(KindConnection, j.connection); con != nil {
		o["connection"] = str(con.props, "name")
	}
	return ok(o)
}

// jobErrors is 204 where there are none (section 9).
func (c *call) jobErrors() (reply, error) {
	j := c.job()
	switch {
	case j == nil:
		return reply{}, noJob()
	case len(j.errors) == 0:
		return noContent()
	}
	return ok(j.errors)
}

// runJobs does the jobs that are due.
func (s *Server) runJobs() {
	for _, j := range s.jobs {
		if j.status == "pending" && !s.now().Before(j.created.Add(s.opts.ImportDuration)) {
			s.run(j)
		}
	}
}
