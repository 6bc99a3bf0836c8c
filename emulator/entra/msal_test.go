package entra_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/json"
	"errors"
	"math/big"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	azcloud "github.com/Azure/azure-sdk-for-go/sdk/azcore/cloud"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"
	"github.com/AzureAD/microsoft-authentication-library-for-go/apps/confidential"
	"github.com/AzureAD/microsoft-authentication-library-for-go/apps/public"
	"github.com/go-jose/go-jose/v4"

	"github.com/idpctl/idpctl/emulator/entra"
	"github.com/idpctl/idpctl/emulator/formclient"
	"github.com/idpctl/idpctl/emulator/localca"
	"github.com/idpctl/idpctl/emulator/pages/pagetest"
)

// An unmodified MSAL Go signs a user in through the device flow, at Microsoft's
// own host and at one that it has to ask about (section 10). It polls faster
// than the interval, and sends the short name of the grant.
func TestMSALDeviceFlow(t *testing.T) {
	for _, host := range []string{"login.microsoftonline.com", "login.emulator.test"} {
		t.Run(host, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				tn := &tenant{Server: entra.New(entra.Options{VerifiedDomains: []string{"contoso.com"}})}
				tn.token = tn.signIn(t)
				_, client := tn.influx(t, publicV2)
				oid := tn.user(t, "marty")
				hc := &http.Client{Transport: pagetest.Direct{Handler: tn.Server}}
				app, err := public.New(client, public.WithAuthority("https://"+host+"/"+entra.DefaultTenantID), public.WithHTTPClient(hc))
				if err != nil {
					t.Fatal(err)
				}
				dc, err := app.AcquireTokenByDeviceCode(t.Context(), []string{client + "/.default"})
				if err != nil {
					t.Fatal(err)
				}
				go func() {
					<-time.After(20 * time.Second) // of the bubble's clock
					err := formclient.SignIn(t.Context(), hc, dc.Result.VerificationURL, formclient.Credentials{
						Username: "marty@contoso.com", Password: "Passw0rd!", UserCode: dc.Result.UserCode})
					if err != nil {
						t.Error(err)
					}
				}()
				result, err := dc.AuthenticationResult(t.Context())
				if err != nil {
					t.Fatal(err)
				}
				c := claims(t, result.AccessToken)
				equal(t, "claims", []any{c["oid"], c["aud"], c["iss"]}, []any{oid, client, "https://" + host + "/" + entra.DefaultTenantID + "/v2.0"})
				equal(t, "account", result.Account.HomeAccountID, oid+"."+entra.DefaultTenantID)
				if n := tn.Requests()["POST /{tenant}/oauth2/v2.0/token"]; n < 6 {
					t.Errorf("%d polls", n)
				}
				// And again without the user, by the refresh token.
				<-time.After(2 * time.Hour)
				again, err := app.AcquireTokenSilent(t.Context(), []string{client + "/.default"}, public.WithSilentAccount(result.Account))
				if err != nil {
					t.Fatal(err)
				}
				if again.AccessToken == result.AccessToken {
					t.Error("the same token after it has expired")
				}
			})
		})
	}
}

// rsaCertificate is one as an application registers it.
func rsaCertificate(t *testing.T) (*x509.Certificate, *rsa.PrivateKey) {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "automation"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return cert, key
}

// compact signs claims.
func compact(signer jose.Signer, claims object) (string, error) {
	payload, err := json.Marshal(claims)
	if err != nil {
		return "", err
	}
	jws, err := signer.Sign(payload)
	if err != nil {
		return "", err
	}
	return jws.CompactSerialize()
}

// MSAL Go proves an application by secret, certificate and federated token.
func TestMSALClientCredentials(t *testing.T) {
	cert, key := rsaCertificate(t)
	otherCert, otherKey := rsaCertificate(t)
	foreign, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	tn := &tenant{Server: entra.New(entra.Options{App: entra.App{Certificate: cert,
		Federated: &entra.Federated{Issuer: "https://ci.test", Subject: "repo:idpctl", Key: &foreign.PublicKey}}})}
	federated := func(issuer, subject, audience string, key *ecdsa.PrivateKey, life time.Duration) confidential.Credential {
		return confidential.NewCredFromAssertionCallback(func(context.Context, confidential.AssertionRequestOptions) (string, error) {
			signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.ES256, Key: key}, nil)
			if err != nil {
				return "", err
			}
			return compact(signer, object{"iss": issuer, "sub": subject, "aud": audience, "exp": time.Now().Add(life).Unix()})
		})
	}
	must := func(c confidential.Credential, err error) confidential.Credential {
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	stranger, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	// The thumbprint of the right certificate, the signature of another key.
	forged := confidential.NewCredFromAssertionCallback(func(_ context.Context, o confidential.AssertionRequestOptions) (string, error) {
		sum := sha256.Sum256(cert.Raw)
		signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.PS256, Key: otherKey},
			(&jose.SignerOptions{}).WithHeader("x5t#S256", base64.RawURLEncoding.EncodeToString(sum[:])))
		if err != nil {
			return "", err
		}
		return compact(signer, object{"iss": o.ClientID, "sub": o.ClientID, "aud": o.TokenEndpoint, "exp": time.Now().Add(time.Hour).Unix()})
	})
	const audience = "api://AzureADTokenExchange"
	for name, tt := range map[string]struct {
		cred confidential.Credential
		want string // of the error
	}{
		"secret":            {must(confidential.NewCredFromSecret(entra.DefaultClientSecret)), ""},
		"wrong secret":      {must(confidential.NewCredFromSecret("x")), "AADSTS7000215"},
		"certificate":       {must(confidential.NewCredFromCert([]*x509.Certificate{cert}, key)), ""},
		"other certificate": {must(confidential.NewCredFromCert([]*x509.Certificate{otherCert}, otherKey)), "AADSTS700027"},
		"other key":         {forged, "AADSTS700027"},
		"federated":         {federated("https://ci.test", "repo:idpctl", audience, foreign, time.Hour), ""},
		"federated issuer":  {federated("https://other.test", "repo:idpctl", audience, foreign, time.Hour), "AADSTS700211"},
		"federated subject": {federated("https://ci.test", "repo:other", audience, foreign, time.Hour), "AADSTS700213"},
		"federated for":     {federated("https://ci.test", "repo:idpctl", "somebody", foreign, time.Hour), "AADSTS700212"},
		"federated late":    {federated("https://ci.test", "repo:idpctl", audience, foreign, -time.Hour), "AADSTS700024"},
		"federated by":      {federated("https://ci.test", "repo:idpctl", audience, stranger, time.Hour), "AADSTS50013"},
	} {
		t.Run(name, func(t *testing.T) {
			app, err := confidential.New("https://login.microsoftonline.com/"+entra.DefaultTenantID, entra.DefaultClientID, tt.cred,
				confidential.WithHTTPClient(&http.Client{Transport: pagetest.Direct{Handler: tn.Server}}))
			if err != nil {
				t.Fatal(err)
			}
			result, err := app.AcquireTokenByCredential(t.Context(), []string{graphScope})
			if tt.want != "" {
				if err == nil || !strings.Contains(err.Error(), tt.want) {
					t.Errorf("error %v, want %s", err, tt.want)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			tn.token = result.AccessToken
			tn.must(t, 200, "GET organization", "")
		})
	}
}

// azidentity over TLS, with the certificates that the command makes.
func TestAzidentity(t *testing.T) {
	cert, err := localca.New(time.Now())
	if err != nil {
		t.Fatal(err)
	}
	tn := &tenant{Server: entra.New(entra.Options{})}
	server := httptest.NewUnstartedServer(tn.Server)
	server.TLS = &tls.Config{Certificates: []tls.Certificate{cert.Server}, MinVersion: tls.VersionTLS12}
	server.StartTLS()
	defer server.Close()
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: cert.Pool, MinVersion: tls.VersionTLS12}}
	defer transport.CloseIdleConnections()
	token := func(secret string) (azcore.AccessToken, error) {
		cred, err := azidentity.NewClientSecretCredential(entra.DefaultTenantID, entra.DefaultClientID, secret, &azidentity.ClientSecretCredentialOptions{
			ClientOptions: azcore.ClientOptions{Cloud: azcloud.Configuration{ActiveDirectoryAuthorityHost: server.URL}, Transport: &http.Client{Transport: transport},
				Retry: policy.RetryOptions{MaxRetries: -1}},
			DisableInstanceDiscovery: true})
		if err != nil {
			return azcore.AccessToken{}, err
		}
		return cred.GetToken(t.Context(), policy.TokenRequestOptions{Scopes: []string{graphScope}})
	}
	got, err := token(entra.DefaultClientSecret)
	if err != nil {
		t.Fatal(err)
	}
	tn.token = got.Token
	equal(t, "tenant", tn.must(t, 200, "GET organization", "").values()[0]["id"], any(entra.DefaultTenantID))
	var failed *azidentity.AuthenticationFailedError
	if _, err := token("x"); !errors.As(err, &failed) || !strings.Contains(err.Error(), "AADSTS7000215") {
		t.Errorf("error %v", err)
	}
}
