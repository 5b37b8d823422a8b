package main

import (
	"bytes"
	"testing"
)

// Each test is a situation of the suite, by the name that it has there.

func TestBasic(t *testing.T) {
	unsigned := func(role, want string) func(*testing.T) {
		return func(t *testing.T) {
			s := simulate(t).begin()
			s.keys[role] = nil
			s.publish("root", "targets")
			s.list()
			s.refresh(false)
			s.holds(want)
		}
	}
	mismatch := func(role, want string) func(*testing.T) {
		return func(t *testing.T) {
			s := simulate(t).begin()
			s.body[role]["version"] = 2 // and 3 it will say, under the number 2
			s.body["snapshot"]["meta"].(fields)["targets.json"].(fields)["version"] = 2
			s.body["timestamp"]["meta"].(fields)["snapshot.json"].(fields)["version"] = 2
			s.publish("root", "targets", "snapshot", "timestamp")
			s.refresh(false)
			s.holds(want)
		}
	}
	for name, situation := range map[string]func(*testing.T){
		"test_basic_init_and_refresh": func(t *testing.T) {
			s := simulate(t).begin()
			s.refresh(true)
			s.was("targets 1")
			s.followed()
			s.holds("root 1, snapshot 1, targets 1, timestamp 1")
		},
		"test_implicit_refresh": func(t *testing.T) {
			s := simulate(t).begin()
			s.download(false, "nonexistent artifact")
			s.holds("root 1, snapshot 1, targets 1, timestamp 1")
		},
		"test_unsigned_initial_root": func(t *testing.T) {
			s := simulate(t)
			s.beginWith(bytes.Replace(s.files["root"][0], []byte(`"sig":"30`), []byte(`"sig":"31`), 1))
			s.refresh(false)
			if len(s.asked) > 0 {
				t.Errorf("it asked for %v", s.asked)
			}
		},
		"test_unsigned_metadata[root]":      unsigned("root", "root 1"),
		"test_unsigned_metadata[timestamp]": unsigned("timestamp", "root 2"),
		"test_unsigned_metadata[snapshot]":  unsigned("snapshot", "root 2, timestamp 2"),
		"test_unsigned_metadata[targets]":   unsigned("targets", "root 2, snapshot 2, timestamp 2"),
		"test_url_and_metadata_version_mismatch[root]": func(t *testing.T) {
			s := simulate(t).begin()
			s.body["root"]["version"] = 2
			s.publish("root")
			s.refresh(false)
			s.holds("root 1")
		},
		"test_url_and_metadata_version_mismatch[snapshot]": mismatch("snapshot", "root 2, timestamp 2"),
		"test_url_and_metadata_version_mismatch[targets]":  mismatch("targets", "root 2, snapshot 2, timestamp 2"),
		// The suite wants the new timestamp passed over in silence. Here one version
		// says one thing, or somebody is told: README.md.
		"test_timestamp_content_changes": func(t *testing.T) {
			s := simulate(t).begin()
			s.refresh(true)
			s.files["timestamp"] = nil
			s.body["timestamp"]["meta"].(fields)["snapshot.json"].(fields)["version"] = 100
			s.publish("timestamp")
			s.refresh(false)
			s.was("timestamp 0")
			s.holds("root 1, snapshot 1, targets 1, timestamp 1")
		},
		"test_targets_hash_mismatch": func(t *testing.T) {
			s := simulate(t).begin()
			s.stated = true
			s.publish("targets")
			s.list()
			s.refresh(true)
			s.publish("targets")
			s.body["snapshot"]["meta"] = fields{"targets.json": fields{"version": 3, "hashes": fields{"sha256": metadataSum("else")}}}
			s.publish("snapshot")
			s.stamp()
			s.refresh(false)
			s.holds("root 1, snapshot 3, targets 2, timestamp 3")
		},
		"test_snapshot_hash_mismatch": func(t *testing.T) {
			s := simulate(t).begin()
			s.stated = true
			s.list()
			s.refresh(true)
			s.publish("snapshot")
			s.body["timestamp"]["meta"] = fields{"snapshot.json": fields{"version": 3, "hashes": fields{"sha256": metadataSum("else")}}}
			s.publish("timestamp")
			s.refresh(false)
			s.holds("root 1, snapshot 2, targets 1, timestamp 3")
		},
		"test_metadata_bytes_match": func(t *testing.T) {
			s := simulate(t).begin()
			s.files["timestamp"][0] = append(s.files["timestamp"][0], ' ')
			s.refresh(true)
			if !bytes.Equal(read(t, s.dir+"/metadata/timestamp.json"), s.files["timestamp"][0]) {
				t.Error("it is kept in another form")
			}
		},
		"test_snapshot_404": func(t *testing.T) {
			s := simulate(t).begin()
			s.refresh(true)
			s.body["timestamp"]["meta"].(fields)["snapshot.json"].(fields)["version"] = 2
			s.publish("timestamp")
			s.refresh(false)
			s.was("snapshot 2")
			s.holds("root 1, snapshot 1, targets 1, timestamp 2")
		},
		"test_targets_404": func(t *testing.T) {
			s := simulate(t).begin()
			s.refresh(true)
			s.body["snapshot"]["meta"].(fields)["targets.json"].(fields)["version"] = 2
			s.publish("snapshot")
			s.stamp()
			s.refresh(false)
			s.was("targets 2")
			s.holds("root 1, snapshot 2, targets 1, timestamp 2")
		},
		"test_timestamp_404": func(t *testing.T) {
			s := simulate(t).begin()
			s.refresh(true)
			s.files["timestamp"] = nil
			s.refresh(false)
			s.was("timestamp 0")
		},
		"test_incorrect_metadata_type": func(t *testing.T) {
			s := simulate(t).begin()
			s.trust("snapshot", s.keys["timestamp"][0])
			s.body["snapshot"]["meta"] = fields{"snapshot.json": fields{"version": 1}, "targets.json": fields{"version": 1}}
			s.publish("root", "snapshot")
			s.files["timestamp"] = append(s.files["timestamp"], s.files["snapshot"][1])
			s.refresh(false)
			s.holds("root 2")
		},
		"test_faketime": func(t *testing.T) {
			s := simulate(t).begin()
			s.body["root"]["expires"] = s.day(7)
			s.publish("root")
			s.refresh(true)
			s.at = s.at.AddDate(0, 0, 8)
			s.refresh(false)
		},
	} {
		t.Run(name, situation)
	}
}

func TestExpiration(t *testing.T) {
	for name, situation := range map[string]func(*testing.T){
		"test_root_expired": func(t *testing.T) {
			s := simulate(t).begin()
			s.refresh(true)
			s.body["root"]["expires"] = s.day(-1)
			s.publish("root", "targets")
			s.list()
			s.refresh(false)
			s.holds("root 2, snapshot 1, targets 1, timestamp 1")
			s.body["root"]["expires"] = s.day(30)
			s.publish("root")
			s.refresh(true)
			s.holds("root 3, snapshot 2, targets 2, timestamp 2")
		},
		"test_timestamp_expired": func(t *testing.T) {
			s := simulate(t).begin()
			s.refresh(true)
			s.body["timestamp"]["expires"] = s.day(-5)
			s.stamp()
			s.refresh(false)
			s.holds("root 1, snapshot 1, targets 1, timestamp 1")
		},
		"test_snapshot_expired": func(t *testing.T) {
			s := simulate(t).begin()
			s.refresh(true)
			s.body["snapshot"]["expires"] = s.day(-5)
			s.list()
			s.refresh(false)
			s.holds("root 1, snapshot 1, targets 1, timestamp 2")
		},
		"test_targets_expired": func(t *testing.T) {
			s := simulate(t).begin()
			s.refresh(true)
			s.body["targets"]["expires"] = s.day(-5)
			s.publish("targets")
			s.list()
			s.refresh(false)
			s.holds("root 1, snapshot 2, targets 1, timestamp 2")
		},
		"test_expired_metadata": func(t *testing.T) {
			s := simulate(t).begin()
			s.body["timestamp"]["expires"] = s.day(7)
			s.stamp()
			s.refresh(true)
			s.publish("targets")
			s.body["timestamp"]["expires"] = s.day(21)
			s.list()
			s.at = s.at.AddDate(0, 0, 18)
			s.refresh(true)
			s.holds("root 1, snapshot 2, targets 2, timestamp 3")
		},
		"test_expired_local_metadata": func(t *testing.T) {
			s := simulate(t).begin()
			s.refresh(true)
			s.at = s.at.AddDate(0, 0, 31)
			s.refresh(false)
		},
		"test_delegated_targets_expired": func(t *testing.T) {
			s := simulate(t).begin()
			s.delegate("targets", "delegated", false, "delegatedpath/*")
			s.body["delegated"]["expires"] = s.day(-1)
			s.vouch("delegated", "delegatedpath/target", "delegated content")
			s.publish("delegated", "targets")
			s.list()
			s.refresh(true)
			s.download(false, "delegatedpath/target")
			s.has()
			s.holds("root 1, snapshot 2, targets 2, timestamp 2")
		},
		"test_expired_local_delegated_targets": func(t *testing.T) {
			s := simulate(t).begin()
			s.delegate("targets", "delegated", false, "delegatedpath/*")
			s.body["delegated"]["expires"] = s.day(7)
			s.vouch("delegated", "delegatedpath/a", "first")
			s.vouch("delegated", "delegatedpath/b", "second")
			s.publish("delegated", "targets")
			s.list()
			s.download(true, "delegatedpath/a")
			s.at = s.at.AddDate(0, 0, 18)
			s.download(false, "delegatedpath/b")
			s.has("first")
			s.body["delegated"]["expires"] = s.day(21)
			s.publish("delegated")
			s.list()
			s.download(true, "delegatedpath/b")
			s.has("first", "second")
		},
	} {
		t.Run(name, situation)
	}
}

func TestFileDownload(t *testing.T) {
	for name, algorithms := range map[string][]string{"hashes0": {"sha256"}, "hashes1": {"sha512"}, "hashes2": {"sha256", "sha512"}} {
		t.Run("test_download_with_hash_algorithms["+name+"]", func(t *testing.T) {
			s := simulate(t).begin()
			s.vouch("targets", "path/to/a/target_file.txt", "target file contents", algorithms...)
			s.publish("targets")
			s.list()
			s.download(true, "path/to/a/target_file.txt")
			s.has("target file contents")
		})
	}
	for name, situation := range map[string]func(*testing.T){
		"test_download_with_unknown_hash_algorithm": func(t *testing.T) {
			s := simulate(t).begin()
			s.vouch("targets", "file", "content")
			s.body["targets"]["targets"].(fields)["file"].(fields)["hashes"] = fields{"unknown-hash": metadataSum("content")}
			s.publish("targets")
			s.list()
			s.download(false, "file")
			s.has()
		},
		"test_repository_substitutes_target_file": func(t *testing.T) {
			s := simulate(t).begin()
			s.vouch("targets", "file", "content")
			s.vouch("targets", "other", "something")
			s.publish("targets")
			s.list()
			s.download(true, "file")
			for key := range s.targets {
				s.targets[key] = []byte("malicious")
			}
			s.download(true, "file")
			s.download(false, "other")
			s.has("content")
		},
		"test_artifact_cache": func(t *testing.T) {
			s := simulate(t).begin()
			s.vouch("targets", "file", "content")
			s.publish("targets")
			s.list()
			s.download(true, "file")
			s.download(true, "file")
			if len(s.askedTarget) != 1 {
				t.Errorf("it asked for %v", s.askedTarget)
			}
			s.vouch("targets", "file", "modified")
			s.publish("targets")
			s.list()
			s.download(true, "file")
			s.has("modified")
		},
	} {
		t.Run(name, situation)
	}
}

func TestKeys(t *testing.T) {
	t.Run("test_snapshot_has_too_few_keys", func(t *testing.T) {
		s := simulate(t).begin()
		for range 4 {
			s.addKey("snapshot")
		}
		s.body["root"]["roles"].(fields)["snapshot"].(fields)["threshold"] = 6
		s.publish("root")
		s.list()
		s.refresh(false)
		s.holds("root 2, timestamp 2")
	})
}

func TestRollback(t *testing.T) {
	snapshot := func(stated bool) func(*testing.T) {
		return func(t *testing.T) {
			s := simulate(t).begin()
			s.stated = stated
			s.list()
			s.refresh(true)
			s.body["snapshot"]["version"] = 1
			s.files["snapshot"] = s.files["snapshot"][:1]
			s.stamp()
			s.refresh(false)
			s.was("timestamp 0")
			s.holds("root 1, snapshot 2, targets 1, timestamp 2")
		}
	}
	targets := func(stated bool) func(*testing.T) {
		return func(t *testing.T) {
			s := simulate(t).begin()
			s.stated = stated
			s.publish("targets")
			s.list()
			s.refresh(true)
			s.body["targets"]["version"] = 1
			s.files["targets"] = s.files["targets"][:1]
			s.list()
			s.refresh(false)
			s.was("snapshot 3")
			s.holds("root 1, snapshot 2, targets 2, timestamp 3")
		}
	}
	for name, situation := range map[string]func(*testing.T){
		"test_simple_snapshot_rollback": func(t *testing.T) {
			s := simulate(t).begin()
			s.list()
			s.refresh(true)
			s.files["snapshot"] = s.files["snapshot"][:1]
			s.refresh(true)
			s.was("timestamp 0")
		},
		"test_new_timestamp_version_rollback": func(t *testing.T) {
			s := simulate(t).begin()
			s.stamp()
			s.refresh(true)
			s.body["timestamp"]["version"] = 1
			s.republish("timestamp")
			s.refresh(false)
			s.was("timestamp 0")
			s.holds("root 1, snapshot 1, targets 1, timestamp 2")
		},
		"test_snapshot_rollback[basic]":       snapshot(false),
		"test_snapshot_rollback[with hashes]": snapshot(true),
		"test_targets_rollback[basic]":        targets(false),
		"test_targets_rollback[with hashes]":  targets(true),
		"test_targets_fast_forward_recovery": func(t *testing.T) {
			s := simulate(t).begin()
			for range 9 {
				s.publish("targets")
			}
			s.list()
			s.refresh(true)
			s.rotate("snapshot")
			s.publish("root")
			s.body["targets"]["version"] = 1
			s.files["targets"] = s.files["targets"][:1]
			s.list()
			s.refresh(true)
			s.holds("root 2, snapshot 3, targets 1, timestamp 3")
		},
		"test_snapshot_fast_forward_recovery": func(t *testing.T) {
			s := simulate(t).begin()
			for range 9 {
				s.publish("snapshot")
			}
			s.stamp()
			s.refresh(true)
			s.rotate("snapshot")
			s.rotate("timestamp")
			s.publish("root")
			s.files["snapshot"], s.files["timestamp"] = nil, nil
			s.body["snapshot"]["version"], s.body["timestamp"]["version"] = 1, 1
			s.publish("snapshot")
			s.stamp()
			s.refresh(true)
			s.holds("root 2, snapshot 1, targets 1, timestamp 1")
		},
		"test_timestamp_fast_forward_recovery": func(t *testing.T) {
			s := simulate(t).begin()
			for range 9 {
				s.publish("timestamp")
			}
			s.refresh(true)
			s.rotate("timestamp")
			s.publish("root")
			s.files["timestamp"] = nil
			s.body["timestamp"]["version"] = 1
			s.publish("timestamp")
			s.refresh(true)
			s.holds("root 2, snapshot 1, targets 1, timestamp 1")
		},
	} {
		t.Run(name, situation)
	}
}
