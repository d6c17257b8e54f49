import { type Finding, type Repository, isTest } from './repository.ts';

/** Lines of a file: beyond this a noun is missing. */
export const FILE_LINES_MAX = 500;

/** Lines of a test or a suite, which may be a long list of cases. */
export const TEST_LINES_MAX = 900;

/** Columns of a line. The formatter holds this for code; comments and strings are ours. */
export const LINE_COLUMNS_MAX = 100;

/** Holds files and lines to a size that can be read. */
export function checkSizes(repository: Repository): Finding[] {
  return repository.sources.flatMap((file) => {
    const findings: Finding[] = [];
    const linesMax = isTest(file.path) ? TEST_LINES_MAX : FILE_LINES_MAX;
    const lines = file.text.endsWith('\n') ? file.lines.length - 1 : file.lines.length;
    if (lines > linesMax) {
      const message = `${lines} lines are more than ${linesMax}: look for the missing noun`;
      findings.push({ file: file.path, line: 1, message });
    }
    file.lines.forEach((line, i) => {
      if (line.length <= LINE_COLUMNS_MAX || line.includes('://')) return;
      const message = `${line.length} columns are more than ${LINE_COLUMNS_MAX}: break the line`;
      findings.push({ file: file.path, line: i + 1, message });
    });
    return findings;
  });
}
