import type { Socket } from 'node:net';

/** Closing with unread input resets the connection and may eat the answer: wait a moment. */
const LINGER_MS = 1_000;

/** Status line and text by the code that Node's parser gives; everything else is a 400. */
const ANSWERS: Readonly<Record<string, readonly [status: string, text: string]>> = {
  HPE_HEADER_OVERFLOW: [
    '431 Request Header Fields Too Large',
    'request line and headers are too large; send long statements with POST',
  ],
  HPE_CHUNK_EXTENSIONS_OVERFLOW: ['413 Content Too Large', 'chunk extensions are too large'],
  ERR_HTTP_REQUEST_TIMEOUT: ['408 Request Timeout', 'the request took too long to arrive'],
};

/** Tells a client that what it sent is no HTTP request we can take, and closes. */
export function answerClientError(socket: Socket, error: Error): void {
  if (!socket.writable) {
    socket.destroy();
    return;
  }
  const code = 'code' in error ? String(error.code) : '';
  const [status, text] = ANSWERS[code] ?? ['400 Bad Request', 'malformed HTTP request'];
  const head = [
    `HTTP/1.1 ${status}`,
    'Content-Type: text/plain; charset=utf-8',
    'X-Content-Type-Options: nosniff',
    `Content-Length: ${text.length + 1}`,
    'Connection: close',
  ];
  socket.end(`${head.join('\r\n')}\r\n\r\n${text}\n`);
  setTimeout(() => socket.destroy(), LINGER_MS).unref();
}
