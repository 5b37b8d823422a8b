// A run of tuf-js over a TUF repository, for `conclave-upload mirror`'s output.
//
//   node verify.mjs [--state DIR] ROOT.json METADATA_URL TARGETS_URL [TARGET...]
//
// It begins with the root in ROOT.json, and prints the versions it ended with
// and the targets that it got and checked, as JSON. With --state it keeps what
// it trusts in DIR, and the next run goes on from there. Exit code 1: refused.

import { constants } from 'node:fs';
import { copyFile, mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { Updater } from 'tuf-js';

const { values, positionals } = parseArgs({ options: { state: { type: 'string' } }, allowPositionals: true });
const [root, metadataBaseUrl, targetBaseUrl, ...paths] = positionals;
if (!targetBaseUrl) {
  console.error('usage: node verify.mjs [--state DIR] ROOT.json METADATA_URL TARGETS_URL [TARGET...]');
  process.exit(2);
}

const dir = values.state ?? (await mkdtemp(join(tmpdir(), 'tuf-js-')));
try {
  await mkdir(dir, { recursive: true });
  await copyFile(root, join(dir, 'root.json'), constants.COPYFILE_EXCL).catch((err) => {
    if (err.code !== 'EEXIST') throw err; // it has followed from that root, or a later one
  });
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
  if (!values.state) {
    await rm(dir, { recursive: true });
  }
}
