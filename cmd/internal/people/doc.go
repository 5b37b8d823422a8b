// Package people holds a ceremony with the built program as careful people
// would: they read each page and do what it asks for. The demo shows them at
// work; tests have them make mistakes.
//
// It knows the pages by their titles, as a person does, and nothing of how the
// program works inside.
package people
