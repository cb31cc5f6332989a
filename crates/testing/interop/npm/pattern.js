'use strict'
// Blocks made from two numbers, so that megabytes need not pass through a pipe.
// The same generator stands in src/pattern.rs; README.md describes it.

exports.block = function (seed, max, index) {
  let state = (seed ^ Math.imul(index + 1, 0x9e3779b1)) >>> 0 || 1
  const draw = () => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    state >>>= 0
    return state
  }
  for (let i = 0; i < 4; i++) draw()
  const bytes = Buffer.alloc(Math.min(size(draw), max))
  let at = 0
  for (; at + 4 <= bytes.length; at += 4) bytes.writeUInt32LE(draw(), at)
  for (let rest = draw(); at < bytes.length; at++, rest >>>= 8) bytes[at] = rest & 255
  return bytes
}

function size (draw) {
  const kind = draw() % 64
  const number = draw()
  if (kind === 0) return 0
  if (kind < 56) return 1 + number % 1024
  if (kind < 63) return 1 + number % 65536
  return 1 + number % 1048576
}
