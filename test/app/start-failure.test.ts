import assert from 'node:assert/strict';
import { test } from 'node:test';
import { HttpError } from '#http/index.ts';
import { KubeClientError } from '#kubeclient/index.ts';
import { StoreError } from '#store/index.ts';
import { AppError } from '../../src/app/errors.ts';
import { actionAfter } from '../../src/app/start-failure.ts';

const listenFailure = (code: string): HttpError =>
  new HttpError('HTTP_LISTEN_FAILED', 'cannot listen', {
    cause: Object.assign(new Error('listen'), { code }),
  });

test('who cannot start is told the way out', () => {
  assert.match(actionAfter(listenFailure('EADDRINUSE')), /another port/);
  assert.match(actionAfter(listenFailure('EADDRNOTAVAIL')), /--listen an address of this machine/);
  for (const code of ['STORE_IN_USE', 'STORE_CORRUPT', 'STORE_IO', 'STORE_DISK_FULL'] as const) {
    assert.match(actionAfter(new StoreError(code, 'no')), /--data/, code);
  }
  assert.match(actionAfter(new HttpError('HTTP_TLS_INVALID', 'no')), /PEM that belong together/);
  assert.match(actionAfter(new KubeClientError('KUBE_CONFIG', 'no')), /path of the kubeconfig/);
  assert.equal(actionAfter(new AppError('APP_DATA_DIRECTORY', 'no', 'do this')), 'do this');
  assert.match(actionAfter(new StoreError('STORE_CLOSED', 'no')), /errors\.md .* STORE_CLOSED/);
  assert.match(actionAfter(new TypeError('no')), /please report/);
});
