package config

import (
	"strings"
	"testing"

	"github.com/zclconf/go-cty/cty"
	ctyjson "github.com/zclconf/go-cty/cty/json"
)

const edgePrelude = `
provider "keycloak" {
  url = "https://sso.example.com"
}
realm "main" {}
client "c" {
  realm = realm.main
}
user "u" {
  realm      = realm.main
  email      = "u@example.com"
  first_name = "U"
  last_name  = "U"
}
`

// TestEdges: mistakes that are rarer than those of the golden files, each with
// what is said about it; the mistake is on a line that ends with "# here".
func TestEdges(t *testing.T) {
	user := func(rest string) string {
		return "user \"x\" {\n  realm = realm.main\n  email = \"x@example.com\"\n  first_name = \"X\"\n  last_name = \"X\"\n" + rest + "\n}\n"
	}
	for name, test := range map[string]struct{ text, want string }{
		"count is null":                {user("  count = null # here"), "must be a whole number"},
		"count is unset by a variable": {"variable \"n\" {\n  default = null\n  type = number\n}\n" + user("  count = var.n # here"), "must be a whole number"},
		"for_each is a text":           {user("  for_each = \"a\" # here"), "for_each takes a map or a set of strings, and this is of the type string"},
		"for_each holds null":          {user("  for_each = toset([\"a\", null]) # here"), "a set that holds null"},
		"count.index without count":    {user("  username = \"u${count.index}\" # here"), `The "count" object can be used only in blocks with count`},
		"each without for_each":        {user("  username = each.key # here"), `"each" object`},
		"locals as a whole":            {"locals {\n  a = 1\n  b = local # here\n}\n", `The "local" object cannot be used as a whole`},
		"var as a whole":               {"output \"o\" {\n  value = var # here\n}\n", `The "var" object cannot be used as a whole`},
		"half a data reference":        {"output \"o\" {\n  value = data.user # here\n}\n", "A reference to a data block has the form data.user.marty"},
		"all counted users":            {user("  count = 2") + "output \"o\" {\n  value = user.x.id # here\n}\n", "count set"},
		"an empty version":             {"idpctl {\n  required_version = \"soon\" # here\n}\n", "is not a version constraint"},
		"another version":              {"idpctl {\n  required_version = \">= 99\" # here\n}\n", "This configuration needs idpctl >= 99"},
		"a namespace with spaces":      {"idpctl {\n  namespace = \"a b\" # here\n}\n", "A namespace starts with a letter or digit"},
		"a rule that is no rule":       {"variable \"v\" {\n  default = 1\n  validation {\n    condition = \"maybe\" # here\n    error_message = \"No.\"\n  }\n}\n", "The condition must be true or false"},
		"an element of another type":   {"variable \"v\" {\n  type = map(list(number))\n  default = { a = [1, \"x\"] } # here\n}\n", "element [\"a\"][1]: a number is required"},
		"depends_on of a variable":     {"variable \"v\" {}\n" + user("  depends_on = [var.v] # here"), "A block is named here, as in user.marty"},
		"a secret key in an attribute": {"variable \"v\" {\n  default = { CANARY = [1] }\n  sensitive = true\n}\n" + user("  attributes = var.v # here"), "it is not shown what does not fit"},
		"keys that are secret":         {"variable \"v\" {\n  default = \"CANARY\"\n  sensitive = true\n}\n" + user("  attributes = { (var.v) = \"x\" } # here"), "Secret keys"},
		"exclusive that is secret":     {"cluster \"k\" {\n  client    = client.c\n  exclusive = sensitive(true) # here\n}\n", "what idpctl does shows it"},
		"a rule without a full stop":   {"variable \"v\" { # here\n  default = 1\n  validation {\n    condition = false\n    error_message = \"No\"\n  }\n}\n", "No. The rule is at"},
		"an odd domain":                {"user \"x\" {\n  realm = realm.main\n  email = \"x@-example.com\" # here\n  first_name = \"X\"\n  last_name = \"X\"\n}\n", "must be an e-mail address"},
		"depends_on of an attribute":   {user("  depends_on = [realm.main.issuer] # here"), "depends_on"},
		"depends_on of nothing":        {user("  depends_on = [realm.nothing] # here"), "There is no block realm.nothing"},
		"on_destroy is a number":       {user("  on_destroy = 5 # here"), "on_destroy"},
		"an unknown nested block": {`realm "n" {
  smtpp { # here
    host = "a"
  }
}
`, "smtpp"},
		"a dynamic block of another kind": {"realm \"n\" {\n  dynamic \"smtpp\" { # here\n    for_each = [1]\n    content {}\n  }\n}\n", "smtpp"},
		"a secret decides on blocks":      {"realm \"n\" {\n  dynamic \"smtp\" {\n    for_each = sensitive([\"a\"]) # here\n    content {\n      host = smtp.value\n    }\n  }\n}\n", "A sensitive value cannot decide which blocks there are"},
		"a member that is a text":         {"group \"g\" {\n  realm = realm.main\n  members = [\"someone\"] # here\n}\n", "members"},
		"members that are a text":         {"group \"g\" {\n  realm = realm.main\n  members = \"someone\" # here\n}\n", "members"},
		"a member that is null":           {"group \"g\" {\n  realm = realm.main\n  members = [user.u, null] # here\n}\n", "holds a null element"},
		"a realm that is an object":       {"client \"d\" {\n  realm = { name = \"main\" } # here\n}\n", "realm"},
		"a realm that is unset":           {"client \"d\" {\n  realm = null # here\n}\n", "realm"},
		"file that is binary":             {"locals {\n  x = file(\"binary\") # here\n}\n", "is not UTF-8; filebase64 reads it"},
		"template that is binary":         {"locals {\n  x = templatefile(\"binary\", {}) # here\n}\n", "is not UTF-8"},
		"base64 that is none":             {"locals {\n  x = base64decode(\"%%\") # here\n}\n", "it is not base64"},
		"one of two":                      {"locals {\n  x = one([1, 2]) # here\n}\n", "either zero or one elements"},
		"one of a text":                   {"locals {\n  x = one(\"ab\") # here\n}\n", "either zero or one elements"},
		"index of a text":                 {"locals {\n  x = index(\"a\", \"a\") # here\n}\n", "a list is required"},
		"index of what is not there":      {"locals {\n  x = index([\"a\"], \"b\") # here\n}\n", "the value is not in the list"},
		"lookup without a map":            {"locals {\n  x = lookup(\"a\", \"b\") # here\n}\n", "requires a map"},
		"lookup without an answer":        {"locals {\n  x = lookup({ a = 1 }, \"b\") # here\n}\n", "has no element of that key"},
		"lookup with too much":            {"locals {\n  x = lookup({ a = 1 }, \"b\", 1, 2) # here\n}\n", "two or three arguments"},
		"sum of nothing":                  {"locals {\n  x = sum([]) # here\n}\n", "cannot sum an empty list"},
		"sum of null":                     {"locals {\n  x = sum([1, null]) # here\n}\n", "holds a null value"},
		"transpose of null":               {"locals {\n  x = transpose({ a = [null] }) # here\n}\n", "holds a null value"},
		"transpose of no list":            {"locals {\n  x = transpose({ a = null }) # here\n}\n", "null value"},
		"a bad pattern":                   {"locals {\n  x = replace(\"a\", \"/(/\", \"\") # here\n}\n", "missing closing"},
		"a deep JSON":                     {"locals {\n  x = jsondecode(format(\"%s%s\", join(\"\", [for i in range(1001) : \"[\"]), join(\"\", [for i in range(1001) : \"]\"]))) # here\n}\n", "nests deeper than 1000 levels"},
		"identity_provider that is a secret": {`cluster "k" {
  client            = client.c
  identity_provider = sensitive("keycloak") # here
}
`, "sensitive"},
		"an alias that is a secret":    {"provider \"keycloak\" {\n  alias = sensitive(\"x\") # here\n  url = \"https://a.example.com\"\n}\n", "alias"},
		"a provider that is read late": {"provider \"keycloak\" {\n  alias = \"l\"\n  url = realm.main.issuer # here\n}\n", "a provider is configured before anything is read"},
	} {
		text := edgePrelude + test.text
		line := strings.Count(text[:strings.Index(text+"# here", "# here")], "\n") + 1
		_, ds := loadFiles(t, map[string]string{"main.idp.hcl": text, "binary": "\xff\xfe"}, func(o *Options) { o.Version = "1.2.3" })
		found := false
		for _, d := range ds {
			found = found || d.Subject.Start.Line == line && strings.Contains(d.Summary+": "+d.Detail, test.want)
		}
		if !found || strings.Contains(ds.Error(), "defect of idpctl") || strings.Contains(ds.Error(), "CANARY") {
			t.Errorf("%s: %q is not said of line %d:\n%v", name, test.want, line, ds)
		}
	}
}

// A file with values holds values that are written out, and what a provider takes
// from the environment is checked like what is written; neither shows a secret.
func TestValuesFromElsewhere(t *testing.T) {
	const text = "provider \"keycloak\" {}\nvariable \"v\" {}\nvariable \"s\" {\n  sensitive = true\n}\n"
	for name, test := range map[string]struct{ values, env, want string }{
		"a function": {"v = upper(\"x\")\ns = \"x\"\n", "KEYCLOAK_URL=https://a.example.com", "a.auto.idpvars:1"},
		"a secret":   {"v = 1\ns = upper(\"CANARY\")\n", "KEYCLOAK_URL=https://a.example.com", "a.auto.idpvars:2:5: Invalid value for variable: The value must be written out"},
		"no URL":     {"v = 1\ns = 1\n", "KEYCLOAK_URL=nowhere", "environment variable KEYCLOAK_URL"},
	} {
		_, ds := loadFiles(t, map[string]string{"main.idp.hcl": text, "a.auto.idpvars": test.values}, func(o *Options) { o.Env = []string{test.env} })
		if len(ds) == 0 || !strings.Contains(ds.Error(), test.want) || strings.Contains(ds.Error(), "CANARY") {
			t.Errorf("%s: %v", name, ds)
		}
	}
}

// TestEdgeValues: expressions over what is unknown, empty or of mixed types.
func TestEdgeValues(t *testing.T) {
	for expr, want := range map[string]string{
		`alltrue([true, user.u.id == "x"])`:                            "",
		`alltrue([false, user.u.id == "x"])`:                           "false",
		`anytrue([null, true])`:                                        "true",
		`alltrue([])`:                                                  "true",
		`length(user.u.id)`:                                            "",
		`length({ a = 1, b = 2 })`:                                     "2",
		`index([user.u.id, "x"], "x")`:                                 "",
		`one(toset(["a"]))`:                                            `"a"`,
		`one([])`:                                                      "null",
		`one(tolist([]))`:                                              "null",
		`lookup(tomap({ a = "x" }), "a")`:                              `"x"`,
		`lookup({ a = 1 }, "b", 2)`:                                    "2",
		`transpose({ (user.u.username) = [user.u.id] })`:               "",
		`matchkeys([user.u.id], ["a"], ["a"])`:                         "",
		`matchkeys(["a"], [user.u.id], ["a"])`:                         "",
		`templatefile("t", { x = user.u.id })`:                         "",
		`format("%s", user.u.id)`:                                      "",
		`setproduct([user.u.id], ["a"]) == []`:                         "false",
		`indent(2, user.u.id)`:                                         "",
		`[for x in toset([1, "a"]) : x]`:                               `["1","a"]`,
		`issensitive(sensitive(user.u.id))`:                            "true",
		`nonsensitive(sensitive("a"))`:                                 `"a"`,
		`length(yamldecode("a: &x !!str b\nc: *x\n? d\n: e"))`:         "3",
		`{ for k, v in { a = 1 } : k => v }`:                           `{"a":1}`,
		`replace("a.b", ".", "-")`:                                     `"a-b"`,
		`strrev("ab")`:                                                 `"ba"`,
		`uuidv5("dns", "example.com") == uuidv5("dns", "example.com")`: "true",
		`tolist(["a", 1])`:                                             `["a","1"]`,
		`toset([])`:                                                    `[]`,
		`toset([{ a = 1 }, { a = 2 }])`:                                `[{"a":1},{"a":2}]`,
		`base64decode(base64encode("ä"))`:                              `"ä"`,
		`urlencode("a b")`:                                             `"a+b"`,
		`parseint("ff", 16)`:                                           "255",
		`cidrsubnets("10.0.0.0/8", 8, 8)`:                              `["10.0.0.0/16","10.1.0.0/16"]`,
		`csvdecode("a,b\n1,2")`:                                        `[{"a":"1","b":"2"}]`,
		`timeadd("2026-01-01T00:00:00Z", "1h")`:                        `"2026-01-01T01:00:00Z"`,
		`formatdate("YYYY", "2026-01-01T00:00:00Z")`:                   `"2026"`,
		`jsonencode({ a = [null, true] })`:                             `"{\"a\":[null,true]}"`,
		`[local.later, 1][1]`:                                          "1",
		`startswith("abc", "a") && endswith("abc", "c") && strcontains("abc","b")`: "true",
	} {
		m, ds := loadFiles(t, map[string]string{
			"main.idp.hcl": edgePrelude + "locals {\n  later = user.u.id\n}\noutput \"x\" {\n  value = " + expr + "\n}\n", "t": "${x}!",
		})
		if ds.HasErrors() {
			t.Errorf("%s: %v", expr, ds)
			continue
		}
		outputs, ds := m.Evaluator().Outputs()
		if ds.HasErrors() || len(outputs) != 1 {
			t.Errorf("%s: %v", expr, ds)
			continue
		}
		got := ""
		if v := outputs[0].Value; v.IsWhollyKnown() {
			got = asJSON(t, v)
		}
		if got != want {
			t.Errorf("%s is %s, not %s", expr, got, want)
		}
	}
}

func asJSON(t *testing.T, v cty.Value) string {
	t.Helper()
	raw, err := ctyjson.Marshal(v, v.Type())
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}
