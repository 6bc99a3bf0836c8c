// Command demo shows the main job of idpctl from end to end, as `make demo`,
// `make demo-entra` and `make demo-auth0`: it starts a built-in emulator, plans and
// applies an example in a temporary folder, shows what came of it, plans again, and
// signs a user in through the device flow, by the forms that a browser would fill
// in. It types nothing that a user could not type, and leaves nothing behind.
package main

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/term"

	"github.com/idpctl/idpctl/emulator/formclient"
)

func main() {
	idpctl := flag.String("idpctl", "bin/idpctl", "the program to show")
	entra := flag.Bool("entra", false, "show it with Microsoft Entra ID instead of Keycloak")
	auth0 := flag.Bool("auth0", false, "show it with Auth0 instead of Keycloak")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	d := &demo{
		ctx: ctx, example: "examples/quickstart", name: "Keycloak", emulator: []string{"emulator", "keycloak"}, last: "KEYCLOAK_PASSWORD=",
		signsIn: "signs in as %s, sets a new password and consents",
		apply:   []string{"apply", "-auto-approve", "-credentials-out", "first-passwords.json"},
	}
	if *entra {
		d.example, d.name, d.last = "examples/entra", "tenant of Entra ID", "ENTRA_CA_FILE="
		d.emulator = []string{"emulator", "entra", "-verified-domain", "example.com"}
	}
	if *auth0 {
		d.example, d.name, d.last = "examples/auth0", "tenant of Auth0", "AUTH0_CA_FILE="
		d.emulator, d.domain = []string{"emulator", "auth0"}, "AUTH0_DOMAIN"
		d.signsIn = "signs in as %s and confirms the code"
	}
	err := d.run(*idpctl)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "demo:", err)
		os.Exit(1)
	}
}

type demo struct {
	ctx          context.Context
	bin, example string
	name         string // of what the emulator is one
	emulator     []string
	last         string // the variable that it prints last
	domain       string // the one with the domain that the example is to name, if it is to
	signsIn      string // what the person at the browser does
	apply        []string
	dir          string
	env          []string
}

func (d *demo) run(idpctl string) (err error) {
	if d.bin, err = filepath.Abs(idpctl); err != nil {
		return err
	}
	if d.dir, err = os.MkdirTemp("", "idpctl-demo-*"); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(d.dir)) }()
	if err := os.CopyFS(d.dir, os.DirFS(d.example)); err != nil {
		return err
	}

	d.say("A " + d.name + " to work with: the built-in emulator.")
	stop, err := d.start()
	if err != nil {
		return err
	}
	defer stop()
	if d.domain != "" {
		d.say("The example is about a tenant of yours: write its domain into it.")
		if err := d.writeDomain(); err != nil {
			return err
		}
	}

	d.say("What would change? plan changes nothing.")
	if err := d.idpctl("plan"); err != nil {
		return err
	}
	d.say("Make it so. Without a person at the terminal, first passwords go to a file.")
	if err := d.idpctl(d.apply...); err != nil {
		return err
	}
	d.say("The AppInstance has what the cluster needs; the rest of the file is untouched.")
	if err := d.show("myinfluxdb.yml"); err != nil {
		return err
	}
	d.say("The endpoints for influxctl, and the user IDs.")
	if err := d.idpctl("output"); err != nil {
		return err
	}
	d.say("Plan again: there must be nothing left to do.")
	if err := d.idpctl("plan", "-detailed-exitcode"); err != nil {
		return fmt.Errorf("the second plan is not empty: %w", err)
	}
	d.say("Sign Marty in through the device flow, and check the token as the cluster would.")
	if err := d.verify("marty@example.com"); err != nil {
		return err
	}
	d.say("Done. The emulator is stopped and the temporary folder removed.")
	return nil
}

// say prints a heading; bold only for people.
func (d *demo) say(text string) {
	if term.IsTerminal(int(os.Stdout.Fd())) {
		text = "\033[1m# " + text + "\033[0m"
	} else {
		text = "# " + text
	}
	fmt.Printf("\n%s\n", text)
}

// idpctl runs one command and shows it.
func (d *demo) idpctl(args ...string) error {
	fmt.Printf("$ idpctl %s\n", strings.Join(args, " "))
	cmd := d.command(args...)
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	return cmd.Run()
}

func (d *demo) command(args ...string) *exec.Cmd {
	cmd := exec.CommandContext(d.ctx, d.bin, args...)
	cmd.Dir, cmd.Env = d.dir, append(os.Environ(), d.env...)
	return cmd
}

// start starts the emulator and takes the variables over that it prints.
func (d *demo) start() (stop func(), err error) {
	fmt.Printf("$ idpctl %s\n", strings.Join(d.emulator, " "))
	cmd := d.command(d.emulator...)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	stop = func() {
		_ = cmd.Process.Signal(os.Interrupt) // it ends, or has ended
		_ = cmd.Wait()
	}
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		line := strings.TrimSpace(lines.Text())
		fmt.Println(line)
		if assignment, ok := strings.CutPrefix(line, "export "); ok {
			for _, word := range strings.Fields(assignment) {
				d.env = append(d.env, strings.ReplaceAll(word, "'", ""))
			}
		}
		if strings.Contains(line, d.last) {
			go func() { _, _ = io.Copy(io.Discard, out) }()
			return stop, nil
		}
	}
	stop()
	return nil, errors.New("the emulator did not start")
}

// configuration is the file of every example.
const configuration = "influxdb.idp.hcl"

// writeDomain writes the domain of the emulated tenant into the example, which has
// that of the documentation.
func (d *demo) writeDomain() error {
	fmt.Printf("$ sed -i \"s/example\\.eu\\.auth0\\.com/$%s/\" %s\n", d.domain, configuration)
	name := filepath.Join(d.dir, configuration)
	raw, err := os.ReadFile(name)
	if err != nil {
		return err
	}
	domain := ""
	for _, v := range d.env {
		if value, ok := strings.CutPrefix(v, d.domain+"="); ok {
			domain = value
		}
	}
	return os.WriteFile(name, []byte(strings.ReplaceAll(string(raw), "example.eu.auth0.com", domain)), 0o600)
}

func (d *demo) show(name string) error {
	fmt.Printf("$ cat %s\n", name)
	raw, err := os.ReadFile(filepath.Join(d.dir, name))
	if err != nil {
		return err
	}
	_, err = os.Stdout.Write(raw)
	return err
}

// verify runs `idpctl verify` and does what the person at the browser does.
func (d *demo) verify(user string) error {
	password, err := d.password(user)
	if err != nil {
		return err
	}
	client, err := d.browser()
	if err != nil {
		return err
	}
	fmt.Println("$ idpctl verify")
	ctx, cancel := context.WithTimeout(d.ctx, time.Minute)
	defer cancel()
	cmd := d.command("verify")
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	var signIn error
	page, signedIn := "", false
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		fmt.Println(lines.Text())
		if url := verificationURL(lines.Text()); url != "" {
			page = url
		}
		if page != "" && !signedIn {
			code := ""
			if !strings.Contains(page, "user_code=") { // it is in the line below
				if !lines.Scan() {
					break
				}
				fmt.Println(lines.Text())
				code = strings.TrimSpace(lines.Text())
			}
			signedIn = true
			fmt.Printf("  (the demo opens this page, "+d.signsIn+")\n", user)
			signIn = formclient.SignIn(ctx, client, page, formclient.Credentials{
				Username: user, Password: password, NewPassword: password + "-new", UserCode: code,
			})
			if signIn != nil {
				cancel()
				_ = cmd.Process.Kill() // nobody will sign in any more
			}
		}
	}
	return errors.Join(signIn, cmd.Wait())
}

// verificationURL finds the page to sign in at in what verify prints: a line of
// its own.
func verificationURL(line string) string {
	if word := strings.TrimSpace(line); strings.HasPrefix(word, "http") && !strings.ContainsAny(word, " \t") {
		return word
	}
	return ""
}

// browser trusts the certificate authority of the emulator, if it has one.
func (d *demo) browser() (*http.Client, error) {
	for _, v := range d.env {
		name, file, _ := strings.Cut(v, "=")
		if !strings.HasSuffix(name, "_CA_FILE") {
			continue
		}
		raw, err := os.ReadFile(file)
		if err != nil {
			return nil, err
		}
		pool := x509.NewCertPool()
		pool.AppendCertsFromPEM(raw)
		return &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}}}, nil
	}
	return http.DefaultClient, nil
}

func (d *demo) password(user string) (string, error) {
	raw, err := os.ReadFile(filepath.Join(d.dir, "first-passwords.json"))
	if err != nil {
		return "", err
	}
	var file struct {
		Credentials []struct{ Username, Password string }
	}
	if err := json.Unmarshal(raw, &file); err != nil {
		return "", err
	}
	for _, c := range file.Credentials {
		if c.Username == user {
			return c.Password, nil
		}
	}
	return "", fmt.Errorf("no first password of %s was delivered", user)
}
