package trust

import (
	"crypto/ed25519"
	"encoding/hex"
	"fmt"
	"time"

	tuf "github.com/theupdateframework/go-tuf/v2/metadata"
	"github.com/theupdateframework/go-tuf/v2/metadata/trustedmetadata"

	"github.com/conclave-tuf/conclave/ceremony/metadata"
	"github.com/conclave-tuf/conclave/ceremony/text"
)

// asGoTUF leads go-tuf's client from the oldest root that it can read to every
// file of the set. The keys of snapshot and timestamp are not in this room:
// once the roots are verified, a key that is thrown away stands in for them in
// that client's memory, so that it walks its whole way.
func (s *checking) asGoTUF() error {
	client, err := s.followRoots()
	if err != nil || s.set.Targets == nil {
		return err
	}
	client.RefTime = s.until
	newest := RoleFile{"root", s.newestRoot()}
	snapshot, timestamp, err := s.online(client)
	if err != nil {
		return newest.refuse("can't be led on from: %v", err)
	}
	if err := asked(func() error { _, err := client.UpdateTimestamp(timestamp); return err }); err != nil {
		return newest.refuse("is refused by go-tuf's client: %v", err)
	}
	if err := asked(func() error { _, err := client.UpdateSnapshot(snapshot, false); return err }); err != nil {
		return newest.refuse("is refused by go-tuf's client: %v", err)
	}
	targets := RoleFile{"targets", s.set.Targets}
	unread := map[string]bool{}
	for _, e := range append([]edge{{RoleFile{Role: "root"}, targets}}, s.edges...) {
		b := e.child
		if unread[e.parent.Role] {
			s.note("%s %d was not held against go-tuf's client: it comes to it by a file that it refuses.", text.Safe(b.Role), b.File.Version)
			continue
		}
		err := asked(func() error { _, err := client.UpdateDelegatedTargets(b.File.Bytes, b.Role, e.parent.Role); return err })
		if err != nil && s.isNew(b) {
			return b.refuse("is refused by go-tuf's client: %v", err)
		}
		if err != nil {
			unread[b.Role] = true
			s.note("%s %d, as it was published, is refused by go-tuf's client: %s.", text.Safe(b.Role), b.File.Version, text.Safe(err.Error()))
		}
	}
	return nil
}

// followRoots leads a client through the roots. Of those that were published
// by others it begins after the last that go-tuf can't read.
func (s *checking) followRoots() (*trustedmetadata.TrustedMetadata, error) {
	start, err := FollowRoots(s.set.Roots)
	for _, r := range start.Refused {
		if b := (RoleFile{"root", r.Root}); s.isNew(b) {
			return nil, b.refuse("is refused by go-tuf's client: %v", r.Err)
		}
		s.note("Root %d, as it was published, is refused by go-tuf's client: it can begin with a later one only. It says: %s.", r.Root.Version, text.Safe(r.Err.Error()))
	}
	if err != nil {
		return nil, RoleFile{"root", s.newestRoot()}.refuse("can't be reached: %v", err)
	}
	s.out.From = start.Root.Version
	return start.client, nil
}

// Start is where go-tuf's client can begin in a chain of roots.
type Start struct {
	Root    *metadata.File // the oldest from which it is led to the newest
	Refused []RefusedRoot  // before that, oldest first

	client *trustedmetadata.TrustedMetadata
}

// RefusedRoot is one that go-tuf's client can't read.
type RefusedRoot struct {
	Root *metadata.File
	Err  error
}

func (r RefusedRoot) Error() string {
	return fmt.Sprintf("it refuses root %d: %v", r.Root.Version, r.Err)
}
func (r RefusedRoot) Unwrap() error { return r.Err }

// Why says why the start is no older; "" where nothing is.
func (s Start) Why() string {
	if len(s.Refused) == 0 {
		return ""
	}
	return s.Refused[len(s.Refused)-1].Error()
}

// FollowRoots leads go-tuf's client through a chain of roots, which was verified
// without it. It begins anew after a root that it can't read. Where it can read
// two roots and says that the second does not follow from the first, that is
// no matter of reading, and an error; so it is where it can't read the newest.
func FollowRoots(roots []*metadata.File) (s Start, err error) {
	for _, r := range roots {
		var alone *trustedmetadata.TrustedMetadata
		if err := asked(func() (err error) { alone, err = trustedmetadata.New(r.Bytes); return err }); err != nil {
			s.Refused = append(s.Refused, RefusedRoot{r, err})
			s.Root, s.client = nil, nil
			continue
		}
		if s.client == nil {
			s.Root, s.client = r, alone
			continue
		}
		if err := asked(func() error { _, err := s.client.UpdateRoot(r.Bytes); return err }); err != nil {
			s.Refused = append(s.Refused, RefusedRoot{r, err})
			return s, fmt.Errorf("go-tuf's client reads root %d, and does not go on to it from the one before: %w", r.Version, err)
		}
	}
	if s.client == nil {
		return s, fmt.Errorf("go-tuf's client can't be led to root %d: %s", roots[len(roots)-1].Version, s.Why())
	}
	return s, nil
}

// GoTUFStops says why go-tuf's client can't go on from what is published: that it
// can't begin with above, a root, or gives up over the keys that above names for
// role, before it counts. below is the version of role that is there; nil for none.
func GoTUFStops(above *metadata.File, role string, below *metadata.File) error {
	if len(above.Findings) == 0 {
		return nil // it is strict, and was held against that client before it was published
	}
	return asked(func() error {
		var verify func(string, any) error
		if above.Root != nil {
			begun, err := trustedmetadata.New(above.Bytes)
			if err != nil {
				return err
			}
			verify = begun.Root.VerifyDelegate
		} else {
			parent, err := tuf.Targets().FromBytes(above.Bytes)
			if err != nil {
				return err
			}
			verify = parent.VerifyDelegate
		}
		if below == nil {
			return nil
		}
		child, err := tuf.Targets().FromBytes(below.Bytes)
		if err != nil {
			return nil // a new version puts that right
		}
		return verify(role, child)
	})
}

// asked asks go-tuf, which panics at an Ed25519 key of a wrong length.
func asked(ask func() error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("it breaks off: %v", p)
		}
	}()
	return ask()
}

// online makes a snapshot and a timestamp of the set, as the uploader will,
// and has client believe in the key that signed them.
func (s *checking) online(client *trustedmetadata.TrustedMetadata) (snapshot, timestamp []byte, err error) {
	// What it signs is thrown away with it, so that anybody may know the key.
	private := ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize))
	key, err := metadata.NewKey(private.Public())
	if err != nil {
		return nil, nil, err
	}
	theirs, err := tuf.KeyFromPublicKey(private.Public())
	if err != nil {
		return nil, nil, err
	}
	for _, role := range []string{"snapshot", "timestamp"} {
		client.Root.Signed.Roles[role] = &tuf.Role{KeyIDs: []string{key.ID()}, Threshold: 1}
	}
	client.Root.Signed.Keys[key.ID()] = theirs

	h := metadata.Header{Version: 1, Expires: s.until.Add(24 * time.Hour).Truncate(time.Second), Conclave: &metadata.Conclave{Trust: s.set.Trust}}
	file := func(signed []byte, err error) ([]byte, error) {
		if err != nil {
			return nil, err
		}
		payload, err := metadata.Canonical(signed)
		sig := metadata.Signature{KeyID: key.ID(), Sig: hex.EncodeToString(ed25519.Sign(private, payload))}
		return metadata.Assemble(signed, []metadata.Signature{sig}), err
	}
	meta := map[string]metadata.FileMeta{}
	for _, b := range s.top() {
		meta[b.Role+".json"] = listed(b.File.Version, b.File.Bytes)
	}
	if snapshot, err = file(metadata.EncodeSnapshot(h, metadata.Snapshot{Meta: meta})); err != nil {
		return nil, nil, err
	}
	if size := len(snapshot); size > maxSnapshotBytes {
		s.note("The snapshot comes to %d bytes, more than the %d that clients read of a file of unknown length: the timestamp has to state its length, as it does here.", size, maxSnapshotBytes)
	}
	timestamp, err = file(metadata.EncodeTimestamp(h, metadata.Timestamp{Snapshot: listed(1, snapshot)}))
	return snapshot, timestamp, err
}

// listed is what a snapshot or a timestamp says of a file.
func listed(version int64, file []byte) metadata.FileMeta {
	return metadata.FileMeta{Version: version, Length: int64(len(file)), Hashes: map[string]string{"sha256": metadata.Sum(file).String()}}
}

// visits refuses a new target that clients give up on before they come to it:
// in the search for one they ask a number of delegated roles, and no more.
func (s *checking) visits() error {
	if s.set.Targets == nil || s.set.Targets.Targets.Delegations == nil {
		return nil
	}
	var roles []metadata.DelegatedRole
	for _, r := range s.set.Targets.Targets.Delegations.Roles {
		if len(r.Paths) > 0 { // of hash bins there is one for each path
			roles = append(roles, r)
		}
	}
	for i, r := range roles[min(len(roles), maxVisited):] {
		for path := range s.set.Delegated[r.Name].Targets.Targets {
			asked := 0
			for _, before := range roles[:maxVisited+i] {
				theirs := tuf.DelegatedRole{Paths: before.Paths}
				if match, err := theirs.IsDelegatedPath(path); err == nil && match {
					asked++
				}
			}
			if asked >= maxVisited {
				return RoleFile{"targets", s.set.Targets}.refuse("delegates %s to %d roles before %s, and clients ask at most %d",
					path, asked, r.Name, maxVisited)
			}
		}
	}
	return nil
}
