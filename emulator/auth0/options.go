package auth0

import (
	"crypto"
	"strings"
	"time"

	"github.com/idpctl/idpctl/emulator/oidc"
)

// Defaults of [Options].
const (
	DefaultDomain       = "idpctl-test.eu.auth0.com"
	DefaultConnection   = "Username-Password-Authentication"
	DefaultClientID     = "9Zp4tQeW1xKcV7mRbN2sLhYd5uJgFa8T"
	DefaultClientSecret = "local-secret-of-the-emulator-that-everybody-may-know-0123456789a"
)

// Options say what a new tenant is like.
type Options struct {
	// Domain of the tenant, without a scheme. The audience of the Management
	// API is https://DOMAIN/api/v2/, also where a custom domain is called
	// (section 10).
	Domain string
	// CustomDomains are verified ones beside it. Tokens are issued by the
	// domain that was called (section 10); with two or more, users are created
	// with the header auth0-custom-domain only (section 2).
	CustomDomains []string
	// App is the automation application that asks the Management API.
	App App
	// Scopes are granted to it; nil are all that the emulated routes need.
	Scopes []string
	// Connection is the name of the database connection that a new tenant has,
	// enabled for the automation application; NoConnection leaves it out.
	Connection   string
	NoConnection bool
	// Clock tells the time; the default is time.Now.
	Clock func() time.Time
	// Lag of searches and lists; the zero value is none.
	Lag Lag
	// Rate limits requests to the Management API; the zero value does not.
	// See [FreeRate] and [EssentialsRate].
	Rate Rate
	// Quota limits objects; the zero value does not. See [FreeQuota] and
	// [SelfServiceQuota].
	Quota Quota
	// ImportDuration is how long a job that imports users stays pending. By
	// default it is done at the request that follows.
	ImportDuration time.Duration
	// Key signs the tokens; the default is one that is made when it is first
	// needed, which takes a moment. Tests with many servers may share one.
	Key *oidc.Key
	// BaseURL under which clients see the server, without a path. The default
	// is the scheme and host of each request.
	BaseURL string
	// EnabledClients: answers to GET and PATCH of connections have
	// enabled_clients, and PATCH takes it, as before July 2026 (section 6).
	EnabledClients bool
	// EmptyLastPage: a list that is read with take has a next on its last page
	// too, and an empty page after it, as members of organizations have
	// (section 1).
	EmptyLastPage bool
	// RoleType: roles have a type, as some tenants have since August 2026
	// (section 7).
	RoleType bool
	// RoleNamesRepeat: two roles may have one name. That it is refused is not
	// documented (section 2).
	RoleNamesRepeat bool
	// DeletedConnections is how long a connection that was deleted is answered
	// with 202 and the same time when it is deleted again; 0 is 204 at once
	// (section 3 knows both).
	DeletedConnections time.Duration
}

// App is the automation application. It is registered in the tenant, with a
// grant for the Management API, when the server starts.
type App struct {
	// ClientID and Secret, both with defaults.
	ClientID, Secret string
	// Key is a public key whose private half signs client assertions
	// (private_key_jwt, section 10). With it the secret is refused.
	Key crypto.PublicKey
}

// Lag says how long what was written stays unseen. What reads a single object
// is always fresh, and so is /users-by-email (section 5).
type Lag struct {
	// Search delays GET /users.
	Search time.Duration
	// Lists delays all other lists, members of roles among them. Auth0 does not
	// document that they are late: it is for tests of those who do not rely on it.
	Lists time.Duration
}

// Quota is how many objects a tenant may have; 0 is no limit. What Auth0 made
// itself does not count (mem).
type Quota struct {
	Clients, Connections, APIs, ClientGrants int
}

// FreeQuota is that of a free tenant (section 11).
func FreeQuota() Quota { return Quota{Clients: 10, Connections: 100, APIs: 10, ClientGrants: 100} }

// SelfServiceQuota is that of the Essentials and Professional plans (section 11).
func SelfServiceQuota() Quota {
	return Quota{Clients: 100, Connections: 100, APIs: 100, ClientGrants: 10000}
}

func (o *Options) fill() {
	set := func(p *string, v string) {
		if *p == "" {
			*p = v
		}
	}
	set(&o.Domain, DefaultDomain)
	set(&o.Connection, DefaultConnection)
	set(&o.App.ClientID, DefaultClientID)
	set(&o.App.Secret, DefaultClientSecret)
	if o.Clock == nil {
		o.Clock = time.Now
	}
	if o.Scopes == nil {
		o.Scopes = everyScope()
	}
	o.BaseURL = strings.TrimSuffix(o.BaseURL, "/")
}

// audience is that of the Management API.
func (o *Options) audience() string { return "https://" + o.Domain + "/api/v2/" }
