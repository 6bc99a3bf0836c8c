package entra_test

import (
	"strings"
	"testing"

	"github.com/idpctl/idpctl/emulator/entra"
	"github.com/idpctl/idpctl/emulator/formclient"
)

// Guests (section 4).
func TestInvitations(t *testing.T) {
	tn := start(t, entra.Options{})
	const body = `{"invitedUserEmailAddress":"brown@gmail.com","inviteRedirectUrl":"https://influx.test","invitedUserDisplayName":"Doc"}`
	made := tn.must(t, 201, "POST invitations", body)
	id := made.str("invitedUser.id")
	equal(t, "invitation", []any{made.body["status"], made.body["sendInvitationMessage"], strings.HasPrefix(made.str("inviteRedeemUrl"), "https://graph.test/")},
		[]any{"PendingAcceptance", false, true})
	got := tn.must(t, 200, "GET users/"+id+"?$select=userPrincipalName,userType,externalUserState,mail,otherMails,proxyAddresses,displayName,creationType", "")
	delete(got.body, "@odata.context")
	equal(t, "guest", got.body, object{"userPrincipalName": "brown_gmail.com#EXT#@contoso.onmicrosoft.com", "userType": "Guest", "externalUserState": "PendingAcceptance",
		"mail": "brown@gmail.com", "otherMails": []any{"brown@gmail.com"}, "proxyAddresses": []any{"SMTP:brown@gmail.com"}, "displayName": "Doc", "creationType": "Invitation"})
	// By name too, with # escaped.
	equal(t, "by name", tn.must(t, 200, "GET users/brown_gmail.com%23EXT%23@contoso.onmicrosoft.com", "").str("id"), id)
	// Once more: the same guest.
	equal(t, "again", tn.must(t, 201, "POST invitations", body).str("invitedUser.id"), id)
	tn.AddUser(object{"userPrincipalName": "emmett@contoso.com", "mail": "emmett@home.org"})
	for body, message := range map[string]string{
		`{"invitedUserEmailAddress":"x@contoso.com","inviteRedirectUrl":"https://influx.test"}`: "Invitee is in inviter tenant",
		`{"invitedUserEmailAddress":"emmett@home.org","inviteRedirectUrl":"https://x.test"}`:    "The invited user already exists in the directory as object ID: ",
		`{"invitedUserEmailAddress":"nobody","inviteRedirectUrl":"https://influx.test"}`:        "not valid",
		`{"invitedUserEmailAddress":"a@b.org","inviteRedirectUrl":"influx"}`:                    "inviteRedirectUrl",
	} {
		tn.refused(t, 400, "BadRequest", message, "POST invitations", body)
	}
	tn.refused(t, 400, "Request_BadRequest", "inviteRedirectUrl", "POST invitations", `{"invitedUserEmailAddress":"a@b.org"}`)
	// The guest signs in by the address of its home, and has accepted with that.
	tn.SetPassword(id, "Passw0rd!")
	_, client := tn.influx(t, publicV2)
	d := tn.device(t, client, "")
	if err := tn.browse(t, d, formclient.Credentials{Username: "brown@gmail.com", Password: "Passw0rd!"}); err != nil {
		t.Fatal(err)
	}
	equal(t, "oid", claims(t, tn.poll(t, client, d).str("access_token"))["oid"], any(id))
	equal(t, "accepted", tn.must(t, 201, "POST invitations", body).str("status"), "Completed")
	// The redemption begins anew, with another address.
	reset := tn.must(t, 201, "POST invitations", `{"invitedUserEmailAddress":"doc@gmail.com","inviteRedirectUrl":"https://influx.test","resetRedemption":true,"sendInvitationMessage":true,"invitedUser":{"id":"`+id+`"}}`)
	equal(t, "reset", []string{reset.str("status"), reset.str("invitedUser.id")}, []string{"PendingAcceptance", id})
	last := tn.Outbox()[len(tn.Outbox())-1]
	if mails := tn.Overview(1).Mails; len(mails) != 1 || mails[0].Time.IsZero() || !mails[0].Time.Equal(last.Time) {
		t.Errorf("the dashboard shows %+v", mails)
	}
	equal(t, "outbox", []any{last.Email, last.UserID, last.Sent, last.Reset, len(tn.Outbox())}, []any{"doc@gmail.com", id, true, true, 4})
}
