// A run of tuf-js over a TUF repository, for `conclave-upload mirror`'s output.
//
//   node verify.mjs ROOT.json METADATA_URL TARGETS_URL [TARGET...]
//
// It begins with the root in ROOT.json, and prints the versions it ended with
// and the targets that it got and checked, as JSON. Exit code 1: refused.

import { copyFile, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Updater } from 'tuf-js';

const [root, metadataBaseUrl, targetBaseUrl, ...paths] = process.argv.slice(2);
if (!targetBaseUrl) {
  console.error('usage: node verify.mjs ROOT.json METADATA_URL TARGETS_URL [TARGET...]');
  process.exit(2);
}

const dir = await mkdtemp(join(tmpdir(), 'tuf-js-'));
try {
  await copyFile(root, join(dir, 'root.json'));
  const updater = new Updater({
    metadataDir: dir,
    targetDir: dir,
    metadataBaseUrl,
    targetBaseUrl,
    config: { fetchRetries: 0 },
  });
  await updater.refresh();
  const versions = {};
  for (const role of ['root', 'timestamp', 'snapshot', 'targets']) {
    versions[role] = JSON.parse(await readFile(join(dir, `${role}.json`))).signed.version;
  }
  const targets = [];
  for (const path of paths) {
    const info = await updater.getTargetInfo(path);
    if (!info) {
      throw new Error(`no role vouches for ${path}`);
    }
    await updater.downloadTarget(info, join(dir, 'target'));
    targets.push({ path, length: info.length, sha256: info.hashes.sha256 });
  }
  console.log(JSON.stringify({ versions, targets }));
} catch (err) {
  console.error(`refused: ${err.message}`);
  process.exitCode = 1;
} finally {
  await rm(dir, { recursive: true });
}
