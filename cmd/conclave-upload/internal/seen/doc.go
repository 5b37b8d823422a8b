// Package seen is what a machine remembers of the sets that it has verified:
// so that a registry can't go back behind them, and so that nothing is read
// twice.
//
// It does not verify: it keeps what was verified, and hands it out as it was.
package seen
