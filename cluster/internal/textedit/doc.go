// Package textedit is what the editors of YAML and of TOML have in common: it
// changes lines and spans of a text and leaves every other byte as it is, and
// shows a file without its secrets. It knows neither of the two languages.
package textedit
