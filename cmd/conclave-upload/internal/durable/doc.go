// Package durable writes small files so that they are either there, whole and
// on the medium, or not there.
//
// It does not know what they hold.
package durable
