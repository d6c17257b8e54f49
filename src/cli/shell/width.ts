/**
 * Columns that text takes on a terminal: 2 for East Asian wide characters and emoji, 0 for what
 * combines with the character before it (Unicode Standard Annex #11, terminal practice).
 */
const graphemes = new Intl.Segmenter('en', { granularity: 'grapheme' });

/** First and last code points of the wide blocks of EastAsianWidth.txt, without emoji. */
const WIDE: readonly (readonly [first: number, last: number])[] = [
  [0x1100, 0x115f],
  [0x2e80, 0x303e],
  [0x3041, 0x33ff],
  [0x3400, 0x4dbf],
  [0x4e00, 0x9fff],
  [0xa000, 0xa4cf],
  [0xa960, 0xa97f],
  [0xac00, 0xd7a3],
  [0xf900, 0xfaff],
  [0xfe10, 0xfe19],
  [0xfe30, 0xfe6f],
  [0xff00, 0xff60],
  [0xffe0, 0xffe6],
  [0x17000, 0x18cff],
  [0x1b000, 0x1b2ff],
  [0x20000, 0x3fffd],
];

/** How many columns `text`, without control characters, takes. */
export function displayWidth(text: string): number {
  if (/^[\x20-\x7e]*$/.test(text)) return text.length;
  let width = 0;
  for (const { segment } of graphemes.segment(text)) width += graphemeWidth(segment);
  return width;
}

/** `text` with spaces after it, or before it, up to `width` columns. */
export function pad(text: string, width: number, align: 'left' | 'right'): string {
  const spaces = ' '.repeat(Math.max(0, width - displayWidth(text)));
  return align === 'left' ? text + spaces : spaces + text;
}

function graphemeWidth(segment: string): number {
  const first = segment.codePointAt(0) ?? 0;
  if (/^[\p{M}\p{Cf}]/u.test(segment)) return 0;
  if (/\p{Emoji_Presentation}|\uFE0F/u.test(segment)) return 2;
  return WIDE.some(([low, high]) => first >= low && first <= high) ? 2 : 1;
}
