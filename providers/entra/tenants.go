package entra

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/microsoftgraph/msgraph-sdk-go/models"
	"github.com/microsoftgraph/msgraph-sdk-go/organization"
	"github.com/zclconf/go-cty/cty"

	"github.com/idpctl/idpctl/providers"
	"github.com/idpctl/idpctl/providers/transport"
	"github.com/idpctl/idpctl/providers/work"
	"github.com/idpctl/idpctl/resource"
)

// tenant is what is read of it once.
type tenant struct {
	id, name         string
	domains          []string // verified, in lower case
	defaultDomain    string
	initialDomain    string
	issuer, jwks     string
	token, deviceURL string
}

// answersTo reports whether the tenant is called so: by its id or a domain.
func (t *tenant) answersTo(name string) bool {
	return strings.EqualFold(name, t.id) || slices.Contains(t.domains, strings.ToLower(name))
}

// readTenant reads the tenant that the connection is to
// (https://learn.microsoft.com/graph/api/organization-get), once.
func (c *conn) readTenant(ctx context.Context) (*tenant, error) {
	v, err, _ := c.reading.Do("", func() (any, error) {
		c.mu.Lock()
		known := c.tenant
		c.mu.Unlock()
		if known != nil {
			return known, nil
		}
		return c.askTenant(ctx)
	})
	t, _ := v.(*tenant)
	return t, err
}

func (c *conn) askTenant(ctx context.Context) (*tenant, error) {
	b := organization.NewOrganizationRequestBuilderInternal(c.path(), builders{})
	info, err := b.ToGetRequestInformation(ctx, &organization.OrganizationRequestBuilderGetRequestConfiguration{
		QueryParameters: &organization.OrganizationRequestBuilderGetQueryParameters{Select: []string{"id", "displayName", "verifiedDomains"}},
	})
	if err != nil {
		return nil, badRequest(err)
	}
	r := c.do(ctx, &call{info: info, doing: "read the tenant", needs: readOrganization})
	var org models.Organizationable
	_, err = readPage[models.OrganizationCollectionResponseable](r, models.CreateOrganizationCollectionResponseFromDiscriminatorValue,
		func(o models.Organizationable) { org = o })
	if err == nil && (org == nil || !isID(text(org.GetId()))) { // the id becomes part of an address
		err = unexpected("does not say which tenant this is", nil)
	}
	if err != nil {
		return nil, err
	}
	t := &tenant{id: strings.ToLower(text(org.GetId())), name: text(org.GetDisplayName())}
	for _, d := range org.GetVerifiedDomains() {
		name := strings.ToLower(text(d.GetName()))
		t.domains = append(t.domains, name)
		if truth(d.GetIsDefault()) {
			t.defaultDomain = name
		}
		if truth(d.GetIsInitial()) {
			t.initialDomain = name
		}
	}
	if err := c.discover(ctx, t); err != nil {
		return nil, err
	}
	c.mu.Lock()
	c.tenant = t
	c.mu.Unlock()
	return t, nil
}

// discover reads the endpoints of a tenant from its discovery document (OpenID
// Connect Discovery 1.0, section 3; RFC 8628, section 4).
func (c *conn) discover(ctx context.Context, t *tenant) error {
	address := c.settings.authority + t.id + "/v2.0/.well-known/openid-configuration"
	req, err := http.NewRequestWithContext(transport.Harmless(ctx), http.MethodGet, address, nil)
	if err != nil {
		return badRequest(err)
	}
	resp, err := c.transport.RoundTrip(req)
	if err != nil {
		return c.explain(err)
	}
	defer func() { _ = resp.Body.Close() }()
	var d struct {
		Issuer string `json:"issuer"`
		JWKS   string `json:"jwks_uri"`
		Token  string `json:"token_endpoint"`
		Device string `json:"device_authorization_endpoint"`
	}
	raw, err := io.ReadAll(resp.Body)
	if err == nil {
		err = json.Unmarshal(raw, &d)
	}
	if err != nil || resp.StatusCode != http.StatusOK || d.Issuer == "" {
		return &providers.Error{
			Class: providers.Internal, Status: resp.StatusCode, Err: err,
			Summary: fmt.Sprintf("The discovery document of tenant %s cannot be read (status %d)", t.id, resp.StatusCode),
			Hint:    "Check cloud, or authority_endpoint if it is set",
		}
	}
	t.issuer, t.jwks, t.token, t.deviceURL = d.Issuer, d.JWKS, d.Token, d.Device
	return nil
}

// isTenant reports whether an object's parent is the tenant of this connection.
func (c *conn) isTenant(ctx context.Context, id string) (bool, error) {
	t, err := c.readTenant(ctx)
	return err == nil && strings.EqualFold(id, t.id), err
}

// listTenant finds the one tenant that there is, if it is the one that is asked
// for.
func (c *conn) listTenant(ctx context.Context, q providers.Query) ([]resource.Object, error) {
	t, err := c.readTenant(ctx)
	if err != nil {
		return nil, err
	}
	domain := ""
	for _, key := range q.Keys {
		asked := key["domain"]
		if !t.answersTo(asked) {
			return nil, &providers.Error{
				Class: providers.Invalid, Attribute: "domain",
				Summary: fmt.Sprintf("The provider signs in at tenant %s (%s), which has no verified domain %s", work.Quoted(t.name), t.id, work.Quoted(asked)),
				Hint:    "Its domains are " + providers.Clean(strings.Join(t.domains, ", "), 300) + ". Correct domain, or the provider's tenant_id",
			}
		}
		domain = strings.ToLower(asked)
	}
	wanted := domain != "" || q.All
	for _, id := range q.IDs {
		wanted = wanted || strings.EqualFold(id, t.id)
	}
	if !wanted {
		return nil, nil
	}
	if domain == "" {
		domain = t.defaultDomain
	}
	o := c.blank("tenant")
	for name, v := range map[string]string{
		"id": t.id, "domain": domain, "display_name": t.name, "default_domain": t.defaultDomain, "initial_domain": t.initialDomain,
		"issuer": t.issuer, "jwks_uri": t.jwks, "token_endpoint": t.token, "device_authorization_endpoint": t.deviceURL,
	} {
		if v != "" {
			o[name] = cty.StringVal(v)
		}
	}
	return []resource.Object{{Kind: "tenant", ID: t.id, Attrs: cty.ObjectVal(o)}}, nil
}

// text and truth are what the SDK's pointers point to.
func text(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

func truth(b *bool) bool { return b != nil && *b }

// moment is when an object was made; zero if the answer does not tell.
func moment(t *time.Time) time.Time {
	if t == nil {
		return time.Time{}
	}
	return *t
}

func ptr[T any](v T) *T { return &v }
