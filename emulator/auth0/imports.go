package auth0

import (
	"strings"

	"github.com/idpctl/idpctl/emulator/jsonvalue"
)

// importSchema are the properties of a user that is imported (section 9).
func importSchema() schema {
	return schema{"email": "string", "email_verified": "boolean", "user_id": "string", "username": "string", "given_name": "string", "family_name": "string",
		"name": "string", "nickname": "string", "picture": "string", "blocked": "boolean", "password_hash": "string", "custom_password_hash": "object",
		"app_metadata": "object", "user_metadata": "object", "mfa_factors": "array", "phone_number": "string", "phone_verified": "boolean"}
}

// problem is one error of a user; a path is there at times.
func problem(code, path, message string) object {
	o := object{"code": code, "message": message}
	if path != "" {
		o["path"] = path
	}
	return o
}

// run imports the users of a job. An invalid one does not fail the job, a file
// that is no list does (section 9).
func (s *Server) run(j *job) {
	con := s.get(KindConnection, j.connection)
	v, err := parse(j.users)
	all, isList := v.([]any)
	if err != nil || !isList || con == nil {
		j.status = "failed"
		return
	}
	j.status = "completed"
	seen := map[string]bool{}
	for _, one := range all {
		in, _ := one.(object)
		bad := checkImport(in, seen)
		if bad == nil {
			bad = s.importOne(j, con, in)
		}
		if bad == nil {
			continue
		}
		j.failed++
		j.errors = append(j.errors, object{"user": redacted(in), "errors": []any{bad}})
	}
}

// redacted hides what is secret (section 9).
func redacted(in object) object {
	o, _ := jsonvalue.Clone(in).(object)
	if o == nil {
		return object{}
	}
	if hash := sub(sub(o, "custom_password_hash"), "hash"); hash != nil {
		hash["value"] = "*****"
	}
	if o["password_hash"] != nil {
		o["password_hash"] = "*****"
	}
	return o
}

// checkImport checks one user of a file; seen are the keys of those before it.
func checkImport(in object, seen map[string]bool) object {
	if in == nil {
		return problem("INVALID_TYPE", "", "Expected type object")
	}
	for _, name := range sortedKeys(in) {
		want, known := importSchema()[name]
		if !known {
			return problem("OBJECT_ADDITIONAL_PROPERTIES", "", "Additional properties not allowed: "+name)
		}
		if err := checkType(name, want, in[name]); err != nil {
			return problem("INVALID_TYPE", name, "Error in "+name+" property - Expected type "+want+" but found type "+typeOf(in[name]))
		}
	}
	email := str(in, "email")
	if email == "" && str(in, "username") == "" && str(in, "phone_number") == "" {
		return problem("ANY_OF_MISSING", "", "At least one of email, phone_number or username is required")
	}
	if email != "" && !validEmail(email) {
		return problem("INVALID_FORMAT", "email", "Error in email property - Object didn't pass validation for format email: "+email)
	}
	if in["password_hash"] != nil && in["custom_password_hash"] != nil {
		return problem("NOT_PASSED", "", "password_hash and custom_password_hash exclude each other")
	}
	for _, name := range []string{"email", "username", "user_id"} {
		key := name + " " + strings.ToLower(str(in, name))
		if seen[key] {
			return problem("DUPLICATED_USER", "", "A user with this "+name+" was already provided.")
		}
		if str(in, name) != "" {
			seen[key] = true
		}
	}
	return nil
}

// importOne creates or, with upsert, changes a user. Only users with the same
// e-mail are changed; their metadata is replaced, not merged (section 9).
func (s *Server) importOne(j *job, con *state, in object) object {
	other, key := s.sameUser(j.connection, str(in, "user_id"), str(in, "email"), str(in, "username"))
	if other == nil {
		hashed := in["password_hash"] != nil || in["custom_password_hash"] != nil
		for _, name := range []string{"password_hash", "custom_password_hash", "mfa_factors"} {
			delete(in, name)
		}
		st := s.newUser(in, con)
		st.hashed = hashed
		s.write(KindUser, str(st.props, "user_id"), st)
		j.inserted++
		return nil
	}
	if byEmail, _ := s.sameUser(j.connection, "", str(in, "email"), ""); byEmail == nil && j.upsert {
		return problem("CONFLICT", "", "The "+key+" is that of another user.")
	} else if !j.upsert {
		return problem("DUPLICATED_USER", "", "The user already exists.")
	}
	next := other.copy()
	for _, name := range []string{"email_verified", "given_name", "family_name", "name", "nickname", "picture", "blocked", "app_metadata", "user_metadata"} {
		if v, sent := in[name]; sent {
			next.props[name] = v
		}
	}
	next.props["updated_at"] = timestamp(s.now())
	s.write(KindUser, str(next.props, "user_id"), next)
	j.updated++
	return nil
}
