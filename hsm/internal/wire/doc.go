// Package wire holds what both ends of a PIV card say to each other: command
// APDUs (ISO/IEC 7816-4), BER-TLV, the numbers of slots,
// algorithms, objects and policies (SP 800-73-4, SP 800-78-4, Yubico's PIV
// extensions), and the extensions of Yubico's attestation certificates.
//
// It does not know of readers, connections or trust: it only reads and writes
// bytes, and everything that reads is written for hostile input.
package wire
