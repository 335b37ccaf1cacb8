// Serve one case with Node's `ws`, as tests/interop/run has it.
//
// The only argument is a job in JSON. Prints the port, and when a connection has ended a
// report in JSON.

'use strict';

const { WebSocketServer } = require('ws');
const { deflateOptions, sendFragments, startClose } = require('./common');

const job = JSON.parse(process.argv[2]);

/** Answer a request that is to get no connection. */
function decide({ req }, decided) {
  const answer = job.answers[req.url];
  if (answer) decided(false, answer.status, 'no connection here', answer.headers);
  else decided(true);
}

/** Echo the messages, as the job has it, and report. */
function serve(ws, { url, headers }) {
  const report = {
    path: url,
    origin: headers.origin ?? null,
    subprotocols: headers['sec-websocket-protocol'] ?? null,
    header: headers['x-interop'] ?? null,
    messages: 0,
    bytes: 0,
    pongs: 0,
    close: null,
    failures: [],
  };
  ws.on('message', (data, isBinary) => {
    const fragments = job.fragments[url]?.[report.messages] ?? 1;
    report.messages++;
    report.bytes += data.length;
    sendFragments(ws, data, isBinary, fragments);
  });
  ws.on('pong', (data) => {
    if (data.toString() === 'between fragments') report.pongs++;
    else report.failures.push(`a pong with ${data}`);
  });
  ws.on('error', (error) => report.failures.push(String(error)));
  ws.on('close', (code, reason) => {
    report.close = [code, reason.toString()];
    console.log(JSON.stringify(report));
  });
  if (url in job.closes) startClose(ws, ...job.closes[url]);
}

const server = new WebSocketServer({
  host: '127.0.0.1',
  port: 0,
  perMessageDeflate: deflateOptions(job.deflate),
  handleProtocols: (offered) => offered.has(job.subprotocol) && job.subprotocol,
  verifyClient: decide,
});
server.on('connection', serve);
server.on('listening', () => console.log(server.address().port));
