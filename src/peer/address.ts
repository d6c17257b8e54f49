import { QuorliteError, messageOf } from '../base/errors.ts';
import type { Address } from '../base/ids.ts';

/** Where to listen or dial. */
export interface HostPort {
  readonly host: string;
  readonly port: number;
}

/** Splits `host:port` or `[ipv6]:port`; null when it is neither. */
export function parseAddress(address: Address): HostPort | null {
  const match = /^(?:\[([^\]]+)\]|([^:[\]\s]+)):(\d{1,5})$/.exec(address);
  if (match === null) return null;
  const host = match[1] ?? match[2] ?? '';
  const port = Number(match[3]);
  return port > 65535 ? null : { host, port };
}

/** The other way round. */
export function formatAddress({ host, port }: HostPort): Address {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}

/** Says what to do when `address` cannot be listened on. */
export function listenError(address: Address, cause: unknown): QuorliteError {
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : '';
  const advice = ADVICE[code] ?? messageOf(cause);
  return new QuorliteError('address', `Cannot listen for peers on ${address}: ${advice}`, {
    cause,
  });
}

const ADVICE: Readonly<Record<string, string>> = {
  EADDRINUSE:
    'another process uses this port; stop it (perhaps it is this node, running already) ' +
    'or choose another peer address',
  EADDRNOTAVAIL:
    'this machine has no such address; listen on one of its own, or on 0.0.0.0, ' +
    'and advertise the address others reach it by',
  EACCES: 'ports below 1024 need privileges; choose a higher one',
  ENOTFOUND: 'the host name is not known here; use an IP address or fix the name',
  malformed: 'it is not of the form host:port or [ipv6]:port',
};

/** The error of an address that `parseAddress` does not take. */
export function malformedAddress(address: Address): QuorliteError {
  return listenError(address, Object.assign(new Error('malformed'), { code: 'malformed' }));
}
