package oidc_test

// defect is something that a hostile or broken server does, the case of
// TestHostileServers that does it, and what the message has to say.
type defect struct{ what, by, says string }

// knownDefects is the list of what has to be tried: a case that is removed or
// renamed, or whose message turns vague, fails. What is no error, such as keys
// without use, stands in TestDiscoverAccepts and in the good reports of
// TestCheckIssuer.
func knownDefects() []defect {
	return []defect{
		{"redirect to another origin", "redirect to another origin", "redirects to another origin, https://evil.example.com."},
		{"redirect to another origin with credentials", "redirect with a password in it", "with a user name or password in the URL"},
		{"redirect with the device code in the body", "device endpoint redirects", "a request that carries codes is not sent on"},
		{"redirect with the refresh token in the body", "code is not sent on by a redirect that keeps it", "a request that carries codes is not sent on"},
		{"redirect to plain http", "redirect to plain http", "redirects to another origin, http://sso.example.com"},
		{"redirect without end", "endless redirect", "redirects more than 5 times"},
		{"HTML", "HTML", "it is a web page (HTML). Check the URL. A sign-in proxy"},
		{"HTML that lies", "HTML that calls itself JSON", "(HTML) that calls itself application/json"},
		{"wrong content type", "wrong content type", "(it calls itself image/png)"},
		{"10 MB body", "10 MB", "answers with more than 1024 KiB. "},
		{"gzip bomb", "gzip bomb", "more than 1024 KiB once it is unpacked"},
		{"gzip that is none", "compressed by its own word only", "says that its answer is compressed"},
		{"endless header", "endless header", "headers exceeded"},
		{"slow drip", "slow drip", "began to answer, and had not finished after 10s"},
		{"silence", "silence", "did not answer within 10s"},
		{"slow drip of keys", "keys drip in a check", "certs began to answer, and had not finished"},
		{"connection closed midway", "broken off", "broke the connection before its answer was complete"},
		{"connection closed at once", "closed without a word", "closed the connection without an answer"},
		{"not HTTP", "not HTTP", "malformed HTTP response"},
		{"discovery 404", "no such realm", "404 Not Found. There is no issuer at this URL"},
		{"discovery 401", "document behind a sign-in", "401 Unauthorized. The document has to be readable without signing in"},
		{"discovery 403", "forbidden", "403 Forbidden. The document has to be readable"},
		{"discovery 500", "internal error", "500 Internal Server Error. The identity provider"},
		{"invalid JSON", "no JSON", "it is not valid JSON. The answer was cut off"},
		{"duplicate members", "two issuers in one document", `it has the member "issuer" twice`},
		{"huge nesting", "nested a million deep", "nested too deeply"},
		{"issuer mismatch", "issuer mismatch", "calls itself https://evil.example.com, not https://sso.example.com"},
		{"issuer differs in a slash", "trailing slash", "with another slash at the end"},
		{"credentials in the issuer", "issuer with a password", "holds a user name or password"},
		{"credentials in an endpoint", "token endpoint with a password", "token_endpoint of the discovery document"},
		{"http issuer", "issuer over http", "is http on another machine"},
		{"http token endpoint", "http token endpoint", "token_endpoint, http://"},
		{"http device endpoint", "http device endpoint", "device_authorization_endpoint, http://"},
		{"http keys", "http keys", "jwks_uri, http://"},
		{"endpoint on another origin", "token endpoint on another origin", "an origin that the issuer does not vouch for"},
		{"loopback address", "token endpoint on this machine", "is on http://127.0.0.1, an origin that the issuer does not vouch for"},
		{"loopback address as a number", "token endpoint on this machine as a number", "http://2130706433/token, is http on another machine"},
		{"loopback address in IPv6", "token endpoint on this machine in IPv6 clothes", "is on http://[::ffff:7f00:1], an origin"},
		{"name that looks like a loopback address", "token endpoint on a name like this machine's", "is http on another machine"},
		{"metadata service", "keys at the metadata service", "http://169.254.169.254/latest/meta-data, is http on another machine"},
		{"private address", "keys at a private address", "is on https://10.0.0.1, an origin"},
		{"only symmetric algorithms", "only symmetric algorithms announced", "HS256, none"},

		{"10,000 keys", "10,000 keys", "it has 10000 keys, more than 100"},
		{"no keys", "no keys", "Signing keys, failed: none [want a public key for signatures"},
		{"only encryption keys", "only an encryption key", "none; 1 not for signing, left alone"},
		{"RSA 512 bit", "weak RSA 512", "has only 512 bits"},
		{"oct key", "symmetric key", "is symmetric: whoever can check a token could make one"},
		{"private key", "private key published", "is published with its private part"},
		{"ES256 key off the curve", "point off the curve", "X/Y are not on declared curve"},
		{"duplicate kid", "duplicated keys", "kid used twice: rsa-1"},
		{"keys without kid", "keys without a kid", "1 of 1 signing key without a kid"},

		{"alg none", "alg none", "The token is not signed"},
		{"HS256", "HS256 with the public key as secret", "It is symmetric"},
		{"kid missing", "kid missing", "the token names none"},
		{"kid unknown", "unknown kid", "[want a signing key of the JWKS: rsa-1]"},
		{"expired token", "expired", "ran out 60 minutes ago"},
		{"token not yet valid", "not yet valid", "is not valid before 60 minutes have passed"},
		{"token of another issuer", "iss of another", "https://evil.example.com"},
		{"opaque token", "opaque token", "opaque: not a JWT"},
		{"terminal escapes in an error description", "unknown scope", `("Invalid scopes: [31mfoo")`},
		{"terminal escapes in an error code", "error of its own", "answers [5mteapot"},
		{"terminal escapes in a code to type", "escapes in user_code", "holds control or invisible characters"},
		{"page of a browser", "verification_uri of a browser", "is not an absolute http or https URL"},

		{"TLS expired", "expired certificate", "is not valid now: it is valid from 1999-10-01 to 1999-12-31. Renew"},
		{"TLS not yet valid", "certificate not valid yet", "It begins later"},
		{"TLS wrong host", "certificate of another host", "is for another host name"},
		{"TLS unknown CA", "unknown CA", "signed by an authority that is not known here"},
		{"TLS 1.0", "TLS 1.0", "it refuses versions 1.2 and 1.3"},
		{"TLS with a client certificate", "TLS wants a client certificate", "refuses to speak TLS"},
		{"no TLS", "plain http on the https port", "does not speak TLS"},
	}
}
