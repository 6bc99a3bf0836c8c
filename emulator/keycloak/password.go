package keycloak

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/idpctl/idpctl/emulator/oidc"
)

// password is a stored password. A real server hashes it slowly; here a
// salted SHA-256 will do, as nothing is worth stealing.
type password struct {
	id      string
	salt    [16]byte
	sum     [sha256.Size]byte
	created time.Time
}

func newPassword(value string, now time.Time) *password {
	p := &password{id: oidc.NewID(), created: now}
	_, _ = rand.Read(p.salt[:])
	p.sum = p.digest(value)
	return p
}

func (p *password) digest(value string) [sha256.Size]byte {
	return sha256.Sum256(append(p.salt[:], value...))
}

func (p *password) matches(value string) bool {
	if p == nil {
		return false
	}
	sum := p.digest(value)
	return hmac.Equal(p.sum[:], sum[:])
}

// setPassword replaces the password and keeps the old one for the history.
func (u *user) setPassword(value string, now time.Time) {
	if u.password != nil {
		u.history = append([]*password{u.password}, u.history...)
	}
	u.password = newPassword(value, now)
}

// policy is one part of a password policy, such as length(8).
type policy struct {
	id, config string
}

// policyDefaults are the known policies and what they mean without a value.
// Source: the classes *PasswordPolicyProviderFactory of 26.7.3.
var policyDefaults = map[string]string{
	"length": "8", "maxLength": "64", "digits": "1", "lowerCase": "1", "upperCase": "1", "specialChars": "1",
	"passwordHistory": "3", "notUsername": "", "notContainsUsername": "", "notEmail": "", "regexPattern": "",
	"hashIterations": "5", "hashAlgorithm": "argon2", "forceExpiredPasswordChange": "365", "passwordAge": "30",
	"passwordBlacklist": "", "maxAuthAge": "300", "recoveryCodesWarningThreshold": "4",
}

// numericPolicies take a whole number.
const numericPolicies = " length maxLength digits lowerCase upperCase specialChars passwordHistory hashIterations" +
	" forceExpiredPasswordChange passwordAge maxAuthAge recoveryCodesWarningThreshold "

// parsePolicy reads "length(8) and notUsername". The second result is the
// text as the server keeps it.
func parsePolicy(text string) ([]policy, string, *apiError) {
	var policies []policy
	var kept []string
	for part := range strings.SplitSeq(text, " and ") {
		part = strings.TrimSpace(part)
		if part == "" {
			continue
		}
		p := policy{id: part}
		if i := strings.IndexByte(part, '('); i >= 0 {
			// What stands between the bracket and the last character counts,
			// whatever that is.
			p = policy{part[:i], strings.TrimSpace(part[i+1 : max(i+1, len(part)-1)])}
		}
		fallback, known := policyDefaults[p.id]
		if !known {
			return nil, "", message(400, "Password policy not found")
		}
		numeric := strings.Contains(numericPolicies, " "+p.id+" ")
		if _, err := strconv.Atoi(p.config); err != nil && numeric && len(p.id) != len(part) {
			return nil, "", message(400, "Invalid config for %s: Not a valid number", p.id)
		}
		if p.config == "" {
			p.config = fallback
		}
		policies, kept = append(policies, p), append(kept, part)
	}
	return policies, strings.Join(kept, " and "), nil
}

// passwordProblem is a password that a policy refuses.
type passwordProblem struct{ key, text string }

func (p *passwordProblem) apiError() *apiError { return oauth(400, p.key, p.text) }

// checkPassword tries the realm's policies in their order.
func (rm *realm) checkPassword(u *user, value string) *passwordProblem {
	policies, _, err := parsePolicy(str(rm.rep, "passwordPolicy"))
	if err != nil {
		return nil // was checked when it was set
	}
	for _, p := range policies {
		n, _ := strconv.Atoi(p.config)
		if key, text := p.violated(u, value, n); key != "" {
			return &passwordProblem{"invalidPassword" + key + "Message", "Invalid password: " + text + "."}
		}
	}
	return nil
}

// violated returns the key and text of the message; an empty key is none.
func (p policy) violated(u *user, value string, n int) (key, text string) {
	count := func(is func(rune) bool) bool {
		return strings.Count(strings.Map(func(r rune) rune {
			if is(r) {
				return 'x'
			}
			return -1
		}, value), "x") < n
	}
	switch p.id {
	case "length":
		return when(len([]rune(value)) < n, "MinLength", fmt.Sprintf("minimum length %d", n))
	case "maxLength":
		return when(len([]rune(value)) > n, "MaxLength", fmt.Sprintf("maximum length %d", n))
	case "digits":
		return when(count(unicode.IsDigit), "MinDigits", fmt.Sprintf("must contain at least %d numerical digits", n))
	case "lowerCase":
		return when(count(unicode.IsLower), "MinLowerCaseChars",
			fmt.Sprintf("must contain at least %d lower case characters", n))
	case "upperCase":
		return when(count(unicode.IsUpper), "MinUpperCaseChars",
			fmt.Sprintf("must contain at least %d upper case characters", n))
	case "specialChars":
		special := func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) }
		return when(count(special), "MinSpecialChars", fmt.Sprintf("must contain at least %d special characters", n))
	case "notUsername":
		return when(strings.EqualFold(value, u.username), "NotUsername", "must not be equal to the username")
	case "notContainsUsername":
		contains := strings.Contains(strings.ToLower(value), u.username)
		return when(contains, "NotContainsUsername", "Can not contain the username")
	case "notEmail":
		same := u.email != "" && strings.EqualFold(value, u.email)
		return when(same, "NotEmail", "must not be equal to the email")
	case "regexPattern":
		// Java's patterns match the whole; those that Go cannot read pass.
		re, err := regexp.Compile(`\A(?:` + p.config + `)\z`)
		return when(err == nil && !re.MatchString(value), "RegexPattern", "fails to match regex pattern(s)")
	case "passwordHistory":
		old := append([]*password{u.password}, u.history...)
		for _, h := range old[:min(n, len(old))] {
			if h.matches(value) {
				return "History", fmt.Sprintf("must not be equal to any of last %d passwords", n)
			}
		}
	}
	return "", ""
}

func when(violated bool, key, text string) (string, string) {
	if violated {
		return key, text
	}
	return "", ""
}
