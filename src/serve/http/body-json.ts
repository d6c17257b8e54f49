/** What the body of `DELETE /remove` asks for; null when it is not exactly `{"id":"…"}`. */
export function parseRemove(body: Buffer | null): string | null {
  const document = parse(body);
  if (document === null || Object.keys(document).length !== 1) return null;
  const id = document['id'];
  return typeof id === 'string' ? id : null;
}

/** The node a `POST /leader` names; null for any, or the text of a 400. */
export function parseStepdown(
  body: Buffer | null,
  contentType: string | undefined,
): { readonly id: string | null; readonly error?: undefined } | { readonly error: string } {
  // rqlite looks at the body only under exactly this type.
  if (contentType !== 'application/json' || body === null) return { id: null };
  const document = parse(body);
  const id = document?.['id'] ?? '';
  if (document === null || typeof id !== 'string') {
    return { error: 'invalid JSON: an object like {"id":"node2"} is expected' };
  }
  return { id: id === '' ? null : id };
}

function parse(body: Buffer | null): Readonly<Record<string, unknown>> | null {
  try {
    const document: unknown = JSON.parse((body ?? '').toString());
    if (typeof document !== 'object' || document === null || Array.isArray(document)) return null;
    return document as Readonly<Record<string, unknown>>;
  } catch {
    // Broken JSON: the caller answers 400.
    return null;
  }
}
