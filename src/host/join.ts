import { decodeText, encodeText } from '../base/bytes.ts';
import type { ClusterId } from '../base/ids.ts';
import type { Member } from '../raft/config.ts';

/** What a node is told that was let in. */
export interface JoinAnswer {
  readonly cluster: ClusterId;
  readonly members: readonly Member[];
}

/** Bytes of the question to be let in: the member as it wants to be known, as JSON. */
export function encodeJoin(member: Member): Uint8Array {
  return encodeText(JSON.stringify({ version: 1, member }));
}

/** The member of such a question; null when the bytes are not one. */
export function decodeJoin(body: Uint8Array): Member | null {
  const parsed = parse(body);
  return parsed !== null && isMember(parsed['member']) ? parsed['member'] : null;
}

/** Bytes of the answer that lets a node in. */
export function encodeJoinAnswer(answer: JoinAnswer): Uint8Array {
  return encodeText(JSON.stringify({ version: 1, ...answer }));
}

/** Such an answer; null when the bytes are not one. */
export function decodeJoinAnswer(body: Uint8Array): JoinAnswer | null {
  const parsed = parse(body);
  if (parsed === null) return null;
  const { cluster, members } = parsed;
  if (typeof cluster !== 'string' || !Array.isArray(members)) return null;
  return members.every(isMember) ? { cluster, members } : null;
}

function parse(body: Uint8Array): Record<string, unknown> | null {
  try {
    const parsed: unknown = JSON.parse(decodeText(body));
    return isRecord(parsed) && parsed['version'] === 1 ? parsed : null;
  } catch {
    // Not JSON: the caller answers that the question cannot be understood.
    return null;
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isMember(value: unknown): value is Member {
  if (!isRecord(value)) return false;
  return ['id', 'incarnation', 'peerAddress', 'clientAddress'].every(
    (field) => typeof value[field] === 'string' && value[field] !== '',
  );
}
