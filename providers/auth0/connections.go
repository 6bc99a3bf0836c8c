package auth0

import (
	"context"
	"slices"
	"strings"

	"github.com/auth0/go-auth0/management"
	"github.com/zclconf/go-cty/cty"

	"github.com/idpctl/idpctl/providers"
	"github.com/idpctl/idpctl/providers/work"
)

// connection is one that users sign in with.
type connection struct {
	ID       string `json:"id"`
	Name     string `json:"name"`
	Strategy string `json:"strategy"`
	// Domain: promoted to the domain level, so that third parties may use it.
	Domain  bool `json:"is_domain_connection"`
	Options struct {
		PasswordPolicy string `json:"passwordPolicy"`
		DisableSignup  bool   `json:"disable_signup"`
		// RequiresUsername: users have a name beside their e-mail.
		RequiresUsername bool `json:"requires_username"`
	} `json:"options"`
}

// database is the strategy of database connections.
const database = "auth0"

// databases are the database connections, with their options.
func (c *conn) databases(ctx context.Context) ([]connection, error) {
	return c.connections.Get(func() ([]connection, error) {
		return c.listConnections(ctx, []string{"connections"}, management.Parameter("strategy", database), management.IncludeFields("name", "strategy", "is_domain_connection", "options"))
	})
}

// others are all connections. Their options are not asked for: they may have
// secrets of other identity providers.
func (c *conn) others(ctx context.Context) ([]connection, error) {
	return c.everyConnection.Get(func() ([]connection, error) {
		return c.listConnections(ctx, []string{"connections"}, management.IncludeFields("name", "strategy", "is_domain_connection"))
	})
}

// listConnections reads a list of connections, all or those of a client.
func (c *conn) listConnections(ctx context.Context, path []string, options ...management.RequestOption) ([]connection, error) {
	var out []connection
	err := c.checkpoints(ctx, call{doing: "list connections", scope: readConnections}, pageSize, path, options, func(raw []byte) (string, error) {
		var page struct {
			Connections []connection `json:"connections"`
			Next        string       `json:"next"`
		}
		err := decode(raw, &page)
		out = append(out, page.Connections...)
		return page.Next, err
	})
	return out, err
}

// connectionNamed finds a connection; nil if there is none.
func (c *conn) connectionNamed(ctx context.Context, name string) (*connection, error) {
	list, err := c.databases(ctx)
	if err != nil {
		return nil, err
	}
	named := func(con connection) bool { return con.Name == name }
	if i := slices.IndexFunc(list, named); i >= 0 {
		return &list[i], nil
	}
	if list, err = c.others(ctx); err != nil {
		return nil, err
	}
	if i := slices.IndexFunc(list, named); i >= 0 {
		return &list[i], nil
	}
	return nil, nil
}

func names(list []connection) []string {
	out := make([]string, len(list))
	for i, con := range list {
		out[i] = con.Name
	}
	slices.Sort(out)
	return out
}

func unknownConnection(attribute, name string, have []connection) error {
	return work.Invalid(attribute, "The tenant has: "+providers.Clean(strings.Join(names(have), ", "), 400), "The tenant has no connection %s", work.Quoted(name))
}

// Defaults is the only database connection; see [providers.Defaulter].
func (c *conn) Defaults(ctx context.Context, kind string) (map[string]cty.Value, map[string]error, error) {
	attribute := map[string]string{"user": "connection", "client": "connections"}[kind]
	if attribute == "" {
		return nil, nil, nil
	}
	list, err := c.databases(ctx)
	if err != nil {
		return nil, nil, err
	}
	if len(list) == 1 {
		v := cty.StringVal(list[0].Name)
		if kind == "client" {
			v = cty.SetVal([]cty.Value{v})
		}
		return map[string]cty.Value{attribute: v}, nil, nil
	}
	why := work.Invalid(attribute, "Make one in the dashboard: Authentication, Database", "The tenant has no database connection")
	if len(list) > 1 {
		hint := "Write connection = " + work.Quoted(names(list)[0]) + ", or another one: "
		if kind == "client" {
			hint = "Write connections = [" + work.Quoted(names(list)[0]) + "], or others: "
		}
		why = work.Invalid(attribute, hint+providers.Clean(strings.Join(names(list), ", "), 400), "The tenant has several database connections, and it is not said which one is meant")
	}
	return nil, map[string]error{attribute: why}, nil
}

// enabledOn are the ids of the clients that may use a connection
// (https://auth0.com/docs/api/management/v2/connections/get-connection-clients).
func (c *conn) enabledOn(ctx context.Context, con connection) (map[string]bool, error) {
	out := map[string]bool{}
	q := call{doing: "list the applications of connection " + work.Quoted(con.Name), scope: readConnections}
	err := c.checkpoints(ctx, q, enabledPage, []string{"connections", con.ID, "clients"}, nil, func(raw []byte) (string, error) {
		var page struct {
			Clients []struct {
				ID string `json:"client_id"`
			} `json:"clients"`
			Next string `json:"next"`
		}
		err := decode(raw, &page)
		for _, client := range page.Clients {
			out[client.ID] = true
		}
		return page.Next, err
	})
	return out, err
}

// enable switches a connection on or off for a client. It is a delta: others stay.
func (c *conn) enable(ctx context.Context, con connection, client string, on bool) error {
	q := call{doing: "enable connection " + work.Quoted(con.Name), scope: enableOn, nature: repeatable}
	if !on {
		q.doing = "disable connection " + work.Quoted(con.Name)
	}
	_, err := c.ask(ctx, q, func(ctx context.Context, api *management.Management) error {
		return api.Connection.UpdateEnabledClients(ctx, con.ID, []management.ConnectionEnabledClient{{ClientID: &client, Status: &on}})
	})
	return err
}
