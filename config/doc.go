// Package config is the language: it reads the *.idp.hcl and *.idp.hcl.json
// files of a folder and turns them into desired resources with source ranges.
//
// [Load] parses the files, collects the values of the variables and makes every
// check that needs no identity provider; it reports all that it finds at once.
// The [Module] that it returns knows the blocks in layers: a layer refers only
// to layers before it. An [Evaluator] then evaluates them one layer after the
// other while the caller tells it, with [Evaluator.Set], what it read, planned
// or applied.
//
// The package knows providers by their [providers.Info] only, the cluster block
// by its [resource.Kind], and neither plan nor state. It sends nothing and reads
// nothing but the folder, the variable files and what the function file() names.
//
// How the parts lie: files.go, nesting.go, jsonexpr.go and splat.go make one
// kind of syntax tree of both syntaxes; decode.go, blocks.go, meta.go and
// variables.go turn it into declarations; refs.go and graph.go find what
// depends on what; scope.go, expand.go, attrs.go, refattr.go, data.go and
// clusters.go evaluate; unique.go compares the results with each other.
package config
