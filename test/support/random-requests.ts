/** Requests of whatever shape, of parts that servers have read differently. */
import * as fc from 'fast-check';
import { readingOf, type RequestRow } from './request-rows.ts';

/** One of the words in lines, which no space is in. */
const wordOf = (...lines: readonly string[]): fc.Arbitrary<string> =>
  fc.constantFrom(...lines.flatMap((line) => line.split(' ')));

const roots = wordOf(
  '/ /api /apis /apis/g /api/v1 //api/v1 /api//v1 /apis/apps/v1 /api/v1/watch /api/v1/proxy',
  '/api/v1/namespaces /api/v1/namespaces/n /api/v1/pods /api/v1/namespaces/n/pods',
  '/apis/apps/v1/namespaces/n/deployments',
);
const segments = wordOf(
  'api apis v1 apps namespaces pods n watch proxy status finalize Watch %77atch .. . %2F %2e',
  'x%2fy a%20b ns;x + ~ p:80 https:web:443 %00 %5C %3F %23 @ a=b %e2%82%ac',
  '',
);
const fieldSelectors = wordOf(
  'metadata.name=w metadata.name==w metadata.name!=w metadata.name= metadata.name=w,',
  'metadata.name=w,spec.nodeName=n metadata.name=w%2Cmetadata.name%3Dv metadata.name=a%2Fb',
  'metadata.name=. metadata.name=a%25b metadata.name=w%5C%2Cx metadata.name=w%5C',
  'metadata.name=w%5Cx metadata.name=%20w metadata.name=w+ metadata.name=a=b metadata.name=W!',
  'metadata.name=%C3%A9 metadata.name!=v,metadata.name=w metadata.name ,metadata.name=w',
  '%20metadata.name=w metadata.name+=w Metadata.name=w a!b=c,metadata.name=w',
);
const labelSelectors = wordOf(
  'a=b a%20in%20(b) a+in+(b,c) a+in+() a+in+(,) !a a=b,c a%3D%3Db ( , ,,( a+notin a!=b -a=b',
  'a=-b a/b/c=d x.y/z=1 a>1 a>x a,,b a= a=b=c a=b;c in a>99999999999999999999 a<-1',
  'a'.repeat(64),
);
const numbers = wordOf(
  '0 10 -1 +1 1e3 x %201 1_000 0x10 00012 -0 1.5',
  '9223372036854775807 9223372036854775808 -9223372036854775808',
  '',
);
const booleans = wordOf('true false 0 1 False FALSE f t no %74rue 00 %20false', '');
const values = fc.oneof(
  fieldSelectors,
  labelSelectors,
  numbers,
  booleans,
  wordOf('% %zz a;b + %5C%2C %3D'),
);

const option = (keys: readonly string[], value: fc.Arbitrary<string>): fc.Arbitrary<string> =>
  fc.tuple(fc.constantFrom(...keys), value).map(([key, text]) => `${key}=${text}`);
const options = fc.oneof(
  option(['watch', 'Watch', 'WATCH', 'w%61tch'], booleans),
  option(['fieldSelector', 'fieldselector', 'field%53elector'], fieldSelectors),
  option(['labelSelector'], labelSelectors),
  option(['limit', 'timeoutSeconds'], numbers),
  option(['watch', 'limit', 'timeoutSeconds', 'fieldSelector', 'labelSelector'], values),
  option(['resourceVersion', 'continue', 'allowWatchBookmarks', 'sendInitialEvents', ''], values),
  wordOf('watch limit fieldSelector ; watch=1;x watch% =watch', ''),
);

const targets = fc
  .tuple(
    roots,
    fc.array(segments, { maxLength: 5 }),
    fc.constantFrom('', '/'),
    fc.array(options, { maxLength: 4 }),
  )
  .map(([root, more, end, query]) => {
    const path = [root, ...more].join('/') + end;
    return query.length === 0 ? path : `${path}?${query.join('&')}`;
  });
// Lists are what most ways of reading differ about.
const methods = wordOf('GET GET GET HEAD POST PUT PATCH DELETE OPTIONS');

/** As the product reads them. */
export function randomRequests(count: number): RequestRow[] {
  return fc
    .sample(fc.tuple(methods, targets), count)
    .map(([method, target]) => [method, target, readingOf(method, target)]);
}
