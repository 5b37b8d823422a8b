// Package trusttest makes trusts for tests: real keys, real metadata, signed as
// holders would. It does not know how they are published.
package trusttest
