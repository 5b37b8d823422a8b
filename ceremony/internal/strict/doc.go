// Package strict reads JSON that holds nothing unknown, and nothing in two ways.
// Call [JSON]; what the fields mean it does not know.
package strict
