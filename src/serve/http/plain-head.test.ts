import assert from 'node:assert/strict';
import { test } from 'node:test';

import { parsePlainHead } from './plain-head.ts';

const BYTES_MAX = 1_000;

function parse(text: string): ReturnType<typeof parsePlainHead> {
  return parsePlainHead(Buffer.from(text, 'latin1'), BYTES_MAX);
}

test('parsePlainHead() takes the ordinary requests of clients', () => {
  const head = 'POST /db/execute?timings HTTP/1.1\r\nHost: a:4001\r\nContent-Length: 5\r\n\r\n';
  assert.deepEqual(parse(`${head}["x"]`), {
    method: 'POST',
    route: 'execute',
    target: { path: '/db/execute', query: 'timings' },
    contentType: '',
    headBytes: head.length,
    bodyBytes: 5,
  });
  // Twice, because fields are remembered by their text.
  for (let times = 0; times < 2; times++) {
    const other = parse(
      'POST /db/request HTTP/1.1\r\nhost: a\r\nconnection: Keep-Alive\r\nACCEPT: */*\r\n' +
        'content-type:\ttext/plain \r\nCONTENT-LENGTH:0\r\n\r\n',
    );
    assert.equal(other?.contentType, 'text/plain');
    assert.equal(other.bodyBytes, 0);
  }
  assert.equal(parse('GET /db/query?q=SELECT+1 HTTP/1.1\r\nHost: a\r\n\r\n')?.route, 'query');
});

test('parsePlainHead() leaves everything else to the HTTP server', () => {
  const LENGTH = 'Content-Length: 5\r\n';
  const POST = 'POST /db/execute HTTP/1.1\r\nHost: a\r\n';
  const others = {
    'an incomplete head': `${POST}Content-Length: 5\r\n`,
    'another route': 'GET /status HTTP/1.1\r\nHost: a\r\n\r\n',
    'another method': 'DELETE /db/execute HTTP/1.1\r\nHost: a\r\n\r\n',
    'a method in lower case': 'get /db/query?q=1 HTTP/1.1\r\nHost: a\r\n\r\n',
    'another version': 'GET /db/query?q=1 HTTP/1.0\r\nHost: a\r\n\r\n',
    'a whole URL': 'GET http://a/db/query?q=1 HTTP/1.1\r\nHost: a\r\n\r\n',
    'a space in the target': 'GET /db/query?q=SELECT 1 HTTP/1.1\r\nHost: a\r\n\r\n',
    'bytes beyond ASCII in the target': 'GET /db/query?q=\xe9 HTTP/1.1\r\nHost: a\r\n\r\n',
    'two spaces': 'GET  /db/query?q=1 HTTP/1.1\r\nHost: a\r\n\r\n',
    'lines that end in LF': 'GET /db/query?q=1 HTTP/1.1\nHost: a\r\n\r\n',
    'a field line that ends in LF': 'GET /db/query?q=1 HTTP/1.1\r\nHost: a\nX: b\r\n\r\n',
    'an empty line first': '\r\nGET /db/query?q=1 HTTP/1.1\r\nHost: a\r\n\r\n',
    'no Host': `POST /db/execute HTTP/1.1\r\n${LENGTH}\r\n`,
    'no fields': 'GET /db/query?q=1 HTTP/1.1\r\n\r\n',
    'two Hosts': `${POST}Host: a\r\n${LENGTH}\r\n`,
    'no length': `${POST}\r\n`,
    'two lengths': `${POST}${LENGTH}${LENGTH}\r\n`,
    'a list of lengths': `${POST}Content-Length: 5, 5\r\n\r\n`,
    'a signed length': `${POST}Content-Length: +5\r\n\r\n`,
    'a length that is none': `${POST}Content-Length: 5x\r\n\r\n`,
    'an empty length': `${POST}Content-Length:\r\n\r\n`,
    'a huge length': `${POST}Content-Length: 1${'0'.repeat(9)}\r\n\r\n`,
    'a GET with a body': `GET /db/query?q=1 HTTP/1.1\r\nHost: a\r\n${LENGTH}\r\n`,
    chunks: `${POST}Transfer-Encoding: chunked\r\n\r\n`,
    'chunks and a length': `${POST}${LENGTH}Transfer-Encoding: chunked\r\n\r\n`,
    'a request to go on': `${POST}${LENGTH}Expect: 100-continue\r\n\r\n`,
    'an upgrade': 'GET /db/query?q=1 HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\n\r\n',
    'the end of the connection': `${POST}${LENGTH}Connection: close\r\n\r\n`,
    'a folded line': `${POST}X: b\r\n c\r\n${LENGTH}\r\n`,
    'a space before the colon': `POST /db/execute HTTP/1.1\r\nHost : a\r\n${LENGTH}\r\n`,
    'a name that is no token': `${POST}X(: b\r\n${LENGTH}\r\n`,
    'a field without a name': `${POST}: b\r\n${LENGTH}\r\n`,
    'a control character': `${POST}X: \x01\r\n${LENGTH}\r\n`,
    'a NUL': `POST /db/execute HTTP/1.1\r\nHost: a\0\r\n${LENGTH}\r\n`,
    'a lone CR': `POST /db/execute HTTP/1.1\r\nHost: a\rX: b\r\n${LENGTH}\r\n`,
    'too long a head': `${POST}X: ${'x'.repeat(BYTES_MAX)}\r\n${LENGTH}\r\n`,
  };
  for (const [what, text] of Object.entries(others)) assert.equal(parse(text), null, what);
});
