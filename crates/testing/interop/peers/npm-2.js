'use strict'
// npm hypercore 2.3.0 on one work of the benches: node npm-2.js WORK BLOCKS BYTES
// Prints what it read as JSON, one object a line. It keeps feeds in memory (memdb), which no disk is slower than.

const {spawn} = require('child_process')
const fs = require('fs')
const net = require('net')
const readline = require('readline')
const hypercore = require('hypercore')
const memdb = require('memdb')

const work = process.argv[2]
const blocks = Number(process.argv[3])
const bytes = Number(process.argv[4])
const print = object => process.stdout.write(JSON.stringify(object) + '\n')

const peak = () => Number(/VmHWM:\s*(\d+)/.exec(fs.readFileSync('/proc/self/status', 'utf8'))[1]) * 1024

// Time, CPU and memory of one piece of work.
async function measure (run) {
  const cpu = process.cpuUsage()
  const start = process.hrtime.bigint()
  await run()
  const seconds = Number(process.hrtime.bigint() - start) / 1e9
  const {user, system} = process.cpuUsage(cpu)
  return {seconds, cpu_seconds: (user + system) / 1e6, peak_bytes: peak()}
}

const reading = (name, count, unit, lap) => print({
  name, value: count / lap.seconds, unit: unit + '/s', cpu_seconds: lap.cpu_seconds, peak_bytes: lap.peak_bytes
})

const called = run => new Promise((resolve, reject) => run((error, value) => error ? reject(error) : resolve(value)))

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
const batch = (start, count) => Array.from({length: Math.min(count, blocks - start)}, (_, at) => block(start + at))

async function fill (feed, size) {
  for (let start = 0; start < blocks; start += size) await called(done => feed.append(batch(start, size), done))
}

async function append () {
  const feed = hypercore(memdb()).createFeed()
  const sizes = {'append/batches of 100': 100, 'append/64 KiB': 16}
  const together = async () => {
    const task = async number => {
      for (let at = number; at < blocks; at += 64) await called(done => feed.append(block(at), done))
    }
    await Promise.all(Array.from({length: 64}, (_, number) => task(number)))
  }
  const lap = await measure(work === 'append/64 tasks' ? together : () => fill(feed, sizes[work] || 1))
  if (work === 'append/64 KiB') reading(work, blocks * bytes / 1e6, 'MB', lap)
  else reading(work, blocks, 'blocks', lap)
}

async function get () {
  const feed = hypercore(memdb()).createFeed()
  await fill(feed, 1000)
  let state = 1
  let left = blocks
  const reader = async () => {
    while (left-- > 0) {
      state = (Math.imul(state, 1103515245) + 12345) >>> 0
      await called(done => feed.get((state >>> 8) % blocks, done))
    }
  }
  const lap = await measure(() => Promise.all(Array.from({length: 32}, reader)))
  reading(work, blocks, 'blocks', lap)
}

async function replicate () {
  const server = spawn(process.execPath, [__filename, 'serve', blocks, bytes], {stdio: ['pipe', 'pipe', 'inherit']})
  const lines = readline.createInterface({input: server.stdout})[Symbol.asyncIterator]()
  const {key, port} = JSON.parse((await lines.next()).value)
  const feed = hypercore(memdb()).createFeed(Buffer.from(key, 'hex'))
  let left = blocks
  const lap = await measure(() => new Promise(resolve => {
    feed.on('download', () => { if (--left === 0) resolve() })
    const socket = net.connect(port, '127.0.0.1')
    socket.setNoDelay(true)
    socket.pipe(feed.replicate()).pipe(socket)
    socket.on('error', () => {})
  }))
  reading(work, blocks, 'blocks', lap)
  reading(work + ', bytes', blocks * bytes / 1e6, 'MB', lap)
  server.stdin.end()
  const used = JSON.parse((await lines.next()).value)
  reading(work + ', serving side', blocks * bytes / 1e6, 'MB', Object.assign(used, {seconds: lap.seconds}))
}

async function serve () {
  const feed = hypercore(memdb()).createFeed()
  await fill(feed, 100)
  const server = net.createServer(socket => {
    socket.setNoDelay(true)
    socket.pipe(feed.replicate()).pipe(socket)
    socket.on('error', () => {})
  })
  await new Promise(resolve => server.listen(0, '127.0.0.1', resolve))
  const lap = await measure(() => {
    print({key: feed.key.toString('hex'), port: server.address().port})
    return new Promise(resolve => process.stdin.on('end', resolve).resume())
  })
  print(lap)
}

const works = {append, get, replicate, serve}
works[work.split('/')[0]]().then(() => process.exit(0), error => {
  console.error(error)
  process.exit(1)
})
