// What tests/browser/run has a page do. Every function resolves with what was seen, or
// rejects; what ought to be seen is in `run`.

"use strict";

const checks = (() => {
  const MIB = 1 << 20;
  const MILLISECONDS_PER_EVENT = 20000;

  /** A WebSocket whose events can be awaited. */
  class Client {
    #messages = [];
    #wanted = null;

    constructor(url, protocols = []) {
      this.socket = new WebSocket(url, protocols);
      this.socket.binaryType = "arraybuffer";
      this.errors = 0;
      this.opened = new Promise(resolve => this.socket.onopen = () => resolve(true));
      this.closed = new Promise(resolve => this.socket.onclose = resolve);
      this.socket.onerror = () => this.errors += 1;
      this.socket.onmessage = event => {
        this.#messages.push(event.data);
        this.#wanted?.();
      };
    }

    /** Open a socket. Its first message tells the version of HTTP. */
    static async open(url) {
      const client = new Client(url);
      await within("open", Promise.race([client.opened, client.#failure()]));
      client.version = await client.receive();
      return client;
    }

    async receive() {
      if (!this.#messages.length) {
        const wanted = new Promise(resolve => this.#wanted = resolve);
        await within("a message", Promise.race([wanted, this.#failure()]));
      }
      return this.#messages.shift();
    }

    /** Close as the page, with a code and a reason or without. */
    async close(...how) {
      this.socket.close(...how);
      return this.end();
    }

    /** How the connection ended, as the page sees it. */
    async end() {
      const { code, reason, wasClean } = await within("the close", this.closed);
      return { code, reason, wasClean, errors: this.errors };
    }

    async #failure() {
      const { code, reason } = await this.closed;
      throw new Error(`closed with ${code} ${reason}`);
    }
  }

  /** The promise, but not forever. */
  function within(what, promise) {
    const timeout = new Promise((_, reject) => setTimeout(
      () => reject(new Error(`waited for ${what}, ${MILLISECONDS_PER_EVENT} ms`)),
      MILLISECONDS_PER_EVENT));
    return Promise.race([promise, timeout]);
  }

  // --- Messages ------------------------------------------------------------------------------

  function noise(size) {
    const bytes = new Uint8Array(size);
    for (let i = 0; i < size; i += 65536) crypto.getRandomValues(bytes.subarray(i, i + 65536));
    return bytes;
  }

  /** Letters and digits that do not repeat. */
  function noiseText(size) {
    const bytes = noise(size);
    for (let i = 0; i < size; i++) bytes[i] = 48 + (bytes[i] & 63);
    return new TextDecoder().decode(bytes);
  }

  /** 1 MiB of characters of one to four bytes. */
  const mixedMib = () => "xß世🌍".repeat(Math.floor(MIB / 10)) + "x".repeat(MIB % 10);

  /** Every message: how it is sent, and how it comes back if not so. */
  const MESSAGES = {
    "text": () => "Grüße, 世界 🌍",
    "text, empty": () => "",
    "text, a lone surrogate": () => "\ud800",
    "text, 1 MiB that repeats": () => "0123456789abcde\n".repeat(MIB / 16),
    "text, 1 MiB of 1 to 4 bytes a character": mixedMib,
    "text, 1 MiB of noise": () => noiseText(MIB),
    "ArrayBuffer": () => noise(1000).buffer,
    "ArrayBuffer, empty": () => new ArrayBuffer(0),
    "ArrayBuffer, 1 MiB of zeros": () => new ArrayBuffer(MIB),
    "ArrayBuffer, 1 MiB of noise": () => noise(MIB).buffer,
    "view of a part of a buffer": () => noise(1000).subarray(100, 900),
    "Blob": () => new Blob([noise(1000)]),
    "Blob, empty": () => new Blob([]),
    "Blob, 1 MiB of noise": () => new Blob([noise(MIB)]),
  };

  /** Send every message and compare what comes back. Resolves with a word for each. */
  async function echoes(url) {
    const client = await Client.open(url);
    const found = {};
    for (const [name, make] of Object.entries(MESSAGES)) {
      const sent = make();
      client.socket.binaryType = sent instanceof Blob ? "blob" : "arraybuffer";
      client.socket.send(sent);
      found[name] = await difference(sent, await client.receive());
    }
    await client.close(1000);
    return found;
  }

  /** "same", or what is not. */
  async function difference(sent, received) {
    if (typeof sent === "string") {
      return received === sent.toWellFormed() ? "same" : described(received);
    }
    const kind = sent instanceof Blob ? Blob : ArrayBuffer;
    if (!(received instanceof kind)) return described(received);
    const [a, b] = [await bytes(sent), await bytes(received)];
    if (a.length !== b.length) return described(received);
    const at = a.findIndex((byte, i) => byte !== b[i]);
    return at < 0 ? "same" : `differs at byte ${at}`;
  }

  async function bytes(binary) {
    return new Uint8Array(await new Response(binary).arrayBuffer());
  }

  function described(received) {
    const size = received.length ?? received.size ?? received.byteLength;
    return `${Object.prototype.toString.call(received)} of ${size}`;
  }

  /** Messages of every size around what a browser or a server treats otherwise. */
  function* samples() {
    const words = "the quick brown fox ß 世界 ".repeat(4000);
    for (const size of [
      1, 2, 3, 4, 7, 15, 31, 64, 125, 126, 300, 1000, 4095, 4096, 16384, 65535, 65536, 100000]) {
      yield new TextEncoder().encode(words).subarray(size % 17, size % 17 + size);
      yield new Uint8Array(size);
      yield noise(size);
    }
  }

  /** Send every sample to a server that answers nothing. Resolves with how many there were. */
  async function sendAll(url) {
    const client = new Client(url);
    await within("open", client.opened);
    let count = 0;
    for (const sample of samples()) {
      client.socket.send(sample);
      count += 1;
    }
    await client.close(1000);
    return count;
  }

  /** Every sample compressed, in one write and in several; in base64. */
  async function compressAll() {
    const made = [];
    for (const sample of samples()) {
      for (const writes of [1, 3]) {
        const stream = new CompressionStream("deflate-raw");
        const compressed = bytes(stream.readable);
        const writer = stream.writable.getWriter();
        const step = Math.ceil(sample.length / writes);
        for (let i = 0; i < sample.length; i += step) {
          await writer.write(sample.subarray(i, i + step));
        }
        await writer.close();
        made.push((await compressed).toBase64());
      }
    }
    return made;
  }

  /** Send many messages before any comes back. Resolves with how many came back, in order. */
  async function inFlight(url, count) {
    const client = await Client.open(url);
    const messages = Array.from({ length: count }, (_, i) => {
      const size = i * 7919 % 30000;
      return i % 2 ? noise(size).buffer : `${i} `.repeat(size / 4);
    });
    for (const message of messages) client.socket.send(message);
    let same = 0;
    for (const message of messages) {
      if (await difference(message, await client.receive()) === "same") same += 1;
    }
    await client.close(1000);
    return same;
  }

  /** Receive all that a server sends up to a line of JSON, which tells what that was. */
  async function received(url) {
    const client = new Client(url);
    const parts = [];
    const found = { messages: 0, payload: 0 };
    for (;;) {
      const message = await client.receive();
      const isText = typeof message === "string";
      if (isText && message.startsWith('{"messages"')) {
        found.told = JSON.parse(message);
        break;
      }
      const data = isText ? new TextEncoder().encode(message) : new Uint8Array(message);
      const head = new DataView(new ArrayBuffer(5));
      head.setUint8(0, isText ? 1 : 2);
      head.setUint32(1, data.length);
      parts.push(head, data);
      found.messages += 1;
      found.payload += data.length;
    }
    const digest = await crypto.subtle.digest("SHA-256", await new Blob(parts).arrayBuffer());
    found.sha256 = new Uint8Array(digest).toHex();
    found.extensions = client.socket.extensions;
    found.end = await client.close(1000);
    return found;
  }

  // --- Opening and closing -------------------------------------------------------------------

  /** What a new socket was granted. */
  async function terms(url) {
    const client = await Client.open(url);
    const { extensions, protocol } = client.socket;
    await client.close(1000);
    return { version: client.version, extensions, protocol };
  }

  /** Close a new socket as the page, with a code and a reason or without. */
  async function closed(url, ...how) {
    return (await Client.open(url)).close(...how);
  }

  /** Send a message that the server must refuse. Whether all of it was sent is told, too. */
  async function refused(url, kind, size) {
    const client = await Client.open(url);
    client.socket.send({ zeros: s => new ArrayBuffer(s), noise, text: noiseText }[kind](size));
    const end = await client.end();
    return { ...end, sent: client.socket.bufferedAmount === 0 };
  }

  /** Ask for a socket that cannot be had. */
  async function unavailable(url, ...protocols) {
    const client = new Client(url, protocols);
    const opened = client.opened.then(() => { throw new Error("it opened"); });
    return Promise.race([opened, client.end()]);
  }

  /** Open sockets in turn, and end each in another way. Resolves with their versions. */
  async function inTurn(url, count) {
    const versions = [];
    for (let i = 0; i < count; i++) {
      const client = await Client.open(url);
      versions.push(client.version);
      const ways = [
        () => client.close(1000),
        () => client.close(),
        () => client.close(4001, "reason"),
        // With messages on their way in both directions.
        () => {
        for (let j = 0; j < 20; j++) client.socket.send(noise(10000));
        return client.close(1000);
      },
        // The server closes.
        () => { client.socket.send(new ArrayBuffer(MIB + 1)); return client.end(); },
      ];
      const { wasClean } = await ways[i % ways.length]();
      if (!wasClean) throw new Error(`socket ${i} was not closed cleanly`);
    }
    return versions;
  }

  /** Open and close sockets in turn, 200 a second at most. Resolves with how many ended how. */
  async function manyInTurn(url, count) {
    const ends = {};
    for (let i = 0; i < count; i++) {
      const pause = new Promise(resolve => setTimeout(resolve, 5));
      const client = await Client.open(url);
      const { code, wasClean } = await client.close(1000);
      const end = `${client.version} ${code} ${wasClean}`;
      ends[end] = (ends[end] ?? 0) + 1;
      await pause;
    }
    return ends;
  }

  /** Sockets that are open at the same time, and the page's requests between them. */
  async function sideBySide(url, count) {
    const clients = await Promise.all(Array.from({ length: count }, () => Client.open(url)));
    clients.forEach((client, i) => client.socket.send(`message ${i}`));
    const page = await within("the page", fetch("/"));
    const received = await Promise.all(clients.map(client => client.receive()));
    const ends = await Promise.all(clients.map(client => client.close(1000)));
    return {
      versions: [...new Set(clients.map(client => client.version))],
      page: page.status,
      same: received.filter((message, i) => message === `message ${i}`).length,
      clean: ends.filter(end => end.wasClean).length,
    };
  }

  // --- The page as a user has it -------------------------------------------------------------

  const text = id => document.getElementById(id)?.textContent ?? "(no such element)";

  /** Wait until an element has a text that a regular expression matches. Resolves with it. */
  async function shows(id, pattern) {
    const deadline = performance.now() + MILLISECONDS_PER_EVENT;
    while (!new RegExp(pattern).test(text(id)) && performance.now() < deadline) {
      await new Promise(resolve => setTimeout(resolve, 20));
    }
    return text(id);
  }

  /** The middle of an element that a selector finds. */
  function middle(selector) {
    const { x, y, width, height } = document.querySelector(selector).getBoundingClientRect();
    return { x: x + width / 2, y: y + height / 2 };
  }

  /** By how many pixels the page is wider than its window. */
  const overflow = () => document.documentElement.scrollWidth - innerWidth;

  /** The protocol that the page itself came with. */
  const pageProtocol = () => performance.getEntriesByType("navigation")[0].nextHopProtocol;

  return {
    echoes, sendAll, compressAll, inFlight, received, terms, closed, refused, unavailable, inTurn, manyInTurn,
    sideBySide, shows, middle, overflow, pageProtocol,
  };
})();
