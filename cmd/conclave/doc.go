// Conclave guides the holders of root and targets keys through creating,
// co-signing and exporting TUF metadata bundles on hardware tokens, on a
// machine without a network.
//
// This package is wiring: each subcommand is a file, machine.go brings the
// machine, its drives and its bundles to the screens, and errors become exit
// codes here and nowhere else. It knows no rule of a ceremony, and nothing in
// it can reach a network.
package main
