// Package trust is what is known of a trust, and what of it stands.
//
// [Contents] is all that a bundle or a workspace holds. [KnownOf] reads it, and a
// [Known] answers for every role which version stands, which are contested, how
// far the signatures are and who can still give one: everything else asks it.
// [Assemble] makes of it the [Set] that an uploader publishes, [CheckContents]
// holds that against the rules of clients, [Adopt] reads what others published.
//
// The package does not know plans, drafts or journals, and has no clock.
package trust
