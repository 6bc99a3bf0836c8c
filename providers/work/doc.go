// Package work is what every implementation of a provider does around its own
// requests: operations side by side, what was asked once kept, secrets kept out of
// texts, and the errors that all of them know.
package work
