// Package schedule says what of a trust expires when, by which day people have to
// sign, and which signatures are missing. Call [Of] for a bundle or a workspace,
// [OfFound] for a repository, and [Schedule.Calendar] for a calendar.
//
// It has no clock, and does not know where the files came from.
package schedule
