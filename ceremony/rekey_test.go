package ceremony_test

import (
	"bytes"
	"cmp"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/conclave-tuf/conclave/ceremony/metadata"
	"github.com/conclave-tuf/conclave/ceremony/trust"
)

// rekeyed is a repository in the form of one that others made, with all its
// oddities, by keys that are known here: what stands under a keyid is another
// key, and everything is signed anew.
type rekeyed struct {
	t     *testing.T
	files map[string][]byte
	keys  map[string]*ecdsa.PrivateKey // by what stood there as public key
	byID  map[string]*ecdsa.PrivateKey
	rsa   map[string]*rsa.PrivateKey // by keyid: no token holds them
	odd   map[string][]any           // signatures of other keys, as they stood there, by the file's name
}

type object = map[string]any

func rekey(t *testing.T, files map[string][]byte) *rekeyed {
	t.Helper()
	r := &rekeyed{t: t, files: map[string][]byte{}, keys: map[string]*ecdsa.PrivateKey{}, byID: map[string]*ecdsa.PrivateKey{},
		rsa: map[string]*rsa.PrivateKey{}, odd: map[string][]any{}}
	read, versions := map[string]object{}, map[string]int64{}
	var roots, others []string
	for _, name := range slices.Sorted(maps.Keys(files)) {
		signed := r.read(name, files[name])
		read[name] = signed
		versions[name], _ = signed["version"].(json.Number).Int64()
		if signed["_type"] == "root" {
			roots = append(roots, name)
		} else {
			others = append(others, name)
		}
		r.replaceKeys(signed)
		if del, ok := signed["delegations"].(object); ok {
			r.replaceKeys(del)
		}
	}
	slices.SortFunc(roots, func(a, b string) int { return cmp.Compare(versions[a], versions[b]) })
	for i, name := range roots {
		by := keyids(read[name], "root")
		if i > 0 {
			by = append(by, keyids(read[roots[i-1]], "root")...)
		}
		r.sign(name, read[name], by)
	}
	newest := read[roots[len(roots)-1]]
	// What lists others is made after them: delegated roles and targets, then snapshot, then timestamp.
	order := []string{"targets", "snapshot", "timestamp"}
	slices.SortStableFunc(others, func(a, b string) int {
		return cmp.Compare(slices.Index(order, read[a]["_type"].(string)), slices.Index(order, read[b]["_type"].(string)))
	})
	for _, name := range others {
		signed, role := read[name], roleIn(name)
		if meta, ok := signed["meta"].(object); ok {
			r.restate(meta)
		}
		by := keyids(newest, role)
		for _, above := range read {
			if del, ok := above["delegations"].(object); ok {
				by = append(by, delegatedKeyIDs(del, role)...)
			}
		}
		r.sign(name, signed, by)
	}
	return r
}

func (r *rekeyed) read(name string, file []byte) object {
	r.t.Helper()
	d := json.NewDecoder(bytes.NewReader(file))
	d.UseNumber()
	var all object
	if err := d.Decode(&all); err != nil {
		r.t.Fatal(err)
	}
	for _, sig := range all["signatures"].([]any) {
		if _, err := hex.DecodeString(sig.(object)["sig"].(string)); err != nil {
			r.odd[name] = append(r.odd[name], sig)
		}
	}
	return all["signed"].(object)
}

func (r *rekeyed) replaceKeys(in object) {
	r.t.Helper()
	keys, ok := in["keys"].(object)
	if !ok {
		return
	}
	for id, k := range keys {
		key := k.(object)
		value := key["keyval"].(object)
		was, _ := value["public"].(string)
		switch {
		case was == "" || strings.HasPrefix(key["scheme"].(string), "ml-dsa"):
			continue // nobody could make one: it stays as it is
		case strings.HasPrefix(was, "RSA"):
			made, err := rsa.GenerateKey(rand.Reader, 2048)
			if err != nil {
				r.t.Fatal(err)
			}
			r.rsa[id], value["public"] = made, rsaPublic(r.t, made, was)
			continue
		}
		if r.keys[was] == nil {
			made, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
			if err != nil {
				r.t.Fatal(err)
			}
			r.keys[was] = made
		}
		r.byID[id] = r.keys[was]
		ours, err := metadata.NewKey(r.keys[was].Public())
		if err != nil {
			r.t.Fatal(err)
		}
		value["public"] = ours.Public
		if key["keytype"] != "ecdsa-sha2-nistp256" {
			key["keytype"] = "ecdsa"
		}
		key["scheme"] = "ecdsa-sha2-nistp256"
		if strict := ours.ID(); r.byID[strict] == nil {
			r.byID[strict] = r.keys[was]
		}
	}
}

// rsaPublic is the key in one of the forms that repositories have it in.
func rsaPublic(t *testing.T, key *rsa.PrivateKey, form string) string {
	t.Helper()
	block := &pem.Block{Type: "RSA PUBLIC KEY", Bytes: x509.MarshalPKCS1PublicKey(&key.PublicKey)}
	if form == "RSA in SPKI" {
		der, err := x509.MarshalPKIXPublicKey(&key.PublicKey)
		if err != nil {
			t.Fatal(err)
		}
		block = &pem.Block{Type: "PUBLIC KEY", Bytes: der}
	}
	return strings.TrimSpace(string(pem.EncodeToMemory(block))) // as securesystemslib writes it
}

// restate states anew what is said of files that have changed.
func (r *rekeyed) restate(meta object) {
	for name, m := range meta {
		said := m.(object)
		version, _ := said["version"].(json.Number).Int64()
		content := r.files[fmt.Sprintf("%d.%s", version, name)]
		if content == nil {
			content = r.files[name]
		}
		if _, ok := said["length"]; ok {
			said["length"] = len(content)
		}
		if _, ok := said["hashes"]; ok {
			sum := sha256.Sum256(content)
			said["hashes"] = object{"sha256": hex.EncodeToString(sum[:])}
		}
	}
}

func keyids(root object, role string) []string {
	roles := root["roles"].(object)
	who, ok := roles[role].(object)
	if !ok {
		return nil
	}
	return texts(who["keyids"])
}

func delegatedKeyIDs(del object, role string) []string {
	roles, _ := del["roles"].([]any)
	for _, r := range roles {
		if r.(object)["name"] == role {
			return texts(r.(object)["keyids"])
		}
	}
	return nil
}

func texts(list any) []string {
	var out []string
	for _, v := range list.([]any) {
		out = append(out, v.(string))
	}
	return out
}

func roleIn(name string) string {
	role := strings.TrimSuffix(filepath.Base(name), ".json")
	if n, rest, ok := strings.Cut(role, "."); ok && strings.Trim(n, "0123456789") == "" {
		role = rest
	}
	return role
}

// sign writes the file, signed under each keyid once.
func (r *rekeyed) sign(name string, signed object, by []string) {
	r.t.Helper()
	slices.Sort(by)
	by = slices.Compact(by)
	file := func(sigs []any) []byte {
		b, err := json.Marshal(object{"signatures": sigs, "signed": signed})
		if err != nil {
			r.t.Fatal(err)
		}
		return b
	}
	read, err := metadata.ParseFile(file([]any{}), metadata.Adopted)
	if err != nil {
		r.t.Fatalf("%s: %v", name, err)
	}
	sigs := append([]any{}, r.odd[name]...)
	for _, id := range by {
		if r.byID[id] != nil || r.rsa[id] != nil {
			sigs = append(sigs, object{"keyid": id, "sig": hex.EncodeToString(r.signature(id, read.Payload))})
		}
	}
	r.files[filepath.Base(name)] = file(sigs)
}

func (r *rekeyed) signature(keyid string, payload []byte) []byte {
	r.t.Helper()
	sum := sha256.Sum256(payload)
	if key := r.rsa[keyid]; key != nil {
		sig, err := rsa.SignPSS(rand.Reader, key, crypto.SHA256, sum[:], &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash})
		if err != nil {
			r.t.Fatal(err)
		}
		return sig
	}
	sig, err := ecdsa.SignASN1(rand.Reader, r.byID[keyid], sum[:])
	if err != nil {
		r.t.Fatal(err)
	}
	return sig
}

// set is a complete set as a client has it.
func (r *rekeyed) set(published []trust.NamedFile) *metadata.Set {
	r.t.Helper()
	set := &metadata.Set{Delegated: map[string]*metadata.File{}}
	for _, f := range published {
		file, err := metadata.ParseFile(f.Bytes, metadata.Adopted)
		if err != nil {
			r.t.Fatal(err)
		}
		switch role := roleIn(f.Name); role {
		case "root":
			set.Roots = append(set.Roots, file)
		case "targets":
			set.Targets = file
		case "snapshot":
			set.Snapshot = file
		case "timestamp":
			set.Timestamp = file
		default:
			set.Delegated[role] = file
		}
	}
	slices.SortFunc(set.Roots, func(a, b *metadata.File) int { return cmp.Compare(a.Version, b.Version) })
	return set
}

// next is what the uploader would publish after live.
func (r *rekeyed) next(live *metadata.Set, set *trust.Set, at time.Time) *metadata.Set {
	r.t.Helper()
	next := &metadata.Set{Roots: set.Roots, Targets: set.Targets, Delegated: set.Delegated}
	root := set.Roots[len(set.Roots)-1].Root
	signed := func(role string, payload []byte, err error) *metadata.File {
		if err != nil {
			r.t.Fatal(err)
		}
		body, err := metadata.ParseSigned(payload, metadata.Strict)
		if err != nil {
			r.t.Fatal(err)
		}
		id := root.Roles[role].KeyIDs[0]
		f, err := metadata.ParseFile(metadata.Assemble(payload, []metadata.Signature{{KeyID: id, Sig: hex.EncodeToString(r.signature(id, body.Payload))}}), metadata.Strict)
		if err != nil {
			r.t.Fatal(err)
		}
		return f
	}
	says := func(f *metadata.File) metadata.FileMeta {
		sum := sha256.Sum256(f.Bytes)
		return metadata.FileMeta{Version: f.Version, Length: int64(len(f.Bytes)), Hashes: map[string]string{"sha256": hex.EncodeToString(sum[:])}}
	}
	header := metadata.Header{Version: live.Snapshot.Version + 1, Expires: at.AddDate(0, 0, 7), Conclave: &metadata.Conclave{Trust: set.Trust}}
	meta := map[string]metadata.FileMeta{"targets.json": says(set.Targets)}
	for role, f := range set.Delegated {
		meta[role+".json"] = says(f)
	}
	for name, before := range live.Snapshot.Snapshot.Meta { // nothing that was listed is dropped
		if _, listed := meta[name]; !listed {
			meta[name] = before
		}
	}
	snapshot, err := metadata.EncodeSnapshot(header, metadata.Snapshot{Meta: meta})
	next.Snapshot = signed("snapshot", snapshot, err)
	header.Version = live.Timestamp.Version + 1
	timestamp, err := metadata.EncodeTimestamp(header, metadata.Timestamp{Snapshot: says(next.Snapshot)})
	next.Timestamp = signed("timestamp", timestamp, err)
	return next
}

// signEverything has every key that may sign do so.
func (r *rekeyed) signEverything(s *site) {
	r.t.Helper()
	for range 40 {
		step, ok := s.openStep()
		if !ok {
			return
		}
		for _, h := range s.Signers(step.Proposal) {
			if r.byID[h.KeyID] == nil {
				r.t.Fatalf("%s %d wants a signature by a key that nobody has: %s", step.Quorum.Role, step.Quorum.Version, h.KeyID)
			}
			token := &softToken{serial: h.KeyID[:8], pin: "123123", key: r.byID[h.KeyID]}
			review, err := s.Review(step.Proposal, h)
			if err != nil {
				r.t.Fatal(err)
			}
			given := consent(r.t, review)
			for more := true; more; {
				done, err := s.Sign(r.t.Context(), h.Name, token, pin("123123"), given)
				if err != nil {
					r.t.Fatalf("%s signs %s: %v", h.Name, step.Quorum.Role, err)
				}
				more = done.Left > 0
			}
		}
	}
	r.t.Fatal("there is no end of what is to be signed")
}
