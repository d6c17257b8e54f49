import type { QuorliteError } from '../base/errors.ts';

/** The two ends of something that ends exactly once. */
export interface Settle<T> {
  resolve(value: T): void;
  reject(error: QuorliteError): void;
}
