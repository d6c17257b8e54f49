import assert from 'node:assert/strict';
import { test } from 'node:test';

import fc from 'fast-check';

import { replyFailure } from './failure.ts';
import { formatFromNumber, formatToNumber, type ResultFormat } from './format.ts';
import {
  createResultWriter,
  type ResultColumn,
  type ResultRow,
  type ResultWriter,
} from './writer.ts';

const PLAIN: ResultFormat = {
  protocol: 'rqlite',
  timings: false,
  associative: false,
  blobArrays: false,
};

/** What a writer makes of `write`. */
function written(format: Partial<ResultFormat>, write: (writer: ResultWriter) => void): string {
  const writer = createResultWriter({ ...PLAIN, ...format });
  write(writer);
  return new TextDecoder().decode(writer.finish());
}

/** One result with rows. */
function rows(
  columns: readonly (readonly [name: string, type: string | null])[],
  list: readonly ResultRow[],
  format: Partial<ResultFormat> = {},
): string {
  const named: ResultColumn[] = columns.map(([name, type]) => ({ name, type }));
  return written(format, (writer) => {
    writer.rows(named, list, 0.25);
  });
}

const CITY = [
  ['id', 'INTEGER'],
  ['name', 'TEXT'],
] as const;

test('writes have last_insert_id and rows_affected, zeros left out', () => {
  const text = written({}, (writer) => {
    writer.changes({ lastInsertId: 0n, rowsAffected: 0, seconds: 1 });
    writer.changes({ lastInsertId: 1n, rowsAffected: 1, seconds: 1 });
    writer.changes({ lastInsertId: -9007199254740993n, rowsAffected: 0, seconds: 1 });
    writer.error('UNIQUE constraint failed: city.id', false);
  });
  assert.equal(
    text,
    '{},{"last_insert_id":1,"rows_affected":1},{"last_insert_id":-9007199254740993},' +
      '{"error":"UNIQUE constraint failed: city.id"}',
  );
});

test('rows have columns, types and values, and no values when there are none', () => {
  assert.equal(
    rows(CITY, [[1n, 'Oslo']]),
    '{"columns":["id","name"],"types":["integer","text"],"values":[[1,"Oslo"]]}',
  );
  assert.equal(rows(CITY, []), '{"columns":["id","name"],"types":["integer","text"]}');
  assert.equal(rows([], []), '{}');
});

test('associative rows are objects with sorted keys, and writes say rows:null', () => {
  const associative = true;
  assert.equal(
    rows(
      [
        ['name', 'TEXT'],
        ['id', 'INTEGER'],
        ['name', 'TEXT'],
      ],
      [['a', 1n, 'b']],
      { associative },
    ),
    '{"types":{"id":"integer","name":"text"},"rows":[{"id":1,"name":"b"}]}',
  );
  assert.equal(
    rows(CITY, [], { associative }),
    '{"types":{"id":"integer","name":"text"},"rows":[]}',
  );
  const others = written({ associative }, (writer) => {
    writer.changes({ lastInsertId: 3n, rowsAffected: 1, seconds: 0 });
    writer.error('no such table: x', true);
    writer.error('no such table: x', false);
  });
  assert.equal(
    others,
    '{"last_insert_id":3,"rows_affected":1,"rows":null},{"rows":[],"error":"no such table: x"},' +
      '{"error":"no such table: x"}',
  );
});

test('timings come last in each result', () => {
  const timings = true;
  const text = written({ timings }, (writer) => {
    writer.changes({ lastInsertId: 1n, rowsAffected: 1, seconds: 0.0002 });
    writer.changes({ lastInsertId: 0n, rowsAffected: 0, seconds: 1e-7 });
  });
  assert.equal(text, '{"last_insert_id":1,"rows_affected":1,"time":0.0002},{"time":1e-7}');
  assert.equal(
    rows(CITY, [[1n, 'Oslo']], { timings }),
    '{"columns":["id","name"],"types":["integer","text"],"values":[[1,"Oslo"]],"time":0.25}',
  );
  assert.equal(
    rows(CITY, [], { timings, associative: true }),
    '{"types":{"id":"integer","name":"text"},"rows":[],"time":0.25}',
  );
});

test('types are those of the declaration, else of the first row', () => {
  const columns = [
    ['count(*)', null],
    ['a', null],
    ['b', null],
    ['c', null],
    ['d', null],
    ['e', 'VARCHAR(20)'],
  ] as const;
  assert.equal(
    rows(columns, [[3n, 1.5, 'x', new Uint8Array([1]), null, 'y']]),
    '{"columns":["count(*)","a","b","c","d","e"],' +
      '"types":["integer","real","text","blob","","varchar(20)"],' +
      '"values":[[3,1.5,"x","AQ==",null,"y"]]}',
  );
  assert.equal(
    rows(
      [
        ['a', null],
        ['b', 'INT'],
      ],
      [],
    ),
    '{"columns":["a","b"],"types":["","int"]}',
  );
});

test("numbers are printed as Go's encoder does", () => {
  const numbers: readonly (readonly [value: number | bigint, text: string])[] = [
    [1, '1'],
    [-0, '-0'],
    [1e21, '1e+21'],
    [1e20, '100000000000000000000'],
    [1e-7, '1e-7'],
    [1e-6, '0.000001'],
    [1.5e300, '1.5e+300'],
    [0.1, '0.1'],
    [9007199254740993n, '9007199254740993'],
    [2n ** 63n - 1n, '9223372036854775807'],
    [-(2n ** 63n), '-9223372036854775808'],
  ];
  for (const [value, text] of numbers)
    assert.match(
      rows([['a', 'X']], [[value]]),
      new RegExp(`\\[\\[${text.replace('+', '\\+')}\\]\\]`),
    );
});

test('an infinity fails the whole reply', () => {
  const fails = (value: number): string | null => {
    const writer = createResultWriter(PLAIN);
    writer.rows([{ name: 'a', type: null }], [[value]], 0);
    writer.changes({ lastInsertId: 1n, rowsAffected: 1, seconds: 0 });
    return replyFailure(writer.finish());
  };
  const message =
    'json: error calling MarshalJSON for type *http.DBResults: json: unsupported value: ';
  assert.equal(fails(Infinity), `${message}+Inf`);
  assert.equal(fails(-Infinity), `${message}-Inf`);
  assert.equal(fails(1), null);
  assert.equal(replyFailure(new Uint8Array(0)), null);
});

test('text is escaped as Go does, in values, names and errors', () => {
  const text = '<a & "b">\\ \n\r\t\b\f\u0001\u2028\u2029é😀\u007f';
  const escaped =
    '"\\u003ca \\u0026 \\"b\\"\\u003e\\\\ \\n\\r\\t\\b\\f\\u0001\\u2028\\u2029é😀\u007f"';
  assert.equal(
    rows([[text, 'TEXT']], [[text]]),
    `{"columns":[${escaped}],"types":["text"],"values":[[${escaped}]]}`,
  );
  assert.equal(
    written({}, (writer) => {
      writer.error(text, false);
    }),
    `{"error":${escaped}}`,
  );
});

test('every text reads back as it was', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), fc.string({ unit: 'binary' }), (one, two) => {
      const text = rows(
        [
          ['a', 'TEXT'],
          ['b', null],
        ],
        [[one, two]],
      );
      const parsed = JSON.parse(text) as { values: unknown };
      assert.deepEqual(parsed.values, [[one, two]]);
    }),
  );
});

test('blobs are base64, or arrays of integers, or text where a text is declared', () => {
  fc.assert(
    fc.property(fc.uint8Array(), (bytes) => {
      const base64 = Buffer.from(bytes).toString('base64');
      assert.match(
        rows([['a', 'BLOB']], [[bytes]]),
        new RegExp(`"values":\\[\\["${base64.replaceAll('+', '\\+')}"\\]\\]`),
      );
      const array = rows([['a', 'BLOB']], [[bytes]], { blobArrays: true });
      assert.deepEqual((JSON.parse(array) as { values: unknown }).values, [[[...bytes]]]);
    }),
  );
  assert.match(rows([['a', 'TEXT']], [[new Uint8Array([104, 105])]]), /\[\["hi"\]\]/);
});

test('BOOLEAN, DATE, DATETIME and TIMESTAMP columns are converted', () => {
  const columns = [
    ['a', 'BOOLEAN'],
    ['b', 'DATETIME'],
    ['c', 'DATE'],
    ['d', 'TIMESTAMP'],
  ] as const;
  const cases: readonly (readonly [ResultRow, string])[] = [
    [
      [1n, 1700000000n, '2004-02-14', '2004-02-14 07:15:00'],
      '[true,"2023-11-14T22:13:20Z","2004-02-14T00:00:00Z","2004-02-14T07:15:00Z"]',
    ],
    [
      [0n, 1700000000123n, '2004-02-14T07:15', '2004-02-14T07:15:00.5000Z'],
      '[false,"2023-11-14T22:13:20.123Z","2004-02-14T07:15:00Z","2004-02-14T07:15:00.5Z"]',
    ],
    [
      ['no', 1.5, 'rubbish', '2004-02-14 07:15:00+02:00'],
      '["no",1.5,"0001-01-01T00:00:00Z","2004-02-14T07:15:00+02:00"]',
    ],
    [[null, -1n, '2004-02-30', null], '[null,"1969-12-31T23:59:59Z","0001-01-01T00:00:00Z",null]'],
    [
      [5n, 999999999999n, '2004-13-01', -1n],
      '[true,999999999999,"0001-01-01T00:00:00Z","1969-12-31T23:59:59Z"]',
    ],
  ];
  for (const [row, text] of cases)
    assert.ok(rows(columns, [row]).includes(`"values":[${text}]`), rows(columns, [row]));
});

test('times of integers are those of the calendar', () => {
  fc.assert(
    fc.property(fc.integer({ min: -62167219200, max: 253402300799 }), (seconds) => {
      const want = new Date(seconds * 1000).toISOString().replace('.000Z', 'Z');
      assert.ok(rows([['a', 'DATE']], [[BigInt(seconds)]]).includes(`"${want}"`));
    }),
  );
});

test('rows in pieces give what rows at once give', () => {
  const list: ResultRow[] = [
    [1n, 'a'],
    [2n, 'b'],
    [3n, 'c'],
  ];
  const columns: ResultColumn[] = CITY.map(([name, type]) => ({ name, type }));
  for (const associative of [false, true]) {
    const pieces = written({ associative }, (writer) => {
      writer.openRows(columns, []);
      for (const row of list) writer.moreRows([row]);
      writer.closeRows(0);
      const length = writer.length;
      writer.openRows(columns, list);
      writer.abandonRows();
      writer.error('too large', true);
      writer.rewind(length);
    });
    assert.equal(pieces, rows(CITY, list, { associative }));
  }
});

test('a format survives its number', () => {
  for (const timings of [false, true])
    for (const associative of [false, true]) {
      const format: ResultFormat = { ...PLAIN, timings, associative };
      assert.deepEqual(formatFromNumber(formatToNumber(format)), format);
    }
});
