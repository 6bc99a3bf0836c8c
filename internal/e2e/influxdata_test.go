//go:build influxdata

package e2e

import (
	"os"
	"path/filepath"
	"testing"
)

// TestStoryOfTheShippedFile is the story told with the AppInstance that
// InfluxData ships, which is not part of this repository.
func TestStoryOfTheShippedFile(t *testing.T) {
	shipped, err := os.ReadFile(filepath.Join("..", "..", "..", "shared", "influxdb", "example-customer.yml"))
	if err != nil {
		t.Fatal(err)
	}
	forEachTarget(t, func(t *testing.T, on *target) {
		tellStory(t, on, string(shipped))
	})
}
