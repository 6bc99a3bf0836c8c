// Package rendertest renders with Helm and kustomize what idpctl writes, and has no
// code of its own: the tests compare what comes out with what went in.
package rendertest
