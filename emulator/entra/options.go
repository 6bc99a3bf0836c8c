package entra

import (
	"crypto"
	"crypto/x509"
	"net/http"
	"strings"
	"time"

	"github.com/idpctl/idpctl/emulator/oidc"
)

// Defaults of [Options].
const (
	DefaultTenantID      = "7b3f1e9a-52c4-4d0b-9c1e-2f6a8d4e0c11"
	DefaultInitialDomain = "contoso.onmicrosoft.com"
	DefaultClientID      = "a41d0c6e-8b57-4f2e-9d3a-5c7e1b2f4d66"
	DefaultClientSecret  = "Emu8Q~local-secret-of-the-emulator" //nolint:gosec // of the emulator, on this machine only
)

// Options say what a new tenant is like.
type Options struct {
	// TenantID is the directory's GUID.
	TenantID string
	// TenantName is the displayName of the organization.
	TenantName string
	// InitialDomain is the onmicrosoft.com one, in which guests get their names.
	InitialDomain string
	// VerifiedDomains beside it; the first one is the default domain.
	VerifiedDomains []string
	// App is the automation application that asks Graph for things.
	App App
	// Roles are the application permissions granted to it, by name
	// ("User.ReadWrite.All"); nil are all that the emulated routes need.
	Roles []string
	// Clock tells the time; the default is time.Now.
	Clock func() time.Time
	// Lag of the replicas; the zero value is none.
	Lag Lag
	// Throttle limits requests; the zero value does not.
	Throttle Throttle
	// TokenLifespan of access tokens; the default varies between 60 and 90
	// minutes as Entra's does (section 10).
	TokenLifespan time.Duration
	// Key signs the tokens; the default is one that is made when it is first
	// needed, which takes a moment. Tests with many servers may share one.
	Key *oidc.Key
	// BaseURL under which clients see the server. The default is the scheme
	// and host of each request.
	BaseURL string
	// Cloud is "" or "global", "usgov" or "china": the names in discovery, and
	// the audience of Graph's tokens.
	Cloud string
	// NoUpsert: the cloud does not know Prefer: create-if-missing; a PATCH by
	// an alternate key updates what exists and gives 404 otherwise.
	NoUpsert bool
	// SoftDeleteSecurityGroups: newer tenants keep deleted security groups for
	// 30 days; the documentation long said that their deletion is permanent.
	SoftDeleteSecurityGroups bool
	// EmptyPages: every other page of a list is empty and has a nextLink
	// (section 4: "pages may be empty").
	EmptyPages bool
	// ConditionalAccess: policies block every sign-in of a user (AADSTS53003).
	ConditionalAccess bool
	// SignInBlocked is the number of what blocks every sign-in of a user instead,
	// one of section 9: 530033, 530035, 50097, 50076 or 50079.
	SignInBlocked int
	// ObjectQuota is how many applications and service principals the
	// automation application may own, deleted ones too; the service's is 250
	// for who is no administrator (section 2). 0 is no quota.
	ObjectQuota int
	// AdminConsent: users may not consent by themselves. A sign-in needs an
	// oauth2PermissionGrant for all principals, else it ends in AADSTS65001.
	AdminConsent bool
	// Items wraps the handler that answers the items of a batch, to put faults
	// in front of it.
	Items func(http.Handler) http.Handler
}

// App is the automation application. It is registered in the tenant, with a
// service principal, when the server starts.
type App struct {
	// ClientID and Secret, both with defaults.
	ClientID, Secret string
	// SecretExpires: later, the token endpoint says AADSTS7000222.
	SecretExpires time.Time
	// Certificate whose key may sign client assertions.
	Certificate *x509.Certificate
	// Federated credential, if there is one.
	Federated *Federated
}

// Federated is a trust in the tokens of another issuer (workload identity).
type Federated struct {
	Issuer, Subject string
	// Audience of the foreign token; the default is Microsoft's
	// "api://AzureADTokenExchange".
	Audience string
	// Key that signs the foreign tokens. The emulator fetches nothing: without
	// a key it does not check the signature.
	Key crypto.PublicKey
}

// Lag describes replication (section 8). After a write each replica goes on
// answering with the state before it, until a delay has passed that follows
// from Seed, the write and the replica. Requests go to the replicas in turn.
// What answers a write is fresh, and so is what a delegated token reads.
type Lag struct {
	// Max is the longest delay, and that of at least one replica after each
	// write; 0 switches lag off.
	Max time.Duration
	// Seed varies the delays of the other replicas.
	Seed uint64
	// Replicas is how many there are; the default is 3.
	Replicas int
}

// Throttle are the limits of section 7, for the automation application in its
// tenant.
type Throttle struct {
	// On switches throttling on.
	On bool
	// Units are resource units in UnitWindow; the defaults are those of the
	// smallest tenant, 3,500 in 10 s.
	Units      float64
	UnitWindow time.Duration
	// Writes in WriteWindow; the defaults are 3,000 in 150 s.
	Writes      float64
	WriteWindow time.Duration
	// OmitRetryAfter leaves the header out of every nth 429; 1 is always.
	OmitRetryAfter int
	// Decimal: batch items say Retry-After as a decimal number.
	Decimal bool
}

func (o *Options) fill() {
	set := func(p *string, v string) {
		if *p == "" {
			*p = v
		}
	}
	set(&o.TenantID, DefaultTenantID)
	set(&o.TenantName, "Contoso")
	set(&o.InitialDomain, DefaultInitialDomain)
	set(&o.App.ClientID, DefaultClientID)
	set(&o.App.Secret, DefaultClientSecret)
	o.TenantID, o.App.ClientID = strings.ToLower(o.TenantID), strings.ToLower(o.App.ClientID)
	if f := o.App.Federated; f != nil && f.Audience == "" {
		c := *f
		c.Audience = "api://AzureADTokenExchange"
		o.App.Federated = &c
	}
	if o.Clock == nil {
		o.Clock = time.Now
	}
	if o.Lag.Replicas <= 0 {
		o.Lag.Replicas = 3
	}
	t := &o.Throttle
	if t.Units == 0 {
		t.Units = 3500
	}
	if t.UnitWindow == 0 {
		t.UnitWindow = 10 * time.Second
	}
	if t.Writes == 0 {
		t.Writes = 3000
	}
	if t.WriteWindow == 0 {
		t.WriteWindow = 150 * time.Second
	}
	o.BaseURL = strings.TrimSuffix(o.BaseURL, "/")
}

// cloud is where a national cloud is at home.
type cloud struct{ instance, graphHost, rbac string }

// cloudOf returns the hosts of Options.Cloud.
func cloudOf(name string) cloud {
	switch strings.ToLower(name) {
	case "usgov":
		return cloud{"microsoftonline.us", "graph.microsoft.us", "https://pasff.usgovcloudapi.net"}
	case "china":
		return cloud{"partner.microsoftonline.cn", "microsoftgraph.chinacloudapi.cn", "https://pas.chinacloudapi.cn"}
	}
	return cloud{"microsoftonline.com", "graph.microsoft.com", "https://pas.windows.net"}
}

// domains are the verified domains, the initial one last.
func (o *Options) domains() []string {
	return append(append([]string{}, o.VerifiedDomains...), o.InitialDomain)
}
