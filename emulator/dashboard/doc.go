// Package dashboard is the page on which a person sees what an emulator holds
// and what it was asked, and makes it misbehave:
//
//   - its objects, counted and listed;
//   - the last requests, with status and duration;
//   - the mails that it would have sent;
//   - its faults, with a form that adds one.
//
// It stands in front of an emulator, at a path that no real service has, and
// passes on everything else. It is for people on this machine: it answers under
// loopback names only, so that no page of the web can read it by a name of its own
// that leads here, and takes forms from itself only.
//
// No secret is on the page. What a request carries is not kept, nor is the query of its
// address; the link of a mail, which lets its reader set a password, is opened
// through a number.
package dashboard
