import type { IncomingMessage, ServerResponse } from 'node:http';

import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';

import { AssertionError } from '../../base/assert.ts';
import { QuorliteError, messageOf } from '../../base/errors.ts';
import type { Logger } from '../../base/logger.ts';
import { refuse } from './error.ts';
import { type Parameters, parseParameters } from './parameters.ts';
import { type Target, parseTarget } from './request.ts';
import type { Answers } from './response.ts';

/** A request on a route where speed does not matter; its parameters are known to be good. */
export interface ColdExchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly target: Target;
  readonly parameters: Parameters;
  /** Null when the request has none. */
  readonly body: Buffer | null;
  readonly answers: Answers;
  readonly logger: Logger;
}

/** Answers one request on a cold route. */
export type ColdHandler = (exchange: ColdExchange) => void | Promise<void>;

/** The methods of one path; `HEAD` follows `GET`. */
export type ColdMethods = Readonly<Partial<Record<'GET' | 'POST' | 'DELETE', ColdHandler>>>;

/** What cold routes share. */
export interface ColdContext {
  readonly answers: Answers;
  readonly logger: Logger;
}

/**
 * Registers routes with rqlite's order of checks: `OPTIONS`, query string, path, method. The
 * framework finds the route and reads the body; the answer is written like those of hot routes.
 */
export function registerCold(
  app: FastifyInstance,
  context: ColdContext,
  routes: Readonly<Record<string, ColdMethods>>,
): void {
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, parsed) => {
    parsed(null, body);
  });
  for (const [path, methods] of Object.entries(routes)) {
    app.all(path, (request, reply) => answer(context, methods, request, reply));
  }
  app.setNotFoundHandler((request, reply) => answer(context, null, request, reply));
  // What the framework itself refuses: a body that is too large or cut off.
  app.setErrorHandler((error, _request, reply) => {
    reply.hijack();
    const given = error instanceof Error && 'statusCode' in error ? error.statusCode : 500;
    const status = typeof given === 'number' ? given : 500;
    const text = status === 413 ? 'request body is too large' : messageOf(error);
    context.answers.error(reply.raw, { status, text });
  });
}

async function answer(
  { answers, logger }: ColdContext,
  methods: ColdMethods | null,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<void> {
  reply.hijack();
  const response = reply.raw;
  const target = parseTarget(request.raw.url ?? '/');
  if (request.method === 'OPTIONS') {
    answers.empty(response, 200);
    return;
  }
  const { parameters, error } = parseParameters(target.query);
  if (parameters === undefined) {
    answers.error(response, { status: 400, text: error });
    return;
  }
  const handler = methods === null ? undefined : methods[methodOf(request.method)];
  if (handler === undefined) {
    answers.empty(response, methods === null ? 404 : 405);
    return;
  }
  const body = Buffer.isBuffer(request.body) ? request.body : null;
  try {
    await handler({ request: request.raw, response, target, parameters, body, answers, logger });
  } catch (cause) {
    fail(response, cause, { answers, logger });
  }
}

function methodOf(method: string): keyof ColdMethods {
  return (method === 'HEAD' ? 'GET' : method) as keyof ColdMethods;
}

function fail(response: ServerResponse, cause: unknown, { answers, logger }: ColdContext): void {
  if (response.headersSent) {
    logger.error?.('A handler failed after its answer', { error: cause });
    response.destroy();
  } else if (cause instanceof QuorliteError) {
    answers.error(response, refuse(cause));
  } else {
    logger.error?.('A request failed in a way nobody foresaw', { error: cause });
    answers.error(response, { status: 500, text: messageOf(cause) });
  }
  // A broken invariant: this process can no longer be trusted.
  if (cause instanceof AssertionError) {
    process.nextTick(() => {
      throw cause;
    });
  }
}
