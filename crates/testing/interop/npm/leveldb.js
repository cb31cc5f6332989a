'use strict'
// Writes a directory as npm hypercore 2.3.0 keeps its feeds in LevelDB, with whole feeds and with
// such as crashes and damage leave them: node npm/leveldb.js DIR [BLOCKS [WORDS]]
// A second file, DIR.json, says what an importer should find. Keys and blocks are the same each time.
// With BLOCKS there is one live feed of so many blocks instead, each of at least WORDS words, so that LevelDB makes
// many tables of them.

const fs = require('fs')
const path = require('path')
const hypercore = require('hypercore')
const signatures = require('sodium-signatures')
const leveldown = require('leveldown')
const encode = require('encoding-down')
const levelup = require('levelup-disk')
const memdb = require('memdb')

const call = run => new Promise((resolve, reject) => run((error, value) => error ? reject(error) : resolve(value)))
const [dir, count, words] = process.argv.slice(2)
const open = () => call(done => { const db = levelup(encode(leveldown(dir), {valueEncoding: 'binary'}), error => done(error, db)) })
const id = number => Buffer.alloc(32, number)
const block = (name, index) => Buffer.from(`${name} ${index} `.repeat(Number(words || 0) + index % 7))
const hex = bytes => bytes.toString('hex')

function writer (core, number, name) {
  const {publicKey, secretKey} = signatures.keyPair(id(number))
  return {name, prefix: id(number + 100), feed: core.createFeed({key: publicKey, secretKey, live: true, prefix: id(number + 100)})}
}

async function append ({feed, name}, until) {
  await call(done => feed.open(done))
  const blocks = []
  for (let i = feed.blocks; i < until; i++) blocks.push(block(name, i))
  await call(done => feed.append(blocks, done))
}

async function copy (from, to, index) {
  const proof = await call(done => from.proof(index, {digest: to.digest(index)}, done))
  const data = await call(done => from.get(index, done))
  await call(done => to.put(index, data, proof, done))
}

const key = (sublevel, prefix, rest) => `!${sublevel}!!${hex(prefix)}!${rest}`
const get = (db, key) => call(done => db.get(key, {valueEncoding: 'binary'}, done))
const put = (db, key, value) => call(done => db.put(key, value, {valueEncoding: 'binary'}, done))
const flip = bytes => { const copy = Buffer.from(bytes); copy[copy.length >> 1] ^= 4; return copy }

async function everything () {
  const found = []
  const tell = ({name, feed}, more) => found.push(Object.assign({name, key: hex(feed.key), publicId: hex(feed.publicId)}, more))
  let db = await open()
  let core = hypercore(db, {id: id(9)})
  const elsewhere = hypercore(memdb(), {id: id(8)})

  const own = writer(core, 1, 'own')
  await append(own, 25)
  const fixed = {name: 'static', prefix: id(111), feed: core.createFeed({live: false, prefix: id(111)})}
  await append(fixed, 9)
  await call(done => fixed.feed.finalize(done))

  // Opened again, LevelDB makes a table of its log.
  await call(done => db.close(done))
  db = await open()
  core = hypercore(db, {id: id(9)})

  const more = writer(core, 1, 'own')
  await append(more, 40)
  tell(more, {kind: 'live', secret: true, blocks: 40, length: 40})
  tell(fixed, {kind: 'static', secret: false, blocks: 9, length: 9})

  const other = writer(elsewhere, 2, 'clone')
  await append(other, 17)
  const clone = {name: 'clone', prefix: id(112), feed: core.createFeed(other.feed.key, {prefix: id(112)})}
  await call(done => clone.feed.open(done))
  for (const index of [3, 4]) await copy(other.feed, clone.feed, index)
  await append(other, 30)
  for (const index of [17, 29, 0]) await copy(other.feed, clone.feed, index)
  tell(clone, {kind: 'live', secret: false, blocks: 5, length: 30, held: [0, 3, 4, 17, 29]})

  // A crash after the blocks and before the bitmaps: npm itself would now fork this feed.
  const crashed = writer(core, 3, 'crashed')
  await append(crashed, 10)
  const bitmaps = ['blocks', 'tree'].map(rest => key('bitfields', crashed.prefix, rest))
  const before = await Promise.all(bitmaps.map(key => get(db, key)))
  await append(crashed, 12)
  await Promise.all(bitmaps.map((key, i) => put(db, key, before[i])))
  tell(crashed, {kind: 'live', secret: true, blocks: 12, length: 12})

  // The last two blocks are gone with their nodes; that they were signed still shows.
  const lost = writer(core, 4, 'lost')
  await append(lost, 12)
  for (const rest of [20, 21, 22, 19]) await call(done => db.del(key('nodes', lost.prefix, rest), done))
  for (const rest of [10, 11]) await call(done => db.del(key('data', lost.prefix, rest), done))
  tell(lost, {kind: 'live', secret: true, blocks: 10, length: 10, signed: 12})

  // One block of an own feed has changed.
  const damaged = writer(core, 5, 'damaged')
  await append(damaged, 8)
  await put(db, key('data', damaged.prefix, 5), flip(await get(db, key('data', damaged.prefix, 5))))
  tell(damaged, {kind: 'live', secret: true, blocks: 7, length: 8, signed: 8})

  // No signature fits.
  const forged = writer(core, 6, 'forged')
  await append(forged, 4)
  for (const rest of [2, 4, 6, 8]) {
    const at = key('signatures', forged.prefix, rest)
    await put(db, at, flip(await get(db, at)))
  }
  tell(forged, {kind: 'live', secret: true, skipped: true})

  const empty = writer(core, 7, 'empty')
  await call(done => empty.feed.open(done))
  tell(empty, {kind: 'live', secret: true, blocks: 0, length: 0})

  const nameless = {name: 'nameless', feed: core.createFeed({live: false, prefix: id(118)})}
  await append(nameless, 3)
  await call(done => db.close(done))
  return found
}

async function long (blocks) {
  const db = await open()
  const feed = writer(hypercore(db, {id: id(9)}), 1, 'long')
  for (let i = 1000; i < blocks; i += 1000) await append(feed, i)
  await append(feed, blocks)
  await call(done => db.close(done))
  return [{name: 'long', key: hex(feed.feed.key), publicId: hex(feed.feed.publicId), kind: 'live', secret: true, blocks, length: blocks}]
}

async function main () {
  fs.rmSync(dir, {recursive: true, force: true})
  const found = await (count ? long(Number(count)) : everything())
  // What LevelDB tells of itself has times in it, and the lock is for processes that run.
  for (const name of ['LOG', 'LOG.old', 'LOCK']) fs.rmSync(path.join(dir, name), {force: true})
  fs.writeFileSync(dir + '.json', '[\n' + found.map(feed => '  ' + JSON.stringify(feed)).join(',\n') + '\n]\n')
}

main().catch(error => { console.error(error); process.exit(1) })
