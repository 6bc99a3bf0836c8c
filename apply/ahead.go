package apply

import (
	"github.com/idpctl/idpctl/internal/parallel"
	"github.com/idpctl/idpctl/plan"
	"github.com/idpctl/idpctl/resource"
)

// ahead makes changes ready while the server is at work on the layers before
// them. It does so with those of which everything was known when the plan was
// made: nothing that happens meanwhile has a say in them.
type ahead struct {
	layers []aheadLayer
	// done is closed when nothing is under way any more.
	done chan struct{}
}

type aheadLayer struct {
	tasks map[resource.Address]*task
	ready chan struct{}
}

// prepareAhead begins with the second layer; the first is not waited for.
func (e *executor) prepareAhead(layers [][]*plan.Change) *ahead {
	a := &ahead{layers: make([]aheadLayer, len(layers)), done: make(chan struct{})}
	for i := range a.layers {
		a.layers[i].ready = make(chan struct{})
	}
	go func() {
		defer close(a.done)
		for i, layer := range layers {
			if i > 0 && !isRemoval(layer[0]) && !e.stopped() {
				a.layers[i].tasks = e.prepare(layer)
			}
			close(a.layers[i].ready)
		}
	}()
	return a
}

// of waits for what is prepared of a layer.
func (a *ahead) of(layer int) map[resource.Address]*task {
	<-a.layers[layer].ready
	return a.layers[layer].tasks
}

// prepare makes tasks of the changes that are known.
func (e *executor) prepare(layer []*plan.Change) map[resource.Address]*task {
	out := map[resource.Address]*task{}
	var tasks []*task
	for _, c := range layer {
		if foreknown(c) {
			t := e.newTask(c, nil)
			tasks, out[c.Address] = append(tasks, t), t
		}
	}
	parallel.Each(len(tasks), func(i int) { tasks[i].refine() })
	return out
}

// foreknown reports whether nothing in a wish has to wait for the apply.
func foreknown(c *plan.Change) bool {
	return c.Address.Mode != resource.Data && c.Desired != nil && c.Desired.Attrs.IsWhollyKnown()
}
