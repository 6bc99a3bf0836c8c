package entra

import (
	"cmp"
	"net/http"
	"strings"

	"github.com/microsoftgraph/msgraph-sdk-go/invitations"
	"github.com/microsoftgraph/msgraph-sdk-go/models"
	"github.com/microsoftgraph/msgraph-sdk-go/users"
	"github.com/zclconf/go-cty/cty"

	"github.com/idpctl/idpctl/providers"
	"github.com/idpctl/idpctl/providers/attr"
	"github.com/idpctl/idpctl/providers/work"
	"github.com/idpctl/idpctl/resource"
)

func (w *task) applyUser() providers.Result {
	switch w.op.Verb {
	case providers.Create:
		if w.op.Restore != "" {
			return w.restoreUser()
		}
		if attr.Bool(w.op.After, "guest", false) {
			return w.inviteGuest()
		}
		return w.createUser()
	case providers.Update:
		return w.updateUser()
	}
	info, err := users.NewUsersRequestBuilderInternal(w.path(), builders{}).ByUserId(w.op.ID).ToDeleteRequestInformation(w.working, nil)
	if err != nil {
		return providers.Result{Err: badRequest(err)}
	}
	r := w.ask(&call{info: info, doing: "delete " + describe("user", attr.String(w.op.Before, "user_principal_name")), needs: writeUsers, nature: repeatable, missing: true, lagging: w.behind()})
	return providers.Result{Err: r.err}
}

func passwordProfile(pw string, change bool) models.PasswordProfileable {
	p := models.NewPasswordProfile()
	p.SetPassword(&pw)
	p.SetForceChangePasswordNextSignIn(&change)
	return p
}

// createUser makes a member (https://learn.microsoft.com/graph/api/user-post-users).
func (w *task) createUser() providers.Result {
	after := w.op.After
	name := attr.String(after, "user_principal_name")
	if name == "" {
		name = attr.String(after, "email")
	}
	u := models.NewUser()
	u.SetUserPrincipalName(&name)
	display, nickname := displayName(after), attr.String(after, "mail_nickname")
	if nickname == "" {
		nickname = nicknameOf(name)
	}
	u.SetDisplayName(&display)
	u.SetMailNickname(&nickname)
	u.SetAccountEnabled(ptr(attr.Bool(after, "enabled", true)))
	w.fill(u)
	pw, change := work.Password(w.op), work.Temporary(w.op)
	if pw == "" {
		pw, change = work.ThrownAway(), true
	}
	u.SetPasswordProfile(passwordProfile(pw, change))
	info, err := users.NewUsersRequestBuilderInternal(w.path(), builders{}).ToPostRequestInformation(w.working, u, nil)
	if err != nil {
		return providers.Result{Err: badRequest(err)}
	}
	r := w.ask(&call{info: info, doing: "create " + describe("user", name), needs: writeUsers, nature: once})
	if r.err != nil {
		return providers.Result{Err: r.err}
	}
	made, ok, err := parse[models.Userable](r, models.CreateUserFromDiscriminatorValue)
	if err != nil || !ok || text(made.GetId()) == "" {
		return providers.Result{Err: &providers.Error{Class: providers.Ambiguous, Summary: "Entra ID did not tell the id of user " + work.Quoted(name) + " that it created", Err: err}}
	}
	return providers.Result{ID: text(made.GetId()), Object: w.userAsWritten(text(made.GetId()), strings.ToLower(name), display, nickname)}
}

// fill sets what a user has beside its names.
func (w *task) fill(u models.Userable) {
	after := w.op.After
	for name, set := range map[string]func(*string){
		"email": u.SetMail, "first_name": u.SetGivenName, "last_name": u.SetSurname, "usage_location": u.SetUsageLocation,
	} {
		if v := attr.String(after, name); v != "" {
			set(&v)
		}
	}
	if attr.IsSet(after, "other_mails") {
		u.SetOtherMails(attr.Strings(after, "other_mails"))
	}
}

// displayName is that of a new user who is given none.
func displayName(after cty.Value) string {
	if s := attr.String(after, "display_name"); s != "" {
		return s
	}
	if s := strings.TrimSpace(attr.String(after, "first_name") + " " + attr.String(after, "last_name")); s != "" {
		return s
	}
	return attr.String(after, "email")
}

// nicknameOf is the part of a name before the @, without what a mail nickname
// must not have.
func nicknameOf(name string) string {
	local, _, _ := strings.Cut(name, "@")
	local = strings.Map(func(r rune) rune {
		if r > 0x7e || r <= ' ' || strings.ContainsRune(`@()\[]";:<>,`, r) {
			return -1
		}
		return r
	}, local)
	if local = local[:min(len(local), 64)]; local == "" {
		return "idpctl"
	}
	return local
}

// userAsWritten is a user as it is once it was written: a read may still answer
// with what was before.
func (w *task) userAsWritten(id, name, display, nickname string) *resource.Object {
	o := w.blank("user")
	for attribute, v := range map[string]string{
		"id": id, "tenant": w.tenantID(), "user_principal_name": name, "display_name": display, "mail_nickname": nickname,
		"email": strings.ToLower(attr.String(w.op.After, "email")), "first_name": attr.String(w.op.After, "first_name"), "last_name": attr.String(w.op.After, "last_name"),
		"usage_location": attr.String(w.op.After, "usage_location"),
	} {
		if v != "" {
			o[attribute] = cty.StringVal(v)
		}
	}
	o["other_mails"] = attr.OfStrings(attr.Strings(w.op.After, "other_mails"))
	o["enabled"] = cty.BoolVal(attr.Bool(w.op.After, "enabled", true))
	o["guest"] = cty.BoolVal(attr.Bool(w.op.After, "guest", false))
	return &resource.Object{Kind: "user", ID: id, Attrs: cty.ObjectVal(o)}
}

// invitation is that of the guest whom the operation is about.
func (w *task) invitation() models.Invitationable {
	after := w.op.After
	inv := models.NewInvitation()
	inv.SetInvitedUserEmailAddress(ptr(attr.String(after, "email")))
	inv.SetInviteRedirectUrl(ptr(cmp.Or(attr.String(after, "invite_redirect_url"), "https://myapplications.microsoft.com/?tenantid="+w.tenantID())))
	inv.SetSendInvitationMessage(ptr(w.op.Invite || attr.Bool(after, "invite", false)))
	if s := attr.String(after, "invite_message"); s != "" {
		m := models.NewInvitedUserMessageInfo()
		m.SetCustomizedMessageBody(&s)
		inv.SetInvitedUserMessageInfo(m)
	}
	return inv
}

// inviteGuest makes a guest (https://learn.microsoft.com/graph/api/invitation-post);
// what an invitation cannot say is set afterwards.
func (w *task) inviteGuest() providers.Result {
	after := w.op.After
	mail := attr.String(after, "email")
	inv := w.invitation()
	inv.SetInvitedUserDisplayName(ptr(displayName(after)))
	info, err := invitations.NewInvitationsRequestBuilderInternal(w.path(), builders{}).ToPostRequestInformation(w.working, inv, nil)
	if err != nil {
		return providers.Result{Err: badRequest(err)}
	}
	r := w.ask(&call{info: info, doing: "invite " + work.Quoted(mail), needs: inviteUsers, nature: once})
	if r.err != nil {
		return providers.Result{Err: r.err}
	}
	made, ok, err := parse[models.Invitationable](r, models.CreateInvitationFromDiscriminatorValue)
	if err != nil || !ok || made.GetInvitedUser() == nil || text(made.GetInvitedUser().GetId()) == "" {
		return providers.Result{Err: &providers.Error{Class: providers.Ambiguous, Summary: "Entra ID did not tell the id of the guest " + work.Quoted(mail), Err: err}}
	}
	id := text(made.GetInvitedUser().GetId())
	// Entra ID gives a guest names and further addresses of its own making. It is
	// read, as a guess that is wrong would be waited for in vain.
	return providers.Result{ID: id, Err: w.finishGuest(id, mail)}
}

// finishGuest sets what an invitation cannot say.
func (w *task) finishGuest(id, mail string) error {
	u := models.NewUser()
	needed := false
	for name, set := range map[string]func(*string){
		"first_name": u.SetGivenName, "last_name": u.SetSurname, "usage_location": u.SetUsageLocation, "mail_nickname": u.SetMailNickname,
	} {
		if v := attr.String(w.op.After, name); v != "" {
			set(&v)
			needed = true
		}
	}
	if attr.IsSet(w.op.After, "other_mails") {
		u.SetOtherMails(attr.Strings(w.op.After, "other_mails"))
		needed = true
	}
	if !attr.Bool(w.op.After, "enabled", true) {
		u.SetAccountEnabled(ptr(false))
		needed = true
	}
	if !needed {
		return nil
	}
	info, err := users.NewUsersRequestBuilderInternal(w.path(), builders{}).ByUserId(id).ToPatchRequestInformation(w.working, u, nil)
	if err != nil {
		return badRequest(err)
	}
	return w.ask(&call{info: info, doing: "describe guest " + work.Quoted(mail), needs: writeUsers, nature: repeatable, lagging: isNotFound}).err
}

// updateUser writes what differs
// (https://learn.microsoft.com/graph/api/user-update).
func (w *task) updateUser() providers.Result {
	after := w.op.After
	u := models.NewUser()
	gone := map[string]any{} // what is to be empty
	fields := 0
	for name, field := range map[string]struct {
		set      func(*string)
		property string
	}{
		"user_principal_name": {u.SetUserPrincipalName, "userPrincipalName"}, "email": {u.SetMail, "mail"},
		"first_name": {u.SetGivenName, "givenName"}, "last_name": {u.SetSurname, "surname"}, "display_name": {u.SetDisplayName, "displayName"},
		"mail_nickname": {u.SetMailNickname, "mailNickname"}, "usage_location": {u.SetUsageLocation, "usageLocation"},
	} {
		if !work.Changes(w.op, name) {
			continue
		}
		fields++
		if v := attr.String(after, name); v != "" {
			field.set(&v)
		} else {
			gone[field.property] = nil
		}
	}
	if work.Changes(w.op, "other_mails") && attr.IsSet(after, "other_mails") {
		u.SetOtherMails(append([]string{}, attr.Strings(after, "other_mails")...))
		fields++
	}
	if work.Changes(w.op, "enabled") {
		u.SetAccountEnabled(ptr(attr.Bool(after, "enabled", true)))
		fields++
	}
	needs := writeUsers
	if pw := work.Password(w.op); pw != "" {
		u.SetPasswordProfile(passwordProfile(pw, work.Temporary(w.op)))
		needs = writePasswords
		fields++
	}
	if len(gone) > 0 {
		u.SetAdditionalData(gone)
	}
	if fields > 0 {
		info, err := users.NewUsersRequestBuilderInternal(w.path(), builders{}).ByUserId(w.op.ID).ToPatchRequestInformation(w.working, u, nil)
		if err != nil {
			return providers.Result{Err: badRequest(err)}
		}
		r := w.ask(&call{info: info, doing: "change " + describe("user", attr.String(w.op.Before, "user_principal_name")), needs: needs, nature: repeatable, lagging: w.behind()})
		if r.status == http.StatusNotFound {
			return providers.Result{Err: work.Gone(w.op)}
		}
		if r.err != nil {
			return providers.Result{Err: r.err}
		}
	}
	reset := work.Changes(w.op, "redemption_version")
	if (w.op.Invite || reset) && attr.Bool(after, "guest", false) {
		if err := w.inviteAgain(reset); err != nil {
			return providers.Result{ID: w.op.ID, Err: err}
		}
	}
	name := attr.String(after, "user_principal_name")
	o := w.userAsWritten(w.op.ID, cmp.Or(name, attr.String(w.op.Before, "user_principal_name")),
		cmp.Or(attr.String(after, "display_name"), attr.String(w.op.Before, "display_name")),
		cmp.Or(attr.String(after, "mail_nickname"), attr.String(w.op.Before, "mail_nickname")))
	vals := o.Attrs.AsValueMap()
	for _, kept := range []string{"usage_location", "other_mails"} {
		if !attr.IsSet(after, kept) { // as it was
			vals[kept] = resource.Attr(w.op.Before, kept)
		}
	}
	o.Attrs = cty.ObjectVal(vals)
	return providers.Result{ID: w.op.ID, Object: o}
}

// inviteAgain invites a guest once more; with reset the guest accepts anew, with
// any account (https://learn.microsoft.com/entra/external-id/reset-redemption-status).
func (w *task) inviteAgain(reset bool) error {
	inv := w.invitation()
	if reset {
		u := models.NewUser()
		u.SetId(&w.op.ID)
		inv.SetInvitedUser(u)
		inv.SetResetRedemption(&reset)
	}
	info, err := invitations.NewInvitationsRequestBuilderInternal(w.path(), builders{}).ToPostRequestInformation(w.working, inv, nil)
	if err != nil {
		return badRequest(err)
	}
	return w.ask(&call{info: info, doing: "invite " + work.Quoted(attr.String(w.op.After, "email")) + " again", needs: inviteUsers, nature: once}).err
}
