package config

import (
	"crypto/md5"  //nolint:gosec // what filemd5 is called for
	"crypto/sha1" //nolint:gosec // what filesha1 is called for
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/hex"
	"hash"
	"unicode/utf8"

	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/function"
	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/ianaindex"
)

// The hashes that the libraries have for strings only, or in hexadecimal digits
// only.
func md5Hex(src []byte) string       { return hex.EncodeToString(sum(md5.New(), src)) }  //nolint:gosec // see the import
func sha1Hex(src []byte) string      { return hex.EncodeToString(sum(sha1.New(), src)) } //nolint:gosec // see the import
func sha256Hex(src []byte) string    { return hex.EncodeToString(sum(sha256.New(), src)) }
func sha512Hex(src []byte) string    { return hex.EncodeToString(sum(sha512.New(), src)) }
func sha256Base64(src []byte) string { return inBase64(sum(sha256.New(), src)) }
func sha512Base64(src []byte) string { return inBase64(sum(sha512.New(), src)) }

func sum(h hash.Hash, src []byte) []byte {
	h.Write(src) // a hash takes everything
	return h.Sum(nil)
}

// stringSum is the hash of a string.
func stringSum(of func([]byte) string) function.Function {
	return function.New(&function.Spec{
		Params:       []function.Parameter{{Name: "str", Type: cty.String}},
		Type:         function.StaticReturnType(cty.String),
		RefineResult: notNull,
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
			return cty.StringVal(of([]byte(args[0].AsString()))), nil
		},
	})
}

// base64Decode is here because that of go-cty-funcs v0.1.0 writes what it
// decoded to the log, and repeats its argument in the error.
func base64Decode() function.Function {
	return function.New(&function.Spec{
		Params:       []function.Parameter{{Name: "str", Type: cty.String}},
		Type:         function.StaticReturnType(cty.String),
		RefineResult: notNull,
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
			raw, err := base64.StdEncoding.DecodeString(args[0].AsString())
			switch {
			case err != nil:
				return cty.NilVal, function.NewArgErrorf(0, "it is not base64")
			case !utf8.Valid(raw):
				return cty.NilVal, function.NewArgErrorf(0, "what it encodes is not UTF-8")
			}
			return cty.StringVal(string(raw)), nil
		},
	})
}

// textEncode is textencodebase64: the bytes of a text in a named encoding, such
// as UTF-16LE.
func textEncode() function.Function {
	return textFunc("string", func(text string, enc encoding.Encoding) (string, error) {
		raw, err := enc.NewEncoder().Bytes([]byte(text))
		if err != nil { // it would repeat a character of the text
			return "", function.NewArgErrorf(0, "it holds characters that the encoding does not have")
		}
		return inBase64(raw), nil
	})
}

// textDecode is textdecodebase64.
func textDecode() function.Function {
	return textFunc("source", func(source string, enc encoding.Encoding) (string, error) {
		raw, err := base64.StdEncoding.DecodeString(source)
		if err != nil {
			return "", function.NewArgErrorf(0, "it is not base64")
		}
		text, err := enc.NewDecoder().Bytes(raw)
		if err != nil || !utf8.Valid(text) {
			return "", function.NewArgErrorf(0, "its bytes are no text in that encoding")
		}
		return string(text), nil
	})
}

func textFunc(param string, convert func(string, encoding.Encoding) (string, error)) function.Function {
	return function.New(&function.Spec{
		Params:       []function.Parameter{{Name: param, Type: cty.String}, {Name: "encoding_name", Type: cty.String}},
		Type:         function.StaticReturnType(cty.String),
		RefineResult: notNull,
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
			// The index knows names, for which it has no encoding.
			enc, err := ianaindex.IANA.Encoding(args[1].AsString())
			if err != nil || enc == nil {
				return cty.NilVal, function.NewArgErrorf(1, "there is no encoding of that name; take one of IANA's, such as UTF-8, UTF-16LE or ISO-8859-1")
			}
			text, err := convert(args[0].AsString(), enc)
			if err != nil {
				return cty.NilVal, err
			}
			return cty.StringVal(text), nil
		},
	})
}
