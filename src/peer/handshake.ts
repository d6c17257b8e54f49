import { createHmac, timingSafeEqual } from 'node:crypto';

import { ByteReader, ByteWriter, NO_BYTES, encodeText, equalBytes } from '../base/bytes.ts';
import { type Frame, beginFrame, endFrame } from './frame.ts';
import type { Channel, Hello } from './transport.ts';

/*
 * How a connection opens. The dialler is D, the acceptor A:
 *
 *   D -> A  preamble            what is spoken here, and a nonce
 *   A -> D  preamble
 *   D -> A  hello + proof       the proof covers both preambles and the hello
 *   A -> D  welcome + proof     or refusal + proof; the proof covers the hello as well
 *   D -> A  confirm             D has verified A and wants this connection: it counts from here
 *
 * Proofs are empty without a cluster secret. D proves first, so that who only knows the port gets
 * nothing to try secrets against.
 */

/** Grows when a frame changes its meaning; peers with another number are refused. */
export const PROTOCOL_VERSION = 1;

/** Bytes of a preamble; its first ten never change: magic and version. */
export const PREAMBLE_BYTES = 32;

/** No frame before the confirmation is longer: names, addresses and a proof. */
export const HANDSHAKE_BYTES_MAX: number = 16 * 1024;

/** Frame kinds that belong to a connection and not to a packet. */
export const CONNECTION_KINDS: Record<
  'hello' | 'welcome' | 'refusal' | 'confirm' | 'ping',
  number
> = { hello: 1, welcome: 2, refusal: 3, confirm: 4, ping: 5 };

/** What the port says to anybody who does not speak this protocol. */
export const STRANGER_LINE = 'quorlite: this port is for other nodes; use the client port.\r\n';

const WRONG_SECRET = 'the node there does not have the cluster secret of this node';

const MAGIC = encodeText('QUORLITE');
const NONCE_BYTES = 16;
const PROOF_BYTES = 32;
const SESSION_DIGITS = 16;
const CHANNELS: readonly Channel[] = ['control', 'bulk'];

const SECRET = 1;
const CLUSTER = 1;
const RECOVERING = 2;
const SELF = 1;

/** The first words of each side. */
export interface Preamble {
  readonly version: number;
  readonly channel: Channel;
  /** The sender has a cluster secret. */
  readonly secret: boolean;
  /** 16 bytes that nobody could foresee. */
  readonly nonce: Uint8Array;
}

/** A process that said hello; another session of the same node is another life of it. */
export interface Identity {
  readonly hello: Hello;
  /** Sixteen hexadecimal digits made with the process's transport. */
  readonly session: string;
}

/** Both preambles, as bytes: what every proof covers. */
export interface Transcript {
  readonly dialler: Uint8Array;
  readonly acceptor: Uint8Array;
}

/** Why the acceptor says no. */
export interface Refusal {
  readonly reason: string;
  /** The dialler reached itself. */
  readonly self: boolean;
}

/** The bytes of a preamble. */
export function encodePreamble(preamble: Preamble): Uint8Array {
  return new ByteWriter(PREAMBLE_BYTES)
    .raw(MAGIC)
    .u16(preamble.version)
    .u8(CHANNELS.indexOf(preamble.channel))
    .u8(preamble.secret ? SECRET : 0)
    .u32(0)
    .raw(preamble.nonce)
    .copy();
}

/** The preamble in `bytes`; null when it is none. Of another version only the version counts. */
export function decodePreamble(bytes: Uint8Array): Preamble | null {
  if (bytes.length !== PREAMBLE_BYTES || !startsLikePreamble(bytes)) return null;
  const reader = new ByteReader(bytes, MAGIC.length);
  const version = reader.u16();
  const channel = CHANNELS[reader.u8()];
  const flags = reader.u8();
  reader.u32();
  const nonce = reader.raw(NONCE_BYTES);
  if (version !== PROTOCOL_VERSION) return { version, channel: 'control', secret: false, nonce };
  if (channel === undefined || (flags & ~SECRET) !== 0) return null;
  return { version, channel, secret: flags === SECRET, nonce };
}

/** Whether `bytes`, however few, can be the beginning of a preamble. */
export function startsLikePreamble(bytes: Uint8Array): boolean {
  const length = Math.min(bytes.length, MAGIC.length);
  return equalBytes(bytes.subarray(0, length), MAGIC.subarray(0, length));
}

/** The dialler's hello. */
export function encodeHello(
  identity: Identity,
  transcript: Transcript,
  secret: string | null,
): Uint8Array {
  const said = encodeIdentity(identity);
  return sign(CONNECTION_KINDS.hello, said, prove(secret, 'dialler', [said], transcript));
}

/** Who said hello, or why it cannot be accepted. */
export function decodeHello(
  frame: Frame,
  transcript: Transcript,
  secret: string | null,
): Identity | string {
  if (frame.kind !== CONNECTION_KINDS.hello) return 'a hello was expected';
  const { said, proof } = unsign(frame.payload, secret);
  if (!proves(proof, prove(secret, 'dialler', [said], transcript))) {
    return 'the cluster secret of the dialling node is not the one of this node';
  }
  return decodeIdentity(said) ?? 'the hello is malformed';
}

/** The acceptor's answer to the hello in `frame`. */
export function encodeWelcome(
  identity: Identity,
  hello: Frame,
  transcript: Transcript,
  secret: string | null,
): Uint8Array {
  const said = encodeIdentity(identity);
  const proof = prove(secret, 'acceptor', [hello.payload, said], transcript);
  return sign(CONNECTION_KINDS.welcome, said, proof);
}

/** Who welcomed us, or why it cannot be believed; `hello` is the payload that was sent. */
export function decodeWelcome(
  frame: Frame,
  hello: Uint8Array,
  transcript: Transcript,
  secret: string | null,
): Identity | string {
  if (frame.kind !== CONNECTION_KINDS.welcome) return 'a welcome was expected';
  const { said, proof } = unsign(frame.payload, secret);
  if (!proves(proof, prove(secret, 'acceptor', [hello, said], transcript))) {
    return WRONG_SECRET;
  }
  return decodeIdentity(said) ?? 'the welcome is malformed';
}

/** The acceptor's no to a `hello`, of which this is the payload. */
export function encodeRefusal(
  { reason, self }: Refusal,
  hello: Uint8Array,
  transcript: Transcript,
  secret: string | null,
): Uint8Array {
  const said = new ByteWriter()
    .u8(self ? SELF : 0)
    .text(reason)
    .copy();
  return sign(CONNECTION_KINDS.refusal, said, prove(secret, 'refusal', [hello, said], transcript));
}

/**
 * The refusal in `frame`; null when it is none. A node may give up because of a reason, so one that
 * comes without proof is marked: whoever answers there does not know our secret.
 */
export function decodeRefusal(
  frame: Frame,
  hello: Uint8Array,
  transcript: Transcript,
  secret: string | null,
): Refusal | null {
  if (frame.kind !== CONNECTION_KINDS.refusal) return null;
  const { said, proof } = unsign(frame.payload, secret);
  const reader = new ByteReader(said);
  const flags = reader.u8();
  const reason = reader.text();
  if (!proves(proof, prove(secret, 'refusal', [hello, said], transcript))) {
    return { reason: `${WRONG_SECRET}; it says: ${reason}`, self: false };
  }
  if (reader.failed || reader.left > 0 || (flags & ~SELF) !== 0) return null;
  return { reason, self: flags === SELF };
}

/** A frame that is all header: confirm or ping. */
export function encodeSignal(kind: number): Uint8Array {
  const writer = new ByteWriter(16);
  endFrame(writer, beginFrame(writer), { kind, flags: 0, group: 0 });
  return writer.copy();
}

function encodeIdentity({ hello, session }: Identity): Uint8Array {
  const flags = (hello.cluster === null ? 0 : CLUSTER) | (hello.recovering ? RECOVERING : 0);
  return new ByteWriter()
    .u8(flags)
    .text(session)
    .text(hello.id)
    .text(hello.incarnation)
    .text(hello.cluster ?? '')
    .text(hello.peerAddress)
    .text(hello.clientAddress)
    .text(hello.version)
    .text(hello.engine)
    .text(hello.founders)
    .copy();
}

function decodeIdentity(said: Uint8Array): Identity | null {
  const reader = new ByteReader(said);
  const flags = reader.u8();
  const session = reader.text();
  const [id, incarnation, cluster] = [reader.text(), reader.text(), reader.text()];
  const [peerAddress, clientAddress] = [reader.text(), reader.text()];
  const [version, engine, founders] = [reader.text(), reader.text(), reader.text()];
  const unknownFlags = (flags & ~(CLUSTER | RECOVERING)) !== 0;
  if (reader.failed || reader.left > 0 || unknownFlags) return null;
  if (id === '' || session.length !== SESSION_DIGITS) return null;
  return {
    session,
    hello: {
      id,
      incarnation,
      cluster: (flags & CLUSTER) === 0 ? null : cluster,
      peerAddress,
      clientAddress,
      version,
      engine,
      founders,
      recovering: (flags & RECOVERING) !== 0,
    },
  };
}

function sign(kind: number, said: Uint8Array, proof: Uint8Array): Uint8Array {
  const writer = new ByteWriter();
  const at = beginFrame(writer);
  writer.raw(said).raw(proof);
  endFrame(writer, at, { kind, flags: 0, group: 0 });
  return writer.copy();
}

/** The proof is at the end, and of a known length. */
function unsign(
  payload: Uint8Array,
  secret: string | null,
): { readonly said: Uint8Array; readonly proof: Uint8Array } {
  const at = payload.length - (secret === null ? 0 : PROOF_BYTES);
  if (at < 0) return { said: payload, proof: NO_BYTES };
  return { said: payload.subarray(0, at), proof: payload.subarray(at) };
}

/** The label keeps one side's proof from being played back as the other's. */
function prove(
  secret: string | null,
  label: 'dialler' | 'acceptor' | 'refusal',
  said: readonly Uint8Array[],
  transcript: Transcript,
): Uint8Array {
  if (secret === null) return NO_BYTES;
  const mac = createHmac('sha256', secret);
  mac.update(`quorlite peer ${label}\n`).update(transcript.dialler).update(transcript.acceptor);
  for (const bytes of said) mac.update(bytes);
  return new Uint8Array(mac.digest());
}

function proves(proof: Uint8Array, expected: Uint8Array): boolean {
  return proof.length === expected.length && timingSafeEqual(proof, expected);
}
