// A reporter for node:test that is quiet until something is wrong: failures are printed as they
// happen, what a failing file wrote to its output after it, and the counts go to the parent. A
// test that was skipped for a reason is named with it: what was not tried is not known.

import { relative } from 'node:path';
import type { EventData } from 'node:test';
import type { TestEvent } from 'node:test/reporters';
import { inspect } from 'node:util';

/** With every test over, a process that is still alive after this long is held up by a leak. */
const LEAK_AFTER_MS = 10_000;

/** How much of what one file printed is kept, for the case that it fails. */
const OUTPUT_CHARACTERS_MAX = 20_000;

/** Yields what to print for a run's events; loaded by `--test-reporter`. */
// oxlint-disable-next-line import/no-default-export -- node:test asks for one
export default async function* report(events: AsyncIterable<TestEvent>): AsyncGenerator<string> {
  const outputs = new Map<string, string>();
  const running = new Set<string>();
  const leak = setTimeout(() => {
    if (running.size === 0) failOnLeak();
    else leak.refresh();
  }, LEAK_AFTER_MS).unref();

  for await (const event of events) {
    leak.refresh();
    switch (event.type) {
      case 'test:dequeue':
        running.add(keyOf(event.data));
        break;
      case 'test:complete':
        running.delete(keyOf(event.data));
        break;
      case 'test:pass':
        yield describeSkip(event.data);
        break;
      case 'test:fail':
        yield describeFailure(event.data);
        // A file that died has no summary to print its output with.
        if ('exitCode' in event.data.details.error) {
          yield describeOutput(event.data.file ?? '', outputs);
        }
        break;
      case 'test:stdout':
      case 'test:stderr': {
        const file = shortName(event.data.file);
        const output = (outputs.get(file) ?? '') + event.data.message;
        outputs.set(file, output.slice(-OUTPUT_CHARACTERS_MAX));
        break;
      }
      case 'test:summary':
        if (event.data.file === undefined) process.send?.(event.data.counts);
        else if (!event.data.success) yield describeOutput(event.data.file, outputs);
        break;
      default:
        break;
    }
  }
  clearTimeout(leak);
}

/** Tests of one run may share an id when they come from processes of their own. */
function keyOf(test: { readonly file?: string; readonly testId: number }): string {
  return `${test.file ?? ''}#${test.testId}`;
}

function describeSkip({ name, skip, file }: EventData.TestPass): string {
  if (typeof skip !== 'string' || skip === '') return '';
  return `↷ ${name} (${shortName(file ?? '')}) was skipped: ${skip}\n`;
}

function describeFailure(failure: EventData.TestFail): string {
  const { error } = failure.details;
  const expected = failure.todo !== undefined && failure.todo !== false;
  // A suite fails because a test in it did, and that one has been described.
  const echo = 'failureType' in error && error.failureType === 'subtestsFailed';
  if (expected || echo) return '';
  const place = `${shortName(failure.file ?? '')}:${failure.line ?? 1}`;
  const reason: unknown = error.cause ?? error;
  const text = typeof reason === 'string' ? reason : inspect(reason);
  return `✖ ${failure.name} (${place})\n${indent(text)}\n\n`;
}

function describeOutput(file: string, outputs: ReadonlyMap<string, string>): string {
  const name = shortName(file);
  const output = outputs.get(name);
  if (output === undefined) return '';
  return `What ${name} printed:\n${indent(output.trimEnd())}\n\n`;
}

function failOnLeak(): void {
  const held = [...new Set(process.getActiveResourcesInfo())].join(', ');
  process.stderr.write(`✖ Every test is over, but something keeps the process alive: ${held}\n`);
  process.exit(1);
}

/** Events name one and the same file sometimes from the root, sometimes from here. */
function shortName(file: string): string {
  return relative(process.cwd(), file);
}

function indent(text: string): string {
  return text.replaceAll(/^/gm, '  ');
}
