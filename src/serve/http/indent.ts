const INDENT = '    ';

/**
 * `json` (compact, as one line) spread over lines like Go's `json.MarshalIndent` with four spaces:
 * tokens are copied, never interpreted, so that no digit of a number is lost.
 *
 * Only ASCII characters mean something here, so the text may as well be bytes read as latin1.
 */
export function indentJson(json: string): string {
  let out = '';
  let depth = 0;
  // Start of what was seen and not yet copied.
  let pending = 0;
  for (let at = 0; at < json.length; at++) {
    switch (json.charCodeAt(at)) {
      case 0x22: // "
        at = endOfString(json, at);
        break;
      case 0x5b: // [
      case 0x7b: {
        // Empty ones stay as they are; in ASCII both closing brackets are their opening one + 2.
        if (json.charCodeAt(at + 1) === json.charCodeAt(at) + 2) {
          at++;
          break;
        }
        depth++;
        out += json.slice(pending, at + 1) + newLine(depth);
        pending = at + 1;
        break;
      }
      case 0x5d: // ]
      case 0x7d: // }
        depth--;
        out += json.slice(pending, at) + newLine(depth);
        pending = at;
        break;
      case 0x2c: // ,
        out += json.slice(pending, at + 1) + newLine(depth);
        pending = at + 1;
        break;
      case 0x3a: // :
        out += `${json.slice(pending, at + 1)} `;
        pending = at + 1;
        break;
      default:
    }
  }
  return out + json.slice(pending);
}

/** Index of the quotation mark that ends the string beginning at `start`. */
function endOfString(json: string, start: number): number {
  let at = json.indexOf('"', start + 1);
  while (at > 0 && isEscaped(json, at)) at = json.indexOf('"', at + 1);
  return at < 0 ? json.length : at;
}

/** Whether an odd number of backslashes stands before `at`. */
function isEscaped(json: string, at: number): boolean {
  let slash = at - 1;
  while (json.charCodeAt(slash) === 0x5c) slash--;
  return (at - 1 - slash) % 2 === 1;
}

const newLines = ['\n'];

function newLine(depth: number): string {
  let line = newLines[depth];
  if (line === undefined) {
    line = `\n${INDENT.repeat(depth)}`;
    // Deeper lines are made anew: answers that deep are rare.
    if (depth <= 16) newLines[depth] = line;
  }
  return line;
}
