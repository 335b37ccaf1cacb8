// What the client and the server of Node's `ws` have in common.

'use strict';

/** The options of `ws` that stand for parameters of permessage-deflate. */
function deflateOptions(parameters) {
  if (parameters === null) return false;
  const camelCase = (name) => name.replace(/_(.)/g, (_, letter) => letter.toUpperCase());
  const options = Object.entries(parameters).map(([name, value]) => [camelCase(name), value]);
  return { threshold: 0, ...Object.fromEntries(options) };
}

/** Send a message in fragments, cut also within a character, with a ping before the third. */
function sendFragments(ws, payload, isBinary, count) {
  const cut = (index) => Math.floor((payload.length * index) / count);
  for (let index = 0; index < count; index++) {
    if (index === 2) ws.ping('between fragments');
    const fin = index === count - 1;
    ws.send(payload.subarray(cut(index), cut(index + 1)), { binary: isBinary, fin });
  }
}

/** Start to close; `null` is a Close without a status. */
function startClose(ws, code, reason) {
  if (code === null) ws.close();
  else ws.close(code, reason);
}

module.exports = { deflateOptions, sendFragments, startClose };
