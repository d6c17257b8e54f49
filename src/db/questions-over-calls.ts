import type { GroupId, NodeId } from '../base/ids.ts';
import type { OpenedNode } from '../host/open-node.ts';
import type { Answer, Ask, Questions } from './questions.ts';

/** Questions of one group's database over the node's calls. */
export function questionsOver(calls: OpenedNode['calls'], group: GroupId): Questions {
  return {
    ask: ({ to, topic, body, timeoutMs }, done) => {
      calls.call(to, { group, topic, body, timeoutMs }, (result) => {
        if (result.ok) {
          done({ kind: 'answered', error: null, body: result.body });
          return;
        }
        const reason = result.message;
        done(judge(result.code, reason));
      });
    },
    handle: (topic: number, handler: (from: NodeId, body: Uint8Array, answer: Ask) => void) => {
      calls.handle(topic, handler);
    },
  };
}

/** Whether the other node may have done something. */
function judge(
  code: 'not-connected' | 'overloaded' | 'refused' | 'timeout' | 'disconnected' | 'stopping',
  reason: string,
): Answer {
  switch (code) {
    case 'not-connected':
    case 'overloaded':
      return { kind: 'not-sent', reason };
    case 'timeout':
    case 'disconnected':
    case 'stopping':
      return { kind: 'lost', reason };
    case 'refused':
      return { kind: 'answered', error: reason, body: new Uint8Array(0) };
  }
}
