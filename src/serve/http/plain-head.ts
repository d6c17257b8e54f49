/**
 * The head of a *plain* request: one that asks for a data route in the ordinary way, so that it can
 * be answered without Node's HTTP server, which costs more than everything else of a small request
 * (hotpath C: 113k/s against 76k/s). Whatever is not plain is left to that server, from its first
 * byte: this parser never refuses and never guesses, it only says that a request is not plain.
 *
 * Plain is RFC 9112 at its strictest: HTTP/1.1, lines that end in CRLF, field names that are
 * tokens, one Host, a Content-Length of digits with a body or none without, and no field that
 * changes how the message or the connection is to be read.
 */

import { type DataRoute, dataRouteOf, parseTarget, type Target } from './request.ts';

/** The head of a plain request, and where its body is. */
export interface PlainHead {
  readonly method: 'GET' | 'POST';
  readonly route: DataRoute;
  readonly target: Target;
  /** Empty when there is none. */
  readonly contentType: string;
  /** Bytes of the head, the empty line included. */
  readonly headBytes: number;
  readonly bodyBytes: number;
}

/** What the fields of a head say, as far as it matters here. */
interface Fields {
  readonly contentType: string;
  /** Null when it is not given. */
  readonly contentLength: number | null;
}

const END = Buffer.from('\r\n\r\n');

/** The request line, without its end. */
const LINE = /^(GET|POST) (\/[!-~]*) HTTP\/1\.1$/;

/** RFC 9110 5.6.2 token, and 5.5 field value. */
const FIELD = /^([!#$%&'*+\-.^_`|~0-9A-Za-z]+):[\t ]*([\t\x20-\x7e\x80-\xff]*)$/;

/** Fields that change how a message is framed or what becomes of the connection. */
const NOT_PLAIN = new Set([
  'transfer-encoding',
  'expect',
  'upgrade',
  'te',
  'trailer',
  'proxy-connection',
  'http2-settings',
]);

/** Clients send few different sets of fields: what they say is remembered, by their text. */
const REMEMBERED_MAX = 256;
const REMEMBERED_LENGTH_MAX = 512;

const remembered = new Map<string, Fields>();

/** The head at the beginning of `bytes`; null when it is not complete or not plain. */
export function parsePlainHead(bytes: Buffer, headBytesMax: number): PlainHead | null {
  const end = bytes.indexOf(END);
  if (end < 0 || end + END.length > headBytesMax) return null;
  const text = bytes.toString('latin1', 0, end);
  const lineEnd = text.indexOf('\r\n');
  if (lineEnd < 0) return null;
  const line = LINE.exec(text.slice(0, lineEnd));
  const fields = line === null ? null : fieldsOf(text.slice(lineEnd + 2));
  if (line === null || fields === null) return null;
  const method = line[1] === 'GET' ? 'GET' : 'POST';
  const target = parseTarget(line[2] ?? '/');
  const route = dataRouteOf(target.path);
  const { contentType, contentLength } = fields;
  // Without a length there is no body; with a body, GET is unusual enough.
  const hasBody = contentLength !== null;
  if (route === null || hasBody !== (method === 'POST')) return null;
  const bodyBytes = contentLength ?? 0;
  return { method, route, target, contentType, headBytes: end + END.length, bodyBytes };
}

function fieldsOf(text: string): Fields | null {
  const known = remembered.get(text);
  if (known !== undefined) return known;
  const fields = parseFields(text);
  if (fields !== null && text.length <= REMEMBERED_LENGTH_MAX) {
    if (remembered.size >= REMEMBERED_MAX) remembered.clear();
    remembered.set(text, fields);
  }
  return fields;
}

function parseFields(text: string): Fields | null {
  let hosts = 0;
  let contentType: string | null = null;
  let contentLength: number | null = null;
  for (const line of text.split('\r\n')) {
    const field = FIELD.exec(line);
    if (field === null) return null;
    const name = (field[1] ?? '').toLowerCase();
    const value = (field[2] ?? '').trimEnd();
    if (NOT_PLAIN.has(name)) return null;
    switch (name) {
      case 'host':
        hosts++;
        break;
      case 'connection':
        if (value.toLowerCase() !== 'keep-alive') return null;
        break;
      case 'content-length':
        if (contentLength !== null || !/^\d{1,9}$/.test(value)) return null;
        contentLength = Number(value);
        break;
      case 'content-type':
        if (contentType !== null) return null;
        contentType = value;
        break;
      default:
    }
  }
  return hosts === 1 ? { contentType: contentType ?? '', contentLength } : null;
}
