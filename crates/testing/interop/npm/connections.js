'use strict'
// Commands about connections: replication streams over TCP on this machine.

const net = require('net')

class Connections {
  constructor (core, feeds, emit) {
    this.core = core
    this.feeds = feeds
    this.emit = emit
    this.byNumber = new Map()
    this.servers = new Map()
    this.last = 0
  }

  get (number) {
    const connection = this.byNumber.get(number)
    if (!connection) throw new Error('no connection numbered ' + number)
    return connection
  }

  async listen (options) {
    const server = net.createServer(socket => this.start(socket, options))
    await new Promise((resolve, reject) => {
      server.once('error', reject)
      server.listen(options.port || 0, '127.0.0.1', resolve)
    })
    const port = server.address().port
    this.servers.set(port, server)
    return {port}
  }

  async connect (options) {
    const socket = net.connect(options.port, options.host || '127.0.0.1')
    await new Promise((resolve, reject) => socket.once('connect', resolve).once('error', reject))
    return {connection: this.start(socket, options)}
  }

  async join ({connection, name}) {
    const {stream} = this.get(connection)
    const {feed} = this.feeds.get(name)
    await new Promise((resolve, reject) => stream.add(feed, error => error ? reject(new Error(error.message || error)) : resolve()))
    return {}
  }

  async leave ({connection, name}) {
    const {stream} = this.get(connection)
    const {feed} = this.feeds.get(name)
    await new Promise((resolve, reject) => stream.remove(feed, error => error ? reject(new Error(error.message || error)) : resolve()))
    return {}
  }

  async close ({connection}) {
    this.get(connection).stream.destroy()
    return {}
  }

  async stopListening ({port}) {
    const server = this.servers.get(port)
    if (!server) throw new Error('not listening on ' + port)
    server.close()
    this.servers.delete(port)
    return {}
  }

  async traffic ({connection}) {
    const {socket, stream} = this.get(connection)
    return {
      received: socket.bytesRead,
      sent: socket.bytesWritten,
      remotePeerId: stream.remoteId ? stream.remoteId.toString('hex') : null
    }
  }

  // Ends everything, and tells nothing of it.
  end () {
    this.emit = () => {}
    for (const server of this.servers.values()) server.close()
    for (const {socket, stream} of this.byNumber.values()) {
      stream.destroy()
      socket.destroy()
    }
  }

  start (socket, {feeds = [], encrypted = true, extensions = [], timeout = 5000}) {
    const number = ++this.last
    socket.setNoDelay(true)
    const stream = this.core.replicate({
      encrypted,
      // The merge upstream does needs sorted names.
      extensions: extensions.slice().sort(),
      timeout,
      feeds: feeds.map(name => this.feeds.get(name).feed)
    })
    this.byNumber.set(number, {socket, stream})
    const tell = (event, more) => this.emit(Object.assign({event, connection: number}, more))
    tell('connection', {})
    stream.on('handshake', () => tell('handshake', {
      peerId: stream.remoteId.toString('hex'),
      supports: stream.extensions.map((_, i) => stream.remoteSupports(i))
    }))
    stream.on('feed', publicId => tell('feed', {publicId: publicId.toString('hex')}))
    stream.on('timeout', () => tell('timeout', {}))
    stream.on('error', error => tell('error', {message: error.message}))
    stream.once('close', () => {
      tell('close', {})
      this.byNumber.delete(number)
      // What is queued still goes out: the other side sees an end, not a reset.
      socket.end()
    })
    socket.on('error', error => tell('socket-error', {message: error.message}))
    socket.on('close', () => stream.destroy())
    socket.pipe(stream).pipe(socket)
    return number
  }
}

module.exports = Connections
