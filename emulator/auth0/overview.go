package auth0

import (
	"fmt"
	"slices"
	"strings"

	"github.com/idpctl/idpctl/emulator/dashboard"
)

// Overview is for the dashboard. What belongs to Auth0 itself and the automation
// application are left out.
func (s *Server) Overview(most int) dashboard.Overview {
	tenant := dashboard.Table{Title: "Tenant", Columns: []string{"Name", "Domain", "Custom domains"}}
	name, _ := s.Settings()["friendly_name"].(string)
	tenant.Add(most, name, s.opts.Domain, strings.Join(s.opts.CustomDomains, ", "))
	clients := dashboard.Table{Title: "Clients", Columns: []string{"Name", "Client ID", "Type", "Device flow"}, Note: "The automation application is not listed."}
	for _, c := range s.Clients() {
		clients.Add(most, c.Name, c.ID, c.AppType, dashboard.YesNo(slices.Contains(c.GrantTypes, deviceGrantType)))
	}
	apis := dashboard.Table{Title: "APIs", Columns: []string{"Name", "Identifier", "Scopes"}}
	for _, a := range s.APIs() {
		apis.Add(most, a.Name, a.Identifier, strings.Join(a.Scopes, " "))
	}
	connections := dashboard.Table{Title: "Connections", Columns: []string{"Name", "Strategy", "Clients"}}
	for _, c := range s.Connections() {
		connections.Add(most, c.Name, c.Strategy, fmt.Sprint(len(c.Clients)))
	}
	users := dashboard.Table{Title: "Users", Columns: []string{"E-mail", "Name", "Verified", "Blocked", "Password", "Roles", "ID"}}
	for _, u := range s.Users() {
		users.Add(most, u.Email, u.Name, dashboard.YesNo(u.EmailVerified), dashboard.YesNo(u.Blocked), dashboard.YesNo(u.HasPassword), strings.Join(u.Roles, ", "), u.ID)
	}
	roles := dashboard.Table{Title: "Roles", Columns: []string{"Name", "Description", "Members", "Permissions"}}
	for _, r := range s.Roles() {
		roles.Add(most, r.Name, r.Description, fmt.Sprint(len(r.Members)), strings.Join(r.Permissions, ", "))
	}
	o := dashboard.Overview{Service: "Auth0", Tables: []dashboard.Table{tenant, clients, apis, connections, users, roles}}
	mails := s.Outbox()
	o.Sent = len(mails)
	for _, m := range mails[max(0, len(mails)-most):] {
		o.Mails = append(o.Mails, dashboard.Mail{Time: m.Time, To: m.To, Subject: "Reset your password", Link: m.Link})
	}
	return o
}
