package hsmtest

import (
	"encoding/hex"
	"regexp"
	"strings"
	"testing"

	"github.com/conclave-tuf/conclave/hsm/virtual"
)

// exchange is one dialogue with a token fresh from the factory. The lines are
// a command and the pattern of its answer, in hexadecimal.
type exchange struct {
	name     string
	firmware string
	lines    []string
}

const (
	selectPIV = "00a4040005a000000308 61114f0600001000010079074f05a0000003089000"

	// 718293 for 123456, and the answers to wrong ones
	factoryPIN = "313233343536ffff"
	otherPIN   = "373138323933ffff"
	wrongPIN   = "303030303030ffff"
	factoryPUK = "3132333435363738"
	otherPUK   = "3431353236333734"
)

// exchanges is taken from SP 800-73-4 part 2 (sections in brackets) and from
// Yubico's PIV extensions.
func exchanges() []exchange {
	return []exchange{
		{"SELECT [3.1.1]", virtual.Firmware574, []string{
			selectPIV,
			"00a404000ba000000308000010000100 61.*9000",
			"00a4040009a00000030800001000 61.*9000",
			"00a4040005a000000309 6a82",
			"00a4000005a000000308 6a86",
			"00fd0000 0507049000",
			"00f80000 0052aa3d9000",
		}},
		{"nothing works before SELECT", virtual.Firmware574, []string{
			"00fd0000 6d00",
			"0020008008" + factoryPIN + " 6d00",
		}},
		{"the management application", virtual.Firmware543, []string{
			"00a4040008a000000527471117 5669727475616c206d6772202d2046572076657273696f6e20352e342e339000",
			"001d0000 190102001002040052aa3d0302001004010305030504030a01009000",
			"00fd0000 6d00",
		}},
		{"VERIFY [3.2.1]", virtual.Firmware574, []string{
			selectPIV,
			"00200080 63c3",
			"0020008008" + wrongPIN + " 63c2",
			"00200080 63c2",
			"0020008008" + factoryPIN + " 9000",
			"00200080 9000",
			"0020ff80 9000",
			"00200080 63c3",
			"0020008006313233343536 6a80",
			"0020008108" + factoryPIN + " 6a88",
			"0020018008" + factoryPIN + " 6a86",
			"00200080 63c3",
		}},
		{"another application ends the PIN's state", virtual.Firmware574, []string{
			selectPIV,
			"0020008008" + factoryPIN + " 9000",
			selectPIV,
			"00200080 9000",
			"00a4040008a000000527471117 .*9000",
			selectPIV,
			"00200080 63c3",
		}},
		{"a PIN is blocked, and unblocked by the PUK [3.2.3]", virtual.Firmware574, []string{
			selectPIV,
			"0020008008" + wrongPIN + " 63c2",
			"0020008008" + wrongPIN + " 63c1",
			"0020008008" + wrongPIN + " 63c0",
			"0020008008" + factoryPIN + " 6983",
			"00200080 6983",
			"002c008010" + otherPUK + otherPIN + " 63c2",
			"002c008010" + factoryPUK + otherPIN + " 9000",
			"0020008008" + factoryPIN + " 63c2",
			"0020008008" + otherPIN + " 9000",
		}},
		{"CHANGE REFERENCE DATA [3.2.2]", virtual.Firmware574, []string{
			selectPIV,
			"0024008010" + wrongPIN + otherPIN + " 63c2",
			"0024008010" + factoryPIN + otherPIN + " 9000",
			"0024008010" + otherPIN + "31323334ffffffff" + " 6a80",
			"0020008008" + otherPIN + " 9000",
			"0024008110" + factoryPUK + otherPUK + " 9000",
			"0024008110" + factoryPUK + otherPUK + " 63c2",
			"0024008210" + factoryPUK + otherPUK + " 6a88",
		}},
		{"RESET needs both blocked", virtual.Firmware574, []string{
			selectPIV,
			"00fb0000 6985",
			"0020008008" + wrongPIN + " 63c2", "0020008008" + wrongPIN + " 63c1", "0020008008" + wrongPIN + " 63c0",
			"00fb0000 6985",
			"0024008110" + otherPUK + otherPUK + " 63c2", "0024008110" + otherPUK + otherPUK + " 63c1", "0024008110" + otherPUK + otherPUK + " 63c0",
			"00fb0000 9000",
			"0020008008" + factoryPIN + " 9000",
		}},
		{"GET METADATA of secrets", virtual.Firmware574, []string{
			selectPIV,
			"00f70080 0101ff050101060203039000",
			"00f70081 0101ff050101060203039000",
			"00f7009b 01010a0202000105010" + "19000",
			"0020008008" + wrongPIN + " 63c2",
			"0024008110" + factoryPUK + otherPUK + " 9000",
			"00f70080 0101ff050101060203029000",
			"00f70081 0101ff050100060203039000",
			"00f7009c 6a88",
		}},
		{"firmware 5.4 has a 3DES management key", virtual.Firmware543, []string{
			selectPIV, "00f7009b 01010302020001050101" + "9000",
			"00870a9b047c028000 6a86",
		}},
		{"firmware 5.2 has no GET METADATA", virtual.Firmware52, []string{
			selectPIV, "00f70080 6d00", "00f7009c 6d00",
		}},
		{"what needs the management key [3.3]", virtual.Firmware574, []string{
			selectPIV,
			"0047009c05ac03800111 6982",
			"00db3fff0a5c035fc10a5303700100 6982",
			"00ffffff1b0a9b18000102030405060708090a0b0c0d0e0f1011121314151617 6982",
			"00fa0303 6982",
			"00870a9b047c028000 7c128010.{32}9000",
			"00870a9b267c248010000102030405060708090a0b0c0d0e0f8110000102030405060708090a0b0c0d0e0f 6982",
			"00870a9b267c248010000102030405060708090a0b0c0d0e0f8110000102030405060708090a0b0c0d0e0f 6982",
		}},
		{"no key, nothing to sign or attest [3.2.4]", virtual.Firmware574, []string{
			selectPIV,
			"0087119c267c2482008120" + strings.Repeat("00", 32) + " 6a88",
			"00f99c00 6a80",
			"00f99100 6a80",
		}},
		{"GET DATA [3.1.2], short and with the rest by GET RESPONSE", virtual.Firmware574, []string{
			selectPIV,
			"00cb3fff055c035fc10a 6a82",
			"00cb3fff055c035fc109 6982",
			"00cb3fff035c017e 7e124f0ba00000030800001000010" + "05f2f0240009000",
			"00cb3fff055c035fff01 53820[12]..70820.*61..",
			"00c0000000 .*9000",
			"00c0000000 6985",
		}},
		{"GET DATA, extended", virtual.Firmware574, []string{
			selectPIV,
			"00cb3fff0000055c035fff010000 53820.*9000",
			"00cb3fff0000055c035fff010100 53820.*61..",
		}},
		{"what is no command", virtual.Firmware574, []string{
			selectPIV,
			"0020008009" + factoryPIN + " 6700", "80fd0000 6e00", "00ee0000 6d00", "0020008000000000 6700",
			"00cb3fff0" + "55c045fc10a 6a80",
			"00870a9b047c058000 6a80",
		}},
		{"command chaining", virtual.Firmware574, []string{
			selectPIV,
			"1024008008" + factoryPIN + " 9000",
			"0024008008" + otherPIN + " 9000",
			"0020008008" + otherPIN + " 9000",
			"1024008008" + factoryPIN + " 9000", // left alone by another command
			"00fd0000 0507049000",
			"0024008008" + otherPIN + " 6a80",
		}},
	}
}

// Exchanges holds dialogues with tokens. connect puts a card where it can be
// talked to, and returns how.
func Exchanges(t *testing.T, connect func(t *testing.T, c *virtual.Card) func(command []byte) (answer []byte, err error)) {
	for _, e := range exchanges() {
		t.Run(e.name, func(t *testing.T) {
			c, err := virtual.NewCard(virtual.Config{Serial: 5417533, Firmware: e.firmware})
			if err != nil {
				t.Fatal(err)
			}
			do := connect(t, c)
			for _, line := range e.lines {
				send, want, _ := strings.Cut(line, " ")
				command, err := hex.DecodeString(send)
				if err != nil {
					t.Fatalf("%s: %v", line, err)
				}
				got, err := do(command)
				if err != nil {
					t.Fatalf("%s: %v", send, err)
				}
				if !regexp.MustCompile("^(?:" + want + ")$").MatchString(hex.EncodeToString(got)) {
					t.Fatalf("%s\n got %x\nwant %s", send, got, want)
				}
			}
		})
	}
}
