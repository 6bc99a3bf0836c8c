// Package kubernetes is the target of a cluster block that is the AppInstance in the
// Kubernetes cluster itself, the custom resource of kubit that describes an InfluxDB
// Clustered installation.
//
// What is merged is a text: the admin section of the object and what it takes to
// warn about it, as a small AppInstance. So a plan shows the live difference, in the
// same words as that of a file, and a change of the object's status is none.
//
// What is written are three fields, by server-side apply: spec.package.spec.admin's
// identityProvider, jwksEndpoint and users. The schema of the custom resource knows
// nothing of them, so that the API server takes users for one value: it is sent as a
// whole, together with the resource version that was read right before, and is never
// left out, which would delete it. Who else has set one of these fields is told by
// the API server's conflict, at plan time.
package kubernetes
