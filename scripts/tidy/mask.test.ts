import assert from 'node:assert/strict';
import { test } from 'node:test';

import { mask } from './mask.ts';

test('mask() keeps offsets and lines', () => {
  const text = "const a = 'x';\n/* two\nlines */ const b = `y${a}\n`;\n";
  const { code, comments } = mask(text);
  assert.equal(code.length, text.length);
  assert.equal(comments.length, text.length);
  assert.deepEqual(
    [...code.matchAll(/\n/g)].map((match) => match.index),
    [...text.matchAll(/\n/g)].map((match) => match.index),
  );
});

test('mask() takes comments out of the code', () => {
  const { code, comments } = mask("a(); // it's b()\n/* c() */ d();");
  assert.equal(code, 'a();            \n          d();');
  assert.equal(comments, "     // it's b()\n/* c() */     ");
});

test('mask() blanks strings and lists them', () => {
  const { code, strings } = mask(`f('a{', "b\\"}", 'it\\'s');`);
  assert.equal(code, `f('  ', "    ", '     ');`);
  assert.deepEqual(strings, [
    { at: 2, value: 'a{' },
    { at: 8, value: 'b\\"}' },
    { at: 16, value: "it\\'s" },
  ]);
});

test('mask() keeps the code inside a template, however deep', () => {
  const { code } = mask('x`{${f({ a: `}${b}` })}//` + c;');
  assert.equal(code, 'x`  {f({ a: `  {b}` })}  ` + c;');
});

test('mask() tells a regex from a division', () => {
  assert.equal(mask('a / b / c').code, 'a / b / c');
  assert.equal(mask('f(/[/"]\\/{/g, 1)').code, 'f(/       /g, 1)');
  assert.equal(mask("return /'/.test(x)").code, 'return / /.test(x)');
  assert.equal(mask('(a) / 2 // b').code, '(a) / 2     ');
});

test('mask() blanks a first line that names the interpreter', () => {
  assert.equal(mask("#!/usr/bin/env it's\na").code, '                   \na');
});
