// Package cluster writes who may administer an InfluxDB Clustered installation
// into the files that describe it: the identity provider, its JWKS endpoint
// and the admins, which is the admin section of an AppInstance or of Helm values;
// and how one signs in to it, which is a profile in influxctl's config.toml.
//
// A file is merged into in place. Only the lines that change are touched:
// comments, the order of keys, anchors, other documents and every other value
// stay byte for byte. What cannot be edited so is refused, with its line in
// the file and what to do. Every result is parsed and compared with what was
// there before it is handed out, so that no broken file is ever written.
//
// Package cluster/internal/yamledit is the engine: it edits YAML at a path and knows
// nothing of admin sections. This package knows the section (admin.go) and
// where it stands in each kind of file (appinstance.go, helmvalues.go). In the same
// way cluster/internal/tomledit edits TOML, and influxctl.go knows what a profile is.
package cluster
