package config

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"sort"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/hashicorp/hcl/v2/json"

	"github.com/idpctl/idpctl/diag"
)

const (
	nativeSuffix = ".idp.hcl"
	jsonSuffix   = ".idp.hcl.json"
)

// sourceFile is one file that was read: of the folder, or with values of
// variables.
type sourceFile struct {
	name  string
	src   []byte
	body  hcl.Body
	json  bool
	masks []span
	// broken: the syntax is wrong, so it is not known what is a secret in it.
	broken bool
}

// readFolder reads and parses the configuration files of the folder. A file
// that cannot be parsed is reported and left out.
func (m *Module) readFolder() []*sourceFile {
	entries, err := os.ReadDir(m.dir)
	if err != nil {
		m.report.errorf(diag.Range{}, "Configuration folder not readable", "%s: %s.", m.dir, plainError(err))
		return nil
	}
	var names []string
	terraform := ""
	for _, entry := range entries {
		name := entry.Name()
		if strings.HasPrefix(name, ".") || entry.IsDir() {
			continue
		}
		if strings.HasSuffix(name, nativeSuffix) || strings.HasSuffix(name, jsonSuffix) {
			names = append(names, name)
		}
		if terraform == "" && (strings.HasSuffix(name, ".tf") || strings.HasSuffix(name, ".hcl")) {
			terraform = name
		}
	}
	sort.Strings(names)
	switch {
	case len(names) == 0 && terraform != "":
		base, _, _ := strings.Cut(terraform, ".")
		m.report.errorf(diag.Range{}, "No configuration files",
			"The folder %s holds no file whose name ends in %s or %s, and %s is not read. If that is a configuration of idpctl, rename it to %s.", m.dir, nativeSuffix, jsonSuffix, terraform, base+nativeSuffix)
	case len(names) == 0:
		m.report.errorf(diag.Range{}, "No configuration files",
			"The folder %s holds no file whose name ends in %s or %s. Go to the folder of the configuration, or name it with -chdir.", m.dir, nativeSuffix, jsonSuffix)
	}
	var files []*sourceFile
	for _, name := range names {
		if f := m.parseFile(filepath.Join(m.dir, name)); f != nil && !f.broken {
			files = append(files, f)
		}
	}
	for _, extra := range m.opts.Extra {
		f := &sourceFile{name: extra.Name, src: extra.Text}
		m.files[f.name] = f
		if m.parse(f); !f.broken {
			files = append(files, f)
		}
	}
	return files
}

// parseFile reads one file, keeps its source for snippets, and parses it; nil
// if it could not be read.
func (m *Module) parseFile(path string) *sourceFile {
	name := filepath.Clean(path)
	src, err := readLimited(path)
	if err != nil {
		m.report.errorf(diag.Range{Filename: name, Start: diag.Pos{Line: 1, Column: 1}, End: diag.Pos{Line: 1, Column: 1}},
			"File not readable", "%s: %s.", name, plainError(err))
		return nil
	}
	f := &sourceFile{name: name, src: src, json: strings.HasSuffix(name, ".json")}
	m.files[name] = f
	m.parse(f)
	return f
}

// parse sets the file's body, or marks it as broken and says why.
func (m *Module) parse(f *sourceFile) {
	kind := configSyntax
	if f.json {
		kind = jsonSyntax
	}
	if problem := checkNesting(f.src, f.name, hcl.InitialPos, kind); problem != nil {
		f.broken = true
		m.report.hcl(hcl.Diagnostics{problem})
		return
	}
	var parsed *hcl.File
	var ds hcl.Diagnostics
	if f.json {
		parsed, ds = json.Parse(f.src, f.name)
	} else {
		parsed, ds = hclsyntax.ParseConfig(f.src, f.name, hcl.InitialPos)
	}
	m.report.hcl(ds)
	if ds.HasErrors() || parsed == nil {
		f.broken = true
		return
	}
	if f.json {
		f.body = jsonBody{parsed.Body}
		return
	}
	if body, ok := parsed.Body.(*hclsyntax.Body); ok {
		rewrite(body)
	}
	f.body = parsed.Body
}

// readLimited reads a regular file of at most maxFileSize.
func readLimited(path string) ([]byte, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, errors.New("it is not a regular file")
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	src, err := io.ReadAll(io.LimitReader(f, maxFileSize+1))
	if cerr := f.Close(); err == nil {
		err = cerr
	}
	if err == nil && len(src) > maxFileSize {
		err = fmt.Errorf("it is larger than %d MiB", maxFileSize>>20)
	}
	return src, err
}

// plainError is an error of the file system without operation and path.
func plainError(err error) string {
	var pe *fs.PathError
	if errors.As(err, &pe) {
		return pe.Err.Error()
	}
	return err.Error()
}
