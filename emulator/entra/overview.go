package entra

import (
	"fmt"
	"strings"

	"github.com/idpctl/idpctl/emulator/dashboard"
)

// Overview is for the dashboard. What belongs to Graph and to the automation
// application is left out.
func (s *Server) Overview(most int) dashboard.Overview {
	tenant := dashboard.Table{Title: "Tenant", Columns: []string{"Name", "ID", "Domains"}}
	tenant.Add(most, s.opts.TenantName, s.opts.TenantID, strings.Join(s.opts.domains(), ", "))
	apps := dashboard.Table{Title: "Applications", Columns: []string{"Name", "Client ID", "Public client", "Audience", "Service principal"},
		Note: "The automation application is not listed."}
	principals := map[string]bool{}
	for _, sp := range s.ServicePrincipals() {
		principals[sp.AppID] = true
	}
	for _, a := range s.Applications() {
		apps.Add(most, a.DisplayName, a.AppID, dashboard.YesNo(a.PublicClient), a.SignInAudience, dashboard.YesNo(principals[a.AppID]))
	}
	users := dashboard.Table{Title: "Users", Columns: []string{"User principal name", "Name", "Mail", "Type", "Enabled", "Password", "ID"}}
	for _, u := range s.Users() {
		kind, password := u.UserType, dashboard.YesNo(u.HasPassword)
		if u.ExternalUserState != "" {
			kind += ", " + u.ExternalUserState
		}
		if u.HasPassword && u.MustChange {
			password = "to be changed"
		}
		users.Add(most, u.UserPrincipalName, u.DisplayName, u.Mail, kind, dashboard.YesNo(u.Enabled), password, u.ID)
	}
	groups := dashboard.Table{Title: "Groups", Columns: []string{"Name", "Unique name", "Members", "ID"}}
	for _, g := range s.Groups() {
		groups.Add(most, g.DisplayName, g.UniqueName, fmt.Sprint(len(g.Members)), g.ID)
	}
	bin := dashboard.Table{Title: "Deleted", Columns: []string{"Kind", "Name", "Since", "ID"}}
	for _, d := range s.DeletedItems() {
		bin.Add(most, string(d.Kind), d.DisplayName, timestamp(d.Since), d.ID)
	}
	o := dashboard.Overview{Service: "Microsoft Entra ID", Tables: []dashboard.Table{tenant, apps, users, groups, bin}}
	for _, inv := range s.Outbox() {
		if inv.Sent {
			o.Mails = append(o.Mails, dashboard.Mail{Time: inv.Time, To: inv.Email, Subject: "Invitation to " + s.opts.TenantName, Link: inv.Link})
		}
	}
	o.Sent = len(o.Mails)
	o.Mails = o.Mails[max(0, len(o.Mails)-most):]
	return o
}
