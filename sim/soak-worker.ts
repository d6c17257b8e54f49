/** One process of a soak: runs its seeds until the time is over, and tells its parent of each. */
import { kindOf } from './kinds.ts';
import { MUTATIONS } from './mutations.ts';
import { drawPlan } from './plan.ts';
import { run } from './run.ts';
import type { SoakNews, SoakOrder } from './soak.ts';

/** Failures after which a worker stops: the first ones say enough. */
const FAILURES_MAX = 10;

process.once('message', (order: SoakOrder) => {
  const { options, step } = order;
  const { nodes, machine, seconds } = options;
  const mutation = MUTATIONS.find(({ name }) => name === options.mutation) ?? null;
  const end = performance.now() + seconds * 1000;
  let failures = 0;
  for (let seed = order.from; performance.now() < end && failures < FAILURES_MAX; seed += step) {
    const plan = drawPlan(seed, { machine, ...(nodes === null ? {} : { nodes }) });
    const report = run(plan, { mutation, kind: kindOf(machine) });
    if (report.failure !== null) failures++;
    const last = (report.failure?.last ?? []).map((event) => ({
      ...event,
      detail: typeof event.detail === 'string' ? event.detail : event.detail(),
    }));
    const failure = report.failure === null ? null : { ...report.failure, last };
    const news: SoakNews = { report: { ...report, failure } };
    process.send?.(news);
  }
  process.disconnect();
});
