import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { decodeMessage, encodeMessage, type Message, type MessageInit } from '#amqp/index.ts';
import {
  type AttributeValue,
  decodeRequest,
  decodeResponse,
  decodeRows,
  encodeRequest,
  encodeResponse,
  ManagementError,
  type ManagementRequest,
  type ManagementResponse,
  statusCodeOf,
} from '#management/index.ts';
import { transcriptMessages } from '../support/transcript-messages.ts';

const carry = (message: MessageInit): Message => decodeMessage(encodeMessage(message));

const requests: readonly ManagementRequest[] = [
  { operation: 'QUERY', entityType: 'x.listener', attributeNames: ['a'], offset: 1, count: 2 },
  { operation: 'READ', type: 'x.listener', name: 'l', identity: undefined },
  { operation: 'DELETE', type: 'x.listener', name: undefined, identity: 'listener/l' },
  { operation: 'CREATE', type: 'x.listener', name: 'l', attributes: { name: 'l', port: '1' } },
  {
    operation: 'UPDATE',
    type: 'x.listener',
    name: 'l',
    identity: undefined,
    attributes: { open: true, list: ['a', 1], map: { k: null } },
  },
  { operation: 'GET-MGMT-NODES' },
];
for (const request of requests) {
  test(`${request.operation} is read back as it was written`, () => {
    assert.deepEqual(decodeRequest(carry(encodeRequest(request))), request);
  });
}

test('any response is read back as it was written', () => {
  const value: fc.Arbitrary<AttributeValue> = fc.letrec<{ value: AttributeValue }>((tie) => ({
    value: fc.oneof(
      { maxDepth: 3 },
      fc.string(),
      fc.boolean(),
      fc.constant(null),
      fc.maxSafeInteger(),
      fc.array(tie('value'), { maxLength: 4 }),
      fc.dictionary(fc.string(), tie('value'), { maxKeys: 4, noNullPrototype: true }),
    ),
  })).value;
  fc.assert(
    fc.property(fc.integer({ min: 200, max: 599 }), fc.string(), value, (code, words, body) => {
      const response: ManagementResponse = { statusCode: code, statusDescription: words, body };
      assert.deepEqual(decodeResponse(carry(encodeResponse(response))), response);
    }),
    { numRuns: 200 },
  );
});

test('recorded requests and answers of a real router are understood', () => {
  const operations: string[] = [];
  const answers: number[] = [];
  for (const { direction, message } of transcriptMessages('04-management-client')) {
    if (direction === 'in') {
      answers.push(decodeResponse(message).statusCode);
      continue;
    }
    try {
      operations.push(decodeRequest(message).operation);
    } catch (error) {
      assert.ok(error instanceof ManagementError);
      operations.push(String(statusCodeOf(error)));
    }
  }
  assert.equal(
    operations.join(' '),
    'QUERY CREATE CREATE READ READ UPDATE UPDATE DELETE DELETE CREATE 501 QUERY QUERY GET-MGMT-NODES',
  );
  assert.deepEqual(answers, [200, 201, 400, 200, 404, 200, 400, 204, 404, 400, 404, 404, 200, 200]);
});

test('the table of a query becomes rows, whatever their length', () => {
  const body = { attributeNames: ['a', 'b'], results: [['1', null], ['2', 'x', 'more'], 'odd'] };
  const rows = decodeRows({ statusCode: 200, statusDescription: 'OK', body });
  assert.deepEqual(rows, [{ a: '1' }, { a: '2', b: 'x' }, {}]);
});

const properties = (fields: Readonly<Record<string, string>>): MessageInit => ({
  applicationProperties: fields,
  body: { kind: 'value', value: null },
});
const refused: readonly (readonly [string, MessageInit, number])[] = [
  ['no operation', properties({}), 400],
  ['an unknown operation', properties({ operation: 'FROB', type: 'listener' }), 501],
  ['no type', properties({ operation: 'READ', name: 'x' }), 400],
  [
    'a body that is no map',
    { ...properties({ operation: 'CREATE', type: 'x' }), body: { kind: 'value', value: 'text' } },
    400,
  ],
];
for (const [what, message, status] of refused) {
  test(`a request with ${what} is answered ${status}`, () => {
    assert.throws(
      () => decodeRequest(carry(message)),
      (error) => error instanceof ManagementError && statusCodeOf(error) === status,
    );
  });
}
