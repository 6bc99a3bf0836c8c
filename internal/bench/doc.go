// Command bench measures idpctl next to raw calls of the same API that do the
// same work: on a real Keycloak, and on emulated tenants of Microsoft Entra ID and of
// Auth0. That is `make bench`; the other lines are `make bench-entra` and
// `make bench-auth0`, which need no Java, no network and about a minute:
//
//	go run ./internal/testkeycloak -- go run ./internal/bench -idpctl bin/idpctl
//	go run ./internal/bench -idpctl bin/idpctl -only entra
//	go run ./internal/bench -idpctl bin/idpctl -only auth0
//
// It prints seconds, CPU seconds, requests and peak memory of each work, with
// what raw calls took, and with the target where there is one; and those of
// `idpctl version`. A ratio is the median of the ratios of the turns, each of
// idpctl's run to the raw one beside it; other figures are medians. Work that was
// not done, by either side, is an error of the bench and no figure.
//
// CPU seconds and peak memory (the largest resident set, ru_maxrss) are those of
// idpctl's process; there are none for raw calls, as they are made by this one.
// What each raw call does is said beside its function in rawkeycloak.go,
// rawentra.go and rawauth0.go.
//
// # Keycloak
//
// Measured are 100 and 1,000 users (apply of all, plan with nothing to do,
// destroy), and a plan with nothing to do in a realm of 10,000 users, of which
// all or five are managed.
//
// Both sides go through one counting proxy, in turns, so that what else happens
// on the machine slows both. All requests count, token and discovery included.
//
// Keycloak reads users that it has not in its cache many times slower than
// those that it has, so plans are measured both with that cache as the plan
// before left it, where idpctl's own work weighs most, and with an emptied one.
// Brief pages are cheaper than those with the attributes of users, and idpctl
// reads them where no attributes are managed, as here; so plans are measured
// next to both. The targets are about pages with the attributes: without them
// both sides take so little that the ratio is mostly that of idpctl's own work
// on the processors that it shares with the server.
//
// Raw means what the server can do: requests eight at a time, answers decoded,
// the same representation of users (without credentials, invitations or
// groups), and one token request.
//
// # Entra ID
//
// The emulator (emulator/entra) stands in for Microsoft's service. It runs in this
// process, over TLS with an authority of its own, with Graph's limits of batches
// and pages, and takes 2 ms for each request to Graph beside what it takes to
// answer. Requests are those of Graph, a batch being one; token and discovery are
// told apart. Only requests have targets: Microsoft's service takes other times,
// and the emulator shares the processors with idpctl.
//
// Measured are 100 and 1,000 new users, a plan of them with nothing to do, the
// same for five users in a directory of 10,000, and two applies within the quota
// of the smallest tenants (S: 3,500 resource units in 10 s, 3,000 writes in
// 150 s). A thousand users need a third of that quota, so nothing is refused in
// the first. In the second the windows are a tenth, 350 units in 1 s and 300
// writes in 15 s: as much each second as in the whole ones, and 800 users have to
// wait twice for the next window. Both say how many requests were refused with
// 429, items of batches included, and how many came before the Retry-After of a
// 429 was over, of which there must be none. What comes within 100 ms of the 429
// is not held against idpctl: it may have been under way.
//
// Raw means batches of twenty users, eight at a time, and for plans pages of 999
// users or one filter, with the properties that idpctl asks for, beside one batch
// that reads the tenant, the application and its service principal. They do not
// look whether the users are there before they make them.
//
// # Auth0
//
// The emulator (emulator/auth0) stands in for the service, in this process and over
// TLS. It has the limit of the Free plan, two requests a second with no more than two
// at once, takes 50 ms for each request to the Management API beside what it takes to
// answer, and 5 s for a job that imports users; how long Auth0 takes for one, it does
// not say.
//
// All of it is at the real pace: idpctl keeps to the rate that Auth0 documents for the
// limit that it is told, so an emulator with a faster clock would measure the same. It
// takes a minute and a quarter, and each is done once, as the limit does not vary.
// Seconds are mostly those for which both sides wait for it.
//
// Measured are 100 and 1,000 new users without passwords or groups, whom a job
// imports, a plan of them with nothing to do, and the same for five users in a tenant
// of 10,000. Requests are those to the Management API; token and discovery are told
// apart, and looks at jobs, of which there are as many as the job takes. No request
// may be refused with 429. Between two works on one tenant a second passes, since who
// begins cannot know what others used up a moment ago.
//
// Raw means one request after the other, as many as the limit allows: a job for all
// users, looked at each second, and for plans pages of 100 users or one search, with
// the properties that idpctl asks for, beside the tenant's settings, clients and
// databases. They do not look whether the users are there before they make them.
//
// From how many new users on a job is quicker is shown by a test under a virtual
// clock, TestAuth0Imports of internal/e2e, which `make bench` and `make bench-auth0`
// print.
package main
