/** The version of this package; `scripts/tidy.ts` holds it against package.json. */
export const VERSION = '0.1.0';
