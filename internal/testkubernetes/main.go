// Command testkubernetes runs a command next to a real Kubernetes API server that
// lives as long as the command does:
//
//	go run ./internal/testkubernetes -- go test -tags kubernetes ./...
//
// It is kube-apiserver with etcd, and nothing else: no kubelet and no controllers, so
// that nothing runs pods, collects garbage or makes service accounts. Both are built
// from their Go modules the first time, with kubectl of the same version, which takes
// five minutes on two cores, and kept in a cache folder: $IDPCTL_CACHE, or idpctl-test
// in the user's cache folder. Every run has data, keys, tokens and ports of the
// loopback interface of its own. The command finds them in its environment:
//
//	IDPCTL_TEST_KUBERNETES  a kubeconfig of an administrator (group system:masters)
//	IDPCTL_TEST_KUBECTL     kubectl
//
// If IDPCTL_TEST_KUBERNETES is set already, nothing is started and the command runs
// with what is there. The exit code is the command's.
package main

import (
	"context"

	"github.com/idpctl/idpctl/internal/testserver"
)

// The variables that tell a test where the server is.
const (
	envKubeconfig = "IDPCTL_TEST_KUBERNETES"
	envKubectl    = "IDPCTL_TEST_KUBECTL"
)

func main() { program().Main() }

func program() testserver.Program {
	return testserver.Program{Name: "testkubernetes", Server: "Kubernetes " + version, Present: envKubeconfig, Start: prepare}
}

// prepare makes sure that there are programs to run, and starts them.
func prepare(ctx context.Context, cache string, say testserver.Say) (testserver.Server, error) {
	home, err := install(ctx, cache, say)
	if err != nil {
		return nil, err
	}
	return start(cache, home)
}
