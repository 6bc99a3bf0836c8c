// Package resource is the vocabulary that every other package speaks:
// addresses of things in a configuration, the kinds of things there are with
// their attributes as data, objects as an identity provider holds them, and
// what a configuration wants of them.
//
// It knows no HCL, no provider, no plan and no state. Values are cty values:
// an unknown value is one that exists only after apply, a null one is unset,
// and the mark [Sensitive] follows a value through every expression.
package resource
