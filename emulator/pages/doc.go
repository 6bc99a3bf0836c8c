// Package pages are the HTML pages that the emulated identity providers show
// to people: one layout, one style sheet, one set of headers for all of them.
//
// The layout is idpctl's own, for no emulator is to be taken for the service
// that it emulates. What a client may rely on is not: names and ids of fields
// and buttons are those of the real pages, so that whatever drives the real
// ones drives these too.
//
// A page loads nothing and runs no script. Its policy says so to the browser.
package pages
