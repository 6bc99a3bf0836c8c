package oidc

import (
	"fmt"
	"slices"
	"strings"
)

// keys reports what a key set is worth.
func (r *issuerRun) keys(set KeySet) {
	r.put(checkKeys, judgeKeys(set))
	if signing := set.Signing(); len(signing) > 0 {
		r.report.Keys = set
		r.keyIDs(signing)
	}
}

// judgeKeys judges a key set.
func judgeKeys(set KeySet) Check {
	signing := set.Signing()
	var bad []string
	other, private := 0, false
	for i, k := range set.Keys {
		switch k.Role {
		case OtherKey:
			other++
		case BadKey:
			private = private || k.Private
			bad = append(bad, fmt.Sprintf("%s %s", keyName(i, k), k.Problem))
		}
	}
	check := Check{Value: describeKeys(signing, other)}
	switch {
	case private:
		check.Status = Failed
		check.Value = strings.Join(firstFew(bad), "; ")
		check.Hint = "Whoever has read it can make tokens for every user. Replace the key at the identity provider at once, and publish its public part only."
	case len(signing) == 0:
		check.Status, check.Want = Failed, "a public key for signatures: RSA of 2048 bits or more, EC P-256, P-384 or P-521, or Ed25519"
		check.Hint = "The cluster checks every token with a key from here. Give the realm or tenant an active key for an asymmetric signature algorithm such as RS256."
		if len(bad) > 0 {
			check.Hint = "No key can be used: " + strings.Join(firstFew(bad), "; ") + ". " + check.Hint
		}
	case len(bad) > 0:
		check.Status = Warned
		check.Hint = "Left alone: " + strings.Join(firstFew(bad), "; ") + ". Tokens that are signed with such a key will be refused."
	}
	return check
}

// keyIDs looks for keys that a token cannot name, or not unmistakably.
func (r *issuerRun) keyIDs(signing []Key) {
	seen := map[string]Key{}
	var nameless, silent int
	var twice []string
	for _, k := range signing {
		if k.Use == "" {
			silent++
		}
		if k.kid == "" {
			nameless++
			continue
		}
		// RFC 7517 section 4.5 lets keys of different types share an id.
		if old, ok := seen[k.kid]; ok && old.Kind == k.Kind && !slices.Contains(twice, k.ID) {
			twice = append(twice, k.ID)
		}
		seen[k.kid] = k
	}
	check := Check{Value: fmt.Sprintf("%d signing keys, each with its own kid", len(signing))}
	if len(signing) == 1 {
		check.Value = "1 signing key, with a kid"
	}
	if silent > 0 && nameless == 0 && len(twice) == 0 {
		check.Value += fmt.Sprintf("; %d without use:sig", silent)
	}
	switch {
	case nameless > 0:
		check.Status, check.Value, check.Want = Warned, fmt.Sprintf("%d of %s without a kid", nameless, count(len(signing), "signing key")), "a kid for every key"
		check.Hint = "A token names its key by the kid. Without one it is left to the reader which key is tried, and a change of keys breaks sign-in."
	case len(twice) > 0:
		check.Status, check.Value, check.Want = Warned, "kid used twice: "+strings.Join(firstFew(twice), ", "), "a kid of its own for every key"
		check.Hint = "It is left to the reader which of them is tried. Have the identity provider make new keys."
	}
	r.put(checkKeyIDs, check)
}

// keyName names a key in a message.
func keyName(i int, k Key) string {
	if k.ID != "" {
		return fmt.Sprintf("key %q (%s)", k.ID, k.Kind)
	}
	return fmt.Sprintf("key number %d (%s)", i+1, k.Kind)
}

func describeKeys(signing []Key, other int) string {
	var parts []string
	for _, k := range signing {
		s := k.Kind
		if k.Algorithm != "" {
			s = k.Algorithm + " (" + k.Kind + ")"
		}
		parts = append(parts, s)
	}
	text := "none"
	if len(parts) > 0 {
		text = strings.Join(firstFew(parts), ", ")
	}
	if other > 0 {
		text += fmt.Sprintf("; %d not for signing, left alone", other)
	}
	return text
}

// firstFew keeps messages short.
func firstFew(list []string) []string {
	const few = 5
	if len(list) <= few {
		return list
	}
	return append(slices.Clone(list[:few]), fmt.Sprintf("and %d more", len(list)-few))
}
