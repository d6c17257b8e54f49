/** The one place that knows whether workers are started from source or from the built package. */
const extension: string = import.meta.url.endsWith('.ts') ? '.ts' : '.js';

/** Applies entries. */
export const WRITER_WORKER: URL = new URL(`./worker${extension}`, import.meta.url);

/** Answers reads. */
export const READER_WORKER: URL = new URL(`./reader-worker${extension}`, import.meta.url);

/** Hashes and copies beside the writer. */
export const AUXILIARY_WORKER: URL = new URL(`./auxiliary-worker${extension}`, import.meta.url);
