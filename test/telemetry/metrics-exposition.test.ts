import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createMetrics } from '#telemetry/index.ts';

test('counters and gauges appear in the exposition with their values at that moment', async () => {
  const metrics = createMetrics();
  const counter = metrics.counter('drawbridge_links_total', 'Links made', ['role']);
  counter.add(2, { role: 'inter-router' });
  let open = 1;
  metrics.gauge('drawbridge_open', 'Open now', () => open);
  open = 7;
  const text = await metrics.scrape();
  assert.match(text, /^# TYPE drawbridge_links_total counter$/mu);
  assert.match(text, /^drawbridge_links_total\{role="inter-router"\} 2$/mu);
  assert.match(text, /^drawbridge_open 7$/mu);
  assert.match(metrics.contentType, /^text\/plain/u);
});

test('asking for a counter again gives the same one', async () => {
  const metrics = createMetrics();
  metrics.counter('c', 'help').add(1);
  metrics.counter('c', 'help').add(1);
  assert.match(await metrics.scrape(), /^c 2$/mu);
});

test('labels chosen by peers cannot grow without bound', async () => {
  const metrics = createMetrics({ labelSetsMax: 10 });
  const counter = metrics.counter('c', 'help', ['peer']);
  for (let index = 0; index < 1000; index++) counter.add(1, { peer: `p${index}` });
  const text = await metrics.scrape();
  assert.equal(text.match(/^c\{/gmu)?.length, 11);
  assert.match(text, /^c\{peer="other"\} 990$/mu);
});

test('what is counted through bound counters is in every scrape, once, beside what is added', async () => {
  const metrics = createMetrics({ labelSetsMax: 10 });
  const counter = metrics.counter('c', 'help', ['peer']);
  const [one, again] = [counter.bind({ peer: 'a' }), counter.bind({ peer: 'a' })];
  one(2);
  again(3);
  counter.add(1, { peer: 'a' });
  assert.match(await metrics.scrape(), /^c\{peer="a"\} 6$/mu);
  assert.match(await metrics.scrape(), /^c\{peer="a"\} 6$/mu);
  one(4);
  metrics.counter('plain', 'help').bind({})(5);
  const text = await metrics.scrape();
  assert.match(text, /^c\{peer="a"\} 10$/mu);
  assert.match(text, /^plain 5$/mu);
  for (let index = 0; index < 1000; index++) counter.bind({ peer: `p${index}` })(1);
  assert.match(await metrics.scrape(), /^c\{peer="other"\} 991$/mu);
});
