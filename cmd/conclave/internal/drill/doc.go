// Package drill prepares accidents for people to practise: a trust that was
// founded by the ceremony's own rules on virtual tokens, published, and then hit
// by something. What the people are to achieve is judged by what the ceremony
// adds up to in the end, not by which keys they pressed.
//
// The package does not know any screen, and nothing about how an accident is
// dealt with: that is what the people are to find out.
package drill
