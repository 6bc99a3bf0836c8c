package config

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"
	"github.com/zclconf/go-cty/cty/function"

	"github.com/idpctl/idpctl/resource"
)

// calls are the functions that idpctl adds to those of the libraries, with
// arguments and what they yield.
func calls() map[string]struct {
	args []cty.Value
	want string
} {
	type call = struct {
		args []cty.Value
		want string
	}
	str := cty.StringVal
	strs := func(s ...string) cty.Value {
		out := make([]cty.Value, len(s))
		for i := range s {
			out[i] = str(s[i])
		}
		return cty.ListVal(out)
	}
	path := []cty.Value{str("a.txt")}
	return map[string]call{
		"timecmp":                {[]cty.Value{str("2017-11-22T01:00:00+01:00"), str("2017-11-22T00:00:01Z")}, `-1`},
		"transpose":              {[]cty.Value{cty.MapVal(map[string]cty.Value{"ada": strs("dev", "ops"), "bob": strs("ops")})}, `{dev=["ada"] ops=["ada" "bob"]}`},
		"matchkeys":              {[]cty.Value{strs("a", "b", "c"), strs("x", "y", "x"), strs("x", "z")}, `["a" "c"]`},
		"setsymmetricdifference": {[]cty.Value{cty.SetVal([]cty.Value{str("a"), str("b")}), cty.SetVal([]cty.Value{str("b"), str("c")})}, `["a" "c"]`},
		"textencodebase64":       {[]cty.Value{str("Hé"), str("UTF-16LE")}, `"SADpAA=="`},
		"textdecodebase64":       {[]cty.Value{str("SADpAA=="), str("UTF-16LE")}, `"Hé"`},
		"base64sha256":           {[]cty.Value{str("hello")}, `"LPJNul+wow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCQ="`},
		"base64sha512":           {[]cty.Value{str("hello")}, `"m3HSJL1i83hdltRq0+o9czGb+8KJDKra4t/3JRlnPKcjI8PZm6XBHXx6zG4UuMXaDEZjR1wuXDre9G9zvN7AQw=="`},
		"filemd5":                {path, `"5d41402abc4b2a76b9719d911017c592"`},
		"filesha1":               {path, `"aaf4c61ddcc5e8a2dabede0f3b482cd9aea9434d"`},
		"filesha256":             {path, `"2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"`},
		"filesha512":             {path, `"9b71d224bd62f3785d96d46ad3ea3d73319bfbc2890caadae2dff72519673ca72323c3d99ba5c11d7c7acc6e14b8c5da0c4663475c2e5c3adef46f73bcdec043"`},
		"filebase64sha256":       {path, `"LPJNul+wow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCQ="`},
		"filebase64sha512":       {path, `"m3HSJL1i83hdltRq0+o9czGb+8KJDKra4t/3JRlnPKcjI8PZm6XBHXx6zG4UuMXaDEZjR1wuXDre9G9zvN7AQw=="`},
		"file":                   {path, `"hello"`},
		"filebase64":             {path, `"aGVsbG8="`},
		"templatefile":           {[]cty.Value{str("a.tpl"), cty.ObjectVal(map[string]cty.Value{"name": str("Ada")})}, `"Hello ADA"`},
	}
}

// A function yields what Terraform's does; each of its arguments, where it is
// sensitive, makes the result so, and where it is not known leaves the result
// unknown.
func TestFunctions(t *testing.T) {
	dir := folder(t, map[string]string{"a.txt": "hello", "a.tpl": "Hello ${upper(name)}"})
	all := functions(dir)
	for name, c := range calls() {
		f := all[name]
		got, err := f.Call(c.args)
		if err != nil || show(got) != c.want {
			t.Errorf("%s yields %s, %v; want %s", name, show(got), err, c.want)
			continue
		}
		for i, arg := range c.args {
			args := slices.Clone(c.args)
			args[i] = arg.Mark(resource.Sensitive)
			if got, err := f.Call(args); err != nil || show(got) != "«"+c.want+"»" {
				t.Errorf("%s: argument %d is sensitive, the result is %s, %v", name, i, show(got), err)
			}
			// HCL converts arguments to the types of parameters.
			param := f.VarParam()
			if i < len(f.Params()) {
				param = &f.Params()[i]
			}
			dynamic, err := convert.Convert(cty.DynamicVal, param.Type)
			if err != nil {
				t.Fatal(err)
			}
			for _, unknown := range []cty.Value{cty.UnknownVal(arg.Type()), dynamic} {
				args[i] = unknown
				if got, err := f.Call(args); err != nil || got.IsKnown() {
					t.Errorf("%s: argument %d is unknown, the result is %s, %v", name, i, show(got), err)
				}
				args[i] = unknown.Mark(resource.Sensitive)
				if got, err := f.Call(args); err != nil || got.IsKnown() || !resource.IsSensitive(got) {
					t.Errorf("%s: argument %d is unknown and sensitive, the result is %s, %v", name, i, show(got), err)
				}
			}
		}
	}
}

// What is inside of a collection counts too.
func TestFunctionsOfParts(t *testing.T) {
	dir := folder(t, map[string]string{"a.tpl": "Hello ${upper(name)}", "b.tpl": "${other}"})
	all := functions(dir)
	secret, unknown := cty.StringVal("x").Mark(resource.Sensitive), cty.UnknownVal(cty.String)
	list := func(v ...cty.Value) cty.Value { return cty.ListVal(v) }
	vars := func(v cty.Value) cty.Value {
		return cty.ObjectVal(map[string]cty.Value{"name": v, "other": cty.StringVal("y")})
	}
	x := cty.StringVal("x")
	for _, c := range []struct {
		name string
		args []cty.Value
		want string
	}{
		{"transpose", []cty.Value{cty.MapVal(map[string]cty.Value{"a": list(secret)})}, `«{x=["a"]}»`},
		{"transpose", []cty.Value{cty.MapVal(map[string]cty.Value{"a": list(unknown)})}, `?`},
		{"transpose", []cty.Value{cty.MapValEmpty(cty.List(cty.String))}, `{}`},
		{"matchkeys", []cty.Value{list(secret), list(x), list(x)}, `«["x"]»`},
		{"matchkeys", []cty.Value{list(x), list(secret), list(x)}, `«["x"]»`},
		{"matchkeys", []cty.Value{list(x), list(x), list(secret)}, `«["x"]»`},
		{"matchkeys", []cty.Value{list(unknown), list(x), list(x)}, `[?]`},
		{"matchkeys", []cty.Value{list(x), list(unknown), list(x)}, `?`},
		{"matchkeys", []cty.Value{list(x), list(x), list(unknown)}, `?`},
		{"matchkeys", []cty.Value{list(x), list(x), cty.ListValEmpty(cty.String)}, `[]`},
		{"matchkeys", []cty.Value{list(x), list(cty.StringVal("1")), list(cty.NumberIntVal(1))}, `["x"]`},
		{"templatefile", []cty.Value{cty.StringVal("a.tpl"), vars(secret)}, `«"Hello X"»`},
		{"templatefile", []cty.Value{cty.StringVal("a.tpl"), vars(unknown)}, `?`},
		{"templatefile", []cty.Value{cty.StringVal("b.tpl"), vars(secret)}, `"y"`},
		{"templatefile", []cty.Value{cty.StringVal("b.tpl"), vars(unknown)}, `"y"`},
	} {
		if got, err := all[c.name].Call(c.args); err != nil || show(got) != c.want {
			t.Errorf("%s(%v) yields %s, %v; want %s", c.name, c.args, show(got), err, c.want)
		}
	}
}

func TestFunctionsRefuse(t *testing.T) {
	all := functions(folder(t, map[string]string{"big": strings.Repeat("x", maxFileSize+1), "latin": "\xe9"}))
	str := cty.StringVal
	one := cty.ListVal([]cty.Value{str("a")})
	for _, c := range []struct {
		name, want string
		args       []cty.Value
	}{
		{"timecmp", "RFC 3339", []cty.Value{str("yesterday"), str("2017-11-22T00:00:00Z")}},
		{"transpose", "a list holds a null value", []cty.Value{cty.MapVal(map[string]cty.Value{"a": cty.ListVal([]cty.Value{cty.NullVal(cty.String)})})}},
		{"transpose", "the map holds a null value", []cty.Value{cty.MapVal(map[string]cty.Value{"a": cty.NullVal(cty.List(cty.String))})}},
		{"matchkeys", "as many keys as values", []cty.Value{one, cty.ListValEmpty(cty.String), one}},
		{"matchkeys", "same type", []cty.Value{one, one, cty.ListVal([]cty.Value{cty.EmptyObjectVal})}},
		{"textencodebase64", "no encoding of that name", []cty.Value{str("a"), str("EBCDIC-X")}},
		{"textencodebase64", "characters that the encoding does not have", []cty.Value{str("→"), str("ISO-8859-1")}},
		{"textdecodebase64", "not base64", []cty.Value{str("%"), str("UTF-8")}},
		{"filemd5", `cannot read "gone": no such file or directory`, []cty.Value{str("gone")}},
		{"filesha256", "larger than 8 MiB", []cty.Value{str("big")}},
		{"filebase64sha512", "not a regular file", []cty.Value{str(".")}},
		{"file", "is not UTF-8", []cty.Value{str("latin")}},
		{"templatefile", `cannot read "gone"`, []cty.Value{str("gone"), cty.EmptyObjectVal}},
		{"templatefile", "is not UTF-8", []cty.Value{str("latin"), cty.EmptyObjectVal}},
		{"templatefile", "larger than 8 MiB", []cty.Value{str("big"), cty.EmptyObjectVal}},
	} {
		if got, err := all[c.name].Call(c.args); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s yields %s, %v; want an error with %q", c.name, show(got), err, c.want)
		}
	}
	if got, err := all["filesha256"].Call([]cty.Value{str("latin")}); err != nil {
		t.Errorf("a file that is no text has no hash: %s %v", show(got), err)
	}
}

// Of the functions that Terraform has each is here, or it is said why not.
func TestFunctionsOfTerraform(t *testing.T) {
	all := functions(".")
	for name := range calls() {
		if _, ok := all[name]; !ok {
			t.Errorf("there is no %s", name)
		}
	}
	const terraform = `abs ceil floor log max min parseint pow signum
		chomp endswith format formatlist indent join lower regex regexall replace split startswith strcontains strrev substr
		templatestring title trim trimprefix trimspace trimsuffix upper
		alltrue anytrue chunklist coalesce coalescelist compact concat contains distinct element flatten index keys length list
		lookup map matchkeys merge one range reverse setintersection setproduct setsubtract setunion slice sort sum transpose
		values zipmap
		base64decode base64encode base64gzip csvdecode jsondecode jsonencode textdecodebase64 textencodebase64 urlencode
		yamldecode yamlencode
		abspath dirname pathexpand basename file fileexists fileset filebase64 templatefile
		formatdate plantimestamp timeadd timecmp timestamp
		base64sha256 base64sha512 bcrypt filebase64sha256 filebase64sha512 filemd5 filesha1 filesha256 filesha512 md5 rsadecrypt
		sha1 sha256 sha512 uuid uuidv5
		cidrhost cidrnetmask cidrsubnet cidrsubnets
		can ephemeralasnull issensitive nonsensitive sensitive tobool tolist tomap tonumber toset tostring try type`
	for name := range strings.FieldsSeq(terraform) {
		if _, ok := all[name]; ok {
			continue
		}
		if why := unknownFunction(name, all); strings.HasSuffix(why, "There is no function named \""+name+"\".") || strings.Contains(why, "Did you mean") {
			t.Errorf("%s: %s", name, why)
		}
	}
	if why := unknownFunction("transposed", maps.Clone(all)); !strings.Contains(why, `Did you mean "transpose"?`) {
		t.Error(why)
	}
}

// The reference names each function once, and none that there is not.
func TestFunctionReference(t *testing.T) {
	all := functions(".")
	maps.DeleteFunc(all, func(name string, _ function.Function) bool { return internalFunction(name) })
	for _, g := range FunctionReference() {
		if !slices.IsSortedFunc(g.Functions, func(a, b FunctionDoc) int { return strings.Compare(a.Name, b.Name) }) {
			t.Errorf("%s: the functions are not in order", g.Name)
		}
		for _, f := range g.Functions {
			if _, ok := all[f.Name]; !ok {
				t.Errorf("%s stands there twice, or does not exist", f.Name)
			}
			if f.Doc == "" || !strings.HasPrefix(f.Call, f.Name+"(") || strings.Contains(f.Call, "()") {
				t.Errorf("%s: %+v", f.Name, f)
			}
			delete(all, f.Name)
		}
	}
	if len(all) > 0 {
		t.Errorf("the reference lacks %v", keysOf(all))
	}
}
