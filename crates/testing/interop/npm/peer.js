'use strict'
// A peer of npm hypercore 2.3.0, driven by one JSON object a line: requests on stdin
// ({id, do, ...}), answers ({id, ok} or {id, failed}) and events ({event, ...}) on stdout.
// The commands are the methods of Feeds and Connections, and those below.
// An exception that upstream does not catch is an event, "crash", and the process lives on.

const readline = require('readline')
const hypercore = require('hypercore')
const memdb = require('memdb')
const Feeds = require('./feeds')
const Connections = require('./connections')

const print = object => process.stdout.write(JSON.stringify(object) + '\n')
let quiet = false
const emit = event => { if (!quiet || !['have', 'download', 'upload'].includes(event.event)) print(event) }

process.on('uncaughtException', error => print({event: 'crash', message: error.message, stack: error.stack}))
process.on('unhandledRejection', error => print({event: 'crash', message: String(error && error.message)}))

const peerId = process.argv[2] ? Buffer.from(process.argv[2], 'hex') : undefined
let db, core, feeds, connections

function start (stored) {
  db = stored
  core = hypercore(db, {id: peerId})
  feeds = new Feeds(core, emit)
  connections = new Connections(core, feeds, emit)
}

start(memdb())

const own = {
  hello: async () => ({
    node: process.version,
    hypercore: require('hypercore/package.json').version,
    peerId: core.id.toString('hex')
  }),
  list: async () => ({
    keys: (await new Promise((resolve, reject) => core.list((error, keys) => error ? reject(error) : resolve(keys))))
      .map(key => key.toString('hex'))
  }),
  // A new peer in the old process, which is quicker than a new process. What the old one still says is not told.
  reset: async () => {
    connections.end()
    start(memdb())
    return {}
  },
  // The same peer again, from what it has stored; its feeds are closed before.
  restart: async () => {
    connections.end()
    start(db)
    return {}
  },
  // Leaves out the events of single blocks: a thousand of them say little.
  quiet: async ({on}) => { quiet = on; return {} }
}

const feedCommands = [
  'create', 'open', 'append', 'appendPattern', 'finalize', 'read', 'has', 'blocks', 'waitBlocks', 'digestAll',
  'digest', 'proof', 'put', 'pause', 'resume', 'want', 'cancel', 'extension', 'stats', 'closeFeed', 'writeStream', 'readStream'
]
const connectionCommands = ['listen', 'connect', 'join', 'leave', 'close', 'stopListening', 'traffic']

function command (name) {
  if (Object.hasOwn(own, name)) return own[name]
  if (feedCommands.includes(name)) return request => feeds[name](request)
  if (connectionCommands.includes(name)) return request => connections[name](request)
  throw new Error('no command named ' + name)
}

readline.createInterface({input: process.stdin}).on('line', async line => {
  let id = null
  try {
    const request = JSON.parse(line)
    id = request.id
    print({id, ok: await command(request.do)(request)})
  } catch (error) {
    print({id, failed: error.message})
  }
}).on('close', () => process.exit(0))
