// Run one case with Node's `ws`, as tests/interop/run has it.
//
// The only argument is a job in JSON. Prints a report in JSON.

'use strict';

const assert = require('assert');
const fs = require('fs');
const { once } = require('events');
const WebSocket = require('ws');
const { deflateOptions, sendFragments, startClose } = require('./common');

const report = { messages: 0, bytes: 0, pongs: 0, closes: 0, limits: 0, failures: [] };
const payloads = new Map();

function read(file) {
  if (!payloads.has(file)) payloads.set(file, fs.readFileSync(file));
  return payloads.get(file);
}

/** A connection whose messages, pongs and Close are waited for in order. */
class Socket {
  constructor(url, offer) {
    this.ws = new WebSocket(url, { perMessageDeflate: deflateOptions(offer) });
    this.closed = new Promise((resolve) => {
      this.ws.on('close', (code, reason) => resolve([code, reason.toString()]));
    });
    this.error = new Promise((_, reject) => {
      this.ws.on('error', reject);
      this.closed.then(([code]) => reject(new Error(`closed with ${code}`)));
    });
    // It counts only where it is waited for.
    this.error.catch(() => {});
    this.received = [];
    this.waiting = [];
    this.ws.on('message', (data, isBinary) => this.deliver({ data, isBinary }));
  }

  async open() {
    await this.unlessFailed(once(this.ws, 'open'));
    return this;
  }

  unlessFailed(promise) {
    return Promise.race([promise, this.error]);
  }

  deliver(message) {
    const wait = this.waiting.shift();
    if (wait) wait(message);
    else this.received.push(message);
  }

  receive() {
    if (this.received.length) return this.received.shift();
    return this.unlessFailed(new Promise((resolve) => this.waiting.push(resolve)));
  }

  send({ file, text, fragments }) {
    sendFragments(this.ws, read(file), !text, fragments);
  }

  async ping(text) {
    const pong = new Promise((resolve) => {
      const listener = (data) => {
        if (data.toString() !== text) return;
        this.ws.off('pong', listener);
        resolve();
      };
      this.ws.on('pong', listener);
    });
    this.ws.ping(text);
    await this.unlessFailed(pong);
    report.pongs++;
  }

  /** Close. The server answers with the code that it was sent (RFC 6455, section 5.5.1). */
  async close(code, reason) {
    startClose(this.ws, code, reason);
    const [answered, itsReason] = await this.closed;
    const text = `Close (${code}, ${reason}) was answered with (${answered}, ${itsReason})`;
    assert(answered === (code ?? 1005) && itsReason === '', text);
  }
}

/** Send a plan's messages, and compare what comes back. */
async function echo(offer, { url, plan }) {
  const socket = await new Socket(url, offer).open();
  const rounds = JSON.parse(fs.readFileSync(plan));
  for (const [index, messages] of rounds.entries()) {
    messages.forEach((message) => socket.send(message));
    for (const message of messages) {
      const { data, isBinary } = await socket.receive();
      assert.strictEqual(isBinary, !message.text, 'text came back as binary, or the reverse');
      assert(data.equals(read(message.file)), `${message.file} came back as another`);
      report.messages++;
      report.bytes += data.length;
    }
    await socket.ping(`after round ${index}`);
  }
  await socket.close(1000, 'done');
}

/** Close with each code and reason, on connections of their own. */
async function closeAll(offer, { url, closes }) {
  for (const [code, reason] of closes) {
    const socket = await new Socket(url, offer).open();
    socket.ws.send('hello');
    await socket.receive();
    await socket.close(code, reason);
    report.closes++;
  }
}

/** Send the largest message, then one that is too large and compresses well. */
async function exceed(offer, { url, size }) {
  const socket = await new Socket(url, offer).open();
  socket.ws.send('x'.repeat(size));
  const { data } = await socket.receive();
  assert(data.equals(Buffer.alloc(size, 'x')), 'the largest message came back as another');
  socket.ws.send('x'.repeat(size + 1));
  const [code, reason] = await socket.closed;
  assert(code === 1009 && reason !== '', `too large: closed with ${code}`);
  assert.strictEqual(socket.received.length, 0, 'a message that is too large came back');
  report.limits++;
}

async function attempt(task, offer, argument) {
  try {
    await task(offer, argument);
  } catch (error) {
    report.failures.push(`${task.name}: ${error}`);
  }
}

async function run({ offer, echoes, closes, limit }) {
  for (const one of echoes) await attempt(echo, offer, one);
  await attempt(closeAll, offer, closes);
  await attempt(exceed, offer, limit);
  // A connection of what failed may still be open.
  process.stdout.write(JSON.stringify(report), () => process.exit());
}

run(JSON.parse(process.argv[2]));
