package entra

import (
	"net/http"
	"net/mail"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/idpctl/idpctl/emulator/oidc"
)

// Invitation is one that was made, for tests to look at.
type Invitation struct {
	// Time of the request.
	Time                                        time.Time
	ID, Email, RedirectURL, DisplayName, UserID string
	// Link is the inviteRedeemUrl, which the message has as well: where the guest
	// accepts.
	Link string
	// Sent: the request asked for a message, which would have gone out.
	Sent bool
	// Reset: it was made to begin the redemption of a guest anew.
	Reset bool
}

// invitation is the request (section 4).
var invitation = join(
	properties(stringValue, "invitedUserDisplayName invitedUserEmailAddress inviteRedirectUrl invitedUserType"),
	properties(readOnlyString, "id inviteRedeemUrl status"),
	schema{
		"sendInvitationMessage": boolValue, "resetRedemption": boolValue, "invitedUserMessageInfo": anyValue,
		"invitedUser": {typ: tObject, fields: schema{"id": stringValue}},
	})

// invite makes a guest, or gives the one back that has the address already.
func (c *call) invite() (reply, error) {
	in, err := c.decode()
	if err != nil {
		return reply{}, err
	}
	set, err := invitation.check(KindUser, in, true)
	if err != nil {
		return reply{}, err
	}
	email := str(set, "invitedUserEmailAddress")
	address, mailErr := mail.ParseAddress(email)
	redirect, urlErr := url.Parse(str(set, "inviteRedirectUrl"))
	switch {
	case email == "":
		return reply{}, missing("invitedUserEmailAddress")
	case str(set, "inviteRedirectUrl") == "":
		return reply{}, missing("inviteRedirectUrl")
	case mailErr != nil || address.Address != email:
		return reply{}, malformed("The invited user email address is not valid: %s.", email)
	case urlErr != nil || redirect.Host == "" || redirect.Scheme != "https" && redirect.Scheme != "http":
		return reply{}, malformed("The inviteRedirectUrl is not a valid URL.")
	}
	domain := email[strings.LastIndex(email, "@")+1:]
	if slices.ContainsFunc(c.opts.domains(), func(d string) bool { return strings.EqualFold(d, domain) }) {
		return reply{}, malformed("Invitee is in inviter tenant")
	}
	e := c.guest(email)
	reset := is(set, "resetRedemption")
	status := "PendingAcceptance"
	switch {
	case reset:
		e = c.dir.tables[KindUser].byID[strings.ToLower(str(sub(set, "invitedUser"), "id"))]
		if st := c.show(e, c.replica); st == nil || st.deleted() || e.now == nil {
			return reply{}, notFound(str(sub(set, "invitedUser"), "id"))
		}
		next := e.now.copy()
		next.props["externalUserState"], next.props["externalUserStateChangeDateTime"] = status, timestamp(c.now())
		if !strings.EqualFold(str(next.props, "mail"), email) {
			next.password = "" // that of another account
		}
		next.setUser(object{"mail": email})
		if property := c.dir.conflict(KindUser, e.id, next); property != "" {
			return reply{}, duplicate(property)
		}
		e = c.write(KindUser, e.id, next)
	case e != nil && str(e.now.props, "userType") != "Guest":
		return reply{}, malformed("The invited user already exists in the directory as object ID: %s. They can use that account to sign in to shared apps and resources.", e.id)
	case e != nil:
		// Invited once more: the same guest (section 4, mem).
		if str(e.now.props, "externalUserState") == "Accepted" {
			status = "Completed"
		}
	default:
		st := c.newGuest(email, str(set, "invitedUserDisplayName"), str(set, "invitedUserType"))
		if property := c.dir.conflict(KindUser, str(st.props, "id"), st); property != "" {
			return reply{}, duplicate(property)
		}
		e = c.write(KindUser, str(st.props, "id"), st)
	}
	inv := Invitation{Time: c.now(), ID: oidc.NewID(), Email: email, RedirectURL: str(set, "inviteRedirectUrl"), DisplayName: str(set, "invitedUserDisplayName"),
		UserID: e.id, Sent: is(set, "sendInvitationMessage"), Reset: reset}
	inv.Link = c.base(c.r) + "/redeem?rd=" + url.QueryEscape(inv.ID)
	c.invitations = append(c.invitations, inv)
	return reply{http.StatusCreated, object{
		"@odata.context": c.context("invitations/$entity"), "id": inv.ID, "status": status,
		"inviteRedeemUrl":        inv.Link,
		"invitedUserDisplayName": set["invitedUserDisplayName"], "invitedUserEmailAddress": email,
		"invitedUserType": e.now.props["userType"], "inviteRedirectUrl": inv.RedirectURL,
		"sendInvitationMessage": inv.Sent, "resetRedemption": reset, "invitedUserMessageInfo": set["invitedUserMessageInfo"],
		"invitedUser": object{"id": e.id},
	}}, nil
}

// guest finds who has an e-mail address, whatever a replica shows.
func (s *Server) guest(email string) *entity {
	if id := s.dir.unique[uniqueKey("", "proxyAddresses", "SMTP:"+email)]; id != "" {
		return s.dir.tables[KindUser].byID[id]
	}
	return s.dir.find(KindUser, "userPrincipalName", s.guestUPN(email))
}

// guestUPN is local_domain#EXT#@initial (section 4).
func (s *Server) guestUPN(email string) string {
	return strings.ReplaceAll(email, "@", "_") + "#EXT#@" + s.opts.InitialDomain
}

func (s *Server) newGuest(email, displayName, userType string) *state {
	local, _, _ := strings.Cut(email, "@")
	if displayName == "" {
		displayName = local
	}
	if userType == "" {
		userType = "Guest"
	}
	upn := s.guestUPN(email)
	nick, _, _ := strings.Cut(upn, "@")
	st := s.newUser(object{"displayName": displayName, "mail": email, "mailNickname": nick, "userPrincipalName": upn, "userType": userType,
		"otherMails": []any{email}, "accountEnabled": true})
	st.props["creationType"], st.props["externalUserState"] = "Invitation", "PendingAcceptance"
	st.props["externalUserStateChangeDateTime"] = st.props["createdDateTime"]
	return st
}
