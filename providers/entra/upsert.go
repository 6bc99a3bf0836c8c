package entra

import (
	"net/http"

	abstractions "github.com/microsoft/kiota-abstractions-go"
)

// upsertHeaders ask for an object to be made if there is none.
func upsertHeaders() *abstractions.RequestHeaders {
	h := abstractions.NewRequestHeaders()
	h.Add("Prefer", "create-if-missing")
	return h
}

// upsert is the creation of an object by an alternate key, so that doing it twice
// makes one (https://learn.microsoft.com/graph/api/application-upsert).
type upsert struct {
	// patch names the object by its key.
	patch *abstractions.RequestInformation
	// post makes the object where the cloud knows no upsert; the key is in its body.
	post func() (*abstractions.RequestInformation, error)
	// taken reports that the key is in use: nobody but idpctl has given it.
	taken        func(reply) bool
	doing, needs string
	// lagging as in [call], of both.
	lagging func(reply) bool
}

// upsert makes an object, or makes the one of an earlier request as it is wanted:
// then the reply has no body. Without upsert, a PATCH of what is not there is
// answered with 404.
func (w *task) upsert(u upsert) (reply, error) {
	patch := call{
		info: u.patch, doing: u.doing, needs: u.needs, nature: repeatable, missing: true,
		// A replica that does not know the object makes it, and another one refuses.
		lagging: func(r reply) bool { return u.taken(r) || u.lagging != nil && u.lagging(r) },
	}
	r := w.ask(&patch)
	if r.err != nil || r.status != http.StatusNotFound {
		return r, r.err
	}
	info, err := u.post()
	if err != nil {
		return reply{}, badRequest(err)
	}
	r = w.ask(&call{info: info, doing: u.doing, needs: u.needs, nature: repeatable, lagging: u.lagging})
	if r.err == nil || !u.taken(r) {
		return r, r.err
	}
	patch.missing, patch.lagging = false, isNotFound
	r = w.ask(&patch)
	return r, r.err
}

// uniqueNameTaken reports that another object has the unique name, which is random.
func uniqueNameTaken(r reply) bool {
	if r.status != http.StatusBadRequest {
		return false
	}
	e := parseError(r.body)
	return e.isDuplicate() && property(e.Message) == "uniqueName"
}

// hasPrincipal reports that an application has a service principal already.
func hasPrincipal(r reply) bool {
	return r.status == http.StatusConflict && parseError(r.body).isDuplicate()
}
