// A client of Socket.IO: an event and its acknowledgement, over WebSocket at once and after
// polling.
//
//     node socketio.js URL

const { isDeepStrictEqual } = require("node:util");
const { io } = require("socket.io-client");

const [url] = process.argv.slice(2);

async function main() {
  const direct = await roundTrip(["websocket"]);
  const upgraded = await roundTrip(["polling", "websocket"]);
  console.log(JSON.stringify({ direct, upgraded }));
}

async function roundTrip(transports) {
  const socket = io(url, { transports, reconnection: false, forceNew: true });
  const { engine } = socket.io;
  const opened = happens(engine, "open").then(() => engine.transport.name);
  const upgraded = transports.includes("polling") && happens(engine, "upgrade");
  await happens(socket, "connect");
  await upgraded;
  const began = await opened;
  const question = { text: "grüße", number: 42, long: "x".repeat(100_000) };
  const asked = happens(socket, "asked");
  const answer = await socket.timeout(10_000).emitWithAck("ask", question);
  const event = await asked;
  const same = [answer, event].every((one) => isDeepStrictEqual(one, question));
  const transport = engine.transport.name;
  socket.disconnect();
  return { began, transport, same };
}

function happens(emitter, event) {
  return new Promise((resolve, reject) => {
    emitter.once(event, resolve);
    emitter.once("connect_error", reject);
    emitter.once("upgradeError", reject);
  });
}

main();
