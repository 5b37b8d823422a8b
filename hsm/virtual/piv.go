package virtual

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"encoding/binary"
	"math/big"

	"github.com/conclave-tuf/conclave/hsm/internal/status"
	"github.com/conclave-tuf/conclave/hsm/internal/wire"
)

// piv answers the commands of the PIV application.
func (a *Applet) piv(ctx context.Context, cmd wire.Command) ([]byte, error) {
	c := a.Card
	// "PIN always" means the command right before (SP 800-73-4 part 1, 5.2.2).
	if cmd.INS != wire.InsAuthenticate && cmd.INS != wire.InsVerify {
		c.stale()
	}
	switch cmd.INS {
	case wire.InsVerify:
		return nil, a.verify(cmd)
	case wire.InsChangeReference, wire.InsResetRetry:
		return nil, a.changeReference(cmd)
	case wire.InsAuthenticate:
		return a.authenticate(ctx, cmd)
	case wire.InsGenerate:
		return a.generate(cmd)
	case wire.InsGetData:
		return a.getData(cmd)
	case wire.InsPutData:
		return nil, a.putData(cmd)
	case wire.InsGetMetadata:
		return a.metadata(wire.Slot(cmd.P2))
	case wire.InsGetSerial:
		return serialBytes(c.cfg.Serial), nil
	case wire.InsGetVersion:
		return c.firmware[:], nil
	case wire.InsAttest:
		cert, err := c.Attest(wire.Slot(cmd.P1))
		if err != nil {
			return nil, err
		}
		return cert.Raw, nil
	case wire.InsSetManagement:
		return nil, a.setManagementKey(cmd)
	case wire.InsSetRetries:
		return nil, c.SetRetries(int(cmd.P1), int(cmd.P2))
	case wire.InsReset:
		return nil, c.Reset()
	}
	return nil, status.UnknownInstruction
}

func serialBytes(serial uint32) []byte { return binary.BigEndian.AppendUint32(nil, serial) }

// unpad reads a PIN or PUK as it is sent: eight bytes, filled up with FF
// (SP 800-73-4 part 1, 4.3).
func unpad(b []byte) []byte { return bytes.TrimRight(b, "\xff") }

func (a *Applet) verify(cmd wire.Command) error {
	switch {
	case cmd.P2 != wire.RefPIN:
		return status.ReferenceNotFound
	case cmd.P1 == 0xff && len(cmd.Data) == 0:
		a.Card.Forget()
		return nil
	case cmd.P1 != 0:
		return status.WrongParameters
	case len(cmd.Data) == 0:
		return a.Card.PINStatus()
	case len(cmd.Data) != 8:
		return status.WrongData
	}
	return a.Card.VerifyPIN(unpad(cmd.Data))
}

func (a *Applet) changeReference(cmd wire.Command) error {
	if cmd.P1 != 0 || len(cmd.Data) != 16 {
		return status.WrongData
	}
	old, fresh := unpad(cmd.Data[:8]), unpad(cmd.Data[8:])
	switch {
	case cmd.INS == wire.InsResetRetry && cmd.P2 == wire.RefPIN:
		return a.Card.Unblock(old, fresh)
	case cmd.INS == wire.InsChangeReference && cmd.P2 == wire.RefPIN:
		return a.Card.ChangePIN(old, fresh)
	case cmd.INS == wire.InsChangeReference && cmd.P2 == wire.RefPUK:
		return a.Card.ChangePUK(old, fresh)
	}
	return status.ReferenceNotFound
}

// authenticate is GENERAL AUTHENTICATE (SP 800-73-4 part 2, 3.2.4): with the
// management key, or a signature.
func (a *Applet) authenticate(ctx context.Context, cmd wire.Command) ([]byte, error) {
	template, ok, err := wire.FindTLV(cmd.Data, 0x7c)
	if err != nil || !ok {
		return nil, status.WrongData
	}
	fields := make(map[uint32][]byte)
	for rest := template; len(rest) > 0; {
		var tag uint32
		var value []byte
		if tag, value, rest, err = wire.ReadTLV(rest); err != nil {
			return nil, status.WrongData
		}
		fields[tag] = value
	}
	alg := wire.Algorithm(cmd.P1)
	witness, hasWitness := fields[0x80]
	challenge, hasChallenge := fields[0x81]
	var tag uint32
	var out []byte
	switch {
	case cmd.P2 == wire.RefManagement && hasWitness && len(witness) == 0:
		tag = 0x80
		out, err = a.Card.Witness(managementAlgorithm(alg))
	case cmd.P2 == wire.RefManagement && hasWitness && hasChallenge:
		tag = 0x82
		out, err = a.Card.Authenticate(managementAlgorithm(alg), witness, challenge)
	case hasChallenge && !hasWitness:
		tag = 0x82
		out, err = a.Card.Sign(ctx, wire.Slot(cmd.P2), alg, challenge)
	default:
		return nil, status.WrongData
	}
	if err != nil {
		return nil, err
	}
	return wire.TLV(0x7c, wire.TLV(tag, out)), nil
}

// managementAlgorithm: 00 is another name of 3DES (SP 800-78-4, table 6-2).
func managementAlgorithm(a wire.Algorithm) wire.Algorithm {
	if a == 0 {
		return wire.TripleDES
	}
	return a
}

func (a *Applet) generate(cmd wire.Command) ([]byte, error) {
	template, ok, err := wire.FindTLV(cmd.Data, 0xac)
	if err != nil || !ok {
		return nil, status.WrongData
	}
	var alg wire.Algorithm
	var pin wire.PINPolicy
	var touch wire.TouchPolicy
	for rest := template; len(rest) > 0; {
		var tag uint32
		var value []byte
		if tag, value, rest, err = wire.ReadTLV(rest); err != nil || len(value) != 1 {
			return nil, status.WrongData
		}
		switch tag {
		case 0x80:
			alg = wire.Algorithm(value[0])
		case 0xaa:
			pin = wire.PINPolicy(value[0])
		case 0xab:
			touch = wire.TouchPolicy(value[0])
		}
	}
	pub, err := a.Card.Generate(wire.Slot(cmd.P2), alg, pin, touch)
	if err != nil {
		return nil, err
	}
	return wire.TLV(0x7f49, publicKey(pub)), nil
}

// publicKey is a public key in the template 7F49 (SP 800-73-4 part 2, 3.3.2).
func publicKey(pub any) []byte {
	switch k := pub.(type) {
	case *ecdsa.PublicKey:
		point, err := k.Bytes()
		if err != nil {
			return nil // not a point: never for a key made here
		}
		return wire.TLV(0x86, point)
	case ed25519.PublicKey:
		return wire.TLV(0x86, k)
	case *rsa.PublicKey:
		return wire.AppendTLV(wire.TLV(0x81, k.N.Bytes()), 0x82, big.NewInt(int64(k.E)).Bytes())
	}
	return nil
}

func (a *Applet) setManagementKey(cmd wire.Command) error {
	if cmd.P1 != 0xff || len(cmd.Data) < 3 || cmd.Data[1] != wire.RefManagement || int(cmd.Data[2]) != len(cmd.Data)-3 {
		return status.WrongData
	}
	touch := wire.TouchNever
	if cmd.P2 == 0xfe {
		touch = wire.TouchAlways
	}
	return a.Card.SetManagementKey(wire.Algorithm(cmd.Data[0]), cmd.Data[3:], touch)
}

func objectID(tagList []byte) (uint32, bool) {
	if len(tagList) == 0 || len(tagList) > 3 {
		return 0, false
	}
	var id uint32
	for _, b := range tagList {
		id = id<<8 | uint32(b)
	}
	return id, true
}

func (a *Applet) getData(cmd wire.Command) ([]byte, error) {
	list, ok, err := wire.FindTLV(cmd.Data, 0x5c)
	if err != nil || !ok || cmd.P1 != 0x3f || cmd.P2 != 0xff {
		return nil, status.WrongData
	}
	id, ok := objectID(list)
	if !ok {
		return nil, status.WrongData
	}
	b, err := a.Card.GetData(id)
	switch {
	case err != nil:
		return nil, err
	case id == wire.ObjectDiscovery:
		return wire.TLV(id, b), nil
	}
	return wire.TLV(0x53, b), nil
}

func (a *Applet) putData(cmd wire.Command) error {
	list, ok, err := wire.FindTLV(cmd.Data, 0x5c)
	data, found, _ := wire.FindTLV(cmd.Data, 0x53)
	if err != nil || !ok || !found || cmd.P1 != 0x3f || cmd.P2 != 0xff {
		return status.WrongData
	}
	id, ok := objectID(list)
	if !ok {
		return status.WrongData
	}
	return a.Card.PutData(id, data)
}

// metadata is GET METADATA (Yubico PIV extensions), from firmware 5.3.
func (a *Applet) metadata(ref wire.Slot) ([]byte, error) {
	c := a.Card
	if !c.tells() {
		return nil, status.UnknownInstruction
	}
	switch ref {
	case wire.RefPIN:
		return credentialMetadata(c.PINInfo()), nil
	case wire.RefPUK:
		return credentialMetadata(c.PUKInfo()), nil
	case wire.RefManagement:
		m := c.ManagementInfo()
		b := wire.TLV(0x01, []byte{byte(m.Algorithm)})
		b = wire.AppendTLV(b, 0x02, []byte{0, byte(m.Touch)})
		return wire.AppendTLV(b, 0x05, flag(m.Factory)), nil
	}
	k, err := c.KeyInfo(ref)
	if err != nil {
		return nil, err
	}
	origin := byte(1)
	if k.Imported {
		origin = 2
	}
	b := wire.TLV(0x01, []byte{byte(k.Algorithm)})
	b = wire.AppendTLV(b, 0x02, []byte{byte(k.PIN), byte(k.Touch)})
	b = wire.AppendTLV(b, 0x03, []byte{origin})
	return wire.AppendTLV(b, 0x04, publicKey(k.Public)), nil
}

// tells says whether the firmware has GET METADATA.
func (c *Card) tells() bool { return c.firmware.AtLeast(wire.V(5, 3, 0)) }

func credentialMetadata(i CredentialInfo) []byte {
	b := wire.TLV(0x01, []byte{0xff})
	b = wire.AppendTLV(b, 0x05, flag(i.Factory))
	return wire.AppendTLV(b, 0x06, []byte{byte(i.Most), byte(i.Tries)})
}

func flag(b bool) []byte {
	if b {
		return []byte{1}
	}
	return []byte{0}
}
