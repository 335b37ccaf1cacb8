// A client of GraphQL over WebSocket: a subscription, a query, and a message that is refused.
//
//     node graphql.js URL

const { createClient } = require("graphql-ws");
const WebSocket = require("ws");

const [url] = process.argv.slice(2);

async function main() {
  const client = createClient({ url, webSocketImpl: WebSocket, retryAttempts: 0 });
  const ask = async (query) => {
    const results = [];
    for await (const result of client.iterate({ query })) results.push(result.data ?? result);
    return results;
  };
  const counted = (await ask("subscription { count(to: 100) }")).map((data) => data.count);
  const [{ greeting }] = await ask("{ greeting }");
  const closed = new Promise((resolve) => client.on("closed", (event) => resolve(event.code)));
  await client.dispose();
  console.log(JSON.stringify({
    counted: counted.length,
    inOrder: counted.every((number, at) => number === at + 1),
    greeting,
    closed: await closed,
    refused: await refusal(),
  }));
}

/** The code that a message without sense is answered with, however long the reason would be. */
function refusal() {
  return new Promise((resolve) => {
    const socket = new WebSocket(url, "graphql-transport-ws");
    socket.on("open", () => socket.send(JSON.stringify({ type: "x".repeat(1000) })));
    socket.on("close", resolve);
    socket.on("error", (error) => resolve(error.message));
  });
}

main();
