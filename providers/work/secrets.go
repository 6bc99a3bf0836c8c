package work

import (
	"errors"
	"maps"
	"slices"
	"sync"

	"github.com/idpctl/idpctl/diag"
	"github.com/idpctl/idpctl/providers"
)

// Secrets are what no text may repeat: what was sent as a secret, and the latest
// tokens. Its methods may be called concurrently; the zero value is ready.
type Secrets struct {
	mu     sync.Mutex
	known  map[string]bool
	tokens []string
}

// tokensKept is how many tokens are kept: an answer is to one of the latest.
const tokensKept = 8

// Remember keeps a secret from now on.
func (s *Secrets) Remember(secrets ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, secret := range secrets {
		if secret == "" {
			continue
		}
		if s.known == nil {
			s.known = map[string]bool{}
		}
		s.known[secret] = true
	}
}

// RememberTokens keeps the latest tokens.
func (s *Secrets) RememberTokens(tokens ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.tokens = append(s.tokens, tokens...)
	if n := len(s.tokens); n > tokensKept {
		s.tokens = s.tokens[n-tokensKept:]
	}
}

// RememberOf keeps what is secret in operations.
func (s *Secrets) RememberOf(ops []providers.Operation) {
	for i := range ops {
		s.Remember(Password(&ops[i]))
		for _, secret := range ops[i].Secrets {
			s.Remember(secret.Reveal())
		}
	}
}

// Redact takes them out of a text.
func (s *Secrets) Redact(text string) string {
	s.mu.Lock()
	list := slices.DeleteFunc(slices.AppendSeq(slices.Clone(s.tokens), maps.Keys(s.known)), func(t string) bool { return t == "" })
	s.mu.Unlock()
	return diag.RedactAll(text, list)
}

// Redacted is an error whose texts are fit to be shown: what is written about an
// operation may name its values.
func (s *Secrets) Redacted(err error) error {
	var e *providers.Error
	if !errors.As(err, &e) {
		return err
	}
	clean := *e
	clean.Summary, clean.Hint = s.Redact(e.Summary), s.Redact(e.Hint)
	return &clean
}
