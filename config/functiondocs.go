package config

import (
	"strings"

	"github.com/zclconf/go-cty/cty/function"
)

// FunctionGroup is a group of functions, for the reference in docs/.
type FunctionGroup struct {
	Name      string
	Functions []FunctionDoc
}

// FunctionDoc describes one function.
type FunctionDoc struct {
	Name string
	// Call is how it is called: "join(separator, lists...)".
	Call string
	// Doc is a sentence of documentation, Markdown.
	Doc string
}

// FunctionReference describes the functions of the language. A test holds it to
// what there is.
func FunctionReference() []FunctionGroup {
	all := functions(".")
	groups := []FunctionGroup{
		{Name: "Numbers", Functions: []FunctionDoc{
			{Name: "abs", Doc: "The number without its sign."},
			{Name: "ceil", Doc: "The next whole number that is not smaller."},
			{Name: "floor", Doc: "The next whole number that is not larger."},
			{Name: "log", Doc: "The logarithm of `num` to `base`."},
			{Name: "max", Doc: "The largest of its arguments; a list is expanded with `...`."},
			{Name: "min", Doc: "The smallest of its arguments; a list is expanded with `...`."},
			{Name: "parseint", Doc: "The whole number that a string writes in a base from 2 to 62."},
			{Name: "pow", Doc: "`num` raised to `power`."},
			{Name: "signum", Doc: "-1, 0 or 1: the sign of a number."},
		}},
		{Name: "Strings", Functions: []FunctionDoc{
			{Name: "chomp", Doc: "Without the line breaks at the end."},
			{Name: "endswith", Doc: "Whether a string ends in `suffix`."},
			{Name: "format", Doc: "A text with verbs such as `%s`, `%d` and `%05.2f` filled in."},
			{Name: "formatlist", Doc: "`format` for each element of a list."},
			{Name: "indent", Doc: "`spaces` spaces in front of every line but the first."},
			{Name: "join", Doc: "The elements of lists as one string, with `separator` in between."},
			{Name: "lower", Doc: "All letters in lower case."},
			{Name: "regex", Doc: "What a regular expression (RE2) finds first: a string, or its groups; an error if nothing."},
			{Name: "regexall", Doc: "All that a regular expression finds, as a list."},
			{Name: "replace", Doc: "Every `substr` replaced; between slashes, as in `/[0-9]+/`, it is a regular expression."},
			{Name: "split", Doc: "The parts of a string between separators, as a list."},
			{Name: "startswith", Doc: "Whether a string begins with `prefix`."},
			{Name: "strcontains", Doc: "Whether `substr` occurs in a string."},
			{Name: "strrev", Doc: "The characters in reverse order."},
			{Name: "substr", Doc: "`length` characters from `offset` on; a length of -1 means up to the end."},
			{Name: "title", Doc: "The first letter of each word in upper case."},
			{Name: "trim", Doc: "Without the characters of `cutset` at both ends."},
			{Name: "trimprefix", Doc: "Without `prefix` at the beginning, if it is there."},
			{Name: "trimspace", Doc: "Without spaces and line breaks at both ends."},
			{Name: "trimsuffix", Doc: "Without `suffix` at the end, if it is there."},
			{Name: "upper", Doc: "All letters in upper case."},
		}},
		{Name: "Collections", Functions: []FunctionDoc{
			{Name: "alltrue", Doc: "Whether all elements are true; true for an empty list."},
			{Name: "anytrue", Doc: "Whether an element is true; false for an empty list."},
			{Name: "chunklist", Doc: "A list cut into lists of `size` elements."},
			{Name: "coalesce", Doc: "The first argument that is neither null nor an empty string."},
			{Name: "coalescelist", Doc: "The first list that is not empty."},
			{Name: "compact", Doc: "A list of strings without null and empty ones."},
			{Name: "concat", Doc: "Lists, one after the other, as one list."},
			{Name: "contains", Doc: "Whether a value is in a list or set."},
			{Name: "distinct", Doc: "A list without repeated elements; the first one stays."},
			{Name: "element", Doc: "The element at `index`, counted from 0, round and round."},
			{Name: "flatten", Doc: "A list with the elements of the lists in it, to any depth."},
			{Name: "index", Doc: "The place of a value in a list; an error if it is not there."},
			{Name: "keys", Doc: "The keys of a map or object, sorted."},
			{Name: "length", Doc: "How many elements a collection has, or characters a string."},
			{Name: "lookup", Doc: "The element of a map at `key`, or the default; an error if there is neither."},
			{Name: "matchkeys", Doc: "The elements of `values` at whose place in `keys` stands one that is in `searchset`."},
			{Name: "merge", Doc: "Maps or objects as one; of equal keys the last counts."},
			{Name: "one", Doc: "The only element of a collection, null if it is empty; an error if there are more."},
			{Name: "range", Doc: "Numbers in sequence: `range(end)`, `range(start, end)` or `range(start, end, step)`."},
			{Name: "reverse", Doc: "A list in reverse order."},
			{Name: "setintersection", Doc: "What all sets have in common."},
			{Name: "setproduct", Doc: "All combinations of an element of each set or list."},
			{Name: "setsubtract", Doc: "The elements of `a` that are not in `b`."},
			{Name: "setsymmetricdifference", Doc: "What is in an odd number of the sets: of two, what is in one of them only."},
			{Name: "setunion", Doc: "What is in any of the sets."},
			{Name: "slice", Doc: "The elements from `start_index` up to `end_index`, which is left out."},
			{Name: "sort", Doc: "A list of strings in order."},
			{Name: "sum", Doc: "The sum of a list of numbers."},
			{Name: "transpose", Doc: "A map of lists of strings turned round: its keys, by the strings."},
			{Name: "values", Doc: "The values of a map or object, in the order of its keys."},
			{Name: "zipmap", Doc: "A map of a list of keys and a list of values."},
		}},
		{Name: "Encodings", Functions: []FunctionDoc{
			{Name: "base64decode", Doc: "The text that base64 encodes; it must be UTF-8."},
			{Name: "base64encode", Doc: "The bytes of a text in base64."},
			{Name: "csvdecode", Doc: "The rows of a CSV text, as objects named by its first line."},
			{Name: "jsondecode", Doc: "The value that a JSON text holds."},
			{Name: "jsonencode", Doc: "A value as JSON."},
			{Name: "textdecodebase64", Doc: "The text that base64 encodes in a named encoding, such as `UTF-16LE`."},
			{Name: "textencodebase64", Doc: "A text in a named encoding, such as `UTF-16LE`, in base64."},
			{Name: "urlencode", Doc: "A string escaped for the query of a URL."},
			{Name: "yamldecode", Doc: "The value that a YAML text holds."},
			{Name: "yamlencode", Doc: "A value as YAML."},
		}},
		{Name: "Files", Functions: []FunctionDoc{
			{Name: "abspath", Doc: "The path from the root of the file system."},
			{Name: "basename", Doc: "The last part of a path."},
			{Name: "dirname", Doc: "A path without its last part."},
			{Name: "file", Doc: "The text of a file, which must be UTF-8."},
			{Name: "filebase64", Doc: "The bytes of a file in base64."},
			{Name: "fileexists", Doc: "Whether there is a regular file at a path."},
			{Name: "fileset", Doc: "The files below `path` whose names match `pattern`, such as `*.csv` or `**/*.csv`."},
			{Name: "pathexpand", Doc: "A path with the home directory in place of a leading `~`."},
			{Name: "templatefile", Doc: "The text of a file with the sequences `${ }` and `%{ }` filled in; the names in it are those of the map or object `vars`."},
		}},
		{Name: "Dates and times", Functions: []FunctionDoc{
			{Name: "formatdate", Doc: "A time (RFC 3339) in another format, such as `YYYY-MM-DD`."},
			{Name: "timeadd", Doc: "A time with a duration added, such as `1h30m`."},
			{Name: "timecmp", Doc: "-1, 0 or 1: whether the first time is before the second, the same, or after it."},
		}},
		{Name: "Hashes and identifiers", Functions: []FunctionDoc{
			{Name: "base64sha256", Doc: "The SHA-256 of a string, in base64."},
			{Name: "base64sha512", Doc: "The SHA-512 of a string, in base64."},
			{Name: "filebase64sha256", Doc: "The SHA-256 of a file, in base64."},
			{Name: "filebase64sha512", Doc: "The SHA-512 of a file, in base64."},
			{Name: "filemd5", Doc: "The MD5 of a file, in hexadecimal digits."},
			{Name: "filesha1", Doc: "The SHA-1 of a file, in hexadecimal digits."},
			{Name: "filesha256", Doc: "The SHA-256 of a file, in hexadecimal digits."},
			{Name: "filesha512", Doc: "The SHA-512 of a file, in hexadecimal digits."},
			{Name: "md5", Doc: "The MD5 of a string, in hexadecimal digits."},
			{Name: "sha1", Doc: "The SHA-1 of a string, in hexadecimal digits."},
			{Name: "sha256", Doc: "The SHA-256 of a string, in hexadecimal digits."},
			{Name: "sha512", Doc: "The SHA-512 of a string, in hexadecimal digits."},
			{Name: "uuidv5", Doc: "The UUID (version 5) of a name in a namespace: `dns`, `url`, `oid`, `x500` or a UUID."},
		}},
		{Name: "Networks", Functions: []FunctionDoc{
			{Name: "cidrhost", Doc: "The address with the number `hostnum` in a network."},
			{Name: "cidrnetmask", Doc: "The netmask of an IPv4 network."},
			{Name: "cidrsubnet", Doc: "The subnet with the number `netnum` whose prefix is `newbits` longer."},
			{Name: "cidrsubnets", Doc: "Subnets in a row, each with a prefix that much longer."},
		}},
		{Name: "Types and sensitivity", Functions: []FunctionDoc{
			{Name: "can", Doc: "Whether an expression can be evaluated without an error."},
			{Name: "issensitive", Doc: "Whether a value is sensitive."},
			{Name: "nonsensitive", Doc: "A value that is sensitive no longer. What it is made of may then be shown."},
			{Name: "sensitive", Doc: "A value that is sensitive: it is never shown."},
			{Name: "tobool", Doc: "A bool, of `\"true\"` or `\"false\"`."},
			{Name: "tolist", Doc: "A list, of a tuple or set."},
			{Name: "tomap", Doc: "A map, of an object."},
			{Name: "tonumber", Doc: "A number, of a string that writes one."},
			{Name: "toset", Doc: "A set, of a tuple or list."},
			{Name: "tostring", Doc: "A string, of a number or bool."},
			{Name: "try", Doc: "The first expression that can be evaluated without an error."},
		}},
	}
	for _, g := range groups {
		for i := range g.Functions {
			g.Functions[i].Call = callOf(g.Functions[i].Name, all[g.Functions[i].Name])
		}
	}
	return groups
}

// callOf shows a function's parameters.
func callOf(name string, f function.Function) string {
	var params []string
	for _, p := range f.Params() {
		params = append(params, p.Name)
	}
	if p := f.VarParam(); p != nil {
		params = append(params, p.Name+"...")
	}
	return name + "(" + strings.Join(params, ", ") + ")"
}
