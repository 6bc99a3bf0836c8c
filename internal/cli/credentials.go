package cli

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/idpctl/idpctl/apply"
	"github.com/idpctl/idpctl/internal/run"
	"github.com/idpctl/idpctl/resource"
)

// credentialsFile is where first passwords go with -credentials-out: a JSON
// file that only its owner may read. A user who is in it already gets the new
// entry in place of the old one, as the old password is void.
type credentialsFile struct{ path string }

// credentialsFormat is the file's content.
type credentialsFormat struct {
	FormatVersion string            `json:"format_version"`
	Credentials   []credentialEntry `json:"credentials"`
}

type credentialEntry struct {
	Address   resource.Address `json:"address"`
	UserName  string           `json:"username"`
	Password  string           `json:"password"`
	Temporary bool             `json:"temporary"`
}

// isCredentials tells whether this is the content of a credentials file, of whatever
// version. Nothing but credentialsFile writes to those: what is in them is nowhere else.
func isCredentials(content []byte) bool {
	var is struct {
		FormatVersion *string            `json:"format_version"`
		Credentials   *[]json.RawMessage `json:"credentials"`
	}
	return json.Unmarshal(content, &is) == nil && is.FormatVersion != nil && is.Credentials != nil
}

// check finds out before anything is changed whether the file can be written.
func (f credentialsFile) check() error {
	if run.OwnFile(f.path) {
		return fmt.Errorf("%s is a file of idpctl's own: name another for -credentials-out", f.path)
	}
	if _, err := f.read(); err != nil {
		return err
	}
	if err := f.sweep(); err != nil {
		return err
	}
	tmp, err := os.CreateTemp(filepath.Dir(f.path), f.prefix()+"*")
	if err != nil {
		return f.unwritable(err)
	}
	return errors.Join(tmp.Close(), os.Remove(tmp.Name()))
}

// unwritable says that the file cannot be written.
func (f credentialsFile) unwritable(err error) error {
	return fmt.Errorf("%s cannot be written: %w. Name another file for -credentials-out, or correct that", f.path, bare(err))
}

// prefix begins the names of temporary files beside the file.
func (f credentialsFile) prefix() string { return "." + filepath.Base(f.path) + ".idpctl-" }

// sweep removes what a run that was killed left beside the file: passwords.
func (f credentialsFile) sweep() error {
	dir := filepath.Dir(f.path)
	entries, err := os.ReadDir(dir)
	if err != nil {
		return f.unwritable(err)
	}
	for _, e := range entries {
		if !strings.HasPrefix(e.Name(), f.prefix()) {
			continue
		}
		if err := os.Remove(filepath.Join(dir, e.Name())); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}

func (f credentialsFile) read() (credentialsFormat, error) {
	content := credentialsFormat{FormatVersion: "1.0"}
	info, err := os.Lstat(f.path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return content, nil
	case err != nil:
		return content, err
	case !info.Mode().IsRegular():
		return content, fmt.Errorf("%s is not a regular file: name another for -credentials-out", f.path)
	case info.Mode().Perm()&0o077 != 0:
		return content, fmt.Errorf("%s can be read by others (mode %#o): chmod 600 it, or name another for -credentials-out", f.path, info.Mode().Perm())
	}
	raw, err := os.ReadFile(f.path)
	if err != nil {
		return content, err
	}
	if err := json.Unmarshal(raw, &content); err != nil || content.FormatVersion != "1.0" {
		return content, fmt.Errorf("%s is not a credentials file of idpctl, and is not overwritten: name another for -credentials-out", f.path)
	}
	return content, nil
}

// deliver adds passwords to the file. When it returns nil they are on disk.
func (f credentialsFile) deliver(list []apply.Credential) error {
	content, err := f.read()
	if err != nil {
		return err
	}
	place := map[resource.Address]int{}
	for i, e := range content.Credentials {
		place[e.Address] = i
	}
	for _, c := range list {
		entry := credentialEntry{Address: c.Address, UserName: c.UserName, Password: c.Password.Reveal(), Temporary: c.Temporary}
		if i, ok := place[c.Address]; ok {
			content.Credentials[i] = entry
		} else {
			content.Credentials = append(content.Credentials, entry)
		}
	}
	raw, err := json.MarshalIndent(content, "", "  ")
	if err != nil {
		return err
	}
	return f.write(append(raw, '\n'))
}

// write replaces the file by one of mode 0600, durably.
func (f credentialsFile) write(content []byte) (err error) {
	path, dir := f.path, filepath.Dir(f.path)
	tmp, err := os.CreateTemp(dir, f.prefix()+"*") // made with mode 0600
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.Remove(tmp.Name()))
		}
	}()
	_, err = tmp.Write(content)
	if err == nil {
		err = tmp.Sync()
	}
	err = errors.Join(err, tmp.Close())
	if err == nil {
		err = os.Rename(tmp.Name(), path)
	}
	if err != nil {
		return err
	}
	d, openErr := os.Open(dir)
	if openErr != nil {
		return nil // the file is there; some systems do not open folders
	}
	_ = d.Sync() // likewise
	return d.Close()
}
