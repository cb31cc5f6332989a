// npm hypercore 11 on one work of the benches: node bench.mjs WORK BLOCKS BYTES
// Prints what it read as JSON, one object a line. Storage is the package's default, in a temporary folder.

import { spawn } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import net from 'node:net'
import os from 'node:os'
import path from 'node:path'
import readline from 'node:readline'
import { fileURLToPath } from 'node:url'
import Hypercore from 'hypercore'

const [work, blocks, bytes] = [process.argv[2], Number(process.argv[3]), Number(process.argv[4])]
const print = object => process.stdout.write(JSON.stringify(object) + '\n')

const peak = async () => {
  const status = await readFile('/proc/self/status', 'utf8')
  return Number(/VmHWM:\s*(\d+)/.exec(status)[1]) * 1024
}

// Time, CPU and memory of one piece of work.
async function measure (run) {
  const cpu = process.cpuUsage()
  const start = process.hrtime.bigint()
  await run()
  const seconds = Number(process.hrtime.bigint() - start) / 1e9
  const { user, system } = process.cpuUsage(cpu)
  return { seconds, cpu_seconds: (user + system) / 1e6, peak_bytes: await peak() }
}

const reading = (name, count, unit, { seconds, cpu_seconds, peak_bytes }) =>
  print({ name, value: count / seconds, unit: unit + '/s', cpu_seconds, peak_bytes })

// Blocks that differ, without a copy: the bytes of one page from a place that moves.
function pattern () {
  const page = Buffer.alloc(bytes + 4096)
  let state = 1
  for (let at = 0; at < page.length; at++) {
    state = (Math.imul(state, 1103515245) + 12345) >>> 0
    page[at] = state >>> 16
  }
  return number => page.subarray(number % 4096, number % 4096 + bytes)
}

const block = pattern()
const batch = (start, count) => Array.from({ length: Math.min(count, blocks - start) }, (_, at) => block(start + at))
const folder = await mkdtemp(path.join(os.tmpdir(), 'npm-11-'))
const create = async (name, key) => {
  const core = new Hypercore(path.join(folder, name), key)
  await core.ready()
  return core
}

async function append () {
  const core = await create('feed')
  const batches = async size => {
    for (let start = 0; start < blocks; start += size) await core.append(batch(start, size))
  }
  const runs = {
    'append/batches of 100': () => batches(100),
    'append/64 KiB': () => batches(16),
    'append/64 tasks': async () => {
      const task = async number => {
        for (let at = number; at < blocks; at += 64) await core.append(block(at))
      }
      await Promise.all(Array.from({ length: 64 }, (_, number) => task(number)))
    }
  }
  const lap = await measure(runs[work] ?? (async () => {
    for (let at = 0; at < blocks; at++) await core.append(block(at))
  }))
  if (work === 'append/64 KiB') reading(work, blocks * bytes / 1e6, 'MB', lap)
  else reading(work, blocks, 'blocks', lap)
  await core.close()
}

async function get () {
  const core = await create('feed')
  for (let start = 0; start < blocks; start += 1000) await core.append(batch(start, 1000))
  let state = 1
  let left = blocks
  const reader = async () => {
    while (left-- > 0) {
      state = (Math.imul(state, 1103515245) + 12345) >>> 0
      await core.get((state >>> 8) % blocks)
    }
  }
  const lap = await measure(() => Promise.all(Array.from({ length: 32 }, reader)))
  reading(work, blocks, 'blocks', lap)
  await core.close()
}

async function replicate () {
  const server = spawn(process.execPath, [fileURLToPath(import.meta.url), 'serve', blocks, bytes], {
    stdio: ['pipe', 'pipe', 'inherit']
  })
  const lines = readline.createInterface({ input: server.stdout })[Symbol.asyncIterator]()
  const { key, port } = JSON.parse((await lines.next()).value)
  const core = await create('copy', Buffer.from(key, 'hex'))
  const lap = await measure(async () => {
    const socket = net.connect(port, '127.0.0.1')
    socket.setNoDelay(true)
    const stream = core.replicate(true)
    socket.pipe(stream).pipe(socket)
    socket.on('error', () => {})
    stream.on('error', () => {})
    await core.download({ start: 0, end: blocks }).done()
  })
  if (core.contiguousLength < blocks) throw new Error(`only ${core.contiguousLength} blocks arrived`)
  reading(work, blocks, 'blocks', lap)
  reading(work + ', bytes', blocks * bytes / 1e6, 'MB', lap)
  server.stdin.end()
  const used = JSON.parse((await lines.next()).value)
  reading(work + ', serving side', blocks * bytes / 1e6, 'MB', { ...used, seconds: lap.seconds })
}

async function serve () {
  const core = await create('feed')
  for (let start = 0; start < blocks; start += 100) await core.append(batch(start, 100))
  const server = net.createServer(socket => {
    socket.setNoDelay(true)
    const stream = core.replicate(false)
    socket.pipe(stream).pipe(socket)
    socket.on('error', () => {})
    stream.on('error', () => {})
  })
  await new Promise(resolve => server.listen(0, '127.0.0.1', resolve))
  const lap = await measure(async () => {
    print({ key: core.key.toString('hex'), port: server.address().port })
    await new Promise(resolve => process.stdin.on('end', resolve).resume())
  })
  print(lap)
}

const works = { append, get, replicate, serve }
await works[work.split('/')[0]]()
await rm(folder, { recursive: true, force: true })
process.exit(0)
