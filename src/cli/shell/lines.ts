/** Lines of a text that comes in pieces, each with its line break; the last one may lack it. */
export async function* linesOf(
  source: AsyncIterable<string> | Iterable<string>,
): AsyncGenerator<string> {
  let rest = '';
  for await (const piece of source) {
    const text = rest + piece;
    let from = 0;
    for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', from)) {
      yield text.slice(from, at + 1);
      from = at + 1;
    }
    rest = text.slice(from);
  }
  if (rest !== '') yield rest;
}
