// Package strict reads JSON that holds nothing unknown. Call [JSON]; what the
// fields mean it does not know.
package strict
