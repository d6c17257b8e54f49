import { assert, must } from '../src/base/assert.ts';
import { ByteWriter } from '../src/base/bytes.ts';
import type { NodeId } from '../src/base/ids.ts';
import { decodePacket, encodePacket } from '../src/peer/codec.ts';
import { type Frame, FrameReader } from '../src/peer/frame.ts';
import type { Packet } from '../src/peer/transport.ts';

const FRAME_BYTES_MAX = 64 * 1024 * 1024;

const writer = new ByteWriter(4096);

/** What the other side reads when `packet` takes the way over the real bytes. */
export function throughCodec(packet: Packet, from: NodeId, to: NodeId): Packet {
  writer.reset();
  encodePacket(writer, packet);
  const frames: Frame[] = [];
  const problem = new FrameReader(FRAME_BYTES_MAX).push(writer.copy(), (frame) => {
    frames.push(frame);
    return true;
  });
  assert(problem === null, () => `Cannot read back a frame: ${problem}`);
  const frame = must(frames[0], () => `No frame came back of a ${packet.kind}`);
  const decoded = decodePacket(frame, { from, to });
  assert(
    typeof decoded !== 'string',
    () => `Cannot read back a ${packet.kind}: ${JSON.stringify(decoded)}`,
  );
  return decoded;
}
