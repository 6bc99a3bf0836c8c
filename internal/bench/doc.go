// Command bench measures idpctl on a real Keycloak, next to raw calls of the
// same API that do the same work, as `make bench`:
//
//	go run ./internal/testkeycloak -- go run ./internal/bench -idpctl bin/idpctl
//
// It prints seconds, requests and peak memory for 100 and 1,000 users (apply of
// all, plan with nothing to do, destroy), for a plan with nothing to do in a
// realm of 10,000 users, of which all or five are managed, and for `idpctl
// version`; each with what raw calls took, and with the target where there is one.
//
// Both sides go through one counting proxy, in turns, so that what else happens
// on the machine slows both. A ratio is the median of the ratios of the turns,
// each of idpctl's run to the raw one beside it; other figures are medians.
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
// groups), and one token request. What each one does is said beside its
// function in raw.go. CPU seconds and peak memory (the largest resident set,
// ru_maxrss) are those of idpctl's process; there are none for raw calls, as
// they are made by this one.
package main
