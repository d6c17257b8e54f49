import { type Finding, type Repository, fileAt } from './repository.ts';

const FILE = 'CHANGELOG.md';

/** A release: its version, and when it came out. */
const RELEASE = /^## \d+\.\d+\.\d+(?: \((?:\d{4}-\d{2}-\d{2}|unreleased)\))?$/;

/** What a release may tell, in this order. */
const SECTIONS: readonly string[] = ['Safety and performance', 'Features', 'Internals'];

/** Holds CHANGELOG.md to its form: releases, and in each the same sections of short items. */
export function checkChangelog(repository: Repository): Finding[] {
  const findings: Finding[] = [];
  let released = false;
  let section: string | undefined;
  for (const [i, text] of (fileAt(repository, FILE)?.lines ?? []).entries()) {
    const report = (message: string): void => {
      findings.push({ file: FILE, line: i + 1, message });
    };
    if (i === 0 && text !== '# Changelog') report('begin with "# Changelog"');
    if (text.startsWith('## ')) {
      if (!RELEASE.test(text)) report('write a release as "## 1.2.3 (2026-01-31)"');
      released = true;
      section = undefined;
    } else if (text.startsWith('### ')) {
      const name = text.slice(4);
      if (!released) report('put a section into a release');
      if (!SECTIONS.includes(name)) report(`the sections are ${SECTIONS.join(', ')}`);
      else if (section !== undefined && SECTIONS.indexOf(name) <= SECTIONS.indexOf(section)) {
        report(`keep each section once and in this order: ${SECTIONS.join(', ')}`);
      }
      section = name;
    } else if (released && !/^(?:- .*|  .*|)$/.test(text)) {
      report('write one item per change, beginning with "- "');
    } else if (released && section === undefined && text !== '') {
      report('put an item into a section');
    }
  }
  return findings;
}
