// Package script prints what people will do, with boxes to fill in: [Founding]
// before the day, by a plan; [Cosigning], of a bundle; [Rest], of a ceremony that
// has begun.
//
// It asks a ceremony for its steps, as the screens do, and knows no rule itself.
package script
