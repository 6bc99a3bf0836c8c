package kubernetes

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/idpctl/idpctl/diag"
)

// adminTokenSecret is the Secret in which InfluxDB Clustered keeps the admin token of
// the installation, and signingKeysSecret that of the keys by which it is checked
// (InfluxData's documentation, "Bypass your identity provider").
const (
	adminTokenSecret  = "admin-token"
	signingKeysSecret = "rsa-keys"
)

// AdminToken tells about the token of the installation, which bypasses the identity
// provider and lives until it is revoked. Nothing of the token itself is in it.
type AdminToken struct {
	// Secret and Namespace are where it is.
	Secret, Namespace string
	// Created is when the Secret was made, and Age how long ago that was by the
	// clock of this machine.
	Created time.Time
	Age     time.Duration
	// OfInstallation: it was made within a day of the AppInstance, so that nobody has
	// replaced the one of the installation since.
	OfInstallation bool
	// Rotate are the commands that revoke it and have a new one made, in order.
	Rotate []string
}

// AdminToken looks how old the token of the installation is; nil if there is none. It
// asks for the Secret's metadata only: the token does not leave the cluster. The right
// to get the Secret is needed for that, as there is no lesser one.
func (t *Target) AdminToken(ctx context.Context) (*AdminToken, diag.Diagnostics) {
	if t.broken.HasErrors() {
		return nil, t.broken
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	namespace := t.place.Namespace
	raw, err := send(ctx, t.conn.get("/api/v1/namespaces", namespace, "secrets", adminTokenSecret).
		SetHeader("Accept", "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1"))
	switch {
	case apierrors.IsNotFound(err):
		return nil, nil
	case apierrors.IsForbidden(err):
		return nil, diag.Diagnostics{{
			Severity: diag.Warning, Summary: "The age of the admin token is not known",
			Detail: fmt.Sprintf("%s: it takes the right to get the secret %s in the namespace %s. Add this rule to the Role of idpctl:\n\n%s", t.conn.name(), adminTokenSecret, namespace, tokenRule),
		}}
	case err != nil:
		return nil, t.conn.explain(err, access{"get", "secrets", "", namespace})
	}
	var secret metav1.PartialObjectMetadata
	if err := json.Unmarshal(raw, &secret); err != nil {
		return nil, defect(fmt.Errorf("the answer about the secret %s is not understood", adminTokenSecret))
	}
	created := secret.CreationTimestamp.Time
	return &AdminToken{
		Secret: adminTokenSecret, Namespace: namespace, Created: created, Age: time.Since(created), Rotate: rotate(namespace),
		OfInstallation: t.read != nil && created.Before(t.read.created.Add(24*time.Hour)),
	}, nil
}

const tokenRule = `- apiGroups: [""]
  resources: [secrets]
  resourceNames: [` + adminTokenSecret + `]
  verbs: [get]
`

// rotate is InfluxData's procedure: the token is valid as long as the keys are, so
// both go, kubit makes the jobs again that make them, and the service that checks
// tokens is restarted. The names of the two jobs differ from release to release.
func rotate(namespace string) []string {
	in := " --namespace " + namespace
	return []string{
		"kubectl delete secret " + signingKeysSecret + " " + adminTokenSecret + in,
		"kubectl get jobs" + in,
		"kubectl delete job/KEY_GEN_JOB job/CREATE_ADMIN_TOKEN_JOB" + in,
		"kubectl delete pods --selector app=token-management" + in,
	}
}
