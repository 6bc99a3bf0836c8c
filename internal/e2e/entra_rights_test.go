//go:build !keycloak

package e2e

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/idpctl/idpctl/emulator/entra"
	emulated "github.com/idpctl/idpctl/emulator/oidc"
)

// rights are rows of the table in docs/providers/entra.md: what a configuration
// needs beyond those that are always needed.
var rights = []string{"Organization.Read.All", "Application.Read.All", "Application.ReadWrite.OwnedBy"}

const tenantHCL = "provider \"entra\" {}\n\ntenant \"home\" {\n  domain = \"example.com\"\n}\n\nclient \"influxctl\" {\n  tenant = tenant.home\n}\n\n"

// A configuration can be planned and applied with the permissions that the
// documentation lists, and each of them is needed: without it, an error names it.
func TestPermissionsOfTheExample(t *testing.T) {
	const guest = "user \"emmett\" {\n  tenant = tenant.home\n  email  = \"brown@example.net\"\n  guest  = true\n}\n"
	const lookUp = "data \"user\" \"clara\" {\n  tenant = tenant.home\n  email  = \"clara@example.com\"\n}\n\n"
	for name, c := range map[string]struct {
		hcl   string
		needs []string
		// included: another permission in needs lets one do what this one is for.
		included []string
	}{
		"a client":      {hcl: "", needs: nil},
		"existing user": {hcl: lookUp, needs: []string{"User.Read.All"}},
		"members": {
			hcl:   "user \"marty\" {\n  tenant            = tenant.home\n  email             = \"marty@example.com\"\n  generate_password = true\n}\n",
			needs: []string{"User.Read.All", "User.ReadWrite.All"}, included: []string{"User.Read.All"},
		},
		"guests": {hcl: guest, needs: []string{"User.Read.All", "User.Invite.All"}},
		"members of an existing group": {
			hcl:   lookUp + "data \"group\" \"admins\" {\n  tenant = tenant.home\n  name   = \"Admins\"\n}\n\ndata \"users\" \"admins\" {\n  tenant = tenant.home\n  group  = data.group.admins\n}\n",
			needs: []string{"User.Read.All", "GroupMember.Read.All"},
		},
		"a group": {
			hcl:   "group \"team\" {\n  tenant = tenant.home\n}\n",
			needs: []string{"GroupMember.Read.All", "Group.Create"},
		},
		"a group with members": {
			hcl:   lookUp + "group \"team\" {\n  tenant  = tenant.home\n  members = [data.user.clara]\n}\n",
			needs: []string{"User.Read.All", "GroupMember.Read.All", "Group.Create", "GroupMember.ReadWrite.All"}, included: []string{"GroupMember.Read.All"},
		},
		"a group with owners": {
			hcl:   lookUp + "group \"team\" {\n  tenant = tenant.home\n  owners = [data.user.clara]\n}\n",
			needs: []string{"User.Read.All", "GroupMember.Read.All", "Group.Create", "Group.ReadWrite.All"}, included: []string{"GroupMember.Read.All", "Group.Create"},
		},
		"assigned": {
			hcl:   lookUp + "client \"closed\" {\n  tenant              = tenant.home\n  assignment_required = true\n  assigned            = [data.user.clara]\n}\n",
			needs: []string{"User.Read.All", "AppRoleAssignment.ReadWrite.All"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			all := slices.Concat(rights, c.needs)
			run := func(granted []string) (result, *tenant) {
				tn := newTenant(t, entra.Options{Roles: granted})
				id := tn.AddUser(map[string]any{"userPrincipalName": "clara@example.com", "mail": "clara@example.com", "displayName": "Clara", "givenName": "Clara"})
				tn.AddGroup(map[string]any{"displayName": "Admins"}, id)
				tn.Settle()
				f := &folder{TB: t, dir: t.TempDir(), environ: tn.environ(entraSecret)}
				if err := os.WriteFile(filepath.Join(f.dir, "main.idp.hcl"), []byte(tenantHCL+c.hcl), 0o600); err != nil {
					t.Fatal(err)
				}
				r := f.idpctl("apply", "-auto-approve", "-allow-adopt", "-input=false", "-credentials-out="+filepath.Join(f.dir, credentialsFile))
				if r.code == 0 {
					f.must(0, "plan", "-detailed-exitcode")
				}
				return r, tn
			}
			if r, _ := run(all); r.code != 0 {
				t.Fatalf("with %s: %s", strings.Join(all, ", "), r)
			}
			for i, without := range all {
				if slices.Contains(c.included, without) {
					continue
				}
				r, _ := run(slices.Delete(slices.Clone(all), i, i+1))
				said := strings.Join(strings.Fields(r.stderr), " ")
				if r.code != 1 || !strings.Contains(said, "it lacks the application permission "+without+" ") {
					t.Errorf("without %s: %s", without, r)
				}
			}
		})
	}
}

// Federated credentials: no secret, but a token of the pipeline's.
func TestEntraWithoutASecret(t *testing.T) {
	key, err := emulated.NewKey("RS256", "sig", "pipeline", time.Now())
	if err != nil {
		t.Fatal(err)
	}
	token := func(issuer, subject string) string {
		s, err := key.Sign(map[string]any{
			"iss": issuer, "sub": subject, "aud": "api://AzureADTokenExchange", "exp": time.Now().Add(time.Hour).Unix(), "iat": time.Now().Unix(),
		})
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	const github, branch = "https://token.actions.githubusercontent.com", "repo:example/influxdb:ref:refs/heads/main"
	const gitlab, project = "https://gitlab.com", "project_path:example/influxdb:ref_type:branch:ref:main"
	actions := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer of-the-job" || r.URL.Query().Get("audience") != "api://AzureADTokenExchange" || r.URL.Query().Get("api-version") == "" {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		_ = json.NewEncoder(w).Encode(map[string]string{"value": token(github, branch)})
	}))
	t.Cleanup(actions.Close)
	for name, c := range map[string]struct {
		federated entra.Federated
		environ   func(dir string) []string
	}{
		"GitHub": {
			entra.Federated{Issuer: github, Subject: branch},
			func(string) []string {
				return []string{"ACTIONS_ID_TOKEN_REQUEST_URL=" + actions.URL + "/token?api-version=2.0", "ACTIONS_ID_TOKEN_REQUEST_TOKEN=of-the-job"}
			},
		},
		"GitLab": {
			entra.Federated{Issuer: gitlab, Subject: project},
			func(dir string) []string {
				file := filepath.Join(dir, "token.jwt")
				if err := os.WriteFile(file, []byte(token(gitlab, project)), 0o600); err != nil {
					t.Fatal(err)
				}
				return []string{"AZURE_FEDERATED_TOKEN_FILE=" + file}
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			tn := newTenant(t, entra.Options{App: entra.App{Federated: &c.federated}})
			f := example(t, "entra")
			f.environ = tn.environ(c.environ(f.dir)...)
			f.works()
			other := newTenant(t, entra.Options{App: entra.App{Federated: &entra.Federated{Issuer: c.federated.Issuer, Subject: "another"}}})
			f.environ = other.environ(c.environ(f.dir)...)
			if r := f.idpctl("plan"); r.code != 1 || !strings.Contains(r.stderr, "AADSTS700213") {
				t.Errorf("with another subject: %s", r)
			}
		})
	}
}

// The permissions of the page are those of the provider, and all of them.
func TestEntraPermissionsOfThePage(t *testing.T) {
	read := func(name string) string {
		raw, err := os.ReadFile(filepath.Join("../..", name))
		if err != nil {
			t.Fatal(err)
		}
		return string(raw)
	}
	find := func(pattern, text string) []string {
		var out []string
		for _, m := range regexp.MustCompile(pattern).FindAllStringSubmatch(text, -1) {
			out = append(out, m[1])
		}
		slices.Sort(out)
		return out
	}
	inCode := find(`"([A-Z][A-Za-z.-]+)"\n`, read("providers/entra/permissions.go"))
	inPage := find("(?m)^\\| `([A-Z][A-Za-z-]*\\.[A-Za-z.]+)` \\|", read("docs/providers/entra.md"))
	if !slices.Equal(inCode, inPage) {
		t.Errorf("the code has\n  %s\nand the page\n  %s", strings.Join(inCode, "\n  "), strings.Join(inPage, "\n  "))
	}
}
