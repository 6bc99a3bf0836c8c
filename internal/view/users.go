package view

import "slices"

// User is a user with the id that its tokens carry, for [View.Users].
type User struct {
	Address   string `json:"address"`
	ID        string `json:"id"`
	Username  string `json:"username"`
	Email     string `json:"email"`
	FirstName string `json:"first_name"`
	LastName  string `json:"last_name"`
	// Source says where the user is from: "created", "adopted", or "data".
	Source string `json:"source"`
}

// Users shows users with their ids: as a table, or as JSON. On a terminal that
// is too narrow for all columns the names are left out: the e-mail tells who
// it is, and ids and e-mails are there to be copied.
func (v *View) Users(list []User) error {
	if v.opts.JSON {
		if list == nil {
			list = []User{}
		}
		return v.object(struct {
			header
			Users []User `json:"users"`
		}{headerOf("users"), list})
	}
	rows := make([][]string, len(list))
	for i, u := range list {
		rows[i] = []string{u.Address, u.Email, u.FirstName + " " + u.LastName, u.ID}
	}
	headers := []string{"Address", "E-mail", "Name", "ID"}
	if v.opts.Terminal && natural(headers, rows) > v.opts.Width {
		headers = slices.Delete(headers, 2, 3)
		for i := range rows {
			rows[i] = slices.Delete(rows[i], 2, 3)
		}
	}
	return v.Table(headers, rows)
}
