package apply

import (
	"crypto/rand"
	"fmt"
	"math/big"

	"github.com/idpctl/idpctl/resource"
)

// The classes of characters that password policies ask for. What is easily
// misread (0 O 1 l I) is left out, and so are quotes, backslashes and spaces,
// which shells and spreadsheets change.
const (
	lower  = "abcdefghijkmnopqrstuvwxyz"
	upper  = "ABCDEFGHJKLMNPQRSTUVWXYZ"
	digits = "23456789"
	marks  = "-_.:+=@%"
)

// passwordLength is beyond the minimum of any usual policy; 24 characters of
// these classes are about 144 bits.
const passwordLength = 24

// newPassword makes a password with at least two characters of each class, and
// never three alike in a row, which Auth0's strictest policy refuses
// (https://auth0.com/docs/authenticate/database-connections/password-strength).
func newPassword() (resource.Secret, error) {
	for {
		chars, err := drawPassword()
		if err != nil {
			return resource.Secret{}, err
		}
		if !threeAlike(chars) {
			return resource.NewSecret(string(chars)), nil
		}
	}
}

func threeAlike(chars []byte) bool {
	for i := 2; i < len(chars); i++ {
		if chars[i-2] == chars[i-1] && chars[i-1] == chars[i] {
			return true
		}
	}
	return false
}

func drawPassword() ([]byte, error) {
	all := lower + upper + digits + marks
	chars := make([]byte, 0, passwordLength)
	for _, class := range []string{lower, upper, digits, marks} {
		for range 2 {
			c, err := pick(class)
			if err != nil {
				return nil, err
			}
			chars = append(chars, c)
		}
	}
	for len(chars) < passwordLength {
		c, err := pick(all)
		if err != nil {
			return nil, err
		}
		chars = append(chars, c)
	}
	for i := len(chars) - 1; i > 0; i-- { // Fisher and Yates
		j, err := number(i + 1)
		if err != nil {
			return nil, err
		}
		chars[i], chars[j] = chars[j], chars[i]
	}
	return chars, nil
}

func pick(class string) (byte, error) {
	i, err := number(len(class))
	if err != nil {
		return 0, err
	}
	return class[i], nil
}

func number(below int) (int, error) {
	n, err := rand.Int(rand.Reader, big.NewInt(int64(below)))
	if err != nil {
		return 0, fmt.Errorf("no randomness from the system: %w", err)
	}
	return int(n.Int64()), nil
}
