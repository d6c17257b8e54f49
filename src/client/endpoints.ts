import { must } from '../base/assert.ts';
import { QuorliteError } from '../base/errors.ts';

/** One node's base URL and whether it is worth asking. */
interface Endpoint {
  readonly url: URL;
  /** Given by the user: it stays even when the cluster does not know it. */
  readonly given: boolean;
  /** Not asked before this time unless all others are down too. */
  downUntilMs: number;
}

/** How long a node that could not be reached is passed over. */
const DOWN_MS = 3_000;

/** The nodes a client knows, and the one it sticks to. */
export class Endpoints {
  readonly #list: Endpoint[];
  #current = 0;

  /** @throws {QuorliteError} `configuration` when a URL cannot be used or there is none */
  constructor(urls: readonly string[]) {
    if (urls.length === 0) throw new QuorliteError('configuration', 'Cannot connect: no endpoints');
    this.#list = urls.map((text) => ({ url: parseUrl(text), given: true, downUntilMs: 0 }));
  }

  /** Nodes known by now. */
  get size(): number {
    return this.#list.length;
  }

  /** Base URLs of the nodes known by now. */
  get urls(): readonly string[] {
    return this.#list.map(({ url }) => baseOf(url));
  }

  /** The node to ask now: the last good one, or the next that is not known to be down. */
  pick(nowMs: number): URL {
    const count = this.#list.length;
    for (let step = 0; step < count; step++) {
      const at = (this.#current + step) % count;
      const endpoint = this.#list[at];
      if (endpoint !== undefined && endpoint.downUntilMs <= nowMs) {
        this.#current = at;
        return endpoint.url;
      }
    }
    // All are down as far as is known: keep going round.
    this.#current = (this.#current + 1) % count;
    return must(this.#list[this.#current], () => `endpoint ${this.#current} of ${count}`).url;
  }

  /** `url` could not be reached, or will not serve for a while. */
  pass(url: URL, nowMs: number): void {
    const endpoint = this.#list.find((known) => known.url === url);
    if (endpoint !== undefined) endpoint.downUntilMs = nowMs + DOWN_MS;
  }

  /** `url` cannot do it now: ask the next one, without holding it against this one. */
  rotate(url: URL): void {
    if (this.#list[this.#current]?.url !== url) return;
    this.#current = (this.#current + 1) % this.#list.length;
  }

  /** Sticks to the node that serves at `address` when it is known and not down. */
  prefer(address: string, nowMs: number): void {
    const at = this.#list.findIndex(({ url }) => url.host === address);
    const endpoint = this.#list[at];
    if (endpoint !== undefined && endpoint.downUntilMs <= nowMs) this.#current = at;
  }

  /** Takes over what the cluster says its nodes are; ones the user gave stay. */
  learn(urls: readonly string[]): void {
    const current = this.#list[this.#current];
    const kept = this.#list.filter(({ url, given }) => given || urls.includes(baseOf(url)));
    const credentials = kept[0]?.url;
    for (const text of urls) {
      if (!URL.canParse(text) || kept.some(({ url }) => baseOf(url) === baseOf(new URL(text)))) {
        continue;
      }
      const url = new URL(text);
      // Nodes of one cluster know the same users.
      url.username = credentials?.username ?? '';
      url.password = credentials?.password ?? '';
      kept.push({ url, given: false, downUntilMs: 0 });
    }
    this.#list.splice(0, this.#list.length, ...kept);
    this.#current = Math.max(
      0,
      kept.findIndex((endpoint) => endpoint === current),
    );
  }
}

function baseOf(url: URL): string {
  return `${url.protocol}//${url.host}${url.pathname.replace(/\/$/, '')}`;
}

function parseUrl(text: string): URL {
  const whole = text.includes('://') ? text : `http://${text}`;
  const url = URL.canParse(whole) ? new URL(whole) : null;
  if (url === null || (url.protocol !== 'http:' && url.protocol !== 'https:')) {
    throw new QuorliteError(
      'configuration',
      `Cannot connect to ${text}: it must be host:port or http://host:port`,
    );
  }
  return url;
}
