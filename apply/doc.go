// Package apply executes a plan: layer by layer, each change journaled as an
// intent before it is sent and as a result after it was answered, so that
// nothing is lost and nothing is done twice, wherever the process dies.
//
// It knows neither HCL nor files of configuration: what a reference means at
// apply time it asks a [Resolver]. Passwords that it makes live in memory until
// they are delivered, and nowhere else.
package apply
