'use strict'
// Commands about feeds: all of the public interface of hypercore 2.3.0 that tests need.

const crypto = require('crypto')
const signatures = require('sodium-signatures')
const memory = require('random-access-memory')
const pattern = require('./pattern')

const hex = bytes => bytes ? bytes.toString('hex') : null
const unhex = text => Buffer.from(text, 'hex')
const call = run => new Promise((resolve, reject) => run((error, value) => error ? reject(error) : resolve(value)))

class Feeds {
  constructor (core, emit) {
    this.core = core
    this.emit = emit
    this.byName = new Map()
  }

  get (name) {
    const entry = this.byName.get(name)
    if (!entry) throw new Error('no feed named ' + name)
    return entry
  }

  async create ({name, live = true, seed, external}) {
    const opts = {live}
    if (seed) Object.assign(opts, pair(signatures.keyPair(unhex(seed))))
    if (external) opts.storage = memory()
    // A key given by position makes the feed static unless it says otherwise; an empty one is none.
    return this.adopt(name, this.core.createFeed(opts))
  }

  async open ({name, key, live = false, external}) {
    const opts = {live}
    if (external) opts.storage = memory()
    return this.adopt(name, this.core.createFeed(unhex(key), opts))
  }

  async append ({name, blocks}) {
    return this.appendAll(name, blocks.map(unhex))
  }

  // One append call per `batch` blocks: upstream keeps a whole call in memory.
  async appendPattern ({name, seed, max, count, from = 0, batch = 64}) {
    for (let done = 0; done < count; done += batch) {
      const blocks = []
      for (let i = done; i < Math.min(count, done + batch); i++) blocks.push(pattern.block(seed, max, from + i))
      await this.appendAll(name, blocks)
    }
    return this.blocks({name})
  }

  async appendAll (name, blocks) {
    const entry = this.get(name)
    // Upstream joins the blocks of one call for external storage and needs at least one there.
    if (blocks.length) await call(done => entry.feed.append(blocks, done))
    entry.held += blocks.length
    entry.wake()
    return this.blocks({name})
  }

  async finalize ({name}) {
    const {feed} = this.get(name)
    await call(done => feed.finalize(done))
    return this.identity(name)
  }

  async read ({name, block}) {
    return {data: hex(await call(done => this.get(name).feed.get(block, done)))}
  }

  async has ({name, block}) {
    return {has: this.get(name).feed.has(block)}
  }

  async blocks ({name}) {
    const {feed, held} = this.get(name)
    return {length: feed.blocks, held}
  }

  async waitBlocks ({name, held}) {
    const entry = this.get(name)
    await new Promise(resolve => {
      const look = () => {
        if (entry.held < held) return false
        entry.waiting.delete(look)
        resolve()
        return true
      }
      if (!look()) entry.waiting.add(look)
    })
    return this.blocks({name})
  }

  // SHA-256 over the blocks in order, each after its length as four bytes, big end first.
  async digestAll ({name, start = 0, end}) {
    const {feed} = this.get(name)
    const hash = crypto.createHash('sha256')
    const until = end === undefined ? feed.blocks : end
    let bytes = 0
    for (let i = start; i < until; i++) {
      if (!feed.has(i)) throw new Error('block ' + i + ' is not held')
      const block = await call(done => feed.get(i, done))
      const length = Buffer.alloc(4)
      length.writeUInt32BE(block.length)
      hash.update(length).update(block)
      bytes += block.length
    }
    return {blocks: until - start, bytes, sha256: hash.digest('hex')}
  }

  async digest ({name, block}) {
    return {digest: this.get(name).feed.digest(block)}
  }

  async proof ({name, block, digest}) {
    const {feed} = this.get(name)
    const proof = await call(done => feed.proof(block, {digest}, done))
    const nodes = proof.nodes.map(node => ({index: node.index, size: node.size, hash: hex(node.hash)}))
    return {nodes, signature: hex(proof.signature)}
  }

  async put ({name, block, data, nodes, signature}) {
    const {feed} = this.get(name)
    const proof = {
      nodes: nodes.map(node => ({index: node.index, size: node.size, hash: unhex(node.hash)})),
      signature: signature ? unhex(signature) : null
    }
    await call(done => feed.put(block, unhex(data), proof, done))
    return this.blocks({name})
  }

  async pause ({name}) {
    for (const peer of this.get(name).feed.peers) peer.pause()
    return {}
  }

  async resume ({name}) {
    for (const peer of this.get(name).feed.peers) peer.resume()
    return {}
  }

  async want ({name, start, end}) {
    for (const peer of this.get(name).feed.peers) peer.want({start, end})
    return {}
  }

  async cancel ({name, block}) {
    for (const peer of this.get(name).feed.peers) peer.cancel({block})
    return {}
  }

  async extension ({name, extension, data}) {
    for (const peer of this.get(name).feed.peers) peer.stream.sendExtension(peer.channel, extension, unhex(data))
    return {}
  }

  async stats ({name}) {
    const entry = this.get(name)
    return Object.assign({peers: entry.feed.peers.length, length: entry.feed.blocks, held: entry.held}, entry.stats)
  }

  async writeStream ({blocks}) {
    const stream = this.core.createWriteStream(null, {live: false})
    for (const block of blocks) stream.write(unhex(block))
    await new Promise((resolve, reject) => stream.on('error', reject).on('finish', resolve).end())
    return {key: hex(stream.key)}
  }

  async readStream ({name, start, end}) {
    const blocks = []
    const stream = this.core.createReadStream(this.get(name).feed, {start, end})
    stream.on('data', block => blocks.push(hex(block)))
    await new Promise((resolve, reject) => stream.on('error', reject).on('end', resolve))
    return {blocks}
  }

  async closeFeed ({name}) {
    await call(done => this.get(name).feed.close(done))
    this.byName.delete(name)
    return {}
  }

  async adopt (name, feed) {
    await call(done => feed.open(done))
    const stats = {uploaded: 0, uploadedBytes: 0, downloaded: 0, downloadedBytes: 0}
    const waiting = new Set()
    const entry = {feed, stats, held: 0, waiting, wake: () => waiting.forEach(look => look())}
    for (let i = 0; i < feed.blocks; i++) if (feed.has(i)) entry.held++
    this.byName.set(name, entry)
    this.listen(name, entry)
    return this.identity(name)
  }

  listen (name, entry) {
    const {feed, stats} = entry
    feed.on('have', block => {
      entry.held++
      this.emit({event: 'have', name, block})
      entry.wake()
    })
    feed.on('download', (block, data) => {
      stats.downloaded++
      stats.downloadedBytes += data.length
      this.emit({event: 'download', name, block, bytes: data.length})
    })
    feed.on('upload', (block, data) => {
      stats.uploaded++
      stats.uploadedBytes += data.length
      this.emit({event: 'upload', name, block, bytes: data.length})
    })
    feed.on('peer', peer => {
      this.emit({event: 'peer', name})
      // Replication peers have no handler for extension messages; a test wants to see them.
      peer.onextension = (extension, data) => this.emit({event: 'extension', name, extension, data: hex(data)})
      for (const event of ['pause', 'resume', 'close']) {
        peer.on(event, () => this.emit({event: event === 'close' ? 'peer-closed' : event, name}))
      }
    })
  }

  async identity (name) {
    const {feed, held} = this.get(name)
    return {key: hex(feed.key), publicId: hex(feed.publicId), live: feed.live, length: feed.blocks, held}
  }
}

function pair ({publicKey, secretKey}) {
  return {key: publicKey, secretKey, live: true}
}

module.exports = Feeds
