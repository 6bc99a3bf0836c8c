package keycloak

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/idpctl/idpctl/emulator/dashboard"
)

// builtinClients are those that a new realm has. That of the realm master has one
// more for each realm, NAME-realm.
func builtinClient(cl *client) bool {
	return slices.Contains([]string{"account", "account-console", "admin-cli", "broker", "realm-management", "security-admin-console"}, cl.clientID) ||
		cl.realm.name == "master" && strings.HasSuffix(cl.clientID, "-realm")
}

// Overview is for the dashboard. Service accounts and the clients that every
// realm has are left out.
func (s *Server) Overview(most int) dashboard.Overview {
	s.mu.Lock()
	defer s.mu.Unlock()
	realms := dashboard.Table{Title: "Realms", Columns: []string{"Name", "Display name", "Enabled", "Clients", "Users", "Groups"}}
	clients := dashboard.Table{Title: "Clients", Columns: []string{"Realm", "Client ID", "Name", "Access", "Device flow", "Enabled"},
		Note: "Those that every realm has are not listed."}
	users := dashboard.Table{Title: "Users", Columns: []string{"Realm", "User name", "E-mail", "Name", "Enabled", "Password", "Required actions", "ID"}}
	groups := dashboard.Table{Title: "Groups", Columns: []string{"Realm", "Path", "Members"}}
	for _, name := range slices.Sorted(maps.Keys(s.realms)) {
		rm := s.realms[name]
		before := [...]int{clients.Total, users.Total, groups.Total}
		for _, id := range slices.Sorted(maps.Keys(rm.clientIDs)) {
			if cl := rm.clientIDs[id]; !builtinClient(cl) {
				access := "confidential"
				if is(cl.rep, "publicClient") {
					access = "public"
				}
				clients.Add(most, name, cl.clientID, str(cl.rep, "name"), access, dashboard.YesNo(cl.deviceEnabled()), dashboard.YesNo(cl.enabled()))
			}
		}
		for _, u := range rm.users.sorted {
			if u.serviceAccount == nil {
				users.Add(most, name, u.username, u.email, strings.TrimSpace(u.firstName+" "+u.lastName), dashboard.YesNo(u.enabled),
					dashboard.YesNo(u.password != nil), strings.Join(u.requiredActions, ", "), u.id)
			}
		}
		for _, g := range slices.SortedFunc(maps.Values(rm.groups), func(a, b *group) int { return cmp.Compare(a.path(), b.path()) }) {
			groups.Add(most, name, g.path(), fmt.Sprint(len(g.members)))
		}
		realms.Add(most, name, str(rm.rep, "displayName"), dashboard.YesNo(is(rm.rep, "enabled")), fmt.Sprint(clients.Total-before[0]),
			fmt.Sprint(users.Total-before[1]), fmt.Sprint(groups.Total-before[2]))
	}
	o := dashboard.Overview{Service: "Keycloak", Tables: []dashboard.Table{realms, clients, users, groups}, Sent: len(s.outbox)}
	for _, m := range s.outbox[max(0, len(s.outbox)-most):] {
		o.Mails = append(o.Mails, dashboard.Mail{Time: m.Time, To: m.To, Subject: m.Subject, Link: m.Link})
	}
	return o
}
