package kubernetes

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/agext/levenshtein"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/client-go/tools/clientcmd/api"
	"k8s.io/klog/v2"

	"github.com/idpctl/idpctl/diag"
)

// timeout is how long one answer of the API server may take.
const timeout = 10 * time.Second

// serviceAccount is the folder in which Kubernetes puts the token of a pod's account.
const serviceAccount = "/var/run/secrets/kubernetes.io/serviceaccount"

// connection is what it takes to ask one API server.
type connection struct {
	// server is its URL, context that of the kubeconfig; empty in a pod.
	server, context string
	config          *rest.Config
	rest            rest.Interface
	secrets         []string // that stand in the configuration
	// version of the AppInstance's API, once it is known.
	version string

	mu       sync.Mutex
	warnings []string // of the server, not told yet
}

// world is what a connection is made from, apart from a kubeconfig.
type world struct {
	getenv  func(string) string
	account string // folder, see serviceAccount
}

// dial reads the configuration of a connection, and sends nothing. path is that of a
// kubeconfig file, empty for the usual ones.
func dial(path, context string, opts Options) (*connection, string, diag.Diagnostics) {
	silence()
	w := world{account: serviceAccount, getenv: func(name string) string {
		for _, kv := range slices.Backward(opts.Env) {
			if value, ok := strings.CutPrefix(kv, name+"="); ok {
				return value
			}
		}
		return ""
	}}
	c, namespace, ds := w.configure(path, context)
	if ds.HasErrors() {
		return nil, "", ds
	}
	c.config.UserAgent = "idpctl/" + opts.Version
	return c, namespace, c.open()
}

// silence keeps client-go from writing to standard error by itself. It is safe to be
// called again, and concurrently.
func silence() {
	klog.LogToStderr(false)
	klog.SetOutput(io.Discard)
	flags := flag.NewFlagSet("", flag.ContinueOnError)
	klog.InitFlags(flags)
	_ = flags.Set("stderrthreshold", "FATAL") // a name that it knows
}

// configure finds out which server it is and as whom.
func (w world) configure(path, context string) (*connection, string, diag.Diagnostics) {
	rules := &clientcmd.ClientConfigLoadingRules{ExplicitPath: path}
	if path == "" {
		rules.Precedence = w.usual()
		if !slices.ContainsFunc(rules.Precedence, exists) {
			return w.inPod(context, rules.Precedence)
		}
	}
	loaded, err := rules.Load()
	if err != nil {
		return nil, "", unreadable(path, err)
	}
	name := context
	if name == "" {
		name = loaded.CurrentContext
	}
	chosen, ok := loaded.Contexts[name]
	if !ok {
		return nil, "", noContext(context, name, loaded, where(path, rules.Precedence))
	}
	var config *rest.Config
	if err = clientcmd.ConfirmUsable(*loaded, name); err == nil {
		config, err = clientcmd.NewNonInteractiveClientConfig(*loaded, name, &clientcmd.ConfigOverrides{}, rules).ClientConfig()
	}
	if err != nil {
		return nil, "", diag.Diagnostics{{
			Summary: "The kubeconfig cannot be used",
			Detail:  fmt.Sprintf("The context %q in %s: %s. Correct that, and try it with kubectl --context %s get appinstances.", name, where(path, rules.Precedence), diag.Clean(masked(err.Error(), secretsOf(loaded)), 500), name),
		}}
	}
	return &connection{context: name, config: config, secrets: secretsOf(loaded)}, chosen.Namespace, nil
}

// usual are the kubeconfig files that kubectl reads.
func (w world) usual() []string {
	var files []string
	for _, f := range filepath.SplitList(w.getenv(clientcmd.RecommendedConfigPathEnvVar)) {
		if f != "" {
			files = append(files, f)
		}
	}
	if len(files) > 0 {
		return files
	}
	for _, home := range []string{"HOME", "USERPROFILE"} {
		if dir := w.getenv(home); dir != "" {
			return []string{filepath.Join(dir, clientcmd.RecommendedHomeDir, clientcmd.RecommendedFileName)}
		}
	}
	return nil
}

func exists(file string) bool {
	_, err := os.Stat(file)
	return err == nil
}

// inPod is the connection of a pod, by its service account.
func (w world) inPod(context string, looked []string) (*connection, string, diag.Diagnostics) {
	host, port := w.getenv("KUBERNETES_SERVICE_HOST"), w.getenv("KUBERNETES_SERVICE_PORT")
	if host == "" || port == "" {
		return nil, "", diag.Diagnostics{{
			Summary: "There is no kubeconfig",
			Detail:  fmt.Sprintf("Neither is there %s, nor does idpctl run in a pod. Set kubeconfig in the kubernetes block, or the variable KUBECONFIG.", where("", looked)),
		}}
	}
	if context != "" {
		return nil, "", diag.Diagnostics{{
			Summary: "There is no kubeconfig with that context",
			Detail:  fmt.Sprintf("idpctl runs in a pod without %s, and would use the service account of the pod, which has no context. Take context = %q out of the kubernetes block, or mount a kubeconfig and name it there.", where("", looked), context),
		}}
	}
	tokenFile := filepath.Join(w.account, "token")
	token, err := os.ReadFile(tokenFile)
	if err != nil {
		return nil, "", diag.Diagnostics{{
			Summary: "The pod has no token of a service account",
			Detail:  fmt.Sprintf("%v. Leave automountServiceAccountToken of the pod on, or mount a kubeconfig and name it in the kubernetes block.", err),
		}}
	}
	config := &rest.Config{
		Host: "https://" + net.JoinHostPort(host, port), BearerToken: string(token), BearerTokenFile: tokenFile,
		TLSClientConfig: rest.TLSClientConfig{CAFile: filepath.Join(w.account, "ca.crt")},
	}
	namespace, _ := os.ReadFile(filepath.Join(w.account, "namespace")) // else the default
	return &connection{config: config, secrets: []string{strings.TrimSpace(string(token))}}, strings.TrimSpace(string(namespace)), nil
}

func where(path string, usual []string) string {
	switch {
	case path != "":
		return path
	case len(usual) == 0:
		return "~/.kube/config"
	default:
		return strings.Join(usual, string(os.PathListSeparator))
	}
}

// unreadable says what is wrong with a file, without quoting from it: there are
// secrets in it.
func unreadable(path string, err error) diag.Diagnostics {
	d := diag.Diagnostic{Summary: "The kubeconfig cannot be read"}
	var file *fs.PathError
	switch line := regexp.MustCompile(`line \d+`).FindString(err.Error()); {
	case errors.As(err, &file):
		d.Detail = fmt.Sprintf("%v. Correct kubeconfig in the kubernetes block, or the variable KUBECONFIG.", file)
	case path != "" && !exists(path):
		d.Detail = fmt.Sprintf("%s is not there. Correct kubeconfig in the kubernetes block.", path)
	default:
		if named := regexp.MustCompile(`config file "([^"]*)"`).FindStringSubmatch(err.Error()); named != nil {
			path = named[1]
		}
		d.Detail = fmt.Sprintf("%s is no kubeconfig", path)
		if line != "" {
			d.Detail += " (" + line + ")"
		}
		d.Detail += ". Try it with kubectl config view."
	}
	return diag.Diagnostics{d}
}

func noContext(asked, name string, loaded *api.Config, file string) diag.Diagnostics {
	var names []string
	for n := range loaded.Contexts {
		names = append(names, n)
	}
	slices.Sort(names)
	there := "There is none in it"
	if len(names) > 0 {
		there = "There is " + strings.Join(names, ", ")
	}
	d := diag.Diagnostic{
		Summary: "No such context in the kubeconfig",
		Detail:  fmt.Sprintf("%s has no context %q. %s.%s", file, name, there, didYouMean(name, names)),
	}
	if asked == "" && name == "" {
		d.Summary = "The kubeconfig has no current context"
		d.Detail = fmt.Sprintf("%s has none. %s. Set context in the kubernetes block.", file, there)
	} else if asked == "" {
		d.Detail += " It is the current one; set context in the kubernetes block."
	}
	return diag.Diagnostics{d}
}

func didYouMean(name string, candidates []string) string {
	best, least := "", max(2, len(name)/3)+1
	for _, c := range candidates {
		if d := levenshtein.Distance(name, c, nil); d < least && d < len(name) {
			best, least = c, d
		}
	}
	if best == "" {
		return ""
	}
	return fmt.Sprintf(" Did you mean %q?", best)
}

// secretsOf are the values of a kubeconfig that must not be shown.
func secretsOf(c *api.Config) []string {
	var out []string
	for _, u := range c.AuthInfos {
		for _, s := range []string{u.Token, u.Password, string(u.ClientKeyData)} {
			if s != "" {
				out = append(out, s)
			}
		}
		if u.TokenFile != "" {
			if token, err := os.ReadFile(u.TokenFile); err == nil && len(token) > 0 {
				out = append(out, strings.TrimSpace(string(token)))
			}
		}
		if u.Exec != nil {
			for _, v := range u.Exec.Env {
				if len(v.Value) >= 8 { // shorter ones are regions and profiles
					out = append(out, v.Value)
				}
			}
		}
	}
	return out
}

// open makes the clients.
func (c *connection) open() diag.Diagnostics {
	c.config.Timeout = timeout
	c.config.QPS = -1 // a run sends a handful of requests
	c.config.WarningHandler = c
	c.server = address(c.config.Host)
	var err error
	if c.rest, err = rest.UnversionedRESTClientFor(dynamic.ConfigFor(c.config)); err != nil {
		return diag.Diagnostics{{
			Summary: "The kubeconfig cannot be used",
			Detail:  fmt.Sprintf("%s: %s. Try it with kubectl get appinstances.", c.name(), diag.Clean(masked(err.Error(), c.secrets), 500)),
		}}
	}
	return nil
}

// address is the URL of a server as it is compared and shown: without credentials.
func address(host string) string {
	if !strings.Contains(host, "://") {
		host = "https://" + host
	}
	u, err := url.Parse(host)
	if err != nil {
		return host
	}
	u.User, u.Host = nil, strings.ToLower(u.Host)
	return strings.TrimSuffix(u.String(), "/")
}

// name is the server with its context, for messages.
func (c *connection) name() string {
	if c.context == "" {
		return c.server
	}
	return fmt.Sprintf("%s (context %s)", c.server, c.context)
}

// HandleWarningHeader keeps a warning of the server, which client-go would print.
func (c *connection) HandleWarningHeader(code int, _, message string) {
	if code != 299 || message == "" { // RFC 9111 has no other of the server's own
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if text := diag.Clean(masked(message, c.secrets), 300); !slices.Contains(c.warnings, text) {
		c.warnings = append(c.warnings, text)
	}
}

// warned are the warnings of the server since the last call.
func (c *connection) warned() diag.Diagnostics {
	c.mu.Lock()
	defer c.mu.Unlock()
	var out diag.Diagnostics
	for _, w := range c.warnings {
		out = append(out, diag.Diagnostic{Severity: diag.Warning, Summary: "The Kubernetes API server warns", Detail: w})
	}
	c.warnings = nil
	return out
}

// masked takes secrets, and the user in a URL, out of a text.
func masked(text string, secrets []string) string {
	text = diag.RedactAll(text, secrets)
	return regexp.MustCompile(`([a-zA-Z][a-zA-Z0-9+.-]*://)[^\s/@]+@`).ReplaceAllString(text, "${1}"+diag.Masked+"@")
}
