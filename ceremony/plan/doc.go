// Package plan reads the YAML that people write before a founding. Call [Files]
// to learn which files the plan names, and [Parse] with their contents; an
// [Error] names line and field.
//
// What the plan comes to is judged by package draft, as any later change is: a
// plan is edits of nothing ([Plan.Edits]). It knows nothing of tokens but what
// may be demanded of them.
package plan
