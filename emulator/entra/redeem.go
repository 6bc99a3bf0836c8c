package entra

import (
	"maps"
	"net/http"
	"strings"
	"time"

	"github.com/idpctl/idpctl/emulator/oidc"
	"github.com/idpctl/idpctl/emulator/pages"
)

// redemption is an invitation on its way to be accepted, in one browser. Its id
// is in the forms.
type redemption struct {
	id, invitation string
	// password that the guest chose, if there was none; it counts from the consent on.
	password string
	// known: the guest proved to be who was invited.
	known bool
	began time.Time
}

// invited finds the invitation that a link is about, and the guest. There is
// none where the guest is gone, or where a later reset began the redemption
// anew: whoever has the account from before must not accept for the next one.
func (v *visit) invited(rd string) (inv Invitation, guest *state) {
	for _, i := range v.invitations {
		switch {
		case i.ID == rd:
			inv = i
		case inv.ID != "" && i.UserID == inv.UserID && i.Reset:
			return Invitation{}, nil
		}
	}
	return inv, v.live(KindUser, inv.UserID, fresh)
}

// pending reports whether a guest has still to accept.
func pending(guest *state) bool {
	return str(guest.props, "externalUserState") == "PendingAcceptance"
}

// redeemPage is where the link of an invitation leads: who has no account yet
// makes one, and who has one signs in.
func (v *visit) redeemPage() (reply, error) {
	inv, guest := v.invited(v.r.URL.Query().Get("rd"))
	switch {
	case guest == nil:
		return v.noInvitation()
	case !pending(guest):
		return v.acceptedBefore(inv)
	}
	maps.DeleteFunc(v.redemptions, func(_ string, r *redemption) bool { return v.now().After(r.began.Add(time.Hour)) })
	r := &redemption{id: oidc.Random(16), invitation: inv.ID, began: v.now()}
	v.redemptions[r.id] = r
	if guest.password == "" {
		return v.askHome(r, inv, "")
	}
	return v.page(http.StatusOK, passwordPage(r.id, "/redeem/login", inv.Email, nil, nil))
}

// redeeming finds what a form is about. Where the invitation was accepted, reset
// or withdrawn since the page was shown, guest is nil and the answer is what to say.
func (v *visit) redeeming() (r *redemption, inv Invitation, guest *state, answer reply, err error) {
	if r = v.redemptions[v.form.Get("flow")]; r == nil {
		answer, err = v.over()
		return nil, Invitation{}, nil, answer, err
	}
	switch inv, guest = v.invited(r.invitation); {
	case guest == nil:
		answer, err = v.noInvitation()
	case !pending(guest):
		answer, err = v.acceptedBefore(inv)
	case !is(guest.props, "accountEnabled"):
		answer, err = v.errorPage(errUserDisabled())
	default:
		return r, inv, guest, reply{}, nil
	}
	return r, inv, nil, answer, err
}

// askHome asks for a password. The account of a guest is somebody else's, and
// here there is nobody else, so that the guest makes one on the way, as who has
// none at Microsoft does.
func (v *visit) askHome(r *redemption, inv Invitation, problem string) (reply, error) {
	form := flowForm(r.id, "/redeem/account", []pages.Button{{ID: "idSIButton9", Label: "Next"}}, newPasswords(problem)...)
	form.Account = inv.Email
	return v.page(http.StatusOK, pages.Page{ID: "create-account", Heading: "Create account", Form: form, Text: []string{
		v.opts.TenantName + " has invited " + inv.Email + " as a guest.",
		"The account that you have elsewhere is not known here. Choose a password that stands for it: with it, and with this e-mail, you sign in from now on."}})
}

func (v *visit) enterHome() (reply, error) {
	r, inv, guest, answer, err := v.redeeming()
	switch {
	case guest == nil:
		return answer, err
	case guest.password != "": // one was set meanwhile: it is not for who has the link to change
		return v.over()
	}
	if problem := v.newPasswordProblem(""); problem != "" {
		return v.askHome(r, inv, problem)
	}
	r.password, r.known = v.form.Get("newpass"), true
	return v.review(r)
}

func (v *visit) enterHomePassword() (reply, error) {
	r, inv, guest, answer, err := v.redeeming()
	if guest == nil {
		return answer, err
	}
	switch name := strings.TrimSpace(v.form.Get("loginfmt")); {
	case v.person(name) == nil || str(v.person(name).props, "id") != inv.UserID:
		return v.page(http.StatusOK, passwordPage(r.id, "/redeem/login", name, errUserUnknown(name, v.opts.TenantName), nil))
	case guest.password == "" || guest.password != v.form.Get("passwd"):
		return v.page(http.StatusOK, passwordPage(r.id, "/redeem/login", name, nil, errPassword()))
	}
	r.known = true
	return v.review(r)
}

// review is the consent, with what Entra ID asks every guest for.
func (v *visit) review(r *redemption) (reply, error) {
	name := v.opts.TenantName
	return v.page(http.StatusOK, pages.Page{ID: "review-permissions", Title: "Review permissions", Heading: "Review permissions",
		Text: []string{
			"This resource is not shared by Microsoft. The organization " + name + " (" + v.opts.InitialDomain + ") would like to:"},
		List: []string{"Sign you in", "Read your name, email address, and photo", "Log your activity"},
		More: []string{"You should only accept if you trust " + name + ". By accepting, you allow this organization to access and process your data to create, control, and administer an account according to their policies. " +
			name + " has not provided a link to its privacy statement for you to review."},
		Form: flowForm(r.id, "/redeem/consent", []pages.Button{{ID: "idSIButton9", Name: "idSIButton9", Value: "Accept", Label: "Accept"}, {Name: "cancel", Value: "Cancel", Label: "Cancel", Secondary: true}})})
}

// acceptInvitation is the end: the guest has accepted, or has not.
func (v *visit) acceptInvitation() (reply, error) {
	r, inv, guest, answer, err := v.redeeming()
	switch {
	case guest == nil:
		return answer, err
	case !r.known:
		return v.over()
	}
	delete(v.redemptions, r.id)
	if v.form.Get("cancel") != "" {
		return v.page(http.StatusOK, pages.Page{ID: "invitation-declined", Heading: "You have not accepted the invitation.", Outcome: pages.Failed, AlertIsError: true,
			Alert: v.opts.TenantName + " gets nothing of you. The link in the invitation works on, if you think otherwise."})
	}
	if r.password != "" && guest.password == "" {
		next := guest.copy()
		next.password, next.mustChange = r.password, false
		v.dir.put(KindUser, inv.UserID, next)
	}
	v.redeem(inv.UserID)
	return v.accepted(inv)
}

// accepted leads to where the inviter wants the guest to be. That is no redirect
// of HTTP: browsers hold the whole chain after a form against the form-action of
// its page, and where the inviter's site leads in the end nobody knows.
func (v *visit) accepted(inv Invitation) (reply, error) {
	return v.page(http.StatusOK, pages.Page{ID: "invitation-accepted", Heading: "Invitation accepted", Outcome: pages.Done, Onward: inv.RedirectURL,
		Text: []string{"You can sign in to " + v.opts.TenantName + " as " + inv.Email + " now."}, Links: []pages.Link{{URL: inv.RedirectURL, Label: "Continue"}}})
}

// acceptedBefore stays where it is: who comes a second time may wonder what happened.
func (v *visit) acceptedBefore(inv Invitation) (reply, error) {
	return v.page(http.StatusOK, pages.Page{ID: "invitation-used", Heading: "You have accepted this invitation before.", Outcome: pages.Done,
		Text: []string{"There is nothing left to do."}, Links: []pages.Link{{URL: inv.RedirectURL, Label: "Continue"}}})
}

func (v *visit) noInvitation() (reply, error) {
	return v.page(http.StatusBadRequest, pages.Page{ID: "invitation-invalid", Heading: "This invitation is not valid.", Outcome: pages.Failed, AlertIsError: true,
		Alert: "The link is incomplete, or a newer invitation has taken its place, or it was withdrawn. Ask who invited you for a new one."})
}

// redeem notes that a guest accepted the invitation.
func (v *visit) redeem(id string) {
	e := v.dir.tables[KindUser].byID[id]
	if e == nil || e.now == nil || !pending(e.now) {
		return
	}
	next := e.now.copy()
	next.props["externalUserState"], next.props["externalUserStateChangeDateTime"] = "Accepted", timestamp(v.now())
	v.dir.put(KindUser, id, next)
}
