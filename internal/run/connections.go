package run

import (
	"context"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/zclconf/go-cty/cty"

	"github.com/idpctl/idpctl/apply"
	"github.com/idpctl/idpctl/diag"
	"github.com/idpctl/idpctl/providers"
	"github.com/idpctl/idpctl/resource"
)

// connections opens one connection for each provider block, when it is first
// needed, and keeps it until the end of the run.
type connections struct {
	registry map[string]providers.Provider // by type
	ranges   map[string]diag.Range         // by name of the block
	// attrRanges are the places of its arguments.
	attrRanges map[string]map[string]diag.Range
	config     func(name string) (cty.Value, diag.Diagnostics)
	template   providers.Config

	mu   sync.Mutex
	open map[string]providers.Conn

	// infos keeps what is static, by type, and blocks what provider blocks say
	// otherwise, by their names: it is asked for with every object.
	infosMu sync.Mutex
	infos   map[string]providers.Info
	blocks  map[string]providers.Info
}

// providerType is the type of a provider block: "keycloak" of "keycloak.eu".
func providerType(name string) string {
	typ, _, _ := strings.Cut(name, ".")
	return typ
}

func (c *connections) get(ctx context.Context, name string) (providers.Conn, diag.Diagnostics) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if conn, ok := c.open[name]; ok {
		return conn, nil
	}
	p, ok := c.registry[providerType(name)]
	if _, configured := c.ranges[name]; !ok || !configured {
		return nil, diag.Diagnostics{{
			Summary: "Provider configuration not present",
			Detail:  "The state has objects of provider " + name + ", but the configuration has no such provider block. Put it back until they are destroyed or released.",
		}}
	}
	attrs, diags := c.config(name)
	if diags.HasErrors() {
		return nil, diags
	}
	cfg := c.template
	cfg.Attrs, _ = attrs.UnmarkDeep()
	conn, err := p.Open(ctx, cfg)
	if err != nil {
		return nil, append(diags, c.diagnose(name, err, ""))
	}
	c.open[name] = conn
	c.note(name, cfg.Attrs)
	return conn, diags
}

// note keeps what a provider block says otherwise than the provider does.
func (c *connections) note(name string, attrs cty.Value) {
	info, ok := c.info(providerType(name))
	if !ok || info.FromBlock == (providers.FromBlock{}) {
		return
	}
	c.infosMu.Lock()
	defer c.infosMu.Unlock()
	if c.blocks == nil {
		c.blocks = map[string]providers.Info{}
	}
	c.blocks[name] = info.Of(attrs)
}

// servers are those that there are connections to, by the name of the block.
func (c *connections) servers() map[string]string {
	c.mu.Lock()
	defer c.mu.Unlock()
	out := make(map[string]string, len(c.open))
	for name, conn := range c.open {
		out[name] = conn.Server()
	}
	return out
}

// elsewhere says of the open connections which go to another address than the
// usual one.
func (c *connections) elsewhere() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	var out []string
	for _, name := range slices.Sorted(maps.Keys(c.open)) {
		if where := c.open[name].Elsewhere(); where != "" {
			out = append(out, "provider."+name+" "+where+".")
		}
	}
	return out
}

// mayLag says of the open connections which were asked by a search index.
func (c *connections) mayLag() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	var out []string
	for _, name := range slices.Sorted(maps.Keys(c.open)) {
		if lag := providers.SearchLag(c.open[name]); lag > 0 {
			out = append(out, "What somebody else changed at provider."+name+" within the last "+apply.Seconds(lag)+" may be missing, as its search index is behind; -refresh=strict reads each object by itself.")
		}
	}
	return out
}

// close ends all connections; sessions at the provider end with them.
func (c *connections) close() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for name, conn := range c.open {
		_ = conn.Close() // the run is over, and its work is recorded
		delete(c.open, name)
	}
}

// info is the static description of the provider behind a block's name, with what the
// block says otherwise once it was connected to.
func (c *connections) info(name string) (providers.Info, bool) {
	typ := providerType(name)
	c.infosMu.Lock()
	defer c.infosMu.Unlock()
	if info, ok := c.blocks[name]; ok {
		return info, true
	}
	info, ok := c.infos[typ]
	if !ok {
		p, known := c.registry[typ]
		if !known {
			return providers.Info{}, false
		}
		info = p.Info()
		info.Kinds = slices.Clone(info.Kinds)
		for i, k := range info.Kinds {
			info.Kinds[i] = k.Ready()
		}
		if c.infos == nil {
			c.infos = map[string]providers.Info{}
		}
		c.infos[typ] = info
	}
	return info, true
}

// kind finds a kind of the provider behind a block's name.
func (c *connections) kind(provider, kind string) (resource.Kind, bool) {
	info, ok := c.info(provider)
	if !ok {
		return resource.Kind{}, false
	}
	return info.Kind(kind)
}
