package e2e

import (
	"encoding/json"
	"fmt"
	"net/http/httptest"
	"strings"
	"testing"

	emulator "github.com/idpctl/idpctl/emulator/keycloak"
)

// TestWrongUsage: what a user mistypes is answered by what to type instead.
func TestWrongUsage(t *testing.T) {
	address := noRequests(t)
	env := []string{"KEYCLOAK_URL=" + address, "KEYCLOAK_USER=admin", "KEYCLOAK_PASSWORD=admin"}
	m := newMistaken(t, "", env...)
	empty := strings.Split(`plan
apply -auto-approve
validate
output nothing
output -raw
state list user.marty
state list user
show realm
plann
pln
state lst
state rm
state mv user.a user.b
import user.a 5
refresh
taint user.a
plan -detailed-exit-code
plan -var
plan -parallelism=many
plan -lock-timeout=5
plan now
-chdir=nowhere plan
-chdir=main.idp.hcl plan
destroy -auto-approve
verify
fmt nowhere.idp.hcl
emulator okta
emulator keycloak -listen 0.0.0.0:8080
emulator keycloak -listen 8080
plan -out x
plan -target=user.marty
plan -var-file=
plan -refresh=never
users -f csv
users -group=
users -in realm.influxdb
users production -group admins
users -format CSV
verify -user=
verify production staging
check https://sso.example.com -junit=
check https://sso.example.com -junit -
check https://sso.example.com -junit nowhere/out.xml
export
export yaml
export helm json
export helm -o values.yaml
export helm -cluster=
export helm -port 443
export influxctl -host https://cluster-host.com -port 443
export influxctl -host cluster-host.com -port 99999
export helm -admins user.marty,user.emmett
export helm -cluster production -client client.influxctl
export helm -check
export -check -out values.yaml`, "\n")
	configured := strings.Split(`plan -var=nme=x
plan -var=name
plan -var==x
plan -var-file=nowhere.idpvars
plan
plan -input=false
validate -var=size=many -var=name=x
apply -var=name=x
apply -var=name=x -json
apply -var=name=x -input=false
plan -var=name=x -var-file=broken.idpvars
verify production -var=name=x
-chdir=main.idp.hcl plan`, "\n")

	var told strings.Builder
	try := func(lines []string) {
		before := fmt.Sprint(m.files())
		for _, line := range lines {
			p := m.run(strings.Fields(line)...)
			if p.code != 1 || p.errOut == "" && !strings.Contains(line, "-json") {
				t.Errorf("idpctl %s exits with %d and says %q", line, p.code, p.errOut)
			}
			toldOnce(t, p.errOut)
			if strings.Contains(line, "-json") {
				if !json.Valid([]byte(p.out)) || p.errOut != "" || !strings.Contains(p.out, "-auto-approve") {
					t.Errorf("idpctl %s prints no JSON that says what to do: %s%s", line, p.out, p.errOut)
				}
				continue // its fields are tested where they are made
			}
			fmt.Fprintf(&told, "$ idpctl %s\n%s\n", line, p.errOut)
			if after := fmt.Sprint(m.files()); after != before {
				t.Errorf("idpctl %s changes the folder: %s", line, after)
			}
		}
	}
	try(empty)
	// From here on a Keycloak answers: what is refused is refused for its own sake.
	server := httptest.NewServer(emulator.New(emulator.Options{}))
	defer server.Close()
	m.env = append(m.env, "KEYCLOAK_URL="+server.URL)
	m.write("main.idp.hcl", `provider "keycloak" {}

variable "name" {}

variable "size" {
  type    = number
  default = 1
}

realm "influxdb" {
  display_name = var.name
}
`)
	m.write("broken.idpvars", "name = \n")
	try(configured)
	m.golden("usage.txt", told.String())
}
