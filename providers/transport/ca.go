package transport

import (
	"crypto/x509"
	"os"

	"github.com/idpctl/idpctl/providers"
)

// LoadCAs returns the system's certificate authorities and those in a PEM
// file. Its error names the attribute that the file's name came from.
func LoadCAs(file, attribute string) (*x509.CertPool, error) {
	pem, err := os.ReadFile(file)
	if err != nil {
		return nil, &providers.Error{
			Class: providers.Invalid, Attribute: attribute, Err: err,
			Summary: attribute + " cannot be read: " + providers.Clean(err.Error(), 300),
			Hint:    "Relative paths are relative to the folder of the configuration",
		}
	}
	pool, err := x509.SystemCertPool()
	if err != nil {
		pool = x509.NewCertPool()
	}
	if !pool.AppendCertsFromPEM(pem) {
		return nil, &providers.Error{
			Class: providers.Invalid, Attribute: attribute,
			Summary: attribute + " " + providers.Clean(file, 200) + " holds no certificate",
			Hint:    "It must be a PEM file with one or more BEGIN CERTIFICATE blocks",
		}
	}
	return pool, nil
}
