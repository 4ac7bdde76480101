/** Requests and what the API server of Kubernetes makes of them, by method and target alone. */
import { requestInfo } from '#rbac/index.ts';

/**
 * Method, target, and `verb group/version namespace resource/subresource name` with dashes for what
 * is empty, `path VERB PATH`, or `refused`.
 */
export type RequestRow = readonly [method: string, target: string, reading: string];

/** How the product reads a request, in the words of a row. */
export function readingOf(method: string, target: string): string {
  const info = requestInfo(method, target);
  if (!info) return 'refused';
  if (info.type === 'path') return `path ${info.verb} ${info.path}`;
  const { verb, group, version, namespace, resource, subresource, name } = info;
  const full = subresource === '' ? resource : `${resource}/${subresource}`;
  return [verb, `${group}/${version}`, namespace, full, name].map((part) => part || '-').join(' ');
}

/** Single requests, with what is peculiar about them. */
export const peculiarRequests: readonly RequestRow[] = [
  // Resources with and without namespace.
  ['GET', '/api/v1/namespaces', 'list /v1 - namespaces -'],
  ['GET', '/api/v1/namespaces/other', 'get /v1 other namespaces other'],
  ['GET', '/api/v1/namespaces/other/pods', 'list /v1 other pods -'],
  ['GET', '/api/v1/namespaces/other/pods/foo', 'get /v1 other pods foo'],
  ['HEAD', '/api/v1/namespaces/other/pods/foo', 'get /v1 other pods foo'],
  ['GET', '/api/v1/pods', 'list /v1 - pods -'],
  ['POST', '/api/v1/pods', 'create /v1 - pods -'],
  ['HEAD', '/api/v1/pods', 'list /v1 - pods -'],
  ['GET', '/api/v1/namespaces/other/pods?watch=true', 'watch /v1 other pods -'],
  ['PUT', '/api/v1/namespaces/other/pods/foo', 'update /v1 other pods foo'],
  ['PATCH', '/api/v1/namespaces/other/pods/foo', 'patch /v1 other pods foo'],
  ['DELETE', '/api/v1/namespaces/other/pods/foo', 'delete /v1 other pods foo'],
  ['DELETE', '/api/v1/namespaces/other/pods', 'deletecollection /v1 other pods -'],
  ['POST', '/api/v1/namespaces/other/pods', 'create /v1 other pods -'],
  ['OPTIONS', '/api/v1/pods', '- /v1 - pods -'],
  ['CONNECT', '/api/v1/namespaces/n/pods/p/exec', '- /v1 n pods/exec p'],
  ['get', '/api/v1/pods', '- /v1 - pods -'],
  // Namespaces and their subresources.
  ['GET', '/api/v1/namespaces/x/status', 'get /v1 x namespaces/status x'],
  ['PUT', '/api/v1/namespaces/x/finalize', 'update /v1 x namespaces/finalize x'],
  ['GET', '/apis/g/v/namespaces/x/status', 'get g/v x namespaces/status x'],
  ['GET', '/api/v1/namespaces/x/status/deeper', 'get /v1 x namespaces/status x'],
  ['GET', '/api/v1/namespaces/namespaces/namespaces', 'list /v1 namespaces namespaces -'],
  ['GET', '/api/v1/namespaces/status', 'get /v1 status namespaces status'],
  // Subresources, and what follows them.
  ['POST', '/api/v1/namespaces/n/pods/p/exec?command=ls', 'create /v1 n pods/exec p'],
  ['GET', '/api/v1/namespaces/n/pods/p/portforward/x', 'get /v1 n pods/portforward p'],
  ['GET', '/api/v1/namespaces/n/services/s/proxy/a/b', 'get /v1 n services/proxy s'],
  ['POST', '/api/v1/namespaces/n/serviceaccounts/s/token', 'create /v1 n serviceaccounts/token s'],
  [
    'PATCH',
    '/apis/apps/v1/namespaces/n/deployments/d/scale',
    'patch apps/v1 n deployments/scale d',
  ],
  // Verbs in the path.
  ['GET', '/api/v1/watch/pods', 'watch /v1 - pods -'],
  ['GET', '/api/v1/watch/namespaces/x/pods', 'watch /v1 x pods -'],
  ['GET', '/api/v1/watch/namespaces/x/pods/p', 'watch /v1 x pods p'],
  ['GET', '/api/v1/proxy/namespaces/x/pods/p/a/b', 'proxy /v1 x pods p'],
  ['DELETE', '/api/v1/proxy/nodes/n', 'proxy /v1 - nodes n'],
  ['GET', '/api/v1/namespaces/x/watch/pods', 'get /v1 x watch pods'],
  ['GET', '/api/v1/watch', 'refused'],
  ['GET', '/apis/g/v/proxy', 'refused'],
  ['GET', '/api/v1/watch/watch', 'watch /v1 - watch -'],
  // Names that look like something else.
  ['GET', '/api/v1/namespaces/n/configmaps/watch', 'get /v1 n configmaps watch'],
  ['GET', '/api/v1/namespaces/n/Pods', 'list /v1 n Pods -'],
  ['GET', '/apis/a.b-c.d/v1alpha1/namespaces/n/things/t', 'get a.b-c.d/v1alpha1 n things t'],
  ['GET', '/apis/metrics.k8s.io/v1beta1/nodes', 'list metrics.k8s.io/v1beta1 - nodes -'],
  // The watch parameter: the first counts; only false and 0 are false.
  ['GET', '/api/v1/pods?watch', 'watch /v1 - pods -'],
  ['GET', '/api/v1/pods?watch=', 'watch /v1 - pods -'],
  ['GET', '/api/v1/pods?watch=false', 'list /v1 - pods -'],
  ['GET', '/api/v1/pods?watch=FALSE', 'list /v1 - pods -'],
  ['GET', '/api/v1/pods?watch=0', 'list /v1 - pods -'],
  ['GET', '/api/v1/pods?watch=f', 'watch /v1 - pods -'],
  ['GET', '/api/v1/pods?watch=no', 'watch /v1 - pods -'],
  ['GET', '/api/v1/pods?watch=false&watch=true', 'list /v1 - pods -'],
  ['GET', '/api/v1/pods?watch=true&watch=false', 'watch /v1 - pods -'],
  ['GET', '/api/v1/pods?Watch=true', 'list /v1 - pods -'],
  ['GET', '/api/v1/pods?w%61tch=true', 'watch /v1 - pods -'],
  ['GET', '/api/v1/pods?watch=1;x', 'list /v1 - pods -'],
  ['GET', '/api/v1/pods?watch=true&limit=x', 'watch /v1 - pods -'],
  ['GET', '/api/v1/namespaces/n/pods/p?watch=true', 'get /v1 n pods p'],
  ['GET', '/api/v1/pods?sendInitialEvents=true&watch=1', 'watch /v1 - pods -'],
  ['GET', '/api/v1/pods?limit=5&continue=abc', 'list /v1 - pods -'],
  ['DELETE', '/api/v1/namespaces/n/pods?watch=true', 'deletecollection /v1 n pods -'],
  // A field selector that insists on one name.
  ['GET', '/api/v1/namespaces/n/pods?fieldSelector=metadata.name%3Dweb', 'list /v1 n pods web'],
  ['GET', '/api/v1/namespaces/n/pods?fieldSelector=metadata.name=web', 'list /v1 n pods web'],
  ['GET', '/api/v1/namespaces/n/pods?fieldSelector=metadata.name==web', 'list /v1 n pods web'],
  ['GET', '/api/v1/namespaces/n/pods?fieldSelector=metadata.name!=web', 'list /v1 n pods -'],
  ['GET', '/api/v1/pods?watch=1&fieldSelector=a=b,metadata.name=w', 'watch /v1 - pods w'],
  ['GET', '/api/v1/pods?fieldSelector=metadata.name=a/b', 'list /v1 - pods -'],
  ['GET', '/api/v1/pods?fieldSelector=metadata.name=..', 'list /v1 - pods -'],
  ['GET', '/api/v1/pods?fieldSelector=metadata.name=a&limit=x', 'list /v1 - pods -'],
  ['GET', '/api/v1/pods?fieldSelector=metadata.name=a&labelSelector=%2C%2C(', 'list /v1 - pods -'],
  ['GET', '/api/v1/pods?fieldSelector=nonsense', 'list /v1 - pods -'],
  ['GET', '/api/v1/pods?fieldSelector=metadata.name=w,metadata.name=v', 'list /v1 - pods v'],
  ['GET', '/api/v1/pods?fieldSelector=metadata.name=a=b', 'list /v1 - pods -'],
  ['GET', '/api/v1/pods?fieldSelector=metadata.name=w%5C', 'list /v1 - pods -'],
  ['GET', '/api/v1/pods?fieldSelector=metadata.name=w%5C%2Cx', 'list /v1 - pods w,x'],
  ['GET', '/api/v1/pods?fieldSelector=a!b=c,metadata.name=w', 'list /v1 - pods w'],
  [
    'GET',
    '/api/v1/pods?fieldSelector=metadata.name=a&limit=9223372036854775807',
    'list /v1 - pods a',
  ],
  [
    'GET',
    '/api/v1/pods?fieldSelector=metadata.name=a&limit=9223372036854775808',
    'list /v1 - pods -',
  ],
  [
    'GET',
    '/api/v1/pods?fieldSelector=metadata.name=a&labelSelector=a>99999999999999999999',
    'list /v1 - pods -',
  ],
  ['DELETE', '/api/v1/pods?fieldSelector=metadata.name=a', 'deletecollection /v1 - pods -'],
  // Everything else is a path.
  ['GET', '/', 'path get /'],
  ['GET', '/version', 'path get /version'],
  ['GET', '/api', 'path get /api'],
  ['GET', '/api/v1', 'path get /api/v1'],
  ['GET', '/api/v1/', 'path get /api/v1/'],
  ['GET', '/apis/apps', 'path get /apis/apps'],
  ['GET', '/apis/apps/v1', 'path get /apis/apps/v1'],
  ['POST', '/healthz', 'path post /healthz'],
  ['GET', '/openapi/v3/apis/apps/v1', 'path get /openapi/v3/apis/apps/v1'],
  ['GET', '/API/v1/pods', 'path get /API/v1/pods'],
  ['GET', '/apiss/v1/pods/x', 'path get /apiss/v1/pods/x'],
  ['GET', '/metrics?x=1', 'path get /metrics'],
  // Slashes, escaped or doubled: the path is decoded before it is cut.
  ['GET', '/api/v1/pods/', 'list /v1 - pods -'],
  ['GET', '//api/v1/pods//', 'list /v1 - pods -'],
  ['GET', '/api/v1/namespaces/n%2Fsecrets', 'list /v1 n secrets -'],
  ['GET', '/%61pi/v1/secrets', 'list /v1 - secrets -'],
  ['GET', '/api//v1/pods', 'get / - v1 pods'],
  ['GET', '/api/v1/namespaces//pods', 'list /v1 - pods -'],
  ['GET', '/api/v1/namespaces/n/pods/../secrets', 'get /v1 n pods/secrets ..'],
  // What no two servers would read alike.
  ['GET', '/api/v1/pods%', 'refused'],
  ['GET', '/api/v1/%ff', 'refused'],
  ['GET', '/api/v1/pods?watch=%ff', 'refused'],
  ['GET', '/api/v1/pods#x', 'refused'],
  ['GET', '/api/v1/pods\\x y', 'refused'],
  ['GET', '/api/v1/pöds', 'refused'],
  ['GET', 'https://elsewhere/api/v1/pods', 'refused'],
  ['OPTIONS', '*', 'refused'],
  ['GET', '', 'refused'],
];

/** Thousands, put together from their parts, which are how they read. */
export function* builtRequests(): Generator<RequestRow> {
  const verbs = [
    ['GET', 'get', 'list'],
    ['HEAD', 'get', 'list'],
    ['POST', 'create', 'create'],
    ['PUT', 'update', 'update'],
    ['PATCH', 'patch', 'patch'],
    ['DELETE', 'delete', 'deletecollection'],
  ] as const;
  const roots = [
    ['/api/v1', '/v1'],
    ['/apis/apps/v1', 'apps/v1'],
    ['/apis/subresources.kubevirt.io/v1', 'subresources.kubevirt.io/v1'],
  ] as const;
  const resources = ['pods', 'Pods', 'get', 'virtualmachineinstances', 'watches'] as const;
  for (const [method, named, unnamed] of verbs) {
    for (const [root, group] of roots) {
      for (const resource of resources) {
        for (const namespace of ['-', 'n', 'kube-system']) {
          const place = namespace === '-' ? '' : `/namespaces/${namespace}`;
          const base = `${root}${place}/${resource}`;
          const row = (target: string, verb: string, what: string): RequestRow => [
            method,
            `${base}${target}`,
            `${verb} ${group} ${namespace} ${what}`,
          ];
          yield row('', unnamed, `${resource} -`);
          for (const query of ['watch=1', 'watch=true', 'watch', 'watch=false', 'watch=0']) {
            // An empty value is the default of the boolean, which is to watch.
            const isWatch = unnamed === 'list' && !/[=](?:false|0)$/.test(query);
            yield row(`?${query}`, isWatch ? 'watch' : unnamed, `${resource} -`);
          }
          for (const tail of tails) {
            const [, subresource] = tail.split('/');
            const full = subresource === undefined ? resource : `${resource}/${subresource}`;
            yield row(`/x${tail}?watch=1`, named, `${full} x`);
          }
        }
      }
    }
  }
}

const tails = ['', '/status', '/exec', '/log', '/proxy', '/proxy/a/b', '/portforward/80/tcp'];
