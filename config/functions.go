package config

import (
	"fmt"
	"slices"

	"github.com/hashicorp/go-cty-funcs/cidr"
	"github.com/hashicorp/go-cty-funcs/collection"
	"github.com/hashicorp/go-cty-funcs/crypto"
	"github.com/hashicorp/go-cty-funcs/encoding"
	"github.com/hashicorp/go-cty-funcs/filesystem"
	"github.com/hashicorp/go-cty-funcs/uuid"
	"github.com/hashicorp/hcl/v2/ext/tryfunc"
	yaml "github.com/zclconf/go-cty-yaml"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/function"
	"github.com/zclconf/go-cty/cty/function/stdlib"
)

// functions are those of the language: what a user of Terraform expects and
// that yields the same at every call. Relative paths start at dir.
func functions(dir string) map[string]function.Function {
	return withTemplates(dir, map[string]function.Function{
		splatFunction: splatSource(), indexFunction: indexSource(),

		"abs": stdlib.AbsoluteFunc, "ceil": stdlib.CeilFunc, "floor": stdlib.FloorFunc, "log": stdlib.LogFunc,
		"max": stdlib.MaxFunc, "min": stdlib.MinFunc, "parseint": stdlib.ParseIntFunc, "pow": stdlib.PowFunc,
		"signum": stdlib.SignumFunc, "sum": sumFunc(),

		"chomp": stdlib.ChompFunc, "endswith": stringTest("suffix", hasSuffix), "format": bounded(stdlib.FormatFunc, formatGrowth),
		"formatlist": bounded(stdlib.FormatListFunc, formatGrowth), "indent": bounded(stdlib.IndentFunc, indentGrowth), "join": stdlib.JoinFunc,
		"lower": stdlib.LowerFunc, "regex": stdlib.RegexFunc, "regexall": stdlib.RegexAllFunc,
		"replace": replaceFunc(), "split": stdlib.SplitFunc, "startswith": stringTest("prefix", hasPrefix),
		"strcontains": stringTest("substr", containsString), "strrev": stdlib.ReverseFunc, "substr": stdlib.SubstrFunc,
		"title": stdlib.TitleFunc, "trim": stdlib.TrimFunc, "trimprefix": stdlib.TrimPrefixFunc,
		"trimspace": stdlib.TrimSpaceFunc, "trimsuffix": stdlib.TrimSuffixFunc, "upper": stdlib.UpperFunc,

		"alltrue": boolTest(true), "anytrue": boolTest(false), "chunklist": stdlib.ChunklistFunc,
		"coalesce": collection.CoalesceFunc, "coalescelist": stdlib.CoalesceListFunc, "compact": stdlib.CompactFunc,
		"concat": stdlib.ConcatFunc, "contains": stdlib.ContainsFunc, "distinct": stdlib.DistinctFunc,
		"element": stdlib.ElementFunc, "flatten": stdlib.FlattenFunc, "index": indexFunc(), "keys": stdlib.KeysFunc,
		"length": lengthFunc(), "lookup": lookupFunc(), "matchkeys": matchKeysFunc(), "merge": stdlib.MergeFunc, "one": oneFunc(),
		"range": stdlib.RangeFunc, "reverse": stdlib.ReverseListFunc, "setintersection": stdlib.SetIntersectionFunc,
		"setproduct": bounded(stdlib.SetProductFunc, productGrowth), "setsubtract": stdlib.SetSubtractFunc,
		"setsymmetricdifference": stdlib.SetSymmetricDifferenceFunc, "setunion": stdlib.SetUnionFunc,
		"slice": stdlib.SliceFunc, "sort": stdlib.SortFunc, "transpose": transposeFunc(), "values": stdlib.ValuesFunc, "zipmap": stdlib.ZipmapFunc,

		"base64decode": base64Decode(), "base64encode": encoding.Base64EncodeFunc, "csvdecode": limited(stdlib.CSVDecodeFunc),
		"jsondecode": limited(stdlib.JSONDecodeFunc), "jsonencode": stdlib.JSONEncodeFunc,
		"textdecodebase64": textDecode(), "textencodebase64": textEncode(), "urlencode": encoding.URLEncodeFunc,
		"yamldecode": limited(yaml.YAMLDecodeFunc, fewAliases), "yamlencode": yaml.YAMLEncodeFunc,

		"abspath": filesystem.AbsPathFunc, "basename": filesystem.BasenameFunc, "dirname": filesystem.DirnameFunc,
		"pathexpand": filesystem.PathExpandFunc, "fileexists": filesystem.MakeFileExistsFunc(dir),
		"file": fileFunc(dir), "filebase64": fileSumFunc(dir, inBase64), "fileset": filesystem.MakeFileSetFunc(dir),

		"formatdate": stdlib.FormatDateFunc, "timeadd": stdlib.TimeAddFunc, "timecmp": timeCompare(),

		"md5": crypto.Md5Func, "sha1": crypto.Sha1Func, "sha256": crypto.Sha256Func, "sha512": crypto.Sha512Func,
		"base64sha256": stringSum(sha256Base64), "base64sha512": stringSum(sha512Base64),
		"filemd5": fileSumFunc(dir, md5Hex), "filesha1": fileSumFunc(dir, sha1Hex),
		"filesha256": fileSumFunc(dir, sha256Hex), "filesha512": fileSumFunc(dir, sha512Hex),
		"filebase64sha256": fileSumFunc(dir, sha256Base64), "filebase64sha512": fileSumFunc(dir, sha512Base64),
		"uuidv5": uuid.V5Func,

		"cidrhost": cidr.HostFunc, "cidrnetmask": cidr.NetmaskFunc, "cidrsubnet": cidr.SubnetFunc, "cidrsubnets": cidr.SubnetsFunc,

		"can": tryfunc.CanFunc, "try": tryfunc.TryFunc,
		"issensitive": isSensitiveFunc(), "nonsensitive": markFunc(false), "sensitive": markFunc(true),
		"tobool": stdlib.MakeToFunc(cty.Bool), "tolist": toCollection(cty.List(cty.DynamicPseudoType)),
		"tomap": stdlib.MakeToFunc(cty.Map(cty.DynamicPseudoType)), "tonumber": stdlib.MakeToFunc(cty.Number),
		"toset": toCollection(cty.Set(cty.DynamicPseudoType)), "tostring": stdlib.MakeToFunc(cty.String),
	})
}

// unknownFunction explains why there is no function of that name.
func unknownFunction(name string, funcs map[string]function.Function) string {
	switch name {
	case "timestamp", "plantimestamp", "uuid", "bcrypt":
		return fmt.Sprintf("There is no function named %q: it would give another result at every run, and a plan must be reproducible. Pass such a value in as a variable.", name)
	case "templatestring":
		return fmt.Sprintf("There is no function named %q. Write a template in the configuration, as in \"${var.name}\", or in a file for templatefile().", name)
	case "list", "map":
		return fmt.Sprintf("There is no function named %q. Write [ ] or { }, and convert it with to%s() where the type matters.", name, name)
	case "ephemeralasnull", "rsadecrypt", "base64gzip", "type":
		return fmt.Sprintf("idpctl does not have the function %q.", name)
	}
	known := slices.DeleteFunc(keysOf(funcs), internalFunction)
	return fmt.Sprintf("There is no function named %q.%s", name, didYouMean(name, known))
}
