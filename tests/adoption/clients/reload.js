// A page of mdbook's: waits for the word to reload after a chapter has changed.
//
//     node reload.js PORT CHAPTER

const fs = require("node:fs");
const WebSocket = require("ws");

const [port, chapter] = process.argv.slice(2);
const socket = new WebSocket(`ws://127.0.0.1:${port}/__livereload`);
const seen = [];

// Once the files are watched, which nobody is told.
const change = () => fs.appendFileSync(chapter, "\nOne line more.\n");
const changes = setInterval(change, 1000);
socket.on("message", (data, isBinary) => seen.push(isBinary ? data : data.toString()));
socket.on("close", (code) => {
  clearInterval(changes);
  console.log(JSON.stringify({ seen, code }));
});
