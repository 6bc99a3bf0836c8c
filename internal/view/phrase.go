package view

import (
	"fmt"
	"time"

	"github.com/idpctl/idpctl/apply"
	"github.com/idpctl/idpctl/plan"
)

// phrase is how progress speaks of an action: "Creating", "Creation".
type phrase struct{ doing, noun string }

func phraseOf(e apply.Event) phrase {
	switch e.Action {
	case plan.Create:
		return phrase{"Creating", "Creation"}
	case plan.Replace:
		return phrase{"Replacing", "Replacement"}
	case plan.Delete:
		return phrase{"Destroying", "Destruction"}
	case plan.Forget:
		return phrase{"Releasing", "Release"}
	case plan.Read:
		return phrase{"Reading", "Read"}
	}
	switch {
	case e.Adopt:
		return phrase{"Adopting", "Adoption"}
	case e.Action == plan.Update:
		return phrase{"Updating", "Update"}
	default: // only the state changes
		return phrase{"Recording", "Recording"}
	}
}

// took is " after 0.2s", or nothing for a negative duration.
func took(d time.Duration) string {
	switch {
	case d < 0:
		return ""
	case d < 10*time.Second:
		return fmt.Sprintf(" after %.1fs", d.Seconds())
	default:
		return " after " + elapsed(d)
	}
}

// elapsed writes a duration in whole seconds.
func elapsed(d time.Duration) string {
	s := int(max(0, d).Seconds())
	switch {
	case s < 60:
		return fmt.Sprintf("%ds", s)
	case s < 3600:
		return fmt.Sprintf("%dm%02ds", s/60, s%60)
	default:
		return fmt.Sprintf("%dh%02dm%02ds", s/3600, s/60%60, s%60)
	}
}
